"""Which reference counts for which face."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.examples import Collection, Example
from evaluation.references import Reference
from face3d import rotation as so3
from face3d.camera import FRONTAL
from face3d.codec import EXPRESSION, IDENTITY
from face3d.model import FaceModel


@pytest.fixture(scope="module")
def neutral() -> np.ndarray:
    model = FaceModel.load()
    return model.landmarks(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32)).astype(float)


def seen(neutral: np.ndarray, yaw: float, off: float) -> Example:
    """A face that looks to the side; dlib's points are `off` pixels from MediaPipe's, of a face of about 100."""
    rotation = FRONTAL @ so3.exp(np.radians([0.0, yaw, 0.0]))
    points = 800 * neutral @ rotation.T + 150
    reference = Reference(points, points[:, :2] + [off, 0.0])
    return Example("a", "a", "a", np.zeros((300, 300, 3), np.uint8), (90, 90, 120, 120), True, reference)


def test_both_count_for_a_face_that_looks_ahead(neutral):
    collection = Collection(neutral)
    collection.add(seen(neutral, 10.0, off=3.0))
    (example,) = collection.examples
    assert example.yaw == pytest.approx(10.0, abs=1e-6) and example.reference.both


def test_a_face_on_which_they_disagree_is_left_out_and_counted(neutral):
    collection = Collection(neutral)
    collection.add(seen(neutral, -10.0, off=30.0))
    collection.add(None, "no face")
    assert not collection.examples and sum(collection.left_out.values()) == 2


@pytest.mark.parametrize("off", [3.0, 60.0])
def test_mediapipe_alone_counts_for_a_face_that_looks_aside(neutral, off):
    collection = Collection(neutral)
    collection.add(seen(neutral, -40.0, off))
    (example,) = collection.examples
    assert example.yaw == pytest.approx(-40.0, abs=1e-6) and not example.reference.both
    np.testing.assert_array_equal(example.reference.mean, example.reference.mediapipe[:, :2])
