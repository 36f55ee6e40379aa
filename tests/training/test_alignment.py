"""Similarities between sets of points: known ones are found, weights count, mirror images are not made."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import rotation as so3
from training.alignment import Similarity, align


@pytest.fixture
def shape() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(50, 3))


def test_a_known_similarity_is_found_and_undone(shape):
    turn = so3.exp(np.array([0.3, -1.2, 0.5]))
    moved = 1.7 * shape @ turn.T + [1, 2, 3]
    found = Similarity.between(shape, moved)
    assert found.scale == pytest.approx(1.7)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-12)
    np.testing.assert_allclose(found.apply(shape), moved, atol=1e-12)
    np.testing.assert_allclose(align(moved, shape), shape, atol=1e-12)


def test_points_without_weight_do_not_count(shape):
    moved = 0.5 * shape + [0, 0, 4]
    moved[:10] += 3.0
    weight = np.ones(50)
    weight[:10] = 0.0
    np.testing.assert_allclose(align(moved, shape, weight)[10:], shape[10:], atol=1e-12)
    assert np.abs(align(moved, shape)[10:] - shape[10:]).max() > 0.1


def test_a_mirror_image_is_not_reached_by_a_reflection(shape):
    found = Similarity.between(shape, shape * [-1, 1, 1])
    assert np.linalg.det(found.rotation) == pytest.approx(1.0)
