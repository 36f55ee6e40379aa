"""What motion capture takes from a face: weights under ARKit's names, and the head's metric pose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from face3d import rotation as so3

if TYPE_CHECKING:
    from face3d.model import FaceModel
    from face3d.track import Face

# Columns: the axes of the frame face_<id> (x out of the face, y to the subject's left, z up; REP 155) in the
# model frame (x to the subject's left, y up, z out of the face).
MODEL_FROM_FACE = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
MODEL_FROM_FACE.setflags(write=False)

_SIDES = ("Left", "Right")
ARKIT = (
    *(f"eye{unit}{side}" for side in _SIDES
      for unit in ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")),
    "jawForward", "jawLeft", "jawRight", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    *(f"mouth{unit}{side}" for unit in ("Smile", "Frown", "Dimple", "Stretch") for side in _SIDES),
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    *(f"mouth{unit}{side}" for unit in ("Press", "LowerDown", "UpperUp") for side in _SIDES),
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 blend shapes of Apple's ARKit in its order; left is the subject's left."""


class Blendshapes:
    """Expression coefficients of one model under ARKit's names; `known` is how many of them the model has."""

    def __init__(self, model: FaceModel) -> None:
        columns = {name.removeprefix("arkit/"): column for column, name in enumerate(model.expression_names)}
        found = [(place, columns[name]) for place, name in enumerate(ARKIT) if name in columns]
        self.known = len(found)
        self._places, self._columns = np.array(found, np.intp).reshape(-1, 2).T

    def weights(self, expression: np.ndarray) -> np.ndarray:
        """(52,) float32 in 0..1, in the order of `ARKIT`, of coefficients (84,); 0 where the model has no shape."""
        weights = np.zeros(len(ARKIT), np.float32)
        weights[self._places] = np.clip(expression[self._columns], 0.0, 1.0)
        return weights


@dataclass(frozen=True, eq=False)
class HeadPose:
    """The frame face_<id> in the camera's optical frame: origin between the eyes, x out of the face, y to the
    subject's left, z up.

    position    (3,) float64, metres
    quaternion  (4,) float64, x, y, z, w with w >= 0
    """

    position: np.ndarray
    quaternion: np.ndarray


def head_pose(face: Face, model: FaceModel) -> HeadPose:
    """The pose of a tracked face's head; distances are as good as the camera's focal length."""
    rotation, translation = face.metric()
    position = rotation @ face.vertices[model.sellion] + translation
    return HeadPose(position, quaternion(rotation @ MODEL_FROM_FACE))


def quaternion(rotation: np.ndarray) -> np.ndarray:
    """(4,) x, y, z, w with w >= 0 of a rotation matrix (3, 3)."""
    vector = so3.log(rotation)
    angle = math.sqrt(vector @ vector)
    factor = math.sin(0.5 * angle) / angle if angle > 1e-12 else 0.5
    return np.array([*(vector * factor), math.cos(0.5 * angle)])
