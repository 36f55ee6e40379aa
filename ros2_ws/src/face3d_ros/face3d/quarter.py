"""Quarter turns: the network knows heads tilted by up to 40 degrees, so it is shown an image in which they are.

All of it is exact: pixels change places, and a pose in the turned image is the same face's.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from face3d.camera import Pose
from face3d.codec import Geometry

_ROTATE = {
    1: cv2.ROTATE_90_COUNTERCLOCKWISE,
    2: cv2.ROTATE_180,
    3: cv2.ROTATE_90_CLOCKWISE,
}
_IMAGES = np.array(  # camera frame of the image -> camera frame of the turned one
    [np.eye(3), [[0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.diag([-1, -1, 1]), [[0, -1, 0], [1, 0, 0], [0, 0, 1]]]
)


def roll_of(pose: Pose) -> float:
    """Tilt of a head in its image, radians clockwise: 0 is upright, +-pi upside down."""
    right, down = pose.rotation[:2, 1].tolist()  # where the head's up points
    return math.atan2(right, -down)


def quarters_of(pose: Pose) -> int:
    """How many quarter turns counter-clockwise (0 to 3) an image needs for this head to be upright, +-45 degrees."""
    return round(2.0 * roll_of(pose) / math.pi) % 4


def turned(image: np.ndarray, quarters: int) -> np.ndarray:
    """The image (H, W, C) turned counter-clockwise, C-contiguous; itself for 0."""
    return cv2.rotate(image, _ROTATE[quarters]) if quarters else image


def turned_pose(pose: Pose, quarters: int, width: int, height: int) -> Pose:
    """A pose in an image of width x height pixels, in that image turned; itself for 0."""
    if not quarters:
        return pose
    u, v = pose.translation.tolist()
    places = {1: (v, width - 1 - u), 2: (width - 1 - u, height - 1 - v), 3: (height - 1 - v, u)}
    return Pose(_IMAGES[quarters] @ pose.rotation, pose.scale, np.array(places[quarters]))


def turned_geometry(geometry: Geometry, quarters: int, width: int, height: int) -> Geometry:
    """A face in an image of width x height pixels, in that image turned; itself for 0."""
    if not quarters:
        return geometry
    pose = turned_pose(geometry.pose, quarters, width, height)
    return Geometry(geometry.identity, geometry.expression, pose)
