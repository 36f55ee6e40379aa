"""Landmarks on the mean face: near anchor plus offset, symmetrical, on the skin."""

import numpy as np
import pytest

from training.landmarks import BROW, INNER_END, OFFSETS, OTHER_SIDE, TRUST, place_landmarks, space_evenly


@pytest.fixture(scope="module")
def mean(model):
    return model.shape(np.zeros(200, np.float32), np.zeros(84, np.float32)).astype(float)


def test_other_side_is_the_mirror_image(mean, model):
    other = np.array(OTHER_SIDE)
    np.testing.assert_array_equal(other[other], np.arange(68))
    for marks in (model.anchors68, model.landmarks68):
        np.testing.assert_allclose(mean[marks[other]], mean[marks] * [-1, 1, 1], atol=3e-4)


def test_the_models_landmarks_are_the_placed_ones(mean, model):
    skin = np.zeros(len(mean), bool)
    skin[model.triangles[model.parts["skin"]]] = True
    np.testing.assert_array_equal(place_landmarks(mean, skin, model.anchors68), model.landmarks68)
    assert skin[model.landmarks68].all()


def test_landmarks_are_where_the_offsets_say(mean, model):
    """Within the spacing of the fine vertices, from the front; the jaw's stay within its silhouette."""
    moved = 1e3 * (mean[model.landmarks68] - mean[model.anchors68])
    for number, (outwards, up) in OFFSETS.items():
        if number in BROW[1:]:
            continue
        side = 0.0 if OTHER_SIDE[number] == number else np.sign(mean[model.anchors68[number], 0])
        apart = moved[number, :2] - TRUST * np.array([side * outwards, up])
        assert np.linalg.norm(apart) < (4.0 if number < 17 else 1.5), number


def test_brows_begin_where_they_do_on_the_canonical_face(mean, model):
    points = 1e3 * mean[model.landmarks68]
    corners = points[[36, 45], :2]
    apart = points[[21, 22], :2] - corners.mean(0)
    sides = np.sign(corners - corners.mean(0))[:, :1] * [1, 0] + [0, 1]
    unit = np.linalg.norm(corners[1] - corners[0]) / 88
    np.testing.assert_allclose(apart, unit * np.array(INNER_END) * sides, atol=1.5)


def test_brows_are_spaced_evenly(mean, model):
    line = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 2.0], [1.0, 3.0, 5.0]])
    np.testing.assert_allclose(space_evenly(line), [[0, 0, 1], [1, 1, 3], [1, 3, 5]])
    for brow in (range(17, 22), range(22, 27)):
        spacing = np.linalg.norm(np.diff(mean[model.landmarks68[list(brow)], :2], axis=0), axis=1)
        assert spacing.max() < 1.5 * spacing.min()


def test_landmarks_keep_their_order(mean, model):
    points = mean[model.landmarks68]
    jaw = points[:17]
    assert (np.diff(jaw[:, 0]) * np.sign(jaw[-1, 0] - jaw[0, 0]) > 0).all()
    assert (np.diff(jaw[:9, 1]) < 0).all() and (np.diff(jaw[8:, 1]) > 0).all()
    spacing = np.linalg.norm(np.diff(jaw[:, :2], axis=0), axis=1)
    assert spacing.max() < 3 * spacing.min()
    assert (np.diff(points[27:31, 1]) < 0).all()  # down the bridge of the nose
    lips = points[[51, 62, 66, 57], 1]
    assert (np.diff(lips) <= 1e-4).all()
    assert (np.diff(points[17:22, 0]) * np.sign(points[21, 0] - points[17, 0]) > 0).all()
