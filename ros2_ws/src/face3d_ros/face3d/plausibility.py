"""What an estimate must fulfil to be taken for a face: cheap tests of numbers, no second look at the image."""

from __future__ import annotations

import math

import numpy as np

from face3d import rotation as so3
from face3d.codec import Geometry
from face3d.crop import crop_of
from face3d.track import TrackerSettings


def is_plausible(geometry: Geometry, width: int, height: int, settings: TrackerSettings) -> bool:
    """Whether a finite geometry can be a face in an image of width x height pixels.

    Its centre is inside, its crop has a sensible size, it looks towards the camera rather than away and is
    upright, and its identity is somebody's.
    """
    pose = geometry.pose
    u, v = pose.translation
    return bool(
        settings.min_crop <= crop_of(pose).size <= 4.0 * max(width, height)
        and -0.5 <= u <= width - 0.5
        and -0.5 <= v <= height - 0.5
        and -pose.rotation[2, 2] >= math.cos(settings.max_angle)
        and -pose.rotation[1, 1] >= math.cos(settings.max_tilt)
        and np.mean(np.square(geometry.identity)) <= settings.max_identity**2
    )


def is_near(geometry: Geometry, prior: Geometry, settings: TrackerSettings) -> bool:
    """Whether a face can have moved from `prior` to `geometry` within one pass."""
    pose, before = geometry.pose, prior.pose
    return bool(
        so3.angle(pose.rotation, before.rotation) <= settings.max_turn
        and abs(math.log(pose.scale / before.scale)) <= math.log(settings.max_zoom)
        and math.dist(pose.translation, before.translation) <= settings.max_shift * crop_of(before).size
    )
