"""Smoothing of one face over time: identity is averaged, pose and expression follow fast."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from face3d import _core
from face3d import rotation as so3
from face3d.camera import FLOAT32, Pose, frozen
from face3d.codec import Geometry
from face3d.running_mean import RunningMean
from face3d.smoothing import Exponential, Filter, Moving, OneEuro, follow, follow_rotation, start, step

# Of camera noise a network makes 0.03 to 0.1 degrees, 0.1 mm at the face, 0.0005 in log scale and up to 0.008 in an
# expression coefficient: slack is at least twice that. No look ahead in expression: lids would fly past closed.
_ROTATION = OneEuro(min_cutoff=0.7, beta=30.0, speed_cutoff=2.5, lead=0.1, slack=0.004)
_LOG_SCALE = OneEuro(min_cutoff=0.7, beta=50.0, speed_cutoff=2.5, lead=0.05, slack=0.0015)
_TRANSLATION = OneEuro(min_cutoff=0.5, beta=300.0, speed_cutoff=2.5, lead=0.012, slack=0.0005)
_EXPRESSION = OneEuro(min_cutoff=1.0, beta=6.0, speed_cutoff=2.0, slack=0.02)
_AHEAD = 0.5  # of the way: a network that is content with all it is shown shall not keep a face flying
_LONGEST = 0.1  # seconds for which a speed says where a face goes
# Steps not worth looking ahead: radians, log scale, metres at the face
_TURN, _GROWTH, _SHIFT = 0.002, 0.0008, 0.0003
# How far a face may be from what the network was shown, in steps, and in lengths of the changes of expression (84,) and
# identity (200,): 0.7 degrees, 0.5 % and 1.8 mm, a fraction of what the network is off by.
_REST, _CHANGE, _OTHER = 6.0, 0.12, 0.85
_LEAST_FACING = 0.1  # a profile says little about who it is, but not nothing


@dataclass(frozen=True, eq=False)
class FaceMemory:
    """What the filters of one face remember; immutable.

    shown     (200,) float32: the identity that the face is shown with. It stays the same until the running mean is more
              than `FaceFilter.identity_step` away from it, so that what is computed from it can be kept
    geometry  the smoothed face
    """

    identity: RunningMean
    expression: Moving
    rotation: Moving
    log_scale: Moving
    translation: Moving
    shown: np.ndarray
    geometry: Geometry = field(init=False)

    def __post_init__(self) -> None:
        pose = Pose(self.rotation.value, math.exp(self.log_scale.value[0]), self.translation.value)
        object.__setattr__(self, "geometry", Geometry(self.shown, self.expression.value, pose))


@dataclass(frozen=True)
class FaceFilter:
    """Rules per group. One Euro's speeds are in rad/s, 1/s of log scale, metres/s at the face and 1/s of an
    expression coefficient, so that nothing depends on the image's resolution.

    identity_floor  least gain of the running mean of identity; 1 takes every frame's identity as it comes
    identity_step   root mean square distance of the running mean, whose coefficients are spread by 1 among people, from
                    the identity that is shown, beyond which it is shown itself. Half a noisy look after a second
    weighted        whether a frame counts for identity by its confidence and by how frontal it is
    """

    rotation: Filter = _ROTATION
    log_scale: Filter = _LOG_SCALE
    translation: Filter = _TRANSLATION
    expression: Filter = _EXPRESSION
    identity_floor: float = 0.01
    identity_step: float = 0.002
    weighted: bool = True

    @staticmethod
    def named(name: str, weight: float = 0.5, steadiness: float = 1.0) -> FaceFilter:
        """'one_euro', 'exponential' (the report's, with the given weight of the new frame) or 'none'.

        steadiness  of 'one_euro': 2 expects twice the noise, and is steadier and slower
        """
        if not (0.0 < steadiness < math.inf):
            raise ValueError(f"steadiness must be positive, got {steadiness}")
        if name == "one_euro":
            return FaceFilter(
                _ROTATION.steadier(steadiness),
                _LOG_SCALE.steadier(steadiness),
                _TRANSLATION.steadier(steadiness),
                _EXPRESSION.steadier(steadiness),
            )
        if name == "exponential":
            rule = Exponential(weight)
            return FaceFilter(rule, rule, rule, rule, weight, 0.0, weighted=False)
        if name == "none":
            rule = Exponential(1.0)
            return FaceFilter(rule, rule, rule, rule, 1.0, 0.0, weighted=False)
        raise ValueError(f"smoothing is one_euro, exponential or none, got {name!r}")

    def start(
        self, geometry: Geometry, identity: RunningMean | None = None, confidence: float = 1.0
    ) -> FaceMemory:
        """Memory of a face seen for the first time, or found again when its `identity` is known already."""
        if identity is None:
            identity = RunningMean(geometry.identity.astype(np.float64), self._weight(geometry, confidence))
        else:
            identity = self._identity(identity, geometry, confidence)
        return FaceMemory(
            identity,
            start(geometry.expression),
            start(geometry.pose.rotation),
            start(np.array([math.log(geometry.pose.scale)])),
            start(geometry.pose.translation),
            frozen("identity", identity.value, geometry.identity.shape, FLOAT32),
        )

    def follow(
        self, memory: FaceMemory, geometry: Geometry, dt: float, confidence: float = 1.0
    ) -> FaceMemory:
        """Memory after a new measurement of some confidence in 0..1, `dt` > 0 seconds after the last one."""
        pose = geometry.pose
        identity = self._identity(memory.identity, geometry, confidence)
        return FaceMemory(
            identity,
            follow(self.expression, memory.expression, geometry.expression, dt),
            follow_rotation(self.rotation, memory.rotation, pose.rotation, dt),
            follow(self.log_scale, memory.log_scale, np.array([math.log(pose.scale)]), dt),
            follow(self.translation, memory.translation, pose.translation, dt, unit=pose.scale),
            self._shown(identity, memory.shown),
        )

    def ahead(self, memory: FaceMemory, pose: Pose, dt: float) -> Pose:
        """Where to look for the face `dt` seconds later: its pose, moved on with the speed that it has."""
        dt = _AHEAD * min(dt, _LONGEST)
        turn = step(self.rotation, memory.rotation, dt)
        (growth,) = step(self.log_scale, memory.log_scale, dt).tolist()
        move = step(self.translation, memory.translation, dt, unit=pose.scale)
        still = (
            math.hypot(*turn.tolist()) < _TURN
            and abs(growth) < _GROWTH
            and math.hypot(*move.tolist()) < _SHIFT * pose.scale
        )
        if still:
            return pose
        return Pose(so3.exp(turn) @ pose.rotation, pose.scale * math.exp(growth), pose.translation + move)

    @staticmethod
    def rests(before: Geometry, now: Geometry) -> bool:
        """Whether the network may go on from `before`: the face is still so near that nothing better can be shown.

        If every answer became the next prior, the network's small errors would feed themselves: on a still picture a
        face creeps for a second, to a place that is worse than that of the first passes, and rounding then makes it
        wander. Shown with the same prior a still picture gets the same answer, to the bit.
        """
        return (
            _is_same(before.pose, now.pose)
            and _core.distance(before.expression, now.expression) < _CHANGE
            and _core.distance(before.identity, now.identity) < _OTHER
        )

    def _shown(self, identity: RunningMean, before: np.ndarray) -> np.ndarray:
        if _core.distance(before, identity.value) <= self.identity_step * math.sqrt(len(before)):
            return before
        return frozen("identity", identity.value, before.shape, FLOAT32)

    def _identity(self, identity: RunningMean, geometry: Geometry, confidence: float) -> RunningMean:
        return identity.follow(geometry.identity, self.identity_floor, self._weight(geometry, confidence))

    def _weight(self, geometry: Geometry, confidence: float) -> float:
        if not self.weighted:
            return 1.0
        facing = max(_LEAST_FACING, -float(geometry.pose.rotation[2, 2]))  # cosine of the angle to the camera
        return max(1e-3, confidence) * facing * facing


def _is_same(before: Pose, now: Pose) -> bool:
    return (
        _core.distance(before.translation, now.translation) < _REST * _SHIFT * before.scale
        and abs(now.scale / before.scale - 1.0) < _REST * _GROWTH
        and _core.distance(before.rotation, now.rotation) < _REST * math.sqrt(2.0) * _TURN  # of small angles
    )
