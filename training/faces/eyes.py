"""Eyes, teeth, tongue and the inside of the mouth: their looks and the colour of their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.faces.noise import NoiseBank
from training.faces.skin import mix

IRISES = np.array(
    [
        [0.028, 0.013, 0.007],
        [0.055, 0.026, 0.012],
        [0.10, 0.05, 0.02],
        [0.13, 0.10, 0.035],
        [0.11, 0.14, 0.07],
        [0.13, 0.20, 0.26],
        [0.20, 0.27, 0.32],
        [0.08, 0.14, 0.26],
    ],
    np.float32,
)
IRIS_CHANCES = np.array([0.28, 0.24, 0.14, 0.08, 0.07, 0.08, 0.06, 0.05])
TEETH_EDGES = np.cumsum([0.0, 0.0085, 0.0068, 0.0078, 0.0070, 0.0068, 0.0090, 0.0090])
"""Metres from the middle."""


@dataclass(frozen=True)
class EyeLook:
    """iris and sclera: linear RGB; iris_radius, pupil: radians seen from the eyeball's centre; window: direction of
    a bright reflection in the camera frame, its size in radians and strength."""

    iris: np.ndarray
    sclera: np.ndarray
    iris_radius: float
    pupil: float
    veins: float
    window: np.ndarray
    window_size: float
    window_light: float
    phase: float

    @staticmethod
    def draw(rng: np.random.Generator) -> EyeLook:
        iris = IRISES[rng.choice(len(IRISES), p=IRIS_CHANCES)] * np.exp(rng.normal(0, 0.25, 3))
        sclera = np.array([0.49, 0.445, 0.42]) * np.exp(rng.normal(-0.05, 0.14))
        sclera *= 1 + rng.normal(0, 0.03, 3)
        window = np.array([rng.normal(0, 0.35), -abs(rng.normal(0.2, 0.25)), -1.0])
        radius = rng.uniform(0.44, 0.53)
        return EyeLook(
            iris.astype(np.float32),
            sclera.astype(np.float32),
            float(radius),
            float(radius * rng.uniform(0.25, 0.62)),
            float(rng.beta(1, 3)),
            (window / np.linalg.norm(window)).astype(np.float32),
            float(rng.uniform(0.06, 0.2)),
            float(rng.uniform(0.15, 1.2)),
            float(rng.uniform(0, 512)),
        )


def eye_colour(look: EyeLook, bank: NoiseBank, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(3, P) linear RGB of eyeball pixels; across, up: angles from the gaze axis in radians."""
    angle = np.hypot(across, up)
    turn = np.arctan2(up, across)
    colour = np.repeat(look.sclera[:, None], len(angle), 1)
    veins = bank.look_up("blotches", across * 150 + look.phase, up * 150)
    redness = look.veins * np.clip(0.25 + 0.5 * np.abs(across) + 0.25 * veins, 0, 0.7)
    mix(colour, np.array([0.55, 0.22, 0.18], np.float32), redness)
    fibres = bank.look_up("strands", turn * 160 + look.phase, angle * 20)
    ratio = angle / look.iris_radius
    iris = np.repeat(look.iris[:, None], len(angle), 1)
    iris *= (1 + 0.25 * fibres) * (1.25 - 0.75 * np.clip((ratio - 0.7) / 0.3, 0, 1))
    inside = np.clip((1.0 - ratio) / 0.20 + 0.5, 0, 1)
    colour += inside * (iris - colour)
    mix(colour, np.full(3, 0.004, np.float32), np.clip((look.pupil - angle) / 0.10 + 0.5, 0, 1))
    return colour


@dataclass(frozen=True)
class MouthLook:
    """Linear RGB of enamel, gum, tongue and lining; gap: how dark the lines between teeth are, 0..1; light: how much
    more of it reaches the inside than geometry lets in (skin is not opaque, lamps are not points)."""

    enamel: np.ndarray
    gum: np.ndarray
    tongue: np.ndarray
    gap: float
    gum_line: float
    light: float

    @staticmethod
    def draw(rng: np.random.Generator) -> MouthLook:
        yellow = rng.beta(1.2, 2)
        enamel = np.array([0.80, 0.75, 0.66]) * np.array([1, 1 - 0.12 * yellow, 1 - 0.38 * yellow])
        enamel *= rng.uniform(0.55, 1.1)
        flesh = np.array([0.42, 0.13, 0.12]) * np.exp(rng.normal(0, 0.2)) * (1 + rng.normal(0, 0.05, 3))
        tongue = np.array([0.45, 0.17, 0.16]) * np.exp(rng.normal(0, 0.2)) * (1 + rng.normal(0, 0.05, 3))
        return MouthLook(
            enamel.astype(np.float32),
            flesh.astype(np.float32),
            tongue.astype(np.float32),
            float(rng.uniform(0.08, 0.4)),
            float(rng.uniform(0.05, 0.35)),
            float(np.exp(rng.normal(0, 0.5))),
        )


def teeth_colour(look: MouthLook, along: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(3, P) linear RGB; along: arch length from the middle in metres, height: 0 at the gum, 1 at the edge."""
    distance = np.abs(along)
    tooth = np.clip(np.searchsorted(TEETH_EDGES, distance) - 1, 0, len(TEETH_EDGES) - 2)
    edge = np.minimum(distance - TEETH_EDGES[tooth], TEETH_EDGES[tooth + 1] - distance).astype(np.float32)
    line = np.clip(1 - edge / 0.0009, 0, 1)
    colour = np.repeat(look.enamel[:, None], len(along), 1)
    colour *= 1 - look.gap * line * line
    width = (TEETH_EDGES[tooth + 1] - TEETH_EDGES[tooth]).astype(np.float32)
    arch = look.gum_line + 0.12 * (1 - 2 * edge / width) ** 2
    mix(colour, look.gum, np.clip((arch - height) / 0.06 + 0.5, 0, 1))
    return colour
