"""Lights: one to three directions, a coloured surrounding, and how a pixel answers to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training.faces import native
from training.faces.config import FaceConfig


@dataclass(frozen=True)
class Lighting:
    """Lights in the camera frame (x right, y down, z away), linear RGB.

    directions (L, 3): unit, towards the light; colours (L, 3); ambient (3,); gradient (3, 3): rows are what a unit
    of normal x, y, z adds to the ambient light. shadow: index of the light that casts a shadow, or -1; softness:
    blur of that shadow in pixels.
    """

    directions: np.ndarray
    colours: np.ndarray
    ambient: np.ndarray
    gradient: np.ndarray
    shadow: int = -1
    softness: float = 1.0
    exposure: float = 0.5  # display brightness that the face's mean is brought to


def tint(rng: np.random.Generator, strength: float) -> np.ndarray:
    """(3,) colour of mean 1: along the warm-cold line mostly, or any hue."""
    if rng.random() < 0.7:
        warm = rng.normal(0, 1)
        colour = np.array([1 + 0.25 * strength * warm, 1.0, 1 - 0.32 * strength * warm])
    else:
        colour = 1 + strength * rng.uniform(-0.8, 0.8, 3)
    colour = np.minimum(np.maximum(colour, 0.08), 3)
    return (colour * (3 / colour.sum())).astype(np.float32)


def direction(azimuth: float, height: float) -> np.ndarray:
    """Unit vector to a light; degrees. azimuth 0 is at the camera, 90 at the image's right, 180 behind the head."""
    a, h = math.radians(azimuth), math.radians(height)
    return np.array([math.sin(a) * math.cos(h), -math.sin(h), -math.cos(a) * math.cos(h)], np.float32)


def draw_lighting(rng: np.random.Generator, config: FaceConfig, difficulty: float) -> Lighting:
    """Soft frontal light at difficulty 0; at 1 anything from a cloudy day to one hard lamp from the side or back."""
    hard = rng.random() < config.ramp(config.hard_light, difficulty)
    coloured = rng.random() < config.ramp(config.coloured_light, difficulty)
    strength = rng.uniform(0.5, 1.6) if coloured else rng.uniform(0.05, 0.45)
    spread = 25 + 50 * difficulty
    count = 1 if rng.random() > 0.6 * difficulty else rng.integers(2, 4)
    directions, colours = [], []
    for number in range(count):
        azimuth = rng.normal(0, spread)
        height = min(max(rng.normal(28, 12 + 18 * difficulty), -35.0), 85.0)
        if number == 2 or rng.random() < 0.08 * difficulty:  # a rim light
            azimuth = rng.uniform(110, 170) * rng.choice((-1, 1))
        power = np.exp(rng.normal(0, 0.35)) * (1.0 if number == 0 else rng.uniform(0.2, 0.8))
        directions.append(direction(azimuth, height))
        colours.append(power * tint(rng, strength))
    level = rng.uniform(0.06, 0.3) if hard else rng.uniform(0.35, 1.2)
    if rng.random() < config.ramp(config.side_light, difficulty):  # half of the face stays dark
        towards = direction(rng.uniform(45, 95) * rng.choice((-1, 1)), rng.uniform(-10, 40))
        directions, colours = [towards], [np.exp(rng.normal(0.2, 0.3)) * tint(rng, strength)]
        level = rng.uniform(0.06, 0.2)
    ambient = level * tint(rng, strength)
    gradient = np.zeros((3, 3), np.float32)
    gradient[1] = -rng.uniform(0.0, 0.55) * ambient * tint(rng, 0.5 * strength)  # the sky is up, that is -y
    gradient[0] = rng.normal(0, 0.15 + 0.2 * difficulty) * ambient
    gradient[2] = rng.normal(0, 0.15) * ambient
    shadow = -1
    if rng.random() < config.ramp(config.shadows, difficulty):
        shadow = 0
    exposure = float(np.clip(rng.normal(0.52, 0.05 + 0.07 * difficulty), 0.25, 0.78))
    if rng.random() < config.ramp(config.clipped, difficulty):
        exposure = float(rng.choice((rng.uniform(0.7, 0.95), rng.uniform(0.14, 0.3))))
    return Lighting(
        np.asarray(directions, np.float32),
        np.asarray(colours, np.float32),
        ambient.astype(np.float32),
        gradient,
        shadow,
        float(rng.gamma(2.0, 1.2)),
        exposure,
    )


def irradiance(
    normals: np.ndarray, lighting: Lighting, occlusion: np.ndarray, wrap: np.ndarray, lit: np.ndarray | None
) -> np.ndarray:
    """Diffuse light that reaches each pixel, linear RGB (3, P).

    normals (3, P) unit in the camera frame; occlusion (P,) 0..1 dims the surroundings; wrap (3,): how far each
    channel's light bends round the terminator (light under the skin reddens it); lit (P,) 0..1 is the share of the
    shadow-casting light that arrives.
    """
    out = np.empty_like(normals)
    native.library().faces_irradiance(
        native.LONG(normals.shape[1]),
        native.pointer(normals),
        native.pointer(occlusion),
        native.pointer(lit),
        native.INT(lighting.shadow),
        native.INT(len(lighting.directions)),
        native.pointer(lighting.directions),
        native.pointer(lighting.colours),
        native.pointer(lighting.ambient),
        native.pointer(lighting.gradient),
        native.pointer(wrap),
        native.pointer(out),
    )
    return out


def highlights(
    normals: np.ndarray,
    lighting: Lighting,
    lit: np.ndarray | None,
    sharpness: int = 5,
    gloss: np.ndarray | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Specular light (3, P): Blinn's lobe of exponent 2**sharpness about the half vectors, summed over the lights.

    gloss (P,) scales it where given; out (3, P): added to this instead of to nothing.
    """
    shine = np.zeros_like(normals) if out is None else out
    halves = lighting.directions + np.array([0, 0, -1], np.float32)
    length = np.linalg.norm(halves, axis=1, keepdims=True)
    halves = np.where(length < 0.2, 0, halves / np.maximum(length, 1e-6)).astype(np.float32)
    native.library().faces_highlights(
        native.LONG(normals.shape[1]),
        native.pointer(normals),
        native.pointer(gloss),
        native.pointer(lit),
        native.INT(lighting.shadow),
        native.INT(len(halves)),
        native.pointer(halves),
        native.pointer(lighting.colours),
        native.INT(sharpness),
        native.pointer(shine),
    )
    return shine
