"""Skin: one person's complexion, and the colour of every skin pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.faces.config import FaceConfig
from training.faces.noise import NoiseBank, sample
from training.faces.skin_maps import BROW_ZOOM, SkinMaps

# Linear RGB of skin without pigment, and how strongly melanin and blood absorb each channel.
BASE = np.array([0.88, 0.70, 0.58], np.float32)
MELANIN = np.array([2.10, 2.58, 2.90], np.float32)
BLOOD = np.array([0.10, 0.68, 0.56], np.float32)
# Linear RGB of hair from black to white; hair.py uses it too.
HAIR_COLOURS = np.array([[.006, .005, .005], [.014, .009, .007], [.035, .019, .011], [.075, .038, .020],
                         [.15, .085, .045], [.30, .19, .10], [.46, .34, .20], [.20, .06, .022], [.22, .21, .20],
                         [.55, .54, .52]], np.float32)
HAIR_CHANCES = np.array([.20, .17, .16, .12, .09, .08, .06, .04, .05, .03])


def hair_colour(rng: np.random.Generator) -> np.ndarray:
    """(3,) linear RGB of somebody's hair."""
    colour = HAIR_COLOURS[rng.choice(len(HAIR_COLOURS), p=HAIR_CHANCES)] * np.exp(rng.normal(0, 0.25))
    return (colour * np.exp(rng.normal(0, 0.06, 3))).astype(np.float32)


@dataclass(frozen=True)
class SkinLook:
    """One complexion. Colours are linear RGB; amounts are 0..1 unless said."""

    melanin: float              # 0 very light .. 1.15 very dark
    blood: float
    mottling: float             # unevenness of both
    freckles: float
    gloss: float                # oily shine
    wrinkles: float
    wrinkle_map: int
    brow_map: int
    brow_strength: float
    brow_colour: np.ndarray
    lash: float
    lip_blood: float
    lipstick: np.ndarray | None
    lipstick_amount: float
    shadow: np.ndarray | None   # eye shadow
    shadow_amount: float
    blush: float
    rings: float                # dark rings under the eyes
    beard: np.ndarray           # (3,): cover of full beard, moustache, goatee
    beard_colour: np.ndarray
    beard_length: float         # metres the beard stands out
    offsets: np.ndarray         # (2,) where in the noise tile
    paint: np.ndarray | None = None

    @staticmethod
    def draw(rng: np.random.Generator, config: FaceConfig, maps: SkinMaps, hair: np.ndarray,
             difficulty: float) -> SkinLook:
        def happens(probability: float) -> bool:
            return rng.random() < config.ramp(probability, difficulty)

        melanin = float(np.clip(rng.beta(1.0, 1.25) * 1.15, 0.0, 1.15))
        makeup = happens(config.makeup)
        beard, length = np.zeros(3), 0.0
        if happens(config.beard):
            style = rng.integers(0, 5)
            beard = np.array([style in (0, 1), style in (0, 1, 2, 4), style in (0, 1, 3, 4)], float)
            beard *= rng.uniform(0.55, 1.3)
            length = rng.uniform(0.0, 0.012) if rng.random() < 0.7 else 0.0
        elif happens(config.stubble):
            beard = np.array([1, rng.uniform(0.6, 1.2), 1]) * rng.uniform(0.08, 0.5)
        lipstick = None
        if makeup or rng.random() < 0.08 * difficulty:
            red = rng.uniform(.10, .60)
            lipstick = np.array([red, red * rng.uniform(.04, .5), red * rng.uniform(.06, .5)], np.float32)
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


