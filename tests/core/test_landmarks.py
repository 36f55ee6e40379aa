"""The 68 landmarks: fixed vertices, and the jaw's, which slide to the contour."""

from __future__ import annotations

import numpy as np

from tests.core.faces import random_face, rotation


def test_landmarks_without_rotation_are_the_fixed_vertices(model):
    identity, expression = random_face(1)
    expected = model.shape(identity, expression)[model.landmarks68]
    np.testing.assert_allclose(model.landmarks(identity, expression), expected, atol=1e-6)


def test_jaw_landmarks_slide_to_the_contour_on_the_far_side_only(model):
    identity, expression = random_face(2)
    fixed = model.landmarks(identity, expression)
    frontal = model.landmarks(identity, expression, rotation())
    assert np.linalg.norm(frontal - fixed, axis=1).max() < 0.012
    turned = rotation(yaw=40)  # the subject's left (+x) turns away from the camera
    slid = model.landmarks(identity, expression, turned)
    np.testing.assert_array_equal(slid[17:], fixed[17:])
    far, near = slice(11, 17), slice(0, 6)
    outwards = (slid - fixed) @ turned[0]
    assert (outwards[far] > 0.004).all(), "the far side's points reach further out than the fixed ones"
    assert np.linalg.norm((slid - fixed)[near], axis=1).max() < 0.012
    skin = np.unique(model.triangles[model.parts["skin"]])
    surface = (model.shape(identity, expression)[skin] @ turned.T)[:, :2]
    for point in slid[far] @ turned.T:
        level = surface[np.abs(surface[:, 1] - point[1]) < 0.003, 0]
        assert point[0] > level.max() - 0.012, "on the silhouette, or near it beside nose and lips"


def test_sliding_does_not_depend_on_roll(model):
    identity, expression = random_face(3)
    upright = model.landmarks(identity, expression, rotation(yaw=-35, pitch=10))
    rolled = model.landmarks(identity, expression, rotation(yaw=-35, pitch=10, roll=70))
    np.testing.assert_allclose(upright, rolled, atol=1e-7)


def test_the_jaw_slides_without_leaps(model):
    """In the image it moves no faster than a vertex beside the ear does."""
    identity, expression = random_face(5)
    poses = [rotation(yaw=yaw) for yaw in np.arange(-40.0, 40.0, 0.1)]
    seen = [(model.landmarks(identity, expression, pose) @ pose.T)[:17, :2] for pose in poses]
    fixed = model.landmarks(identity, expression)
    beside = [(fixed[[0, 16]] @ pose.T)[:, :2] for pose in poses]
    fastest = np.linalg.norm(np.diff(beside, axis=0), axis=2).max()
    assert np.linalg.norm(np.diff(seen, axis=0), axis=2).max() < 1.5 * fastest


def test_landmarks_of_a_mesh_are_those_of_its_coefficients(model):
    identity, expression = random_face(4)
    mesh = model.shape(identity, expression)
    np.testing.assert_allclose(model.landmarks_of(mesh), model.landmarks(identity, expression), atol=1e-6)
    for yaw in (-40, 0, 25):
        turned = rotation(yaw=yaw, pitch=5)
        moved = model.landmarks_of(mesh, turned) - model.landmarks(identity, expression, turned)
        assert np.linalg.norm(moved, axis=1).max() < 1e-6
