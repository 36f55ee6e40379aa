"""The committed network and the committed face model belong together, and see a rendered face."""

import hashlib
import math

import numpy as np
import pytest

from face3d import resources, runtime
from face3d import rotation as so3
from face3d.camera import FRONTAL, Camera, Pose
from face3d.codec import Geometry
from face3d.crop import box_of_pose
from face3d.track import TrackerState
from face3d.tracker import Tracker
from tests.core.pictures import photograph


@pytest.fixture(scope="module")
def tracker(model) -> Tracker:
    return Tracker(model, runtime.load(None, model))


def test_the_int8_form_was_made_of_the_committed_network(model) -> None:
    path = resources.network()
    quantised = path.with_suffix(runtime.INT8)
    network = runtime.load(quantised, model)
    made_of = hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.metadata["source_sha256"] == made_of, "make it again: python -m engines.quantize"


def turned(yaw: float, model) -> tuple[Geometry, np.ndarray]:
    """A rendered mean face, turned by `yaw` degrees, and its picture."""
    rotation = FRONTAL @ so3.exp(np.array([0.0, math.radians(yaw), 0.0]))
    truth = Geometry.mean(Pose(rotation, 900.0, (330.0, 235.0)))
    return truth, photograph(model, [truth])


def error(model, found: Geometry, truth: Geometry) -> float:
    """Mean distance of the 51 inner landmarks over the side of their box (NME)."""
    a, b = (g.pose.project(model.landmarks(g.identity, g.expression))[17:, :2] for g in (found, truth))
    side = math.sqrt(np.ptp(b[:, 0]) * np.ptp(b[:, 1]))
    return float(np.linalg.norm(a - b, axis=1).mean() / side)


@pytest.mark.parametrize("yaw", [-25.0, 0.0, 25.0])
def test_photographs_are_fitted_from_a_rough_box(model, tracker, yaw) -> None:
    truth, image = turned(yaw, model)
    x, y, width, height = box_of_pose(truth.pose)
    box = (x + 6.0, y - 5.0, width * 1.08, height * 1.08)
    (face,) = tracker.reconstruct(image, [box])
    assert face.confidence > 0.5
    assert error(model, face.geometry, truth) < 0.12
    assert abs(math.degrees(so3.angle(face.geometry.pose.rotation, truth.pose.rotation))) < 20


def test_a_still_face_stays_where_it_is(model, tracker) -> None:
    truth, image = turned(10.0, model)
    camera, state, found = Camera.from_fov(640, 480), TrackerState(), []
    for index in range(30):
        boxes = [box_of_pose(truth.pose)] if index == 0 else None
        faces, state = tracker.step(image, camera, boxes, state, index * 33_333_333)
        assert [face.id for face in faces] == [1]
        found.append(error(model, faces[0].geometry, truth))
    assert found[-1] < 0.15
