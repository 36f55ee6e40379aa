"""Skin: one person's complexion, and the colour of every skin pixel."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from training.faces import native
from training.faces.config import FaceConfig
from training.faces.noise import NoiseBank
from training.faces.skin_maps import BROW_ZOOM, SkinMaps

# Linear RGB of hair from black to white; hair.py uses it too.
HAIR_COLOURS = np.array(
    [
        [0.006, 0.005, 0.005],
        [0.014, 0.009, 0.007],
        [0.035, 0.019, 0.011],
        [0.075, 0.038, 0.020],
        [0.15, 0.085, 0.045],
        [0.30, 0.19, 0.10],
        [0.46, 0.34, 0.20],
        [0.20, 0.06, 0.022],
        [0.22, 0.21, 0.20],
        [0.55, 0.54, 0.52],
    ],
    np.float32,
)
HAIR_CHANCES = np.array([0.20, 0.17, 0.16, 0.12, 0.09, 0.08, 0.06, 0.04, 0.05, 0.03])


def hair_colour(rng: np.random.Generator) -> np.ndarray:
    """(3,) linear RGB of somebody's hair."""
    colour = HAIR_COLOURS[rng.choice(len(HAIR_COLOURS), p=HAIR_CHANCES)] * np.exp(rng.normal(0, 0.25))
    return (colour * np.exp(rng.normal(0, 0.06, 3))).astype(np.float32)


def hair_like(rng: np.random.Generator, ground: np.ndarray) -> np.ndarray:
    """(3,) linear RGB of the natural hair that stands out least from the display colour `ground` (3,)."""
    light = np.log((ground / 255.0) ** 2 @ [0.3, 0.6, 0.1] + 0.004)
    distance = np.abs(np.log(HAIR_COLOURS @ [0.3, 0.6, 0.1]) - light) + rng.uniform(0, 0.5, len(HAIR_COLOURS))
    return (HAIR_COLOURS[distance.argmin()] * np.exp(rng.normal(0, 0.1))).astype(np.float32)


@dataclass(frozen=True)
class SkinLook:
    """One complexion. Colours are linear RGB; amounts are 0..1 unless said."""

    melanin: float  # 0 very light .. 1.15 very dark
    blood: float
    mottling: float  # unevenness of both
    freckles: float
    gloss: float  # oily shine
    wrinkles: float
    wrinkle_map: int
    brow_map: int
    brow_strength: float
    brow_colour: np.ndarray
    lash: float
    lip_blood: float
    lipstick: np.ndarray | None
    lipstick_amount: float
    shadow: np.ndarray | None  # eye shadow
    shadow_amount: float
    blush: float
    rings: float  # dark rings under the eyes
    beard: np.ndarray  # (3,): cover of full beard, moustache, goatee
    beard_colour: np.ndarray
    beard_length: float  # metres the beard stands out
    offsets: np.ndarray  # (2,) where in the noise tile
    paint: np.ndarray | None = None
    creases: np.ndarray | None = None  # (2, 4) depth of what the expression folds, see creases.py

    @staticmethod
    def draw(
        rng: np.random.Generator, config: FaceConfig, maps: SkinMaps, hair: np.ndarray, difficulty: float
    ) -> SkinLook:
        def happens(probability: float) -> bool:
            return rng.random() < config.ramp(probability, difficulty)

        melanin = float(np.clip(rng.beta(1.0, 1.25) * 1.15, 0.0, 1.15))
        makeup = happens(config.makeup)
        beard: np.ndarray = np.zeros(3)
        length = 0.0
        if happens(config.beard):
            style = rng.integers(0, 5)
            beard = np.array([style in (0, 1), style in (0, 1, 2, 4), style in (0, 1, 3, 4)], float)
            beard *= rng.uniform(0.55, 1.3)
            length = rng.uniform(0.0, 0.012) if rng.random() < 0.7 else 0.0
        elif happens(config.stubble):
            beard = np.array([1, rng.uniform(0.6, 1.2), 1]) * rng.uniform(0.08, 0.5)
        lipstick = None
        if makeup or rng.random() < 0.08 * difficulty:
            red = rng.uniform(0.10, 0.60)
            lipstick = np.array([red, red * rng.uniform(0.04, 0.5), red * rng.uniform(0.06, 0.5)], np.float32)
        brow = np.minimum(hair, 0.25) * rng.uniform(0.15, 0.9) + 0.004
        return SkinLook(
            melanin=melanin,
            blood=float(np.clip(rng.normal(0.33, 0.16), 0.02, 0.95)),
            mottling=float(rng.gamma(2.0, 0.35)) * (0.3 + 0.7 * difficulty),
            freckles=rng.uniform(0.2, 1.0) if happens(config.freckles) else 0.0,
            gloss=float(rng.gamma(1.6, 0.028)),
            wrinkles=float(rng.beta(1, 2.2)) * (0.3 + 0.7 * difficulty),
            wrinkle_map=int(rng.integers(len(maps.wrinkles))),
            brow_map=int(rng.integers(len(maps.brows))),
            brow_strength=0.0 if happens(config.no_brows) else float(rng.uniform(0.6, 1.5)),
            brow_colour=brow.astype(np.float32),
            lash=float(rng.uniform(0.2, 0.7)) + (rng.uniform(0.2, 0.8) if makeup else 0.0),
            lip_blood=float(rng.uniform(0.0, 0.75)),
            lipstick=lipstick,
            lipstick_amount=float(rng.uniform(0.3, 0.9)),
            shadow=rng.uniform(0.01, 0.45, 3).astype(np.float32) if makeup and rng.random() < 0.6 else None,
            shadow_amount=float(rng.uniform(0.1, 0.7)),
            blush=float(rng.uniform(0, 0.7)) if makeup else 0.0,
            rings=float(rng.beta(1, 2)) * 0.8,
            beard=beard.astype(np.float32),
            beard_colour=(np.minimum(hair, 0.3) * rng.uniform(0.3, 0.9)).astype(np.float32),
            beard_length=float(length),
            offsets=rng.uniform(0, 512, 2).astype(np.float32),
            paint=rng.uniform(0.02, 0.8, 3).astype(np.float32) if happens(config.paint) else None,
        )


