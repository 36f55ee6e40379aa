"""Points of the prior are found where its colours say that they are."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import _core, codec
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.runtime import prior_points
from tests.core.test_instruction_sets import assert_the_same_with_every_set

SIDE, STEP = 200, 8
SPREAD = 0.04


def weights_of(codes: np.ndarray) -> np.ndarray:
    """(P, 4) of points with the codes (P, 3), 0..1, for a Gaussian of SPREAD: |a - b|^2 without the point's own."""
    columns = [2 / 255 * codes, np.full((len(codes), 1), -1 / 255**2)]
    return (np.concatenate(columns, 1) / (2 * SPREAD**2)).astype(np.float32)


def naive(batch: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(B, P, 2), pixel by pixel in float64."""
    found = np.zeros((len(batch), len(codes), 2))
    for row, tensor in zip(found, batch, strict=True):
        for point, code in zip(row, codes, strict=True):
            places, logs = [], []
            for y in range(0, SIDE, STEP):
                for x in range(0, SIDE, STEP):
                    colour = tensor[3:6, y, x].astype(float)
                    if colour.any():
                        places.append([(x - 99.5) / 100, (y - 99.5) / 100])
                        logs.append(-((colour / 255 - code) ** 2).sum() / (2 * SPREAD**2))
            shares = np.exp(np.array(logs) - max(logs))
            point[:] = shares @ np.array(places) / shares.sum()
    return found


@pytest.fixture(scope="module")
def batch(model) -> np.ndarray:
    """Two heads, noise, and a single pixel that counts."""
    image = np.zeros((400, 400, 3), np.uint8)
    faces = [Geometry.mean(Pose(FRONTAL, 800.0, (200.0, 190.0)))]
    turned = Pose(_core.rotation_exp(np.array([0.2, 0.7, 0.1])) @ FRONTAL, 900.0, (180.0, 210.0))
    faces.append(Geometry(np.full(200, 0.3, np.float32), np.full(84, 0.1, np.float32), turned))
    tensors = [codec.encode(image, face, model)[0] for face in faces]
    noise = np.random.default_rng(0).integers(0, 256, (9, SIDE, SIDE), dtype=np.uint8)
    single = np.zeros_like(noise)
    single[4, 16, 40] = 7
    return np.stack([*tensors, noise, single])


def test_it_is_the_softmax_over_all_pixels(model, batch) -> None:
    codes = model.codes[model.anchors68] / 255.0
    found = _core.PriorPoints(weights_of(codes), SIDE, STEP).find(batch)
    assert found.shape == (4, 68, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found, naive(batch, codes), atol=2e-5)
    np.testing.assert_allclose(found[3], np.broadcast_to([-0.595, -0.835], (68, 2)), atol=1e-6)


def test_an_empty_prior_has_all_points_in_the_middle(model) -> None:
    points = _core.PriorPoints(weights_of(model.codes[:5] / 255.0), SIDE, STEP)
    empty = np.zeros((1, 9, SIDE, SIDE), np.uint8)
    empty[:, :3] = 255  # the picture does not matter, nor do pixels between those that are read
    empty[:, 3:6, 1::8] = 9
    middle = 0.5 * (0 + 192 - 199) / 100
    np.testing.assert_allclose(points.find(empty), np.full((1, 5, 2), middle), atol=1e-6)


def test_what_was_found_before_changes_nothing(model, batch) -> None:
    """Priors again, after others, more of them than are kept: always the bits of one that knows nothing yet."""
    weights = weights_of(model.codes[model.anchors68] / 255.0)
    many = np.repeat(batch[:1], 12, 0)
    many[np.arange(12), 4, 96, 104] = np.arange(100, 112)
    fresh = [_core.PriorPoints(weights, SIDE, STEP).find(tensor[None])[0] for tensor in many]
    assert len({found.tobytes() for found in fresh}) == 12
    points = _core.PriorPoints(weights, SIDE, STEP)
    for order in ([0, 0, 1, 0], range(12), [11, 3, 11, 0], reversed(range(12))):
        for index in order:
            found = points.find(many[index : index + 1])[0]
            np.testing.assert_array_equal(found, fresh[index])
            found[:] = 0  # the caller's own
    np.testing.assert_array_equal(points.find(many), fresh)


def test_it_is_the_same_for_all_instruction_sets(model, batch) -> None:
    weights = weights_of(model.codes[model.anchors68] / 255.0)
    assert_the_same_with_every_set(lambda: [_core.PriorPoints(weights, SIDE, STEP).find(batch)])


def test_what_cannot_be_is_refused(model, batch) -> None:
    weights = weights_of(model.codes[:5] / 255.0)
    for wrong in (-weights, weights * np.nan, weights[:, :3].copy(), weights.astype(float)):
        with pytest.raises((TypeError, ValueError), match="weights"):
            _core.PriorPoints(wrong, SIDE, STEP)
    for side, step in ((0, 1), (SIDE, 0), (SIDE, SIDE + 1)):
        with pytest.raises(ValueError, match=r"side|step"):
            _core.PriorPoints(weights, side, step)
    with pytest.raises(ValueError, match="batch"):
        _core.PriorPoints(weights, SIDE, STEP).find(batch[:, :, 1:])


def test_metadata_bring_it_back(model, batch) -> None:
    weights = weights_of(model.codes[:9] / 255.0)
    said = {prior_points.NAME: prior_points.describe(weights, STEP)}
    expected = _core.PriorPoints(weights, SIDE, STEP).find(batch)
    np.testing.assert_array_equal(prior_points.finder(said).find(batch), expected)


@pytest.mark.parametrize(
    "said",
    ["", "[]", '{"step": 8}', '{"weights": "?", "step": 8}', '{"weights": "AAAA", "step": 8}',
     '{"weights": "AACAvwAAgL8AAIC/AACAvw==", "step": 999}', None],
)  # fmt: skip
def test_metadata_that_say_nothing_are_refused(said) -> None:
    with pytest.raises(ValueError, match="prior_points"):
        prior_points.finder({} if said is None else {prior_points.NAME: said})