def skin_colour(look: SkinLook, maps: SkinMaps, bank: NoiseBank, u: np.ndarray, v: np.ndarray, lash: np.ndarray,
                lip: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour of P skin pixels at map texels u, v: linear RGB (3, P), gloss (P,), height (P,) in metres for bumps."""
    o = look.offsets
    zones = np.ascontiguousarray(sample(maps.zones, u * 0.5, v * 0.5).T).astype(np.float32) * np.float32(1 / 255)
    clouds, pores, spots, hairs = bank.look_up_skin(u * 0.9 + o[0], v * 0.9 + o[1])
    paint = None
    if look.beard.max() > 0 or look.blush > 0 or look.shadow is not None or look.rings > 0.15:
        paint = np.ascontiguousarray(sample(maps.paint, u * 0.5, v * 0.5).T).astype(np.float32) * np.float32(1 / 255)

    blood = look.blood * (0.55 + 1.1 * zones[0]) + look.mottling * 0.10 * clouds
    blood += lip * (0.35 + look.lip_blood)
    melanin = look.melanin + 0.10 * zones[1] + look.mottling * (0.035 * clouds + 0.02 * pores)
    melanin += lip * 0.07
    if look.freckles > 0:
        melanin += 0.35 * np.clip(spots - (2.0 - 0.8 * look.freckles), 0, 1) * (0.3 + zones[0])
    if paint is not None:
        melanin += look.rings * 0.16 * paint[3]
        blood += look.rings * 0.25 * paint[3] + look.blush * paint[1]
    np.clip(melanin, 0, 1.5, out=melanin)
    np.maximum(blood, 0, out=blood)

    colour = np.empty((3, len(u)), np.float32)
    for channel in range(3):
        np.exp(-(MELANIN[channel] * melanin + BLOOD[channel] * blood), out=colour[channel])
        colour[channel] *= BASE[channel]
    gloss = look.gloss * (0.5 + 0.9 * zones[0]) + 0.05 * lip
    height = pores * np.float32(0.00002 + 0.00005 * look.wrinkles)
    if look.wrinkles > 0.05:
        folds = sample(maps.wrinkles[look.wrinkle_map], u * 0.5, v * 0.5).astype(np.float32) - 128
        height += folds * np.float32(0.000016 * look.wrinkles)
        colour *= 1 + folds * np.float32(0.004 * look.wrinkles)
    if look.paint is not None:
        mix(colour, look.paint, 0.8 * np.clip(0.5 + clouds, 0, 1))
    if paint is not None and look.shadow is not None:
        mix(colour, look.shadow, look.shadow_amount * paint[2])
    if look.lipstick is not None:
        mix(colour, look.lipstick, look.lipstick_amount * lip)
        gloss += 0.08 * lip
    _brows(look, maps, u, v, colour)
    _beard(look, clouds, hairs, zones, paint, colour, gloss)
    mix(colour, np.array([.012, .008, .007], np.float32), np.clip(lash * (0.35 + look.lash), 0, 0.95))
    return colour, gloss, height


def mix(colour: np.ndarray, other: np.ndarray, share: np.ndarray) -> None:
    """Blend (3, P) colours in place with `other` (3,) by `share` (P,) 0..1."""
    for channel in range(3):
        colour[channel] += share * (other[channel] - colour[channel])


def _brows(look: SkinLook, maps: SkinMaps, u: np.ndarray, v: np.ndarray, colour: np.ndarray) -> None:
    texture = maps.brows[look.brow_map]
    left, top = (np.float32(x) for x in maps.brow_origin)
    width, height = texture.shape[1] / BROW_ZOOM, texture.shape[0] / BROW_ZOOM
    rows = np.flatnonzero((u > left) & (v > top) & (u < left + width) & (v < top + height))
    share = sample(texture, (u[rows] - left) * BROW_ZOOM, (v[rows] - top) * BROW_ZOOM).astype(np.float32)
    share *= look.brow_strength / 255
    colour[:, rows] += np.minimum(share, 0.97) * (look.brow_colour[:, None] - colour[:, rows])


def beard_cover(look: SkinLook, zones: np.ndarray, goatee: np.ndarray) -> np.ndarray:
    """(P,) how much beard grows, from the zone maps' beard and moustache (4, P) and the goatee (P,)."""
    return np.maximum(np.maximum(look.beard[0] * zones[2], look.beard[1] * zones[3]), look.beard[2] * goatee)


def _beard(look: SkinLook, clouds: np.ndarray, hairs: np.ndarray, zones: np.ndarray, paint: np.ndarray | None,
           colour: np.ndarray, gloss: np.ndarray) -> None:
    if look.beard.max() <= 0 or paint is None:
        return
    cover = beard_cover(look, zones, paint[0])
    cover = cover * np.clip(0.95 + 0.3 * clouds, 0, 1.3)
    share = np.clip(cover * (0.85 + 0.2 * hairs) - 0.04, 0, 0.95)
    mix(colour, look.beard_colour, share)
    colour *= 1 + 0.18 * share * hairs
    gloss *= 1 - 0.8 * share
