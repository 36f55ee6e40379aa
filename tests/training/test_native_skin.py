"""The kernel that colours skin, against the same formula in plain NumPy, in double precision."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from training.faces.skin import SkinLook, skin_colour
from training.faces.skin_maps import BROW_ZOOM

SIDE, COUNT = 128, 700  # texels of the maps at half resolution; pixels: more than two of the kernel's blocks
PLAIN = SkinLook(
    melanin=0.4,
    blood=0.3,
    mottling=0.0,
    freckles=0.0,
    gloss=0.06,
    wrinkles=0.0,
    wrinkle_map=1,
    brow_map=1,
    brow_strength=0.0,
    brow_colour=np.array([0.05, 0.03, 0.02], np.float32),
    lash=0.4,
    lip_blood=0.3,
    lipstick=None,
    lipstick_amount=0.0,
    shadow=None,
    shadow_amount=0.0,
    blush=0.0,
    rings=0.0,
    beard=np.zeros(3, np.float32),
    beard_colour=np.array([0.1, 0.06, 0.03], np.float32),
    beard_length=0.0,
    offsets=np.array([37.3, 401.9], np.float32),
)
PARTS = {
    "plain": PLAIN,
    "mottled, freckled, folded": replace(PLAIN, mottling=1.1, freckles=0.8, wrinkles=0.7),
    "creased": replace(PLAIN, creases=np.array([[0.3, 0.0, 0.8, 1.2], [0.9, 0.4, 0.0, 0.2]], np.float32)),
    "folded a little and creased": replace(PLAIN, wrinkles=0.04, creases=np.full((2, 4), 0.5, np.float32)),
    "made up": replace(
        PLAIN,
        lipstick=np.array([0.5, 0.1, 0.1], np.float32),
        lipstick_amount=0.7,
        blush=0.6,
        rings=0.5,
        shadow=np.array([0.1, 0.2, 0.4], np.float32),
        shadow_amount=0.5,
    ),
    "bearded": replace(PLAIN, beard=np.array([1.0, 0.6, 0.9], np.float32), mottling=0.8),
    "brows": replace(PLAIN, brow_strength=1.4),
    "painted": replace(PLAIN, paint=np.array([0.1, 0.6, 0.2], np.float32), melanin=1.15, blood=0.95),
}


def _maps(rng):
    def noise(*shape):
        return rng.integers(0, 256, shape, dtype=np.uint8)

    return SimpleNamespace(
        zones=noise(SIDE, SIDE, 4),
        paint=noise(SIDE, SIDE, 4),
        wrinkles=noise(2, SIDE, SIDE),
        creases=noise(2, SIDE, SIDE, 4),
        brows=noise(2, 90, 150),
        brow_origin=(60.0, 80.0),
        middle=0.97 * SIDE,
    )


def _texels(texture, u, v, wrap=False):
    """Bilinear, (P,) or (4, P) of 0..255."""
    texture = texture.astype(np.float64)
    height, width = texture.shape[:2]
    if not wrap:
        u, v = np.clip(u, 0, width - 1), np.clip(v, 0, height - 1)
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    rows = [r % height if wrap else np.minimum(r, height - 1) for r in (top, top + 1)]
    columns = [c % width if wrap else np.minimum(c, width - 1) for c in (left, left + 1)]
    right, down = u - left, v - top
    corner = [[np.moveaxis(texture[row, column], 0, -1) for column in columns] for row in rows]
    upper, lower = (a + right * (b - a) for a, b in corner)
    return upper + down * (lower - upper)


def _reference(look, maps, tile, fields):
    """Colour (3, P), gloss (P,), height (P,)."""
    u, v, _, lash, lip, _ = fields.astype(np.float64)

    def blend(other, share):
        colour[...] += share * (np.asarray(other, np.float64)[:, None] - colour)

    red, dark, beard, moustache = _texels(maps.zones, u / 2, v / 2) / 255
    goatee, blush, shadow, rings = _texels(maps.paint, u / 2, v / 2) / 255
    noise = _texels(tile, 0.9 * u + look.offsets[0], 0.9 * v + look.offsets[1], True)
    clouds, pores, spots, hairs = (noise - 128) / 40
    bearded = look.beard.max() > 0
    if not (bearded or look.blush > 0 or look.shadow_amount > 0 or look.rings > 0.15):
        rings = 0 * rings
    blood = (
        look.blood * (0.55 + 1.1 * red)
        + 0.1 * look.mottling * clouds
        + lip * (0.35 + look.lip_blood)
        + 0.25 * look.rings * rings
        + look.blush * blush
    )
    melanin = (
        look.melanin
        + 0.1 * dark
        + look.mottling * (0.035 * clouds + 0.02 * pores)
        + 0.07 * lip
        + 0.16 * look.rings * rings
    )
    if look.freckles > 0:
        melanin += 0.35 * np.clip(spots - (2 - 0.8 * look.freckles), 0, 1) * (0.3 + red)
    gloss = look.gloss * (0.5 + 0.9 * red) + 0.05 * lip
    height = pores * (0.00002 + 0.00005 * look.wrinkles)
    absorbed = np.outer([2.10, 2.58, 2.90], np.clip(melanin, 0, 1.5))
    absorbed += np.outer([0.10, 0.68, 0.56], np.clip(blood, 0, 20))
    colour = np.array([0.88, 0.70, 0.58])[:, None] * np.exp(-absorbed)
    folds = np.zeros(len(u))
    if look.wrinkles > 0.05:
        folds += look.wrinkles * (_texels(maps.wrinkles[look.wrinkle_map], u / 2, v / 2) - 128)
    if look.creases is not None:
        left, right = look.creases[:, :, None].astype(np.float64)
        depth = right + np.clip((u - maps.middle) * 0.03 + 0.5, 0, 1) * (left - right)
        folds += ((_texels(maps.creases[look.wrinkle_map], u / 2, v / 2) - 128) * depth).sum(0)
    height += 0.000016 * folds
    colour *= np.maximum(1 + 0.004 * folds, 0.3)
    if look.paint is not None:
        blend(look.paint, 0.8 * np.clip(0.5 + clouds, 0, 1))
    if look.shadow is not None:
        blend(look.shadow, look.shadow_amount * shadow)
    if look.lipstick is not None:
        gloss += 0.08 * lip
        blend(look.lipstick, look.lipstick_amount * lip)
    brows = maps.brows[look.brow_map]
    x, y = (BROW_ZOOM * (place - origin) for place, origin in zip((u, v), maps.brow_origin, strict=True))
    inside = (x > 0) & (y > 0) & (x < brows.shape[1]) & (y < brows.shape[0])
    blend(look.brow_colour, inside * np.minimum(look.brow_strength / 255 * _texels(brows, x, y), 0.97))
    if bearded:
        cover = np.max([look.beard[0] * beard, look.beard[1] * moustache, look.beard[2] * goatee], 0)
        cover = np.clip(cover * np.clip(0.95 + 0.3 * clouds, 0, 1.3) * (0.85 + 0.2 * hairs) - 0.04, 0, 0.95)
        gloss *= 1 - 0.8 * cover
        blend(look.beard_colour, cover)
        colour *= 1 + 0.18 * cover * hairs
    blend([0.012, 0.008, 0.007], np.clip(lash * (0.35 + look.lash), 0, 0.95))
    return colour, gloss, height


def _fields(rng):
    fields = rng.uniform(0, 1, (6, COUNT)).astype(np.float32)
    fields[:2] = rng.uniform(-20, 2 * SIDE + 20, (2, COUNT))  # some beyond the maps
    fields[3:5] *= rng.random((2, COUNT)) < 0.4
    return fields


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("some", [False, True])
def test_skin_follows_its_formula(part, some):
    rng = np.random.default_rng(8)
    maps, fields = _maps(rng), _fields(rng)
    tile = rng.integers(0, 256, (512, 512, 4), dtype=np.uint8)
    look = PARTS[part]
    rows = np.sort(rng.choice(COUNT, 391, replace=False)) if some else slice(0, COUNT)
    colour, gloss, height = (np.full(shape, -7.0, np.float32) for shape in ((3, COUNT), COUNT, COUNT))
    skin_colour(look, maps, SimpleNamespace(skin=tile), fields, rows, colour, gloss, height)
    reference, limits = _reference(look, maps, tile, fields[:, rows]), (2e-4, 5e-5, 1e-7)
    for found, wanted, within in zip((colour, gloss, height), reference, limits, strict=True):
        assert np.abs(found[..., rows] - wanted).max() < within
    others = np.setdiff1d(np.arange(COUNT), np.arange(COUNT)[rows])
    assert (colour[:, others] == -7).all() and (gloss[others] == -7).all() and (height[others] == -7).all()


def test_rows_begin_at_the_first_pixel():
    rng = np.random.default_rng(8)
    room = np.zeros(COUNT, np.float32)
    bank, colour = SimpleNamespace(skin=None), np.zeros((3, COUNT), np.float32)
    with pytest.raises(ValueError, match="from 0 on"):
        skin_colour(PLAIN, _maps(rng), bank, _fields(rng), slice(1, 9), colour, room, room)
