"""The square crop that the network sees. It depends on the pose only, never on the detector directly.

A crop is centred where the model frame's origin lands and spans CROP_METRES of the face, so a prior is always
centred in its own crop, at IMAGE_SIZE / CROP_METRES = 800 pixels per metre.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from face3d import _core
from face3d import rotation as so3
from face3d.camera import FRONTAL, IMAGE_SIZE, Pose

CROP_METRES = 0.25
"""Side of a crop in metres at the face: a whole adult face with a margin for the next frame's motion."""

BOX_METRES = 0.147
"""Metres that the side of a detection box (dlib HOG) spans; median over synthetic faces, spread 8 %."""

BOX_CENTRE = (0.5, 0.531)
"""Where the model frame's origin lies in a detection box, as fractions of its width and height."""


@dataclass(frozen=True)
class Crop:
    """Axis-aligned square in an image: centre (cx, cy) and side `size`, in image pixels.

    The crop covers the image from cx - size/2 to cx + size/2; resampled to n x n, a point moves as
    u_crop = (u - cx) * n / size + (n - 1) / 2.
    """

    cx: float
    cy: float
    size: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.cx, self.cy, self.size)) or self.size <= 0.0:
            raise ValueError(f"a crop needs a finite centre and a positive finite size, got {self}")

    @property
    def centre(self) -> np.ndarray:
        """(2,) float64."""
        return np.array([self.cx, self.cy])


def crop_of(pose: Pose) -> Crop:
    """The crop that belongs to a pose in image coordinates."""
    return Crop(float(pose.translation[0]), float(pose.translation[1]), CROP_METRES * pose.scale)


def pose_from_box(box: Sequence[float]) -> Pose:
    """Frontal pose of the mean face for a detection box (x, y, width, height) or (x, y, width, height, roll).

    (x, y) is the box's left top pixel and the box covers `width` pixels: its centre is x + (width - 1) / 2.
    A box that is not square counts with the geometric mean of its sides. `roll` is the face's tilt in the image,
    radians clockwise, 0 when it is left out; the box stays as it is. Raises ValueError for an empty box.
    """
    values = [float(value) for value in box]
    if len(values) not in (4, 5) or not all(map(math.isfinite, values)) or min(values[2:4]) <= 0.0:
        raise ValueError(f"a face box is (x, y, width, height) with positive sides, got {tuple(box)}")
    x, y, width, height, roll = (*values, 0.0)[:5]
    scale = math.sqrt(width * height) / BOX_METRES
    # Of an upright face, from the middle.
    across = (BOX_CENTRE[0] - 0.5) * width
    down = (BOX_CENTRE[1] - 0.5) * height
    cosine, sine = math.cos(roll), math.sin(roll)
    centre = (
        x - 0.5 + 0.5 * width + across * cosine - down * sine,
        y - 0.5 + 0.5 * height + across * sine + down * cosine,
    )
    return Pose(so3.exp(np.array([0.0, 0.0, roll])) @ FRONTAL, scale, np.array(centre))


def box_of_pose(pose: Pose) -> tuple[float, float, float, float]:
    """Detection box (x, y, width, height) that a pose would have: `pose_from_box` backwards, for squares."""
    side = pose.scale * BOX_METRES
    x = pose.translation[0] + 0.5 - BOX_CENTRE[0] * side
    y = pose.translation[1] + 0.5 - BOX_CENTRE[1] * side
    return (float(x), float(y), side, side)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union, 0..1, of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def contains(box: Sequence[float], point: Sequence[float] | np.ndarray) -> bool:
    """Whether a point (u, v) lies in a box (x, y, width, height)."""
    return box[0] <= point[0] <= box[0] + box[2] and box[1] <= point[1] <= box[1] + box[3]


def check_image(image: np.ndarray) -> None:
    """Raise ValueError unless `image` is uint8 RGB (H, W, 3), C-contiguous and not empty."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f"image must be uint8 RGB of shape (H, W, 3), got {got}")
    if image.size == 0:
        raise ValueError(f"image is empty: shape {image.shape}")
    if not image.flags.c_contiguous:
        raise ValueError("image must be C-contiguous; use numpy.ascontiguousarray")


def extract(image: np.ndarray, crop: Crop, size: int = IMAGE_SIZE) -> np.ndarray:
    """The crop as (size, size, 3) uint8: bilinear, averaged when it shrinks, black outside the image."""
    check_image(image)
    return _core.crop(image, crop.cx, crop.cy, crop.size, size)
