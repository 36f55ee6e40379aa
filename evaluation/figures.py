"""Pictures for the report, after Figures 3 to 8 of the project report that the method comes from: what goes in, the
prior and what comes out side by side, pass by pass, single photographs, strips of video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from face3d import codec, renderer
from face3d.camera import FRONTAL, Camera, Pose
from face3d.codec import Geometry
from face3d.crop import Crop, crop_of, extract
from face3d.export import srgb_to_linear, vertex_colors
from face3d.model import FaceModel
from face3d.overlay import Overlay
from face3d.rotation import exp
from face3d.track import Face

if TYPE_CHECKING:
    from evaluation.scan import Scan  # needs scipy, which pictures of others do without

TILE = 200
_MARGIN = 1.25  # of tiles around the network's own crop
_CLAY = (0.50, 0.47, 0.44)
_LIGHTS = np.array(
    [[[-0.7, -0.8, -0.8], [0.85, 0.80, 0.72]], [[0.9, -0.1, -0.6], [0.16, 0.19, 0.24]]], np.float32
)
_INK, _PAPER, _LINES = (40, 40, 40), (255, 255, 255), ((24, 95, 165), (215, 90, 48))


class Painter:
    """Draws tiles (TILE, TILE, 3) uint8 RGB of faces of one model."""

    def __init__(self, model: FaceModel, tile: int = TILE) -> None:
        self.model, self.tile = model, tile
        self._mesh = Overlay(model, "mesh", labels=False, opacity=0.6)
        self._points = Overlay(model, "landmarks", labels=False)

    def window(self, geometry: Geometry) -> Crop:
        """The square of the picture that tiles of this face show."""
        crop = crop_of(geometry.pose)
        return Crop(crop.cx, crop.cy, _MARGIN * crop.size)

    def photo(self, image: np.ndarray, window: Crop) -> np.ndarray:
        """The picture."""
        return extract(image, window, self.tile)

    def overlay(
        self, image: np.ndarray, window: Crop, geometry: Geometry, points: bool = False
    ) -> np.ndarray:
        """The picture with the mesh, or the 68 points, over it."""
        face = self._face(geometry, geometry.pose.to_crop(window, self.tile))
        return (self._points if points else self._mesh).draw(self.photo(image, window), [face])

    def seen(self, window: Crop, geometry: Geometry) -> np.ndarray:
        """The mesh alone, as the camera sees it."""
        return self._shaded(geometry, geometry.pose.to_crop(window, self.tile))

    def turned(self, geometry: Geometry, degrees: float, image: np.ndarray | None = None) -> np.ndarray:
        """The mesh alone, from the front turned by some degrees to the side; in clay, or in the colours of `image`."""
        rotation = exp(np.array([0.0, np.radians(degrees), 0.0])) @ FRONTAL
        side = Pose(rotation, self.tile / 0.29, np.full(2, 0.5 * (self.tile - 1)))
        if image is None:
            return self._shaded(geometry, side)
        vertices = self.model.shape(geometry.identity, geometry.expression)
        colors = vertex_colors(image, geometry.pose.project(vertices), self.model.triangles)
        linear = srgb_to_linear(colors).astype(np.float32)
        return self._lit(side.project(vertices), self.model.triangles, linear)

    def distances(self, scan: Scan, millimetres: np.ndarray) -> np.ndarray:
        """A scan from the front, green where (V,) millimetres are 0 and red from 5 on, grey where they are NaN."""
        share = np.clip(np.nan_to_num(millimetres) / 5, 0, 1)[:, None]
        colors = (1 - share) * np.array([0.12, 0.5, 0.2]) + share * np.array([0.75, 0.08, 0.05])
        colors[np.isnan(millimetres)] = _CLAY
        raster = Pose(FRONTAL, self.tile / 0.29, np.full(2, 0.5 * (self.tile - 1))).project(
            scan.vertices.astype(np.float32)
        )
        return self._lit(raster, scan.triangles, colors.astype(np.float32), cull=False)

    def codes(self, image: np.ndarray, geometry: Geometry) -> list[np.ndarray]:
        """What the network is fed for a prior: crop, PNCC and normals."""
        planes, _ = codec.encode(image, geometry, self.model)
        tiles = [np.ascontiguousarray(planes[k : k + 3].transpose(1, 2, 0)) for k in (0, 3, 6)]
        return [cv2.resize(tile, (self.tile, self.tile), interpolation=cv2.INTER_AREA) for tile in tiles]

    def _face(self, geometry: Geometry, pose: Pose) -> Face:
        placed = Geometry(geometry.identity, geometry.expression, pose)
        vertices = self.model.shape(geometry.identity, geometry.expression)
        landmarks = self.model.landmarks(geometry.identity, geometry.expression, pose.rotation)
        return Face(
            0, 0, 1.0, placed, vertices, pose.project(landmarks), Camera.from_fov(self.tile, self.tile)
        )

    def _shaded(self, geometry: Geometry, pose: Pose) -> np.ndarray:
        raster = pose.project(self.model.shape(geometry.identity, geometry.expression))
        return self._lit(raster, self.model.triangles, np.tile(np.array(_CLAY, np.float32), (len(raster), 1)))

    def _lit(
        self, raster: np.ndarray, triangles: np.ndarray, colors: np.ndarray, cull: bool = True
    ) -> np.ndarray:
        raster = raster * np.float32(2)
        raster[:, :2] += 0.5
        side, ambient = 2 * self.tile, np.full(3, 0.08, np.float32)
        color, depth = renderer.shade(raster, triangles, colors, _LIGHTS, ambient, side, side, cull=cull)
        picture = np.where(np.isfinite(depth)[..., None], np.sqrt(np.clip(color, 0, 1)) * 255, 255)
        small = cv2.resize(picture.astype(np.float32), (self.tile, self.tile), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def grid(rows: Sequence[Sequence[np.ndarray]], heads: Sequence[str] = (), gap: int = 4) -> np.ndarray:
    """Rows of equally large tiles on white, with headings over the columns; short rows are filled up."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    top = 26 if heads else 0
    sheet = np.full((top + len(rows) * (height + gap), columns * (width + gap), 3), 255, np.uint8)
    for r, row in enumerate(rows):
        for c, tile in enumerate(row):
            y, x = top + r * (height + gap), c * (width + gap)
            sheet[y : y + height, x : x + width] = tile
    for c, head in enumerate(heads):
        _write(sheet, head, (c * (width + gap) + 4, 18))
    return sheet


