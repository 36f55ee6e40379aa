"""What an estimate must fulfil to be taken for a face: cheap tests of numbers, no second look at the image."""

from __future__ import annotations

import math

from face3d import _core
from face3d import rotation as so3
from face3d.camera import Pose
from face3d.codec import Geometry
from face3d.crop import CROP_METRES
from face3d.track import TrackerSettings


def is_plausible(geometry: Geometry, width: int, height: int, settings: TrackerSettings) -> bool:
    """Whether a finite geometry can be a face in an image of width x height pixels.

    Its centre is inside, its crop has a sensible size, it looks towards the camera rather than away and is
    upright, and its identity is somebody's.
    """
    pose, identity = geometry.pose, geometry.identity
    u, v = pose.translation.tolist()
    (_, _, _), (_, upright, _), (_, _, towards) = pose.rotation.tolist()
    return (
        settings.min_crop <= CROP_METRES * pose.scale <= 4.0 * max(width, height)
        and -0.5 <= u <= width - 0.5
        and -0.5 <= v <= height - 0.5
        and -towards >= math.cos(settings.max_angle)
        and -upright >= math.cos(settings.max_tilt)
        and _core.dot(identity, identity) <= settings.max_identity**2 * len(identity)
    )


def is_near(geometry: Geometry, prior: Geometry, settings: TrackerSettings) -> bool:
    """Whether a face can have moved from `prior` to `geometry` within one pass."""
    return is_within(
        geometry.pose, prior.pose, settings.max_turn, math.log(settings.max_zoom), settings.max_shift
    )


def is_within(pose: Pose, before: Pose, turn: float, growth: float, shift: float) -> bool:
    """Whether a pose differs from the one before by no more than an angle in radians, a log scale, and a shift in
    crops."""
    return (
        _core.distance(pose.translation, before.translation) <= shift * CROP_METRES * before.scale
        and abs(math.log(pose.scale / before.scale)) <= growth
        and so3.angle(pose.rotation, before.rotation) <= turn
    )
