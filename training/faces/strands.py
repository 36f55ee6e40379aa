"""Loose hair: wisps and locks that fall over forehead, eyes and cheeks, drawn hair by hair."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.faces.poses import View
from training.faces.render import ink
from training.faces.shell import Shell

KNOTS = 9  # points of a hair
BLOCK = 0.005  # metres by which a hair may lie below what is drawn already and still be seen


@dataclass(frozen=True)
class Lock:
    """Hairs (n, KNOTS, 3) raster from root to tip, their linear colour and opacity 0..1."""

    hairs: np.ndarray
    colour: np.ndarray
    opacity: float


def draw_locks(
    rng: np.random.Generator, shell: Shell, vertices: np.ndarray, colour: np.ndarray, view: View
) -> list[Lock]:
    """One to five locks, each in three tones, that leave the hairline of head `vertices` (N, 3); shell: the cap."""
    grid = shell.surface(vertices).reshape(*shell.shape, 3).astype(np.float32)
    outward = shell.outward.reshape(*shell.shape, 3)
    locks = []
    for _ in range(int(rng.integers(1, 6))):
        thin = rng.random() < 0.5
        count = int(rng.integers(3, 9)) if thin else int(rng.integers(10, 32))
        start, aside = float(np.clip(rng.normal(0, 32), -75, 75)), rng.normal(0, 22)
        root, length = rng.uniform(38, 58), rng.uniform(18, 80)
        width, gather = rng.uniform(1.0, 7), rng.uniform(0.15, 1.1)
        t = np.linspace(0, 1, KNOTS)
        own = rng.uniform(-1, 1, (count, 1))
        swing = aside * t ** rng.uniform(0.7, 2) + rng.normal(0, 3) * np.sin(np.pi * t * rng.uniform(0.5, 2))
        azimuth = start + swing + width * own * (1 + (gather - 1) * t) + rng.normal(0, 0.7, (count, 1)) * t
        polar = root + length * t * rng.uniform(0.75, 1.05, (count, 1))
        lift = np.interp(t, [0, 0.25, 0.6, 1], [0.006, 0.014, 0.007, rng.uniform(0.002, 0.012)])
        u = ((azimuth + 180) / 5).astype(np.float32)
        v = ((np.minimum(polar, 131) - 2) * (shell.shape[0] - 1) / 130).astype(np.float32)
        skull, away = (cv2.remap(values, u, v, cv2.INTER_LINEAR) for values in (grid, outward))
        points = skull + away * np.float32(lift[None, :, None])
        raster = view.project(points.reshape(-1, 3)).reshape(count, KNOTS, 3)
        opacity, base = float(rng.uniform(0.3, 0.75)), np.log(colour) + rng.normal(0.1, 0.3)
        for part, tone in enumerate((0.0, 0.5, -0.6)):  # some hairs catch the light, some are in shade
            locks.append(Lock(raster[part::3], np.exp(base + tone).astype(np.float32), opacity))
    return locks


def paint_locks(
    image: np.ndarray, locks: list[Lock], shown: np.ndarray, depth: np.ndarray, scale: float
) -> None:
    """Draws locks over the picture (S, S, 3), in place, where nothing nearer is drawn.

    shown (n, 3) uint8: the display colour of each lock; depth (S, S); scale: pixels a metre.
    """
    size = image.shape[0]
    for lock, tone in zip(locks, shown, strict=True):
        column = np.clip(np.rint(lock.hairs[..., 0]), 0, size - 1).astype(int)
        row = np.clip(np.rint(lock.hairs[..., 1]), 0, size - 1).astype(int)
        seen = lock.hairs[..., 2] < depth[row, column] + BLOCK * scale
        ends = np.stack([lock.hairs[:, :-1, :2], lock.hairs[:, 1:, :2]], 2)[seen[:, :-1] & seen[:, 1:]]
        if not len(ends):
            continue
        low = np.clip(np.floor(ends.min((0, 1))).astype(int) - 3, 0, size)
        high = np.clip(np.ceil(ends.max((0, 1))).astype(int) + 4, 0, size)
        if (high - low).min() < 1:
            continue
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        lines = np.rint((ends - low) * 16).astype(np.int32)
        cv2.polylines(mask, list(lines), False, int(255 * lock.opacity), 1, cv2.LINE_AA, 4)
        ink(image, mask, low, tone)
