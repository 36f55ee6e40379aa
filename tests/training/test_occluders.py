"""Hands and phones: where they are, and what they are made of."""

import numpy as np

from training.faces.accessories import Anchors
from training.faces.config import FaceConfig
from training.faces.occluders import draw_occluders, hand
from training.faces.skin import HAIR_COLOURS, hair_like
from training.head import HeadAssets


def _anchors():
    head = HeadAssets.load()
    points = head.mean[head.anchors68]
    return Anchors(points[[42, 36]], 0.012, points, points[[16, 0]])


def test_hands_touch_the_face_and_sleeves_are_of_cloth():
    anchors, rng = _anchors(), np.random.default_rng(0)
    sleeves = 0
    for _ in range(60):
        skin, *sleeve = hand(rng, anchors)
        assert skin.skin and np.isfinite(skin.vertices).all()
        assert skin.triangles.min() >= 0 and skin.triangles.max() < len(skin.vertices)
        near = np.linalg.norm(anchors.landmarks[:, None] - skin.vertices[None, :612], axis=2).min()
        assert near < 0.04
        assert (skin.vertices[:612].max(0) - skin.vertices[:612].min(0)).max() < 0.25
        for thing in sleeve:
            assert not thing.skin and thing.triangles.max() < len(thing.vertices)
        sleeves += len(sleeve)
    assert 20 < sleeves < 55


def test_occluders_are_whole_meshes_before_the_face_or_beside_it():
    anchors, rng = _anchors(), np.random.default_rng(1)
    for _ in range(100):
        things = draw_occluders(rng, FaceConfig(occluder=1.0), anchors, 1.0)
        assert things
        for thing in things:
            assert thing.vertices.dtype == np.float32 and thing.triangles.dtype == np.int32
            assert thing.triangles.min() >= 0 and thing.triangles.max() < len(thing.vertices)
            assert np.abs(thing.vertices).max() < 0.7


def test_hair_like_the_ground_is_light_on_light_and_dark_on_dark():
    rng = np.random.default_rng(2)
    light = [hair_like(rng, np.array([240.0, 240, 235])).mean() for _ in range(50)]
    dark = [hair_like(rng, np.array([15.0, 12, 14])).mean() for _ in range(50)]
    assert min(light) > 0.15 and max(dark) < 0.05
    assert max(light) <= 1.6 * HAIR_COLOURS.max()
