"""What else covers the scalp: hats, scarves and hoods, and the choice between them and hair."""

from __future__ import annotations

import numpy as np

from training.faces.background import any_colour
from training.faces.config import FaceConfig
from training.faces.hair import Cover, draw_hair, wavy
from training.faces.shell import Shell


def cloth_colour(rng: np.random.Generator) -> np.ndarray:
    """(3,) linear RGB of fabric."""
    return ((np.array(any_colour(rng)) / 255.0) ** 2 * 0.9).astype(np.float32)


def draw_hat(rng: np.random.Generator, cap: Shell) -> Cover:
    """A beanie, a cap with a visor, or a hat with a brim."""
    front, back = rng.uniform(64, 86), rng.uniform(80, 108)
    turn = np.radians(cap.azimuth)
    cut = 0.5 * (front + back) + 0.5 * (front - back) * np.cos(turn) + rng.normal(0, 4) * np.sin(turn)
    kind = rng.integers(0, 3)
    height = rng.uniform(0, 0.05)
    thickness = rng.uniform(0.008, 0.018) + height * np.clip(np.cos(np.radians(cap.polar)), 0, 1) ** 1.5
    thickness = thickness * (1 + wavy(rng, cap, 0.06))
    brim = None
    if kind == 1:
        brim = (float(rng.uniform(0.045, 0.08)), float(rng.uniform(38, 60)), float(rng.uniform(-0.2, 0.5)))
    elif kind == 2:
        brim = (float(rng.uniform(0.03, 0.10)), 181.0, float(rng.uniform(-0.3, 0.4)))
    return Cover(
        cap,
        thickness,
        cut - cap.polar,
        cloth_colour(rng),
        cloth_colour(rng),
        softness=0.6,
        fray=0.0,
        texture=str(rng.choice(("grain", "strands", "curls", "clouds"))),
        repeat=(float(rng.uniform(1, 5)), float(rng.uniform(1, 5))),
        slant=0.0,
        relief=float(rng.uniform(0, 0.0006)),
        contrast=float(rng.uniform(0, 0.4)),
        gloss=float(rng.gamma(1.0, 0.01)),
        offset=rng.uniform(0, 512, 2).astype(np.float32),
        brim=brim,
    )


def draw_scarf(rng: np.random.Generator, curtain: Shell) -> Cover:
    """A headscarf or hood: a curtain with an opening for the face."""
    wide, top, bottom = rng.uniform(46, 72), rng.uniform(58, 80), rng.uniform(146, 190)
    middle, half = 0.5 * (top + bottom), 0.5 * (bottom - top)
    power = rng.uniform(2, 3)
    ratio = (np.abs(curtain.azimuth) / wide) ** power + (np.abs(curtain.polar - middle) / half) ** power
    field = (ratio ** (1 / power) - 1) * wide + wavy(rng, curtain, 1.5)
    thickness = rng.uniform(0.008, 0.035) * (1 + wavy(rng, curtain, 0.12))
    inward = np.clip((curtain.polar - 135) / 30, 0, 1) * np.clip((95 - np.abs(curtain.azimuth)) / 40, 0, 1)
    thickness = thickness - 0.035 * inward
    return Cover(
        curtain,
        thickness,
        field,
        cloth_colour(rng),
        cloth_colour(rng),
        softness=0.8,
        fray=0.0,
        texture=str(rng.choice(("grain", "clouds", "locks", "blotches"))),
        repeat=(float(rng.uniform(0.5, 3)), float(rng.uniform(0.5, 3))),
        slant=float(rng.normal(0, 0.5)),
        relief=float(rng.uniform(0, 0.002)),
        contrast=float(rng.uniform(0, 0.4)),
        gloss=float(rng.gamma(1.0, 0.01)),
        offset=rng.uniform(0, 512, 2).astype(np.float32),
    )


def draw_covers(
    rng: np.random.Generator,
    config: FaceConfig,
    cap: Shell,
    curtain: Shell,
    colour: np.ndarray,
    difficulty: float,
) -> list[Cover]:
    """What is on this head: hair, a hat over flattened hair, or a scarf."""
    if rng.random() < config.ramp(config.scarf, difficulty):
        return [draw_scarf(rng, curtain)]
    hat = rng.random() < config.ramp(config.hat, difficulty)
    covers = []
    if rng.random() < config.hair:
        covers.append(draw_hair(rng, cap, curtain, colour, flat=hat))
    if hat:
        covers.append(draw_hat(rng, cap))
    return covers


def brim_grid(cover: Cover, placed: np.ndarray, columns: int = 41) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (2 * columns, 3) metres and triangles of the hat's brim; `placed` is the hat's lifted grid (G, 3)."""
    if cover.brim is None:
        raise ValueError("this cover has no brim")
    length, half, droop = cover.brim
    shell = cover.shell
    field = cover.field.reshape(shell.shape)
    row = np.clip((field > 0).sum(0) - 1, 0, shell.shape[0] - 1)
    rim = placed.reshape(*shell.shape, 3)[row, np.arange(shell.shape[1])]
    azimuth = np.linspace(-min(half, 180), min(half, 180), columns)
    known = np.linspace(-180, 180, shell.shape[1])
    inner = np.stack([np.interp(azimuth, known, rim[:, k]) for k in range(3)], 1)
    out = np.stack([np.sin(np.radians(azimuth)), np.full(columns, -droop), np.cos(np.radians(azimuth))], 1)
    taper = np.sqrt(np.clip(1 - (azimuth / half) ** 2, 0, 1)) if half < 180 else np.ones(columns)
    outer = inner + out * (length * taper)[:, None]
    first = np.arange(columns - 1)
    a, b, c, d = first, first + columns, first + columns + 1, first + 1
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    return np.concatenate([inner, outer]).astype(np.float32), triangles
