"""Smoothing of one face over time: identity is averaged, pose and expression follow fast."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from face3d.camera import Pose
from face3d.codec import Geometry
from face3d.smoothing import (
    Exponential,
    Filter,
    Moving,
    OneEuro,
    RunningMean,
    follow,
    follow_rotation,
    start,
)

_ROTATION = OneEuro(min_cutoff=1.5, beta=6.0)
_LOG_SCALE = OneEuro(min_cutoff=1.0, beta=20.0)
_TRANSLATION = OneEuro(min_cutoff=0.7, beta=300.0, speed_cutoff=1.5)
_EXPRESSION = OneEuro(min_cutoff=2.0, beta=2.0, speed_cutoff=8.0)


@dataclass(frozen=True, eq=False)
class FaceMemory:
    """What the filters of one face remember; immutable."""

    identity: RunningMean
    expression: Moving
    rotation: Moving
    log_scale: Moving
    translation: Moving

    @property
    def geometry(self) -> Geometry:
        """The smoothed face."""
        pose = Pose(self.rotation.value, math.exp(self.log_scale.value[0]), self.translation.value)
        return Geometry(self.identity.value, self.expression.value, pose)


@dataclass(frozen=True)
class FaceFilter:
    """Rules per group. One Euro's beta is in Hz per rad/s, per unit/s of log scale, per metre/s at the face
    and per unit/s of an expression coefficient, so that nothing depends on the image's resolution.

    identity_floor  least gain of the running mean of identity; 1 takes every frame's identity as it comes
    """

    rotation: Filter = _ROTATION
    log_scale: Filter = _LOG_SCALE
    translation: Filter = _TRANSLATION
    expression: Filter = _EXPRESSION
    identity_floor: float = 0.01

    @staticmethod
    def named(name: str, weight: float = 0.5) -> FaceFilter:
        """'one_euro', 'exponential' (the report's, with the given weight of the new frame) or 'none'."""
        if name == "one_euro":
            return FaceFilter()
        if name == "exponential":
            rule = Exponential(weight)
            return FaceFilter(rule, rule, rule, rule, weight)
        if name == "none":
            rule = Exponential(1.0)
            return FaceFilter(rule, rule, rule, rule, 1.0)
        raise ValueError(f"smoothing is one_euro, exponential or none, got {name!r}")

    def start(self, geometry: Geometry, identity: RunningMean | None = None) -> FaceMemory:
        """Memory of a face seen for the first time, or found again when its `identity` is known already."""
        if identity is None:
            identity = RunningMean(geometry.identity.astype(np.float64))
        else:
            identity = identity.follow(geometry.identity, self.identity_floor)
        return FaceMemory(
            identity,
            start(geometry.expression),
            start(geometry.pose.rotation),
            start(np.array([math.log(geometry.pose.scale)])),
            start(geometry.pose.translation),
        )

    def follow(self, memory: FaceMemory, geometry: Geometry, dt: float) -> FaceMemory:
        """Memory after a new measurement, `dt` > 0 seconds after the last one."""
        pose = geometry.pose
        return replace(
            memory,
            identity=memory.identity.follow(geometry.identity, self.identity_floor),
            expression=follow(self.expression, memory.expression, geometry.expression, dt),
            rotation=follow_rotation(self.rotation, memory.rotation, pose.rotation, dt),
            log_scale=follow(self.log_scale, memory.log_scale, np.array([math.log(pose.scale)]), dt),
            translation=follow(self.translation, memory.translation, pose.translation, dt, unit=pose.scale),
        )
