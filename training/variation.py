"""What makes a replayed image a new one: other tones, other light, another texture, the same geometry."""

from __future__ import annotations

import cv2
import numpy as np

from training.config import VariationConfig


def vary(image: np.ndarray, rng: np.random.Generator, config: VariationConfig, strength: float) -> None:
    """Changes the three colour planes of a draft (9, S, S) uint8, in place; `strength` 0..1.

    What is black in all of them stays so: it lies outside the photograph, and is black for the tracker, too.
    """
    outside = cv2.bitwise_or(cv2.bitwise_or(image[0], image[1]), image[2]) == 0
    if rng.random() < config.texture * strength:
        vary_texture(image[:3], rng)
    if rng.random() < config.shade * strength:
        shade(image[:3], rng)
    vary_tones(image[:3], rng, strength)
    image[:3, outside] = 0


def vary_tones(planes: np.ndarray, rng: np.random.Generator, strength: float) -> None:
    """Random gamma, gain and offset for each plane (3, S, S) uint8, in place."""
    grey = np.linspace(0.0, 1.0, 256)
    common = rng.normal(0.0, 0.12 * strength, 3)
    for plane in planes:
        gamma, gain, offset = common + rng.normal(0.0, 0.04 * strength, 3)
        table = np.clip(grey ** np.exp(gamma) * np.exp(gain) + 0.4 * offset, 0.0, 1.0)
        cv2.LUT(plane, np.rint(table * 255).astype(np.uint8), dst=plane)


def vary_texture(planes: np.ndarray, rng: np.random.Generator) -> None:
    """Blends the planes (3, S, S) uint8, in place, with what a random filter makes of them.

    A filter of 1 to 7 pixels over all three colours keeps shapes and changes textures and colours, so that a network
    cannot rely on the fine structure of painted skin (Xu et al., "Robust and generalizable visual representation
    learning via random convolutions", 2021). The filtered planes get the mean and the spread of the ones before.
    """
    colours = np.moveaxis(planes, 0, 2)
    size = int(rng.choice((1, 3, 5, 7)))
    filtered = np.zeros(colours.shape, np.float32)
    for source in range(3):
        kernel = rng.normal(0.0, 1.0, (size, size)).astype(np.float32)
        plane = cv2.filter2D(planes[source], cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
        filtered += plane[..., None] * rng.normal(0.0, 1.0, 3).astype(np.float32)
    mean, spread = cv2.meanStdDev(np.ascontiguousarray(colours))
    new_mean, new_spread = cv2.meanStdDev(filtered)
    share = rng.uniform(0.1, 0.5)
    gain = share * spread / np.maximum(new_spread, 1e-3)
    offset = share * mean - gain * new_mean
    for row, plane in enumerate(planes):
        mixed = filtered[..., row] * float(gain[row, 0]) + float(offset[row, 0])
        cv2.addWeighted(plane, 1.0 - share, mixed, 1.0, 0.0, dst=plane, dtype=cv2.CV_8U)


def shade(planes: np.ndarray, rng: np.random.Generator) -> None:
    """Multiplies the planes (3, S, S) uint8, in place, with smooth uneven light: lamps that no drawn scene has."""
    coarse = np.exp(rng.normal(0.0, 0.25, (int(rng.integers(2, 6)),) * 2)).astype(np.float32)
    light = cv2.resize(coarse, planes.shape[:0:-1], interpolation=cv2.INTER_CUBIC)
    for plane in planes:
        cv2.multiply(plane, light, dst=plane, dtype=cv2.CV_8U)
