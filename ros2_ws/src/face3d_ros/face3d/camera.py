"""Poses, cameras and the one statement of the conventions that every other module relies on.

Pixels       A pixel's centre is at integer coordinates, as in OpenCV: an image of width W covers
             u in [-0.5, W - 0.5]. Nothing in the package shifts by half a pixel.
Model frame  Metres; subject's left +x, up +y, out of the face +z; the origin is the centroid of the 68
             anchors of the mean face, in the middle of the face a little behind its surface.
Camera frame REP-103 optical: x right, y down, z away from the camera. A frontal upright face has
             R = FRONTAL = diag(1, -1, -1).
Projection   Weak perspective: r = scale * R @ X;  u = r_x + t_x;  v = r_y + t_y;  depth = r_z.
             *Raster vertices* are (V, 3) float32 (u, v, depth), all in pixels; smaller depth is nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from face3d import _core
from face3d import rotation as so3

if TYPE_CHECKING:
    from face3d.crop import Crop

FRONTAL = np.diag([1.0, -1.0, -1.0])
FRONTAL.setflags(write=False)
IMAGE_SIZE = 200
"""Side in pixels of the network's square input."""
_STEPS = 2  # of Gauss-Newton from weak to full perspective: a third changes less than the network's noise
_NEAREST = 0.02  # metres from the camera within which no part of a face can be
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def frozen(name: str, values: ArrayLike, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Read-only array of these values: itself if it is one already, otherwise a copy. Raises ValueError for a shape."""
    if type(values) is np.ndarray and values.dtype is dtype and values.shape == shape:
        flags = values.flags
        if flags.c_contiguous and not flags.writeable:
            return values
    copy = np.array(values, dtype, order="C")
    if copy.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {copy.shape}")
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False)
class Pose:
    """Weak-perspective pose of a face.

    rotation     (3, 3) float64, model frame to camera frame
    scale        pixels per metre
    translation  (2,) float64, pixels: where the model frame's origin lands in the image
    """

    rotation: np.ndarray
    scale: float
    translation: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotation", frozen("rotation", self.rotation, (3, 3), FLOAT64))
        object.__setattr__(self, "translation", frozen("translation", self.translation, (2,), FLOAT64))
        object.__setattr__(self, "scale", float(self.scale))

    def project(self, vertices: np.ndarray) -> np.ndarray:
        """Raster vertices (V, 3) float32 of model-frame vertices (V, 3) in metres."""
        return _core.project(np.ascontiguousarray(vertices, np.float32), self.matrix())

    def matrix(self, crop: Crop | None = None, size: int = IMAGE_SIZE) -> np.ndarray:
        """What `project` does, as a (3, 4) float32 matrix for the kernels: raster vertex = matrix @ (x, y, z, 1).

        crop  raster vertices in the pixels of this crop resampled to `size` x `size`
        """
        if crop is None:
            return _core.projection(self.rotation, self.scale, *self.translation.tolist())
        return _core.projection(self.rotation, *self._in_crop(crop, size))

    def to_crop(self, crop: Crop, size: int = IMAGE_SIZE) -> Pose:
        """The same pose in the pixel coordinates of `crop` resampled to `size` x `size`; exact."""
        scale, u, v = self._in_crop(crop, size)
        return Pose(self.rotation, scale, np.array([u, v]))

    def _in_crop(self, crop: Crop, size: int) -> tuple[float, float, float]:
        """Scale and translation (u, v) in the pixel coordinates of `crop` resampled to `size` x `size`."""
        zoom, middle = size / crop.size, 0.5 * (size - 1)
        u, v = self.translation.tolist()
        return self.scale * zoom, (u - crop.cx) * zoom + middle, (v - crop.cy) * zoom + middle

    def from_crop(self, crop: Crop, size: int = IMAGE_SIZE) -> Pose:
        """Inverse of `to_crop`: from the crop's pixels back to the image's."""
        zoom = crop.size / size
        translation = (self.translation - 0.5 * (size - 1)) * zoom + crop.centre
        return Pose(self.rotation, self.scale * zoom, translation)

    def is_finite(self) -> bool:
        """Whether every number is finite and the scale is positive."""
        return 0.0 < self.scale < math.inf and _core.is_finite(self.rotation, self.translation)


@dataclass(frozen=True)
class Camera:
    """Pinhole camera without distortion: image size, focal lengths and principal point, all in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        values = (self.width, self.height, self.fx, self.fy, self.cx, self.cy)
        if not all(math.isfinite(value) for value in values):
            raise ValueError(f"camera numbers must be finite, got {self}")
        if self.width < 1 or self.height < 1 or self.fx <= 0 or self.fy <= 0:
            raise ValueError(f"camera needs a positive image size and focal length, got {self}")

    @staticmethod
    def from_fov(width: int, height: int, fov_deg: float = 60.0) -> Camera:
        """Camera with square pixels and a centred principal point; `fov_deg` is the field of view in degrees
        along the longer side of the image (60 is a usual webcam)."""
        if not 1.0 <= fov_deg <= 170.0:
            raise ValueError(f"the field of view must be between 1 and 170 degrees, got {fov_deg}")
        focal = 0.5 * max(width, height) / math.tan(math.radians(0.5 * fov_deg))
        return Camera(width, height, focal, focal, 0.5 * (width - 1), 0.5 * (height - 1))

    def metric(self, pose: Pose, points: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Metric pose (rotation (3, 3), translation (3,) in metres) of the model frame in the camera frame.

        points  some hundred points (K, 3) of the face in the model frame, metres: the pose is then the one whose full
                perspective brings them closest to where weak perspective has them. Without them the face counts as
                small and flat: at half a metre that is wrong by 8 mm and 1.7 degrees, with them by 3 mm and 0.9.

        A face off the optical axis is seen along the ray through its centre, and that is the direction a weak
        perspective's depth axis means: the rotation is turned by the ray's own rotation. The image of a small
        object at the angle `a` off axis is stretched by 1/cos(a) radially; the geometric mean of both
        directions gives the depth z = f / (scale * sqrt(cos a)).
        """
        if not pose.is_finite():
            raise ValueError(f"no metric pose from {pose}")
        ray = np.array(
            [(pose.translation[0] - self.cx) / self.fx, (pose.translation[1] - self.cy) / self.fy, 1.0]
        )
        cosine = 1.0 / math.sqrt(float(ray @ ray))
        depth = math.sqrt(self.fx * self.fy) / (pose.scale * math.sqrt(cosine))
        off_axis = math.hypot(ray[0], ray[1])
        rotation, translation = pose.rotation, depth * ray
        if off_axis >= 1e-9:
            axis = np.array([-ray[1], ray[0], 0.0]) / off_axis  # turns +z towards the ray
            rotation = so3.exp(axis * math.acos(min(1.0, cosine))) @ rotation
        if points is None:
            return rotation.copy(), translation
        lens = np.array([self.fx, self.fy, self.cx, self.cy])
        points = np.ascontiguousarray(points, np.float64)
        weak = pose.rotation, pose.scale, pose.translation
        return _core.perspective(
            points, lens, *weak, np.ascontiguousarray(rotation), translation, _STEPS, _NEAREST
        )

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (V, 2) of camera-frame points (V, 3) in metres, by full perspective."""
        return points[:, :2] / points[:, 2:] * (self.fx, self.fy) + (self.cx, self.cy)