def plot(
    series: dict[str, Sequence[float]], frames: Sequence[int], title: str, size=(900, 190)
) -> np.ndarray:
    """Curves over the frame number, each scaled to its own range: what is compared is their shape."""
    width, height = size
    sheet = np.full((height, width, 3), 255, np.uint8)
    _write(sheet, title, (6, 16))
    x = 8 + (np.asarray(frames) - frames[0]) / max(1, frames[-1] - frames[0]) * (width - 16)
    for number, (name, values) in enumerate(series.items()):
        curve = np.asarray(values, float)
        low, high = np.percentile(curve, [1, 99])
        y = height - 10 - np.clip((curve - low) / max(high - low, 1e-9), -0.1, 1.1) * (height - 50)
        color = _LINES[number % len(_LINES)]
        line = np.rint(16 * np.stack([x, y], 1)).astype(np.int32)
        cv2.polylines(sheet, [line], False, color, 2, cv2.LINE_AA, 4)
        _write(sheet, name, (width - 220 + 110 * number, 16), color)
    return sheet


def save(path: Path, picture: np.ndarray, quality: int = 88) -> Path:
    """Write an RGB picture as JPEG or PNG, by its suffix; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    good, data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)
    if not good:
        raise OSError(f"cannot encode {path}")
    path.write_bytes(data.tobytes())
    return path


def _write(sheet: np.ndarray, text: str, where: tuple[int, int], color: tuple[int, int, int] = _INK) -> None:
    cv2.putText(sheet, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.48, color, 1, cv2.LINE_AA)
