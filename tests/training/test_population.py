"""People's measures: what is drawn has them, and nothing else of a face is touched."""

import numpy as np
import pytest

from face3d.model import FaceModel
from training.faces.population import DEPTHS, EYES, LIPS_ALIKE, MEASURES, Population


@pytest.fixture(scope="module")
def model():
    return FaceModel.load()


@pytest.fixture(scope="module")
def population(model):
    return Population.of(model)


def distances(model: FaceModel, identity: np.ndarray) -> np.ndarray:
    """Between the landmarks of the neutral face, where photographs are marked."""
    points = model.landmarks(identity, np.zeros(84, np.float32))
    return np.array([np.linalg.norm(points[first] - points[second]) for first, second, *_ in MEASURES])


def test_people_are_as_large_as_measured(model, population):
    rng = np.random.default_rng(1)
    found = np.array([distances(model, population.draw(rng, 1.0, limit=9.0)) for _ in range(400)])
    _, _, means, deviations = np.array(MEASURES).T
    # bent by the other 199 coefficients' share, since a distance is linear only near the mean face
    np.testing.assert_allclose(found.mean(0), means, atol=0.001)
    np.testing.assert_allclose(found.std(0), deviations, rtol=0.15)
    assert np.corrcoef(found[:, :2].T)[0, 1] == pytest.approx(LIPS_ALIKE, abs=0.15)


def test_faces_of_the_model_itself_are_not(model):
    """The reason for all of this: otherwise the module could go."""
    rng = np.random.default_rng(2)
    found = np.array([distances(model, rng.standard_normal(200).astype(np.float32)) for _ in range(200)])
    _, _, means, deviations = np.array(MEASURES).T
    off = dict(zip([pair[:2] for pair in MEASURES], np.abs(found.mean(0) - means) / deviations))
    # lips, mouth, cheeks, nose, skin below
    for pair in ((51, 62), (57, 66), (48, 54), (2, 14), (33, 30), (33, 51)):
        assert off[pair] > 0.7
    assert off[4, 12] > 0.5, "jaw"


def test_what_does_not_change_the_distances_stays(population):
    rng = np.random.default_rng(3)
    identity = rng.standard_normal((5, 200))
    moved = population.move(identity, rng.standard_normal((5, len(MEASURES))))
    step = moved - identity
    inside = step @ population.directions.T @ population.inverse.T + population.forward
    np.testing.assert_allclose(step, inside, atol=1e-5)


def test_depths_are_the_artists_but_for_the_lips(model, population):
    rng = np.random.default_rng(6)
    identity = rng.standard_normal(200)
    depths = []
    for who in (identity, population.move(identity, rng.standard_normal(len(MEASURES)))):
        z = model.landmarks(who.astype(np.float32), np.zeros(84, np.float32))[:, 2]
        depths.append([z[list(marks)].mean() - z[list(EYES)].mean() for marks, _ in DEPTHS])
    np.testing.assert_allclose(np.subtract(*depths[::-1]), [step for _, step in DEPTHS], atol=1e-6)


def test_the_same_numbers_give_the_same_distances_to_any_face(population):
    rng = np.random.default_rng(4)
    normal = rng.standard_normal(len(MEASURES))
    moved = population.move(rng.standard_normal((7, 200)), np.tile(normal, (7, 1)))
    shares = moved @ population.directions.T
    np.testing.assert_allclose(shares, np.tile(shares[0], (7, 1)), atol=1e-5)


def test_no_coefficient_is_beyond_the_limit(population):
    rng = np.random.default_rng(5)
    drawn = np.array([population.draw(rng, 1.3, limit=2.0) for _ in range(50)])
    assert np.abs(drawn).max() == 2.0 and drawn.dtype == np.float32
