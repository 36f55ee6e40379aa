"""Drawing meshes: one depth pass, then the colour and light of every covered pixel at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from training.faces import native

# Columns of a mesh's attributes. Covers keep their inside-outside field in LASH.
U, V, OPEN, LASH, LIP, CLOTH = range(6)
ATTRIBUTES = 6


@dataclass
class Mesh:
    """Raster vertices (V, 3) float32, triangles (T, 3) int32, material (T,) uint8, attributes (V, 6) float32
    (u, v, occlusion, lash, lip, cloth)."""

    raster: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    attributes: np.ndarray

    def turned(self) -> Mesh:
        """The same surface seen from its other side, darker."""
        attributes = self.attributes.copy()
        attributes[:, OPEN] *= 0.35
        return Mesh(self.raster, np.ascontiguousarray(self.triangles[:, ::-1]), self.material, attributes)


@dataclass
class Pixels:
    """The P covered pixels of a drawn mesh, sorted by material: where (P,) int64 flat index into the size x size
    image, normals (3, P) unit, fields (6, P): u, v, occlusion, lash, lip, cloth; material (P,) uint8; depth (P,);
    starts (257,): how many pixels come before each material."""

    where: np.ndarray
    normals: np.ndarray
    fields: np.ndarray
    material: np.ndarray
    depth: np.ndarray
    starts: np.ndarray
    size: int

    def rows(self, material: int) -> slice:
        """Which of the P pixels have a material."""
        return slice(int(self.starts[material]), int(self.starts[material + 1]))


def draw(
    meshes: list[Mesh], size: int, cull: bool = True, behind: np.ndarray | None = None
) -> tuple[Pixels, np.ndarray]:
    """Rasterise and interpolate: the pixels and the depth map (size, size), +inf where empty.

    Without `cull` normals of faces seen from behind are turned to the camera. behind: a depth map (size, size);
    pixels further away than it are left out, as is everything whose `lash` field (of covers: inside) is below -8.
    """
    library, depth = native.library(), np.empty((size, size), np.float32)
    starts = np.empty(257, np.int32)
    side = native.INT(size)
    count = library.faces_draw(
        native.meshes([(m.raster, m.triangles, m.material, m.attributes) for m in meshes]),
        native.INT(len(meshes)),
        side,
        side,
        native.INT(cull),
        native.pointer(behind),
        native.pointer(depth),
        native.pointer(starts, native.INT32),
    )
    where, kinds = np.empty(count, np.int64), np.empty(count, np.uint8)
    normals, fields = np.empty((3, count), np.float32), np.empty((6, count), np.float32)
    depths = np.empty(count, np.float32)
    library.faces_resolve(
        native.INT(cull),
        native.pointer(depth),
        native.pointer(starts, native.INT32),
        native.pointer(where, native.INT64),
        native.pointer(normals),
        native.pointer(fields),
        native.pointer(kinds, native.UINT8),
        native.pointer(depths),
    )
    return Pixels(where, normals, fields, kinds, depths, starts, size), depth


def bump(pixels: Pixels, height: np.ndarray, scale: float) -> None:
    """Tilt the normals by the slope of `height` (P,) in metres over the image; `scale` is pixels a metre."""
    native.library().faces_bump(
        native.INT(pixels.size),
        native.LONG(len(pixels.where)),
        native.pointer(pixels.where, native.INT64),
        native.pointer(height),
        native.FLOAT(0.5 * scale),
        native.pointer(pixels.normals),
    )


class ShadowMap:
    """What one light sees: shadows of some meshes.

    Pixels and vertices live in one space (u, v, depth, all in pixels), so the light's view is a rotation of it.
    """

    def __init__(self, casters: list[Mesh], towards: np.ndarray, size: int, resolution: int = 192) -> None:
        x, y, z = towards.tolist()
        flat = max(math.hypot(x, z), 1e-6)
        a, c = z / flat, -x / flat  # across: level, and at right angles to the light
        frame = np.array([[a, 0, c], [y * c, z * a - x * c, -y * a], [-x, -y, -z]], np.float32)
        middle = np.array([size / 2, size / 2, 0], np.float32)
        self.zoom = np.float32(resolution / (1.25 * size))
        self.matrix = self.zoom * frame
        self.shift = np.array([resolution / 2, resolution / 2, 0], np.float32) - self.matrix @ middle
        self.resolution = resolution
        views = [(mesh.raster @ self.matrix.T + self.shift, mesh.triangles) for mesh in casters]
        self.depth = native.depth_map(views, resolution, resolution)

    def lit(self, pixels: Pixels, softness: float, bias: float = 4.5) -> np.ndarray:
        """(P,) share 0..1 of the light that reaches each pixel, softened over the image by `softness` pixels."""
        size = pixels.size
        image = np.empty((size, size), np.float32)
        view = np.ascontiguousarray(np.column_stack([self.matrix, self.shift]), np.float32)
        native.library().faces_reached(
            native.INT(size),
            native.LONG(len(pixels.where)),
            native.pointer(pixels.where, native.INT64),
            native.pointer(pixels.depth),
            native.pointer(view),
            native.pointer(self.depth),
            native.INT(self.resolution),
            native.FLOAT(bias * float(self.zoom)),
            native.pointer(image),
        )
        half = cv2.resize(image, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
        half = cv2.GaussianBlur(half, (0, 0), max(0.5, 0.5 * softness))
        return np.take(cv2.resize(half, (size, size), interpolation=cv2.INTER_LINEAR).ravel(), pixels.where)


def to_display(linear: np.ndarray) -> np.ndarray:
    """Linear light (any shape) -> uint8 display values: a soft shoulder from about 0.5 on, then gamma 2.

    0.22 stays 0.22; 1.0 is shown as 0.87; 1.8 and more is white.
    """
    light = np.minimum(np.maximum(linear, 0), np.float32(1.8))
    shown = light * np.float32(0.22)
    shown += np.float32(1.15)
    shown *= light
    light *= np.float32(0.8)
    light += 1
    shown /= light
    np.sqrt(shown, out=shown)
    shown *= np.float32(254.9)
    return np.minimum(shown, 255, out=shown).astype(np.uint8)


def show(
    image: np.ndarray, where: np.ndarray, light: np.ndarray, gain: float, opacity: np.ndarray | None = None
) -> None:
    """Writes linear light (3, P) times `gain` as display values at flat indices (P,) of an image (H, W, 3), in place.

    opacity (P,) 0..1: how much of what was there before it hides; all by default.
    """
    native.library().faces_show(
        native.LONG(len(where)),
        native.pointer(light),
        native.FLOAT(gain),
        native.pointer(opacity),
        native.pointer(where, native.INT64),
        native.pointer(image, native.UINT8),
    )


def smooth_edges(image: np.ndarray, *depths: np.ndarray, jump: float = 5.0) -> np.ndarray:
    """Antialias silhouettes: a copy whose pixels where a depth map jumps are replaced by a 3 x 3 average."""
    smooth = image.copy()
    for depth in depths:
        native.library().faces_smooth(
            native.INT(depth.shape[0]),
            native.INT(depth.shape[1]),
            native.pointer(depth),
            native.FLOAT(jump),
            native.pointer(image, native.UINT8),
            native.pointer(smooth, native.UINT8),
        )
    return smooth


def darken(image: np.ndarray, shade: np.ndarray, depth: np.ndarray) -> None:
    """Multiplies an image (H, W, 3) uint8 by 1 - shade (H, W), in place, where `depth` is finite."""
    native.library().faces_darken(
        native.LONG(depth.size),
        native.pointer(shade),
        native.pointer(depth),
        native.pointer(image, native.UINT8),
    )


def ink(image: np.ndarray, mask: np.ndarray, corner: np.ndarray, colour: np.ndarray) -> None:
    """Blends a colour (3,) uint8 into an image (S, S, 3) uint8, in place, by mask (h, w) uint8 from `corner` (x, y)."""
    height, width = mask.shape
    x, y = (int(v) for v in corner)
    if x < 0 or y < 0 or x + width > image.shape[1] or y + height > image.shape[0]:
        raise ValueError(f"a mask of {width} x {height} at ({x}, {y}) leaves the image {image.shape}")
    native.library().faces_ink(
        native.INT(height),
        native.INT(width),
        native.pointer(mask, native.UINT8),
        native.INT(image.shape[1]),
        native.INT(x),
        native.INT(y),
        native.pointer(np.ascontiguousarray(colour), native.UINT8),
        native.pointer(image, native.UINT8),
    )
