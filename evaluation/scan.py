"""A textured scan of a head whose shape is known, brought into the model's frame.

The scan is the one that menpo3d ships (its author's head, 68 landmarks placed by hand, BSD licence): fetched from the
package, never committed. What is measured on is its *face*: between the ears, from the chin to 4 cm above the brows,
without hair, neck and ears; see `face_area`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from evaluation.packages import MENPO3D, fetch
from evaluation.scan_fit import Fit, fit
from evaluation.surface import Surface
from face3d.model import FaceModel
from face3d.renderer import vertex_normals
from face3d.source import read_image

_FILES = [f"menpo3d-0.8.6/menpo3d/data/james.{suffix}" for suffix in ("obj", "jpg", "ljson")]
# menpo3d keeps the 68 points in another order than iBUG: jaw, eyes, brow, nose, brow, mouth.
_IBUG = np.array([*range(17), *range(29, 34), *range(43, 48), *range(34, 43), *range(17, 29), *range(48, 68)])
_OVER_BROWS = 0.035  # metres of the forehead that count: the hair begins higher
_UNDER_CHIN = 0.001
_BEFORE_EARS = 0.006  # from where the jaw line leaves the ears
_NEAR = 0.008  # a scan's vertex further than this from the best fit is hair, or a hole's edge
_ALIKE = 0.5  # cosine between its normal and the best fit's


@dataclass(frozen=True, eq=False)
class Scan:
    """A head in metres, true size, in the model's frame: its pose is the one that fits the model best.

    vertices   (V, 3) float64, `triangles` (T, 3) int32 counter-clockwise from outside
    texture    RGB (H, W, 3) uint8, and where each vertex is in it: `uv` (V, 2) float32 in 0..1 from the bottom left
    landmarks  (68, 3), placed by hand on the scan
    face       (V,) bool: the vertices that errors of shape are measured at
    best       the model, fitted to the scan itself: what no picture can teach, and more than any network can reach
    """

    name: str
    vertices: np.ndarray
    triangles: np.ndarray
    texture: np.ndarray
    uv: np.ndarray
    landmarks: np.ndarray
    face: np.ndarray
    best: Fit

    def landmarks_at(self, rotation: np.ndarray, model: FaceModel) -> np.ndarray:
        """(68, 3) as an annotator sees them: by hand, but the jaw's on the contour that the fitted model has there."""
        shape = (self.best.shape / self.best.alignment.scale).astype(np.float32)
        return np.concatenate([model.landmarks_of(shape, rotation)[:17], self.landmarks[17:]])


def load(model: FaceModel) -> Scan:
    """The scan, out of its package. Raises PackageError."""
    obj, picture, points = fetch(MENPO3D, _FILES)
    places = json.loads(points.read_text(encoding="utf-8"))["groups"]["LJSON"]["landmarks"]["points"]
    landmarks = 1e-3 * np.array(places, np.float64)[_IBUG]
    vertices, triangles, uv = read_obj(obj)
    return place("james", 1e-3 * vertices, triangles, read_image(picture), uv, landmarks, model)


def place(
    name: str,
    vertices: np.ndarray,
    triangles: np.ndarray,
    texture: np.ndarray,
    uv: np.ndarray,
    landmarks: np.ndarray,
    model: FaceModel,
) -> Scan:
    """A scan in metres of any pose, turned and moved (not scaled) to where the model fits it best."""
    area = face_area(model)
    found = fit(model, vertices, landmarks, area)
    rotation, scale = found.alignment.rotation, found.alignment.scale
    middle = found.alignment.source - found.alignment.target @ rotation / scale
    vertices, landmarks = ((points - middle) @ rotation.T for points in (vertices, landmarks))
    surface = Surface(found.shape / scale, model.triangles[area[model.triangles].all(1)])
    places, owners, weights = surface.closest(vertices)
    alike = (surface.normals[owners] * vertex_normals(vertices.astype(np.float32), triangles)).sum(1) > _ALIKE
    near = np.linalg.norm(places - vertices, axis=1) < _NEAR
    face = near & alike & ~_on_border(surface, owners, weights)
    return Scan(name, vertices, triangles, texture, uv, landmarks, face, found)


def face_area(model: FaceModel) -> np.ndarray:
    """(N,) bool over the model's vertices: the face without ears, neck and scalp."""
    zero = np.zeros(200, np.float32), np.zeros(84, np.float32)
    mean, points = model.shape(*zero), model.landmarks(*zero)
    skin = np.zeros(len(mean), bool)
    skin[model.triangles[model.parts["skin"]]] = True
    for eye in ("eye_left", "eye_right"):
        skin[model.triangles[model.parts[eye]]] = True
    front = mean[:, 2] > points[[1, 2, 14, 15], 2].mean() + _BEFORE_EARS
    height = (mean[:, 1] > points[8, 1] - _UNDER_CHIN) & (mean[:, 1] < points[17:27, 1].mean() + _OVER_BROWS)
    return skin & front & height & ~model.regions["ears"] & ~model.regions["inner_lips"]


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (V, 3), triangles (T, 3) int32 and texture coordinates (V, 2) float32 of a Wavefront file.

    A vertex that has several places in the texture becomes several vertices.
    """
    points, places, corners = [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, *fields = line.split() or [""]
        if kind == "v":
            points.append([float(field) for field in fields[:3]])
        elif kind == "vt":
            places.append([float(field) for field in fields[:2]])
        elif kind == "f":
            if len(fields) != 3:
                raise ValueError(f"{path} has a face of {len(fields)} corners; only triangles are read")
            corners += [[int(number) - 1 for number in field.split("/")[:2]] for field in fields]
    pairs, index = np.unique(np.array(corners), axis=0, return_inverse=True)
    vertices, uv = np.array(points)[pairs[:, 0]], np.array(places, np.float32)[pairs[:, 1]]
    return vertices, index.reshape(-1, 3).astype(np.int32), uv


def colors_at(scan: Scan, uv: np.ndarray) -> np.ndarray:
    """Linear RGB (H, W, 3) float32 of the texture at (H, W, 2)."""
    height, width = scan.texture.shape[:2]
    x, y = uv[..., 0] * width - 0.5, (1 - uv[..., 1]) * height - 0.5
    color = cv2.remap(scan.texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return (color.astype(np.float32) / 255) ** 2.2


def _on_border(surface: Surface, owners: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(P,) whether closest points lie on the border of the mesh: what they belong to lies beyond it."""
    edges = np.sort(surface.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    pairs, counts = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(pairs[counts == 1])
    return np.any(np.isin(surface.triangles[owners], border) & (weights > 1e-6), axis=1)
