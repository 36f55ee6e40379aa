"""Faces drawn over the image they were found in: a shaded mesh, a wireframe or the 68 landmarks."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from face3d.crop import check_image
from face3d.track import Face

if TYPE_CHECKING:
    from face3d.model import FaceModel

STYLES = ("mesh", "wireframe", "landmarks")
_SKIN, _EYE, _MOUTH = (0.22, 0.50, 0.72), (0.85, 0.87, 0.9), (0.45, 0.10, 0.12)  # linear RGB
_TEETH = (0.85, 0.82, 0.76)
# Key light from above left of the camera, a cool fill from the right, a rim from behind.
_LIGHTS = np.array(
    [
        [[-0.7, -0.8, -0.8], [0.85, 0.80, 0.72]],
        [[0.9, -0.1, -0.6], [0.16, 0.19, 0.24]],
        [[0.2, -0.9, 0.5], [0.25, 0.25, 0.25]],
    ],
    np.float32,
)
_AMBIENT = np.array([0.06, 0.065, 0.08], np.float32)
_LINES = {  # iBUG 68: first, last, closed
    "jaw": (0, 16, False),
    "right brow": (17, 21, False),
    "left brow": (22, 26, False),
    "bridge": (27, 30, False),
    "nostrils": (31, 35, False),
    "right eye": (36, 41, True),
    "left eye": (42, 47, True),
    "lips": (48, 59, True),
    "inner lips": (60, 67, True),
}
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates


class Overlay:
    """Draws faces of one model. `opacity` is the mesh's, 0..1; without `smooth` outlines are jagged, and a small
    face takes a third of the time."""

    def __init__(
        self,
        model: FaceModel,
        style: str = "mesh",
        opacity: float = 0.55,
        labels: bool = True,
        smooth: bool = True,
    ) -> None:
        if style not in STYLES:
            raise ValueError(f"the overlay's style is one of {', '.join(STYLES)}, got {style!r}")
        if not 0.0 <= opacity <= 1.0:
            raise ValueError(f"opacity must be in 0..1, got {opacity}")
        self.style, self.opacity, self.labels, self.smooth = style, opacity, labels, smooth
        self._triangles = model.triangles
        self._control = model.control_count
        self._colors = _part_colors(model)
        lod = model.lod_triangles
        edges = np.sort(np.concatenate([lod[:, [0, 1]], lod[:, [1, 2]], lod[:, [2, 0]]]), axis=1)
        self._edges = np.unique(edges, axis=0)

    def draw(self, image: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """A copy of `image` (H, W, 3) uint8 RGB with the faces on it; the farther faces first."""
        check_image(image)
        canvas = image.copy()
        for face in sorted(faces, key=lambda face: face.geometry.pose.scale):
            raster = face.raster()
            if self.style == "mesh":
                self._shade(canvas, raster)
                _draw_lines(canvas, face, ("right eye", "left eye", "lips", "inner lips"), (255, 255, 255))
            elif self.style == "wireframe":
                self._wires(canvas, raster)
            else:
                _draw_landmarks(canvas, face)
            if self.labels:
                _draw_label(canvas, face)
        return canvas

    def _shade(self, canvas: np.ndarray, raster: np.ndarray) -> None:
        window = _window(raster, canvas)
        if window is None:
            return
        from face3d import _core

        left, top, right, bottom = window
        # Small faces are drawn at twice the size and averaged: smooth outlines for little time.
        zoom = 2 if self.smooth and (right - left) * (bottom - top) < 90_000 else 1
        moved = (raster - (left, top, 0.0)).astype(np.float32) * np.float32(zoom)
        moved[:, :2] += 0.5 * (zoom - 1)  # pixel centres at integers, before and after
        width, height = (right - left) * zoom, (bottom - top) * zoom
        color, depth = _core.shade(moved, self._triangles, self._colors, _LIGHTS, _AMBIENT, width, height)
        alpha = np.isfinite(depth).astype(np.float32)
        color = np.sqrt(np.clip(color, 0.0, 1.0)) * np.float32(255)  # gamma 2: near enough to sRGB
        if zoom > 1:
            size = (right - left, bottom - top)
            color = np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.float32)
            alpha = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
        part = canvas[top:bottom, left:right]
        # `color` is already weighted by its coverage: empty pixels are black.
        blended = part * (1.0 - self.opacity * alpha[..., None]) + self.opacity * color
        part[...] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)

    def _wires(self, canvas: np.ndarray, raster: np.ndarray) -> None:
        window = _window(raster, canvas)
        if window is None:
            return
        from face3d import _core

        points = raster[: self._control]
        left, top, right, bottom = window
        moved = (raster - (left, top, 0.0)).astype(np.float32)
        depth, *_ = _core.rasterize(moved, self._triangles, right - left, bottom - top)
        column = np.clip(np.rint(points[:, 0]).astype(int) - left, 0, right - left - 1)
        row = np.clip(np.rint(points[:, 1]).astype(int) - top, 0, bottom - top - 1)
        seen = points[:, 2] <= depth[row, column] + 0.02 * np.ptp(raster[:, 0])
        edges = self._edges[seen[self._edges].all(axis=1)]
        lines = np.rint(points[edges, :2] * (1 << _SHIFT)).astype(np.int32)
        layer = canvas.copy()
        cv2.polylines(layer, list(lines), False, (120, 235, 255), 1, cv2.LINE_AA, _SHIFT)
        cv2.addWeighted(layer, 0.5 * self.opacity, canvas, 1.0 - 0.5 * self.opacity, 0.0, dst=canvas)


def id_color(number: int) -> tuple[int, int, int]:
    """A colour that stays with a track's id."""
    red, green, blue = colorsys.hsv_to_rgb((0.53 + 0.382 * number) % 1.0, 0.55, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _draw_landmarks(canvas: np.ndarray, face: Face) -> None:
    _draw_lines(canvas, face, _LINES, id_color(face.id))
    points = np.rint(face.landmarks[:, :2] * (1 << _SHIFT)).astype(np.int32)
    size = max(face.box[2], face.box[3])
    radius = round(max(1.2, size / 130) * (1 << _SHIFT))
    for point in points:
        cv2.circle(canvas, tuple(map(int, point)), radius, (255, 255, 255), -1, cv2.LINE_AA, _SHIFT)


def _draw_lines(canvas: np.ndarray, face: Face, names: Iterable[str], color: tuple[int, int, int]) -> None:
    points = np.rint(face.landmarks[:, :2] * (1 << _SHIFT)).astype(np.int32)
    thickness = max(1, round(max(face.box[2], face.box[3]) / 250))
    for first, last, closed in (_LINES[name] for name in names):
        cv2.polylines(canvas, [points[first : last + 1]], closed, color, thickness, cv2.LINE_AA, _SHIFT)


def _draw_label(canvas: np.ndarray, face: Face) -> None:
    x, y, width, _ = face.box
    text = f"{face.id}  {face.confidence:.2f}"
    scale = float(np.clip(width / 220, 0.35, 1.5))
    (text_width, text_height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left = int(np.clip(x + 0.5 * (width - text_width), 0, max(0, canvas.shape[1] - text_width)))
    above = max(float(y) - 0.35 * width, text_height + 2)
    for color, thickness in (((0, 0, 0), 3), (id_color(face.id), 1)):
        cv2.putText(
            canvas, text, (left, int(above)), cv2.FONT_HERSHEY_SIMPLEX, scale, color, thickness, cv2.LINE_AA
        )


def _window(raster: np.ndarray, canvas: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom (exclusive) of the pixels that a mesh can touch; None when it is outside."""
    height, width = canvas.shape[:2]
    low, high = raster[:, :2].min(0), raster[:, :2].max(0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    left, top = max(0, int(np.floor(low[0])) - 1), max(0, int(np.floor(low[1])) - 1)
    right, bottom = min(width, int(np.ceil(high[0])) + 2), min(height, int(np.ceil(high[1])) + 2)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _part_colors(model: FaceModel) -> np.ndarray:
    """(N, 3) float32 linear: clay, with lighter eyes and teeth and a dark inner mouth."""
    colors = np.tile(np.array(_SKIN, np.float32), (model.vertex_count, 1))
    for name, part in model.parts.items():
        for word, color in (("eye", _EYE), ("teeth", _TEETH), ("mouth", _MOUTH), ("tongue", _MOUTH)):
            if name.startswith(word):
                colors[np.unique(model.triangles[part])] = color
    if "lips" in model.regions:
        colors[model.regions["lips"]] = (0.66, 0.26, 0.34)
    return colors
