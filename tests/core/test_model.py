"""The face model: what it evaluates to, its size, symmetry, names and regions."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tests.core.faces import random_face, rotation


def test_shape_equals_a_naive_evaluation(model):
    for seed in range(3):
        identity, expression = random_face(seed)
        coefficients = np.concatenate([identity, expression]).astype(np.float64)
        control = model.mean + np.tensordot(coefficients, model.basis.astype(np.float64), 1)
        fine = np.add.reduceat(model.data[:, None] * control[model.indices], model.indptr[:-1])
        result = model.shape(identity, expression)
        assert result.shape == (model.vertex_count, 3) and result.dtype == np.float32
        np.testing.assert_allclose(result, fine, atol=1e-6)
        np.testing.assert_array_equal(
            model.shape(identity, expression, lod=True), result[: model.control_count]
        )


def test_basis_at_gives_the_same_surface(model):
    identity, expression = random_face(5)
    vertices = np.array([0, model.vertex_count - 1, model.sellion, model.control_count + 7, 0])
    mean, of_identity, of_expression = model.basis_at(vertices)
    points = mean + np.tensordot(identity, of_identity, 1) + np.tensordot(expression, of_expression, 1)
    np.testing.assert_allclose(points, model.shape(identity, expression)[vertices], atol=1e-6)


def test_the_mean_has_human_size_and_is_symmetric(model, mean):
    assert np.abs(mean[model.anchors68].mean(0)).max() < 1e-6
    points = mean[model.landmarks68]
    pupils = points[42:48].mean(0) - points[36:42].mean(0)
    assert 0.060 < pupils[0] < 0.066
    assert 0.135 < points[16, 0] - points[0, 0] < 0.150
    assert 0.100 < points[27, 1] - points[8, 1] < 0.125
    assert points[30, 2] > points[8, 2] > points[0, 2]
    mirrored = model.mean[model.mirror] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, model.mean, atol=1e-6)


def test_identity_modes_are_symmetric_or_antisymmetric(model):
    modes = model.identity.astype(np.float32)
    mirrored = modes[:, model.mirror] * np.float32([-1, 1, 1])
    error = np.minimum(np.abs(modes - mirrored).max((1, 2)), np.abs(modes + mirrored).max((1, 2)))
    assert error.max() < 3e-5


def test_names_regions_and_codes(model, mean):
    names = model.expression_names
    assert len(set(names)) == 84 and sum(name.startswith("arkit/") for name in names) == 50
    assert {"lips", "inner_lips", "eyelids", "brows", "nose", "cheeks", "ears", "jaw", "forehead"} <= set(
        model.regions
    )
    for name, mask in model.regions.items():
        assert mask.shape == (model.vertex_count,) and mask.dtype == bool and 100 < mask.sum() < 8000, name
    near = {
        "lips": slice(48, 60),
        "inner_lips": slice(60, 68),
        "eyelids": slice(36, 48),
        "brows": slice(17, 27),
        "nose": slice(28, 35),
        "jaw": slice(6, 11),
    }
    for name, marks in near.items():
        gap = mean[model.regions[name]][None] - mean[model.landmarks68[marks], None]
        assert np.linalg.norm(gap, axis=2).min(1).max() < 0.004, (
            f"a landmark of the {name} is far from the region"
        )
    assert model.codes.shape == (model.vertex_count, 3) and model.codes.dtype == np.uint8
    assert (model.codes.min(0) == 0).all() and (model.codes.max(0) == 255).all()


def test_arrays_are_read_only(model):
    for array in (
        model.mean,
        model.basis,
        model.identity,
        model.triangles,
        model.codes,
        model.regions["lips"],
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("sizes", [(199, 84), (200, 83), (84, 200)])
def test_wrong_number_of_coefficients(model, sizes):
    with pytest.raises(ValueError, match=r"expected identity \(200,\) and expression \(84,\), found"):
        model.shape(np.zeros(sizes[0]), np.zeros(sizes[1]))


def test_a_model_that_has_been_evaluated_can_be_pickled(model):
    identity, expression = random_face(5)
    expected, marks = (
        model.shape(identity, expression),
        model.landmarks(identity, expression, rotation(yaw=20)),
    )
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.shape(identity, expression), expected)
    np.testing.assert_array_equal(copy.landmarks(identity, expression, rotation(yaw=20)), marks)
    assert copy.hash == model.hash and not copy.mean.flags.writeable
    assert not any(mask.flags.writeable for mask in copy.regions.values())
