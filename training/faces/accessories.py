"""Glasses and headphones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.faces.headwear import cloth_colour
from training.faces.solids import Thing, ellipsoid, merge, tube


@dataclass
class Lens:
    """Glass in front of the eyes: vertices (V, 3) metres, triangles, linear tint colour, opacity, shine.

    place (V, 2): where on its glass each vertex is, 0 in the middle, 1 at the rim. glare: None or the mirror image of
    a window or lamp: the direction across it (2,), its offset, half width, strength, and colour (3,).
    """

    vertices: np.ndarray
    triangles: np.ndarray
    tint: np.ndarray
    opacity: float
    shine: float
    place: np.ndarray
    glare: tuple[np.ndarray, float, float, float, np.ndarray] | None = None


@dataclass(frozen=True)
class Anchors:
    """Places on one head, metres in the model frame: eye centres and radius, landmarks (68, 3), ears (2, 3)."""

    eyes: np.ndarray
    radius: float
    landmarks: np.ndarray
    ears: np.ndarray


def draw_glasses(
    rng: np.random.Generator, anchors: Anchors, dark: bool, glare: float
) -> tuple[list[Thing], list[Lens]]:
    """A pair of glasses that sits on this nose and these ears; glare: how often something bright is mirrored."""
    points = anchors.landmarks
    half_distance = 0.5 * np.linalg.norm(anchors.eyes[0] - anchors.eyes[1])
    half_width = min(rng.uniform(0.0205, 0.029), half_distance - 0.004)
    half_height = half_width * rng.uniform(0.55, 0.95) * (1.12 if dark else 1.0)
    power = 2 / rng.uniform(2, 4.5)
    metal = rng.random() < 0.4
    wire = rng.uniform(0.0006, 0.0012) if metal else rng.uniform(0.0013, 0.0032)
    drop = rng.uniform(-0.002, 0.007)
    clear_of_eyes = float(anchors.eyes[:, 2].mean()) + anchors.radius + 0.010
    front = max(float(points[27, 2]) + rng.uniform(0.0, 0.008), clear_of_eyes)
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    across, up = (np.sign(wave) * np.abs(wave) ** power for wave in (np.cos(turn), np.sin(turn)))
    outline = np.stack([across * half_width, up * half_height], 1)
    outline[:, 0] *= 1 + rng.uniform(-0.05, 0.15) * outline[:, 1] / half_height * 0.5
    wrap = rng.uniform(2.0, 5.5)
    frames, lenses = [], []
    if metal:
        colour = np.array([0.55, 0.5, 0.42]) * rng.uniform(0.2, 1.3)
    else:
        colour = cloth_colour(rng) * rng.uniform(0.05, 1)
    middle_x = float(points[27, 0])
    ends = []
    for eye, sign in zip(anchors.eyes, (1, -1), strict=True):
        x = eye[0] + sign * rng.uniform(0, 0.002) + outline[:, 0] * sign
        y = eye[1] - drop + outline[:, 1]
        z = front - wrap * (x - middle_x) ** 2
        ring = np.stack([x, y, z], 1)
        if sign < 0:
            ring = ring[::-1]
        if rng.random() > 0.06:
            frames.append(tube(ring, wire, closed=True, flatten=1.0 if metal else 1.5))
        centre = ring.mean(0)
        fan = np.concatenate([centre[None] + [0, 0, 0.0015], ring])
        index = np.arange(36)
        triangles = np.stack([np.zeros(36, int), index + 1, (index + 1) % 36 + 1], 1).astype(np.int32)
        lenses.append((fan, triangles))
        outer = ring[np.argmax(ring[:, 0] * sign)] + [0, half_height * 0.35, 0]
        ends.append(outer)
        ear = anchors.ears[0 if sign > 0 else 1]
        corner = np.array([outer[0] + sign * 0.002, outer[1], outer[2] - 0.002])
        hinge = np.array([ear[0] * rng.uniform(0.97, 1.04), ear[1] + rng.uniform(-0.004, 0.006), ear[2]])
        end = hinge + np.array([0, -0.02, -0.012])
        path = np.stack([outer, corner, 0.5 * corner + 0.5 * hinge, hinge, end])
        frames.append(tube(path, wire * rng.uniform(0.8, 1.4), sides=5, flatten=1.0 if metal else 1.8))
    inner = [eye[0] - sign * (half_width - 0.001) for eye, sign in zip(anchors.eyes, (1, -1), strict=True)]
    bridge_y = float(anchors.eyes[:, 1].mean()) - drop + half_height * rng.uniform(0.15, 0.6)
    xs = np.linspace(inner[0], inner[1], 7)
    arch = np.stack([xs, bridge_y + 0.003 * np.sin(np.linspace(0, np.pi, 7)), np.full(7, front + 0.001)], 1)
    frames.append(tube(arch, wire, sides=5))
    vertices, triangles = merge(frames)
    gloss = float(rng.uniform(0.05, 0.5))
    thing = Thing(vertices, triangles, colour.astype(np.float32), gloss=gloss, contrast=0.05)
    glass, glass_triangles = merge(lenses)
    if dark:
        tint = cloth_colour(rng) * 0.12
        opacity = float(rng.uniform(0.6, 0.99))
    else:
        tint = np.full(3, rng.uniform(0.2, 0.9))
        opacity = float(rng.uniform(0, 0.10))
    rim = np.stack([np.cos(turn), np.sin(turn)], 1)
    place = np.concatenate([np.zeros((1, 2)), rim, np.zeros((1, 2)), rim]).astype(np.float32)
    seen = None
    if rng.random() < glare:
        angle = rng.uniform(0, np.pi)
        coats = (1, 1, 1), (0.75, 0.9, 1), (0.7, 1, 0.8), (0.9, 0.8, 1)
        coat = np.array(coats[rng.integers(4)], np.float32)
        seen = (
            np.array([np.cos(angle), np.sin(angle)], np.float32),
            float(rng.uniform(-0.8, 0.8)),
            float(rng.uniform(0.08, 0.7)),
            float(rng.beta(1.2, 1.5)),
            coat * np.float32(rng.uniform(0.4, 1.6)),
        )
    shine = float(rng.gamma(1.2, 0.25))
    return [thing], [Lens(glass, glass_triangles, tint.astype(np.float32), opacity, shine, place, seen)]


def draw_headphones(rng: np.random.Generator, anchors: Anchors, crown: np.ndarray) -> list[Thing]:
    """Cups over the ears and a band over the crown (3,)."""
    colour = cloth_colour(rng) * rng.uniform(0.05, 1)
    parts = []
    lift = rng.uniform(0.012, 0.03)
    left, right = anchors.ears + np.array([[0.006, -0.025, -0.008], [-0.006, -0.025, -0.008]])
    size = rng.uniform(0.028, 0.045)
    for centre, sign in ((left, 1), (right, -1)):
        vertices, triangles = ellipsoid((0.016, size * rng.uniform(1, 1.2), size), power=0.7)
        parts.append((vertices + centre + [sign * 0.006, 0, 0], triangles))
    turn = np.linspace(0, np.pi, 17)
    half = 0.5 * (left[0] - right[0]) + 0.012
    top = crown[1] + lift - left[1]
    x = 0.5 * (left[0] + right[0]) + half * np.cos(turn)
    y = left[1] + top * np.sin(turn) ** 0.8
    z = np.full(17, 0.5 * (left[2] + right[2]) + rng.uniform(-0.01, 0.02))
    parts.append(tube(np.stack([x, y, z], 1), rng.uniform(0.005, 0.010), sides=6, flatten=1.8))
    if rng.random() < 0.3:
        side = left if rng.random() < 0.5 else right
        mouth = anchors.landmarks[57] + np.array([np.sign(side[0]) * rng.uniform(0.0, 0.03), -0.005, 0.025])
        bend = 0.5 * (side + mouth) + np.array([np.sign(side[0]) * 0.03, -0.02, 0.0])
        parts.append(tube(np.stack([side, bend, mouth]), 0.0025, sides=5))
        ball, triangles = ellipsoid((0.008, 0.007, 0.008), 8, 10)
        parts.append((ball + mouth.astype(np.float32), triangles))
    vertices, triangles = merge(parts)
    return [Thing(vertices, triangles, colour.astype(np.float32), gloss=float(rng.uniform(0.02, 0.3)))]
