"""What messages of a face are made of: boxes, quaternions, ARKit's names."""

from __future__ import annotations

import math

import numpy as np
from std_msgs.msg import Header

from face3d import rotation as so3
from face3d.camera import FRONTAL, Camera, Pose
from face3d.codec import Geometry
from face3d.detector import Detection
from face3d.motion import head_pose
from face3d.ros import conversions
from face3d.track import Face


def test_boxes_are_cut_at_the_border() -> None:
    def region(*box: float) -> tuple:
        found = conversions.to_region(box, 100, 50)
        return (found.x_offset, found.y_offset, found.width, found.height)

    assert region(10.2, 20.6, 30.0, 10.0) == (10, 21, 30, 10)
    assert region(-10.0, -5.0, 30.0, 15.0) == (0, 0, 20, 10)
    assert region(90.0, 40.0, 30.0, 30.0) == (90, 40, 10, 10)
    assert region(200.0, 200.0, 10.0, 10.0)[2:] == (0, 0)


def test_detections_keep_box_and_tilt() -> None:
    hits = [Detection((10.0, 20.0, 30.0, 40.0), 0.5, 1.5), Detection((50.0, 5.0, 20.0, 20.0), 0.25)]
    message = conversions.from_detections(hits, Header(), 100, 80)
    assert [face.confidence for face in message.faces] == [0.5, 0.25]
    assert conversions.to_boxes(message) == [hit.start for hit in hits]
    message.faces[0].roll = math.nan
    message.faces[1].box.width = 0
    assert conversions.to_boxes(message) == []


def test_a_face_state_says_what_the_tracker_does(model) -> None:
    pose = Pose(so3.exp(np.array([0.1, 0.4, -0.2])) @ FRONTAL, 500.0, (350.0, 200.0))
    geometry = Geometry(np.linspace(-1.0, 1.0, 200), np.linspace(0.0, 0.5, 84), pose)
    vertices = model.shape(geometry.identity, geometry.expression)
    points = pose.project(model.landmarks_of(vertices, pose.rotation))
    face = Face(3, 1_234_567_890_123, 0.75, geometry, vertices, points, Camera.from_fov(640, 480))
    header = Header(stamp=conversions.to_stamp(face.stamp))
    found = conversions.from_state(conversions.to_state(face, conversions.to_pose(face, model), header))
    assert (found.id, found.stamp, found.confidence) == (3, face.stamp, 0.75)
    head = head_pose(face, model)
    np.testing.assert_array_equal(found.head.position, head.position)
    np.testing.assert_array_equal(found.head.quaternion, head.quaternion)
    np.testing.assert_array_equal(found.geometry.pose.rotation, pose.rotation)
    np.testing.assert_array_equal(found.geometry.expression, geometry.expression)
    assert np.abs(np.subtract(found.box, face.box)).max() <= 1.0, "whole pixels"