FLAT = ((0.0,) * 4,) * 2


class _Look(ctypes.Structure):
    """The look as kernels/skin.cpp reads it."""

    # fmt: off
    NUMBERS = ("melanin", "blood", "mottling", "freckles", "gloss", "wrinkles", "brow_strength", "lash",
               "lip_blood", "lipstick_amount", "shadow_amount", "blush", "rings", "paint_amount")
    # fmt: on
    COLOURS = ("beard", "brow_colour", "lipstick", "shadow", "beard_colour", "paint")
    _fields_ = [(name, ctypes.c_float) for name in NUMBERS]
    _fields_ += [(name, ctypes.c_float * 3) for name in COLOURS]
    _fields_ += [
        ("offsets", ctypes.c_float * 2),
        ("brow_origin", ctypes.c_float * 2),
        ("brow_zoom", ctypes.c_float),
        ("creases", ctypes.c_float * 4 * 2),
        ("middle", ctypes.c_float),
    ]

    @staticmethod
    def of(look: SkinLook, maps: SkinMaps) -> _Look:
        left, top = maps.brow_origin

        def three(colour: np.ndarray | None) -> tuple[float, ...]:
            return (0.0, 0.0, 0.0) if colour is None else tuple(colour.tolist())

        return _Look(
            look.melanin,
            look.blood,
            look.mottling,
            look.freckles,
            look.gloss,
            look.wrinkles,
            look.brow_strength,
            look.lash,
            look.lip_blood,
            0.0 if look.lipstick is None else look.lipstick_amount,
            0.0 if look.shadow is None else look.shadow_amount,
            look.blush,
            look.rings,
            0.0 if look.paint is None else 0.8,
            three(look.beard),
            three(look.brow_colour),
            three(look.lipstick),
            three(look.shadow),
            three(look.beard_colour),
            three(look.paint),
            tuple(look.offsets.tolist()),
            (left, top),
            BROW_ZOOM,
            FLAT if look.creases is None else tuple(map(tuple, look.creases.tolist())),
            maps.middle,
        )


def skin_colour(
    look: SkinLook,
    maps: SkinMaps,
    bank: NoiseBank,
    fields: np.ndarray,
    rows: slice | np.ndarray,
    colour: np.ndarray,
    gloss: np.ndarray,
    height: np.ndarray,
) -> None:
    """Writes linear RGB (3, P), gloss (P,) and height (P,) in metres for bumps at some `rows` of P pixels.

    fields (6, P): map texels u, v, occlusion, lash, lip, cloth. rows: int64 indices, or a slice from 0 on.
    """
    some = None if isinstance(rows, slice) else rows
    if isinstance(rows, slice) and rows.start != 0:
        raise ValueError(f"expected rows from 0 on, got {rows}")
    texture = native.texture
    native.library().faces_skin(
        ctypes.byref(_Look.of(look, maps)),
        texture(maps.zones),
        texture(bank.skin),
        texture(maps.paint),
        texture(maps.wrinkles[look.wrinkle_map]),
        texture(maps.creases[look.wrinkle_map]),
        texture(maps.brows[look.brow_map]),
        native.pointer(some, native.INT64),
        native.LONG(rows.stop if isinstance(rows, slice) else len(rows)),
        native.LONG(fields.shape[1]),
        native.pointer(fields),
        native.pointer(colour),
        native.pointer(gloss),
        native.pointer(height),
    )


def mix(colour: np.ndarray, other: np.ndarray, share: np.ndarray) -> None:
    """Blend (3, P) colours in place with `other` (3,) by `share` (P,) 0..1."""
    for channel in range(3):
        colour[channel] += share * (other[channel] - colour[channel])


def beard_cover(look: SkinLook, zones: np.ndarray, goatee: np.ndarray) -> np.ndarray:
    """(P,) how much beard grows, from the zone maps' beard and moustache (4, P) and the goatee (P,)."""
    return np.maximum(np.maximum(look.beard[0] * zones[2], look.beard[1] * zones[3]), look.beard[2] * goatee)
