"""Between faces and the network's numbers: the one input path of training, photographs, video and nodes.

Input   uint8 (9, 200, 200): planes 0-2 RGB crop, 3-5 PNCC and 6-8 normals of the prior in the same crop, with
        half of its identity (SHOWN_IDENTITY); 0 is empty.
Output  float32 (290,): identity[200] | expression[84] | w[3] | d log scale | d translation[2], where the
        last six move the prior's pose:  R = exp(w) R_prior,  scale = scale_prior exp(d log scale),
        t = t_prior + d translation * (the crop's side).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from face3d import _core
from face3d import rotation as so3
from face3d.camera import FLOAT32, Pose, frozen
from face3d.crop import Crop, check_image, crop_of

if TYPE_CHECKING:
    from face3d.model import FaceModel

IDENTITY = 200
EXPRESSION = 84
PLANES = 9
OUTPUTS = IDENTITY + EXPRESSION + 6
EXPRESSION_MAX = 1.5
"""Expression coefficients live in 0..1; brows go higher, and a little more folds no mesh."""
SHOWN_IDENTITY = 0.5
"""Share of the prior's identity that the network is shown. Shown all of it, the network believes a little more of its
own answer with every pass; shown half, it has to look at the face again (docs/TRAINING.md)."""

_EXPRESSION = slice(IDENTITY, IDENTITY + EXPRESSION)
_ROTATION = slice(IDENTITY + EXPRESSION, IDENTITY + EXPRESSION + 3)
_LOG_SCALE = IDENTITY + EXPRESSION + 3
_TRANSLATION = slice(IDENTITY + EXPRESSION + 4, OUTPUTS)


@dataclass(frozen=True, eq=False)
class Geometry:
    """A face in an image: identity (200,) float32, whitened; expression (84,) float32; pose in pixels."""

    identity: np.ndarray
    expression: np.ndarray
    pose: Pose

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", frozen("identity", self.identity, (IDENTITY,), FLOAT32))
        object.__setattr__(self, "expression", frozen("expression", self.expression, (EXPRESSION,), FLOAT32))

    @staticmethod
    def mean(pose: Pose) -> Geometry:
        """The mean face without expression in a given pose."""
        return Geometry(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32), pose)

    def is_finite(self) -> bool:
        """Whether coefficients and pose are finite numbers."""
        return self.pose.is_finite() and _core.is_finite(self.identity, self.expression)


def prior_shape(geometry: Geometry, model: FaceModel, vertices: np.ndarray | None = None) -> np.ndarray:
    """Level-of-detail vertices (C, 3) float32 in the model frame, as the network is shown them of a prior.

    vertices  (N, 3), all of this face, when the caller has them: what is not shown of its identity is taken off
    """
    if vertices is None:
        return model.shape(SHOWN_IDENTITY * geometry.identity, geometry.expression, lod=True)
    hidden = np.float32(1.0 - SHOWN_IDENTITY) * model.displacement(geometry.identity)
    return vertices[: model.control_count] - hidden


def encode(
    image: np.ndarray,
    geometry: Geometry,
    model: FaceModel,
    crop: Crop | None = None,
    vertices: np.ndarray | None = None,
) -> tuple[np.ndarray, Crop]:
    """Network input (9, 200, 200) uint8 for one face, and the crop it was cut from.

    image     uint8 RGB (H, W, 3)
    geometry  the prior, in image coordinates
    crop      default: the prior's own crop
    vertices  its `prior_shape`, when the caller has it
    """
    check_image(image)
    if crop is None:
        crop = crop_of(geometry.pose)
    if vertices is None:
        vertices = prior_shape(geometry, model)
    projection = geometry.pose.matrix(crop)
    return model.encoder.encode(image, crop.cx, crop.cy, crop.size, vertices, projection), crop


def decode(output: np.ndarray, prior: Geometry, crop: Crop) -> Geometry:
    """Geometry in image coordinates from the network's output (290,) for `prior` seen in `crop`.

    NaN or infinity in gives a geometry whose `is_finite` is false; only a wrong shape raises.
    """
    values = np.ascontiguousarray(output, np.float32)
    if values.shape != (OUTPUTS,):
        raise ValueError(f"the network's output must have shape ({OUTPUTS},), got {values.shape}")
    pose = prior.pose
    identity, expression, rotation, scale, translation = _core.decode(
        values, pose.rotation, pose.scale, pose.translation, crop.size, EXPRESSION_MAX
    )
    return Geometry(identity, expression, Pose(rotation, scale, translation))


def target(truth: Geometry, prior: Geometry, crop: Crop) -> np.ndarray:
    """What the network should answer, (290,) float32, for `decode` to return `truth`: its exact inverse."""
    output = np.empty(OUTPUTS, np.float32)
    output[:IDENTITY] = truth.identity
    output[_EXPRESSION] = truth.expression
    output[_ROTATION] = so3.log(truth.pose.rotation @ prior.pose.rotation.T)
    output[_LOG_SCALE] = math.log(truth.pose.scale / prior.pose.scale)
    output[_TRANSLATION] = (truth.pose.translation - prior.pose.translation) / crop.size
    return output
