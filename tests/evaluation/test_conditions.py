"""Spoiled pictures: each spoils what it says, from its random numbers alone; and how far answers move is a distance."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="faces are drawn with the packages of training")

from evaluation.conditions import SIDE, Found, measure, surroundings
from evaluation.examples import Example
from evaluation.references import Reference
from evaluation.spoiling import (
    CONDITIONS,
    SURROUNDINGS,
    dark,
    eye_covered,
    glaring,
    mouth_covered,
    side_light,
)
from face3d.crop import CROP_METRES, crop_of, extract, pose_from_box


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    across = np.linspace(40, 220, SIDE)
    rng = np.random.default_rng(0)
    smooth = np.stack([across[None] + 20 * np.sin(across[:, None] / 9 + k) for k in range(3)], 2)
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_changes_the_picture_by_its_random_numbers_alone(name, picture):
    before = picture.copy()
    once, again = (CONDITIONS[name](picture, np.random.default_rng(3)) for _ in range(2))
    assert once.shape == picture.shape and once.dtype == np.uint8
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(picture, before)
    assert np.abs(once.astype(int) - picture).mean() > 1


def test_light_is_changed_in_proportion():
    grey = np.full((SIDE, SIDE, 3), 100, np.uint8)
    rng = np.random.default_rng(1)
    light = (dark(grey, rng).astype(float).mean() / 100) ** 2.2
    assert light == pytest.approx(0.1, rel=0.05)
    assert (glaring(grey, rng)[0, 0, 0] / 100) ** 2.2 == pytest.approx(3.0, rel=0.03)
    sides = side_light(grey, rng)[:, [0, -1], 0].astype(float).mean(0)
    assert (sides.max() / sides.min()) ** 2.2 == pytest.approx(12.0, rel=0.15)


def test_boards_cover_the_part_that_they_are_named_for():
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    crop = SIDE / SURROUNDINGS
    middle = SIDE / 2
    below = mouth_covered(black, np.random.default_rng(2)).any(2)
    assert below[round(middle + 0.1 * crop), SIDE // 2] and not below[round(middle), SIDE // 2]
    half = eye_covered(black, np.random.default_rng(2)).any(2)
    assert not half[SIDE // 2 :].any(), "nothing below the middle"
    assert half[:, : SIDE // 2].any() != half[:, SIDE // 2 :].any(), "one eye"


def test_surroundings_are_the_picture_about_the_face_at_one_size():
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (500, 700, 3), np.uint8)
    points = np.zeros((68, 3))
    box = (300.0, 200.0, 90.0, 90.0)
    example = Example("a", "a", "a", image, box, True, Reference(points, points[:, :2]))
    part, start = surroundings(example)
    assert part.shape == (SIDE, SIDE, 3)
    assert CROP_METRES * start.pose.scale == pytest.approx(SIDE / SURROUNDINGS)
    np.testing.assert_allclose(start.pose.translation, 0.5 * (SIDE - 1), atol=1e-9)
    inside, outside = crop_of(start.pose), crop_of(pose_from_box(box))
    seen, expected = extract(part, inside, 40).astype(int), extract(image, outside, 40).astype(int)
    assert np.abs(seen - expected).mean() < 6  # resampled twice


def test_distances_are_of_the_faces_that_are_kept():
    ours, theirs = np.array([0.01, 0.03, np.nan]), np.full(3, 0.02)
    found = measure(Found({"fog": (ours, theirs)}, {}), ["a", "b", "c"])["fog"]
    assert found["ours"]["distance"].value == pytest.approx(2.0)
    assert found["ours"]["kept"].value == pytest.approx(100 * 2 / 3)
    assert found["MediaPipe"]["distance"].value == pytest.approx(2.0)
    assert found["MediaPipe"]["kept"].value == pytest.approx(100.0)
