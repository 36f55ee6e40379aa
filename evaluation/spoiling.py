"""Pictures of faces spoiled as cameras, rooms and hands spoil them. Pure functions of a picture and random numbers.

Pictures are uint8 RGB (S, S, 3) with a face in the middle; the network's crop is its middle, S / SURROUNDINGS
pixels wide.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

SURROUNDINGS = 1.5
"""Crops that a picture reaches."""

Spoil = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _crop(image: np.ndarray) -> float:
    """Side of the network's crop in pixels."""
    return image.shape[0] / SURROUNDINGS


def _linear(image: np.ndarray) -> np.ndarray:
    return (image.astype(np.float32) / 255.0) ** 2.2


def _bytes(light: np.ndarray) -> np.ndarray:
    return np.rint(255.0 * np.clip(light, 0.0, 1.0) ** (1 / 2.2)).astype(np.uint8)


def _noisy(image: np.ndarray, rng: np.random.Generator, deviation: float) -> np.ndarray:
    noise = rng.normal(0.0, deviation, image.shape).astype(np.float32)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def dark(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A tenth of the light, and a sensor's noise."""
    return _noisy(_bytes(0.1 * _linear(image)), rng, 6.0)


def glaring(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three times the light: skin burns out."""
    return _bytes(3.0 * _linear(image))


def side_light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light from one side: the other side of the face has a twelfth of it."""
    across = np.linspace(-1.0, 1.0, image.shape[1], dtype=np.float32) * rng.choice([-1.0, 1.0])
    share = 1 / 12 + (1 - 1 / 12) / (1 + np.exp(-14.0 * across))
    return _bytes(1.3 * _linear(image) * share[None, :, None].astype(np.float32))


def noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A webcam's noise at high gain: 24 of 255."""
    return _noisy(image, rng, 24.0)


def shaken(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Motion over 8 % of the face's crop."""
    length = round(0.08 * _crop(image)) | 1
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1.0 / length
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), rng.uniform(0, 180), 1.0)
    turned = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(image, -1, turned / turned.sum(), borderType=cv2.BORDER_REPLICATE)


def defocused(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurred by 2 % of the face's crop."""
    return cv2.GaussianBlur(image, (0, 0), 0.02 * _crop(image))


def small(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A crop of 40 pixels: a face of about 30."""
    side = round(40 * SURROUNDINGS)
    return cv2.resize(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), image.shape[1::-1])


def packed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """JPEG of quality 8."""
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 8])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))


def grey(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Without colour, as infrared and old cameras see."""
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def tinted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Coloured light: red, green or blue."""
    gains = np.full(3, 0.3, np.float32)
    gains[rng.integers(3)] = 1.3
    return _bytes(_linear(image) * gains)


def hazy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A fifth of the contrast, before grey."""
    return np.rint(0.2 * image.astype(np.float32) + 0.8 * 150).astype(np.uint8)


def mouth_covered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A board of one colour before the face from the nose down."""
    return _covered(image, rng, (-0.5, 0.08, 0.5, 0.5))


def eye_covered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A board of one colour before one half of the face's upper half."""
    left = rng.random() < 0.5
    return _covered(image, rng, (-0.5, -0.4, -0.04, 0.0) if left else (0.04, -0.4, 0.5, 0.0))


def _covered(image: np.ndarray, rng: np.random.Generator, board: tuple[float, ...]) -> np.ndarray:
    """board: left, top, right, bottom from the middle, in crops."""
    image = image.copy()
    left, top, right, bottom = (round(image.shape[0] / 2 + _crop(image) * edge) for edge in board)
    image[max(0, top) : bottom, max(0, left) : right] = rng.integers(0, 256, 3)
    return image


CONDITIONS: dict[str, Spoil] = {
    "a tenth of the light, noise": dark,
    "three times the light": glaring,
    "light from one side": side_light,
    "noise of 24": noise,
    "motion blur": shaken,
    "out of focus": defocused,
    "a face of 30 pixels": small,
    "JPEG of quality 8": packed,
    "grey": grey,
    "coloured light": tinted,
    "a fifth of the contrast": hazy,
    "covered from the nose down": mouth_covered,
    "one eye covered": eye_covered,
}
"""By name, as the report calls them."""
