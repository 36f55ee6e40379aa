"""Frames for a tracker: dark images of one camera, thirty a second, and the boxes of the faces that an Oracle sees."""

from __future__ import annotations

import numpy as np

from face3d.camera import Camera
from face3d.codec import Geometry
from face3d.crop import box_of_pose
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker

CAMERA = Camera.from_fov(640, 480)
IMAGE = np.zeros((480, 640, 3), np.uint8)
FRAME = 33_333_333  # nanoseconds
RAW = TrackerSettings(smoothing="none")


def box(face: Geometry) -> tuple[float, float, float, float]:
    return box_of_pose(face.pose)


def play(tracker: Tracker, frames: int, state: TrackerState, boxes=None, start: int = 0):
    """Run some frames; boxes go into the first one."""
    history = []
    for index in range(start, start + frames):
        faces, state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
        history.append(faces)
        boxes = None
    return history, state
