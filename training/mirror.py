"""Mirror images of samples: the same face seen in a mirror is another face with a known truth."""

from __future__ import annotations

import cv2
import numpy as np

from face3d.camera import Pose
from face3d.codec import Geometry
from face3d.model import FaceModel
from training.faces import Sample

FLIP = np.array([-1.0, 1.0, 1.0])


class Mirror:
    """Maps samples to their mirror images, through the model's own symmetry.

    sign (200,): every identity mode is symmetric (1) or antisymmetric (-1).
    swap (84,): the expression unit of the other side; a symmetric unit is its own.
    order (C,): the control vertex of the other side.
    """

    def __init__(self, model: FaceModel):
        identity, expression = (np.asarray(basis, np.float32) for basis in (model.identity, model.expression))
        seen = identity[:, model.mirror] * FLIP
        self.sign = np.sign(np.einsum("kvc,kvc->k", seen, identity)).astype(np.float32)
        units = expression.reshape(len(expression), -1)
        seen = (expression[:, model.mirror] * FLIP).reshape(len(expression), -1)
        apart = (seen**2).sum(1)[:, None] + (units**2).sum(1)[None] - 2 * seen @ units.T
        self.swap = apart.argmin(1)
        self.order = model.mirror

    def vertices(self, vertices: np.ndarray) -> np.ndarray:
        """Control vertices (C, 3) in the model's frame, of the mirrored face."""
        return vertices[self.order] * FLIP.astype(vertices.dtype)

    def pose(self, pose: Pose, width: int) -> Pose:
        """The pose in the mirrored image of `width` pixels."""
        u, v = pose.translation
        return Pose(FLIP[:, None] * pose.rotation * FLIP, pose.scale, np.array([width - 1 - u, v]))

    def geometry(self, geometry: Geometry, width: int) -> Geometry:
        """The face in the mirrored image of `width` pixels; twice gives the face again."""
        identity, expression = geometry.identity * self.sign, geometry.expression[self.swap]
        return Geometry(identity, expression, self.pose(geometry.pose, width))

    def sample(self, sample: Sample) -> Sample:
        """The sample with its image and its truth mirrored."""
        truth = self.geometry(
            Geometry(sample.identity, sample.expression, sample.pose), sample.image.shape[1]
        )
        image = cv2.flip(sample.image, 1)
        return Sample(image, truth.identity, truth.expression, truth.pose, sample.face)
