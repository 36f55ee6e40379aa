"""Drafts: one image with one prior, encoded as the network sees it, and what it should answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from face3d import codec, renderer
from face3d.camera import IMAGE_SIZE, Pose
from face3d.codec import EXPRESSION, IDENTITY, OUTPUTS, PLANES, Geometry
from face3d.crop import Crop
from face3d.model import FaceModel
from training.faces import Sample
from training.network import DENSE

FIELDS: dict[str, tuple[tuple[int, ...], Any]] = {
    "image": ((PLANES, IMAGE_SIZE, IMAGE_SIZE), np.uint8),
    "target": ((OUTPUTS,), np.float32),
    "prior_pose": ((12,), np.float32),
    "prior": ((IDENTITY + EXPRESSION,), np.float32),
    "dense": ((4, DENSE, DENSE), np.uint8),
    "face": ((), np.bool_),
    "output": ((OUTPUTS,), np.float32),
}


@dataclass
class Draft:
    """One training sample: network input, target (290,), the prior's pose in the crop (12,) and coefficients, and
    the truth's PNCC and mask (4, 28, 28) uint8 in the crop."""

    image: np.ndarray
    target: np.ndarray
    prior_pose: np.ndarray
    prior: np.ndarray
    dense: np.ndarray
    face: bool


def draft(sample: Sample, vertices: np.ndarray, prior: Geometry, model: FaceModel) -> Draft:
    """Encode a sample, whose control vertices (C, 3) are given, with a prior, through the core's one input path."""
    image, crop = codec.encode(sample.image, prior, model)
    pose = prior.pose.to_crop(crop)
    truth = Geometry(sample.identity, sample.expression, sample.pose)
    return Draft(
        image,
        codec.target(truth, prior, crop),
        np.array([*pose.rotation.ravel(), pose.scale, *pose.translation], np.float32),
        np.concatenate([prior.identity, prior.expression]),
        dense_map(vertices, sample.pose, crop, model),
        sample.face,
    )


def dense_map(vertices: np.ndarray, pose: Pose, crop: Crop, model: FaceModel) -> np.ndarray:
    """(4, 28, 28) uint8: PNCC of the true face in the crop, and its mask, 0 or 255."""
    raster = pose.to_crop(crop, DENSE).project(vertices.astype(np.float32))
    planes = renderer.render_prior(raster, model.lod_triangles, model.codes[: model.control_count], DENSE)
    mask = planes[3:].any(0, keepdims=True).astype(np.uint8) * 255
    return np.concatenate([planes[:3], mask])
