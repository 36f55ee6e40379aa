"""Replayed samples: targets decode to the truth, and the network's own estimates come back as they were."""

from dataclasses import replace

import numpy as np

from face3d.camera import FRONTAL, Pose
from face3d.crop import crop_of
from training.config import DataConfig, TrainConfig
from training.drafts import FIELDS, dense_map
from training.faces import Sample
from training.pool import Pool


class Portraits:
    """Stands for the generator: one known face after the other, on noise."""

    def __init__(self):
        self.rng = np.random.default_rng(8)

    def draw(self, difficulty: float) -> Sample:
        identity, expression = self.rng.normal(size=200), np.where(self.rng.random(84) < 0.1, 0.5, 0.0)
        pose = Pose(FRONTAL, 750.0, np.array([140.0, 150.0]))
        image = self.rng.integers(0, 256, (288, 288, 3), dtype=np.uint8)
        return Sample(image, identity.astype(np.float32), expression.astype(np.float32), pose, True)


def pool_of(model, **settings):
    config = TrainConfig(data=DataConfig(pool=3, first=3), prior=replace(TrainConfig().prior, **settings))
    pool = Pool(Portraits(), model, config, np.random.default_rng(0))
    for _ in range(5):
        pool.render(1.0)
    return pool


def batch_of(count):
    return {name: np.zeros((count, *shape), dtype) for name, (shape, dtype) in FIELDS.items()}


def test_the_oldest_sample_makes_room(model):
    pool = pool_of(model)
    assert pool.rendered == 5 and len(pool.kept) == 3
    fourth = pool.kept[0]  # the fourth replaced the first
    pool.render(1.0)
    assert pool.kept[0] is fourth and pool.rendered == 6


def test_targets_decode_to_the_truth_and_exact_outputs_are_remembered_as_it(model):
    pool, batch = pool_of(model, lost=0.0), batch_of(24)
    drawn = pool.fill(batch, 1.0)
    assert {mirrored for _, mirrored, _ in drawn} == {True, False}
    pool.remember(drawn, batch["target"])
    for kept in pool.kept:
        np.testing.assert_allclose(kept.own.identity, kept.sample.identity, atol=1e-5)
        np.testing.assert_allclose(kept.own.expression, kept.sample.expression, atol=1e-5)
        np.testing.assert_allclose(kept.own.pose.rotation, kept.sample.pose.rotation, atol=1e-5)
        np.testing.assert_allclose(kept.own.pose.translation, kept.sample.pose.translation, atol=1e-2)


def test_an_estimate_that_ran_away_is_forgotten(model):
    pool, batch = pool_of(model, lost=0.0), batch_of(24)
    drawn = pool.fill(batch, 1.0)
    outputs = batch["target"].copy()
    outputs[:, 288] += 0.6  # crops beside the face
    pool.remember(drawn, batch["target"])
    pool.remember(drawn, outputs)
    assert all(kept.own is None for kept in pool.kept)


def test_a_lost_prior_has_no_face_and_teaches_no_estimate(model):
    pool, batch = pool_of(model, lost=1.0), batch_of(12)
    drawn = pool.fill(batch, 1.0)
    assert not batch["face"].any()
    pool.remember(drawn, batch["target"])
    assert all(kept.own is None for kept in pool.kept)


def test_dense_map_shows_the_codes_of_the_true_face(model):
    """Where a visible landmark projects, the map has about the landmark's own code."""
    pool = pool_of(model)
    kept = pool.kept[0]
    crop = crop_of(kept.sample.pose)
    dense = dense_map(kept.vertices, kept.sample.pose, crop, model)
    raster = kept.sample.pose.to_crop(crop, 28).project(kept.vertices.astype(np.float32))
    for vertex in model.anchors68[[30, 33, 48, 54, 39, 42]]:
        u, v = np.rint(raster[vertex, :2]).astype(int)
        assert dense[3, v, u] == 255
        assert np.abs(dense[:3, v, u].astype(int) - model.codes[vertex]).max() < 25
    assert not dense[:, [0, 0, -1, -1], [0, -1, 0, -1]].any()  # the corners are beside the face
