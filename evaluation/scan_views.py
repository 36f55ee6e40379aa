"""Pictures of a scan from all sides, in several lights and sizes, before backgrounds; the truth is known for each."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from evaluation.scan import Scan, colors_at
from face3d import renderer
from face3d.camera import Pose
from face3d.model import FaceModel
from training.faces.poses import rotation

SIZE = (320, 240)
_INNER = 2  # times larger when drawn: no jagged edges
_NOISE = 2.0
_AMBIENT = 0.45
# Directions to the light (camera frame: x right, y down, z away) and colours; the first is as even as the scan's own.
LIGHTS = {
    "even": [([0.0, -0.3, -1.0], [0.5, 0.5, 0.5])],
    "left": [([-1.0, -0.4, -0.5], [0.8, 0.78, 0.7]), ([1.0, 0.0, -0.3], [0.08, 0.1, 0.14])],
    "right": [([1.0, -0.4, -0.5], [0.75, 0.75, 0.8]), ([-1.0, 0.0, -0.3], [0.14, 0.1, 0.08])],
    "above": [([0.2, -1.0, -0.3], [0.75, 0.75, 0.72])],
}


@dataclass(frozen=True)
class View:
    """yaw, pitch, roll in degrees (yaw > 0: the face looks to the right in the picture; pitch > 0: up).

    height    of the 25 cm around the face, in pixels
    distance  of the camera, metres
    aside     where the face is from the middle of the picture, pixels
    """

    yaw: float
    pitch: float = 0.0
    roll: float = 0.0
    light: str = "even"
    height: float = 170.0
    distance: float = 1.2
    aside: tuple[float, float] = (0.0, 0.0)

    @property
    def rotation(self) -> np.ndarray:
        """(3, 3) model to camera."""
        return rotation(self.yaw, -self.pitch, self.roll)


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture of the scan: image RGB (H, W, 3) uint8; landmarks (68, 2) and the pose, in its pixels."""

    view: View
    image: np.ndarray
    landmarks: np.ndarray
    pose: Pose


def shoot(scan: Scan, view: View, model: FaceModel, background: np.ndarray, rng: np.random.Generator) -> Shot:
    """One picture with camera noise. background: RGB (h, w, 3) uint8, any size."""
    centre = 0.5 * np.array(SIZE) + view.aside
    scale = view.height / 0.25
    raster = _project(scan.vertices, view, scale, centre)
    big = np.ascontiguousarray(raster * _INNER + [0.5 * _INNER - 0.5, 0.5 * _INNER - 0.5, 0.0], np.float32)
    width, height = (_INNER * side for side in SIZE)
    _, index, weights = renderer.rasterize(big, scan.triangles, width, height, cull=False)
    seen = index >= 0
    albedo = colors_at(scan, renderer.interpolate(index, weights, scan.triangles, scan.uv))
    normals = renderer.vertex_normals(
        scan.vertices.astype(np.float32), scan.triangles
    ) @ view.rotation.T.astype(np.float32)
    light = _shading(
        renderer.interpolate(index, weights, scan.triangles, np.ascontiguousarray(normals)), view
    )
    picture = np.where(seen[..., None], albedo * light, _behind(background, (width, height)))
    small = cv2.resize(picture.astype(np.float32), SIZE, interpolation=cv2.INTER_AREA)
    coded = 255 * np.clip(small, 0, 1) ** (1 / 2.2) + _NOISE * rng.standard_normal(small.shape)
    image = np.clip(np.rint(coded), 0, 255).astype(np.uint8)
    points = _project(scan.landmarks_at(view.rotation, model), view, scale, centre)
    return Shot(view, image, points[:, :2], Pose(view.rotation, scale, centre))


def _project(points: np.ndarray, view: View, scale: float, centre: np.ndarray) -> np.ndarray:
    """Perspective: (V, 3) raster vertices, x right, y down, depth away, all in pixels."""
    turned = points @ view.rotation.T
    nearer = view.distance / (view.distance + turned[:, 2:])
    return np.hstack([scale * nearer * turned[:, :2] + centre, scale * turned[:, 2:]])


def _shading(normals: np.ndarray, view: View) -> np.ndarray:
    normals = normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-6)
    light = np.full(normals.shape, _AMBIENT)
    for direction, color in LIGHTS[view.light]:
        towards = np.array(direction) / np.linalg.norm(direction)
        light += np.maximum(0.0, normals @ towards)[..., None] * np.array(color)
    return light


def _behind(background: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The background, cut to a size, linear."""
    zoom = max(size[0] / background.shape[1], size[1] / background.shape[0])
    large = cv2.resize(background, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    return (large[: size[1], : size[0], :3].astype(np.float32) / 255) ** 2.2
