"""Measures on points with known answers, and intervals that behave."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import measures
from face3d import rotation as so3
from face3d.camera import FRONTAL
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.crop import pose_from_box
from face3d.model import FaceModel


@pytest.fixture(scope="module")
def neutral() -> np.ndarray:
    """(68, 3) landmarks of the mean face."""
    return FaceModel.load().landmarks(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32))


@pytest.fixture(scope="module")
def face(neutral) -> np.ndarray:
    """(68, 2) the mean face in an image."""
    pose = Geometry.mean(pose_from_box((100, 80, 120, 120))).pose
    return pose.project(neutral)[:, :2].astype(float)


def test_nme_of_a_shift_is_the_shift_over_the_size(face):
    size = measures.face_size(face)
    width, height = np.ptp(face, axis=0)
    assert size == pytest.approx(np.sqrt(width * height))
    assert measures.nme(face + np.array([3.0, 4.0]), face, size) == pytest.approx(5.0 / size)
    assert measures.nme(face, face, size) == 0.0


def test_nme_of_a_part_sees_only_that_part(face):
    moved = face.copy()
    moved[:17] += 10.0  # the jaw
    size = measures.face_size(face)
    assert measures.nme(moved, face, size, "without the jaw") == 0.0
    assert measures.nme(moved, face, size) == pytest.approx(17 / 68 * np.hypot(10, 10) / size)


def test_mirroring_twice_is_nothing_and_a_symmetric_face_is_its_own_mirror_image(face):
    assert np.allclose(measures.mirrored(measures.mirrored(face, 640), 640), face)
    middle = 2 * face[27:31, 0].mean() + 1
    assert np.abs(measures.mirrored(face, middle) - face).max() < 0.01 * measures.face_size(face)


def test_openings_rise_with_the_gap_and_not_with_size_or_roll(face):
    opened = face.copy()
    opened[65:68, 1] += 12.0  # lower inner lip
    assert measures.mouth_opening(opened) > measures.mouth_opening(face) + 0.1
    shut = face.copy()
    shut[[41, 40]], shut[[47, 46]] = shut[[37, 38]], shut[[43, 44]]
    assert measures.eyelid_opening(shut) == pytest.approx(0.0, abs=1e-9)
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    for opening in (measures.mouth_opening, measures.eyelid_opening):
        assert opening(3.0 * opened @ turn.T + 50) == pytest.approx(opening(opened))


@pytest.mark.parametrize("yaw", [-50.0, 0.0, 35.0])
def test_head_rotation_of_points_that_the_model_made(neutral, yaw):
    truth = so3.exp(np.radians([8.0, yaw, -5.0])) @ FRONTAL
    seen = 700 * neutral.astype(float) @ truth.T + (320, 200, 0)
    assert np.allclose(measures.head_rotation(seen, neutral.astype(float)), truth, atol=1e-6)
    outward = truth[:, 2]
    expected = np.degrees(np.arctan2(outward[0], -outward[2]))
    assert measures.head_yaw(seen, neutral.astype(float)) == pytest.approx(expected, abs=1e-3)


def test_correlation_of_lines_and_of_what_does_not_vary():
    x = np.arange(10.0)
    assert measures.correlation(x, 3 * x + 1) == pytest.approx(1.0)
    assert measures.correlation(x, -x) == pytest.approx(-1.0)
    assert measures.correlation(x, np.ones(10)) == 0.0
    assert measures.slope(3 * x + 1, x) == pytest.approx(3.0)
    assert measures.slope(x, np.ones(10)) == 0.0


def test_bootstrap_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        interval = measures.mean_interval(rng.normal(size=40))
        hits += interval.low <= 0.0 <= interval.high
    assert hits >= 50


def test_copies_of_one_picture_do_not_make_the_interval_narrower():
    values = np.random.default_rng(1).normal(size=12)
    alone = measures.mean_interval(values)
    copied = measures.mean_interval(np.repeat(values, 6), np.repeat(np.arange(12), 6))
    assert copied.count == alone.count == 12
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.15)
    assert copied.value == pytest.approx(alone.value)


def test_the_quick_mean_is_the_bootstraps_mean():
    rng = np.random.default_rng(2)
    values, clusters = rng.normal(size=50), rng.integers(9, size=50)
    slow = measures.bootstrap(lambda rows: values[rows].mean(), clusters)
    quick = measures.mean_interval(values, clusters)
    assert quick.count == slow.count
    assert (quick.value, quick.low, quick.high) == pytest.approx((slow.value, slow.low, slow.high))


def test_of_nothing_there_is_no_interval():
    interval = measures.mean_interval([])
    assert interval.count == 0 and np.isnan(interval.value)


def test_an_interval_changes_units_as_a_whole():
    assert measures.Interval(1, 0.5, 2, 9).times(100) == measures.Interval(100, 50, 200, 9)
