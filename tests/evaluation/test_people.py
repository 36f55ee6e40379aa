"""Identity over many pictures: errors by chance are averaged away, errors that all pictures share are not."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="synthetic people need the packages of training")

from evaluation import people
from evaluation.people import People
from face3d.camera import FRONTAL, Pose
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.model import FaceModel


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()


def crowd(gain: float, noise: float, count: int = 8, pictures: int = 16) -> People:
    """People whose estimates are their identity times a gain plus noise."""
    rng = np.random.default_rng(0)
    found = People([], [], [])
    for _ in range(count):
        truth = rng.standard_normal(IDENTITY).astype(np.float32)
        found.truths.append(truth)
        found.estimates.append(
            [
                Geometry(
                    (gain * truth + noise * rng.standard_normal(IDENTITY)).astype(np.float32),
                    np.zeros(EXPRESSION, np.float32),
                    Pose(FRONTAL, 800.0, np.zeros(2)),
                )
                for _ in range(pictures)
            ]
        )
        found.confidence.append(np.ones(pictures))
    return found


def test_noise_is_averaged_away_and_the_stated_deviation_is_right(model):
    result = people.measure(crowd(1.0, 0.6), model)
    averaged = result["averaged"]
    errors = [averaged[n]["error"].value for n in (1, 4, 16)]
    assert errors[0] > 1.3 * errors[1] > 2.0 * errors[2], "a fourth of the noise is left of sixteen"
    assert errors[0] == pytest.approx(result["one picture"].value, rel=0.1)
    assert averaged[16]["is"].value == pytest.approx(0.6 / 4, rel=0.05)
    assert averaged[16]["said"] == pytest.approx(averaged[16]["is"].value, rel=0.3)
    assert result["gain"]["slope"] == pytest.approx(1.0, abs=0.05) and result["gain"]["correlation"] > 0.95


def test_what_all_pictures_get_wrong_is_not_averaged_away(model):
    result = people.measure(crowd(0.2, 0.01), model)
    assert result["averaged"][16]["error"].value == pytest.approx(
        result["averaged"][1]["error"].value, rel=0.02
    )
    assert result["averaged"][16]["is"].value == pytest.approx(0.8, rel=0.05)
    assert result["averaged"][16]["said"] < 0.1, "the tracker cannot know"
    assert result["gain"]["slope"] == pytest.approx(0.2, abs=0.02)
    assert 0.7 < result["one picture"].value / result["mean face"].value < 0.9


def test_pictures_of_one_person_differ_in_all_but_identity():
    portraits = people._Portraits(np.full(IDENTITY, 0.1, np.float32), seed=people.TEST_SEED)
    first, second = portraits.draw_face(), portraits.draw_face()
    np.testing.assert_array_equal(first.identity, second.identity)
    assert np.abs(first.expression - second.expression).max() > 0.01
    assert np.abs(first.pose.rotation - second.pose.rotation).max() > 0.01
