"""The mirrored truth is the mirror image of the true geometry."""

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from training.faces import Sample
from training.mirror import Mirror


@pytest.fixture(scope="module")
def mirror(model):
    return Mirror(model)


def sample_of(identity, expression):
    pose = Pose(so3.exp(np.array([0.2, 0.5, -0.1])) @ FRONTAL, 700.0, np.array([130.0, 150.0]))
    image = np.random.default_rng(0).integers(0, 256, (288, 288, 3), dtype=np.uint8)
    return Sample(image, identity.astype(np.float32), expression.astype(np.float32), pose, True)


def raster(model, sample):
    return sample.pose.project(model.shape(sample.identity, sample.expression, lod=True))


def test_identity_and_pose_are_mirrored_exactly(model, mirror):
    sample = sample_of(np.random.default_rng(1).normal(size=200), np.zeros(84))
    seen = raster(model, sample)[model.mirror]
    seen[:, 0] = 287 - seen[:, 0]
    assert np.abs(raster(model, mirror.sample(sample)) - seen).max() < 0.15  # pixels, at 700 pixels per metre


def test_every_unit_has_its_counterpart(model, mirror):
    names = [name.rsplit("/", 1)[-1] for name in model.expression_names]
    np.testing.assert_array_equal(mirror.swap[mirror.swap], np.arange(84))
    for left in (name for name in names if name.endswith("Left") and name[:-4] + "Right" in names):
        assert names[mirror.swap[names.index(left)]] == left[:-4] + "Right"
    assert mirror.swap[names.index("jawOpen")] == names.index("jawOpen")


def test_units_are_mirrored_as_well_as_their_artist_made_them(model, mirror):
    for unit in range(84):
        sample = sample_of(np.zeros(200), np.eye(84)[unit])
        seen = raster(model, sample)[model.mirror]
        seen[:, 0] = 287 - seen[:, 0]
        apart = np.linalg.norm(raster(model, mirror.sample(sample)) - seen, axis=1) / 0.7
        assert apart.mean() < 0.1 and apart.max() < 2.5, (
            f"{model.expression_names[unit]}: {apart.max():.2f} mm"
        )


def test_twice_is_the_same(mirror):
    sample = sample_of(np.random.default_rng(2).normal(size=200), np.random.default_rng(3).random(84))
    again = mirror.sample(mirror.sample(sample))
    np.testing.assert_array_equal(again.image, sample.image)
    np.testing.assert_array_equal(again.identity, sample.identity)
    np.testing.assert_allclose(again.pose.rotation, sample.pose.rotation)


def test_mirrored_vertices_are_those_of_the_mirrored_coefficients(model, mirror):
    rng = np.random.default_rng(4)
    sample = sample_of(rng.normal(size=200), np.zeros(84))
    seen = mirror.vertices(model.shape(sample.identity, sample.expression, lod=True))
    other = mirror.sample(sample)
    np.testing.assert_allclose(seen, model.shape(other.identity, other.expression, lod=True), atol=2e-4)
