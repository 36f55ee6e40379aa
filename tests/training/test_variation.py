"""Replayed images get other tones, textures and light; the prior's planes and what is outside stay."""

from __future__ import annotations

import numpy as np
import pytest

from training.config import VariationConfig
from training.variation import shade, vary, vary_texture, vary_tones

ALL = VariationConfig(texture=1.0, shade=1.0)


def draw_planes(seed: int, size: int = 64) -> np.ndarray:
    """(9, S, S) uint8 of smooth stripes, without black."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.linspace(0, 9, size) + rng.uniform(0, 6, (9, size, 1)))
    return (130 + 90 * waves).astype(np.uint8)


def test_tones_keep_order_and_black():
    planes = np.tile(np.arange(256, dtype=np.uint8), (9, 2, 1))
    planes[:, :, 0] = 0
    before = planes.copy()
    vary(planes, np.random.default_rng(3), VariationConfig(), 1.0)
    assert (np.diff(planes[:3, :, 1:].astype(int), axis=2) >= 0).all() and not planes[:3, :, 0].any()
    assert (planes[:3] != before[:3]).any()
    np.testing.assert_array_equal(planes[3:], before[3:])


@pytest.mark.parametrize("seed", range(5))
def test_everything_varied_keeps_prior_and_outside(seed):
    planes = draw_planes(seed)
    planes[:, :20] = 0
    before = planes.copy()
    vary(planes, np.random.default_rng(seed), ALL, 1.0)
    np.testing.assert_array_equal(planes[3:], before[3:])
    assert not planes[:3, :20].any()
    assert (planes[:3, 20:] != before[:3, 20:]).mean() > 0.5


def test_without_strength_nothing_changes():
    planes = draw_planes(1)
    before = planes.copy()
    vary(planes, np.random.default_rng(1), ALL, 0.0)
    np.testing.assert_array_equal(planes, before)


def test_a_filtered_texture_keeps_mean_spread_and_shapes():
    """The filtered share has the mean and spread of what was there, so the blend has the same mean and no more
    spread, and at least half of it is the picture."""
    for seed in range(20):
        planes = draw_planes(seed)[:3]
        before = planes.astype(float)
        vary_texture(planes, np.random.default_rng(seed))
        after = planes.astype(float)
        assert np.abs(after.mean((1, 2)) - before.mean((1, 2))).max() < 3
        assert (after.std((1, 2)) < 1.02 * before.std((1, 2))).all()
        assert min(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(after, before)) > 0.0


def test_shade_is_smooth_and_the_same_for_all_colours():
    planes = np.full((3, 64, 96), 100, np.uint8)
    shade(planes, np.random.default_rng(2))
    np.testing.assert_array_equal(planes[0], planes[1])
    np.testing.assert_array_equal(planes[0], planes[2])
    steps = np.abs(np.diff(planes[0].astype(int), axis=1))
    assert planes.std() > 5 and steps.max() < 12


def test_tones_alone_change_planes_alike():
    planes = np.repeat(draw_planes(4)[:1], 3, axis=0)
    vary_tones(planes, np.random.default_rng(5), 1.0)
    assert np.corrcoef(planes[0].ravel(), planes[2].ravel())[0, 1] > 0.98
