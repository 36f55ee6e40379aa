"""Offsets between anchors and references: known ones are found again, whatever pose and side."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="faces are drawn with the packages of training")

from evaluation.landmark_offsets import offset_of, outwards_and_up
from face3d.camera import Pose
from face3d.model import FaceModel
from training.faces import Sample
from training.faces.poses import rotation
from training.landmarks import OTHER_SIDE


@pytest.fixture(scope="module")
def model():
    return FaceModel.load()


def test_a_known_offset_is_found_in_a_tilted_face(model):
    rng = np.random.default_rng(0)
    mean = model.shape(np.zeros(200, np.float32), np.zeros(84, np.float32))[model.anchors68]
    sides = np.where(np.arange(68) == np.array(OTHER_SIDE), 0.0, np.sign(mean[:, 0]))
    offsets = []
    for roll in (-25.0, 0.0, 30.0):
        pose = Pose(rotation(0.0, 0.0, roll), 800.0, np.array([150.0, 140.0]))
        identity, expression = rng.normal(size=200).astype(np.float32), np.zeros(84, np.float32)
        sample = Sample(np.zeros((8, 8, 3), np.uint8), identity, expression, pose, True)
        anchors = pose.project(model.shape(identity, expression)[model.anchors68])[:, :2]
        angle = np.radians(roll)
        down = np.array([-np.sin(angle), np.cos(angle)])
        right = np.array([np.cos(angle), np.sin(angle)])
        camera_side = np.sign((mean @ pose.rotation.T)[:, :2] @ right) * np.abs(sides)
        # 2 mm outwards, 3 mm up
        reference = anchors + 0.8 * (2.0 * camera_side[:, None] * right - 3.0 * down)
        offsets.append(offset_of(sample, reference, model))
    table = outwards_and_up(np.array(offsets), sides)
    side = sides != 0
    np.testing.assert_allclose(np.abs(table[side, 0]), 2.0, atol=1e-3)
    assert (table[side, 0] > 0).all(), "outwards is away from the middle"
    np.testing.assert_allclose(table[~side, 0], 0.0, atol=1e-9)
    np.testing.assert_allclose(table[:, 1], 3.0, atol=1e-3)
