"""Drawing meshes: one depth pass, then the colour and light of every covered pixel at once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from face3d import renderer

# Columns of a mesh's attributes; the first three are kept free for the normal in the camera frame. Covers keep
# their inside-outside field in LASH.
U, V, OPEN, LASH, LIP, CLOTH = range(3, 9)
ATTRIBUTES = 9


@dataclass
class Mesh:
    """Raster vertices (V, 3) float32, triangles (T, 3) int32, material (T,) uint8, attributes (V, 9) float32
    (three columns for the normal, which is written when the mesh is drawn; u, v, occlusion, lash, lip, cloth)."""

    raster: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    attributes: np.ndarray

    def turned(self) -> Mesh:
        """The same surface seen from its other side, darker."""
        attributes = self.attributes.copy()
        attributes[:, OPEN] *= 0.35
        return Mesh(self.raster, np.ascontiguousarray(self.triangles[:, ::-1]), self.material, attributes)


def join(meshes: list[Mesh]) -> Mesh:
    """One mesh of several."""
    if len(meshes) == 1:
        return meshes[0]
    starts = np.cumsum([0] + [len(mesh.raster) for mesh in meshes[:-1]])
    return Mesh(np.concatenate([mesh.raster for mesh in meshes]),
                np.concatenate([mesh.triangles + np.int32(start) for mesh, start in zip(meshes, starts)]),
                np.concatenate([mesh.material for mesh in meshes]),
                np.concatenate([mesh.attributes for mesh in meshes]))


@dataclass
class Pixels:
    """The P covered pixels of a drawn mesh, sorted by material: where (P,) flat index into the size x size image,
    normals (3, P) unit, fields (6, P): u, v, occlusion, lash, lip, cloth; material (P,); depth (P,)."""

    where: np.ndarray
    normals: np.ndarray
    fields: np.ndarray
    material: np.ndarray
    depth: np.ndarray
    size: int

    def rows(self, material: int) -> slice:
        """Which of the P pixels have a material."""
        start, end = np.searchsorted(self.material, (material, material + 1))
        return slice(int(start), int(end))


def draw(mesh: Mesh, size: int, cull: bool = True, behind: np.ndarray | None = None) -> tuple[Pixels, np.ndarray]:
    """Rasterise and interpolate: the pixels and the depth map (size, size), +inf where empty.

    Without `cull` normals of faces seen from behind are turned to the camera. behind: a depth map (size, size);
    pixels further away than it are left out, as is everything whose `lash` field (of covers: inside) is below -8.
    """
    mesh.attributes[:, :3] = renderer.vertex_normals(mesh.raster, mesh.triangles)
    left, top, width, height = _window(mesh.raster, size)
    shifted = mesh.raster - np.array([left, top, 0], np.float32)
    depth, index, barycentric = renderer.rasterize(shifted, mesh.triangles, width, height, cull=cull)
    flat = index.ravel()
    if behind is None:
        inside = np.flatnonzero(flat >= 0)
    else:                                                        # an empty pixel's depth is infinite
        inside = np.flatnonzero(depth < np.minimum(behind[top:top + height, left:left + width] + 1.0, 1e30))
    of = np.take(flat, inside)
    material = np.take(mesh.material, of)
    if len(material) and material.min() != material.max():
        order = np.argsort(material, kind="stable")
        inside, material, of = np.take(inside, order), np.take(material, order), np.take(of, order)
    weights = np.take(barycentric.reshape(-1, 3), inside, 0)
    values = renderer.interpolate(of[None], weights[None], mesh.triangles, mesh.attributes)[0]
    if behind is not None:
        kept = np.flatnonzero(values[:, LASH] > -8)
        if len(kept) < len(inside):
            inside, material, values = np.take(inside, kept), np.take(material, kept), np.take(values, kept, 0)
    found = np.ascontiguousarray(values.T)
    normals = found[:3]
    normalise(normals)
    if not cull:
        normals *= np.where(normals[2] > 0, np.float32(-1), np.float32(1))
    where = inside if width == size else inside + (inside // width) * (size - width)
    where = where + (top * size + left)
    whole = np.full((size, size), np.inf, np.float32)
    whole[top:top + height, left:left + width] = depth
    return Pixels(where, normals, found[3:], material, depth.ravel()[inside], size), whole


def normalise(vectors: np.ndarray) -> None:
    """Makes vectors (3, P) unit, in place."""
    length = vectors[0] * vectors[0]
    length += vectors[1] * vectors[1]
    length += vectors[2] * vectors[2]
    np.maximum(length, 1e-12, out=length)
    np.sqrt(length, out=length)
    vectors /= length


def _window(raster: np.ndarray, size: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of the part of the image that the vertices reach, at least one pixel."""
    ends = []
    for axis in (0, 1):
        values = raster[:, axis]                                 # column by column: (V, 3).min(0) is 20 times slower
        start = int(np.clip(np.floor(values.min()) - 1, 0, size - 1))
        ends.append((start, max(1, int(np.clip(np.ceil(values.max()) + 2, 1, size)) - start)))
    (left, width), (top, height) = ends
    return left, top, width, height


def bump(pixels: Pixels, height: np.ndarray, scale: float) -> None:
    """Tilt the normals by the slope of `height` (P,) in metres over the image; `scale` is pixels a metre."""
    size, normals = pixels.size, pixels.normals
    image = np.zeros(size * (size + 2), np.float32)              # a free row above and below
    image[pixels.where + size] = height * np.float32(0.5 * scale)
    first, last = size, size * (size + 1)
    for axis, step in ((0, 1), (1, size)):
        slope = np.take(image[first + step:last + step] - image[first - step:last - step], pixels.where)
        np.maximum(slope, np.float32(-0.5), out=slope)
        np.minimum(slope, np.float32(0.5), out=slope)
        slope *= normals[2]
        normals[axis] += slope
    normalise(normals)


class ShadowMap:
    """What one light sees: shadows of a mesh.

    Pixels and vertices live in one space (u, v, depth, all in pixels), so the light's view is a rotation of it.
    """

    def __init__(self, raster: np.ndarray, triangles: np.ndarray, towards: np.ndarray, size: int,
                 resolution: int = 128) -> None:
        across = np.cross(np.array([0, 1, 0], np.float32), towards)
        across /= max(float(np.linalg.norm(across)), 1e-6)
        frame = np.stack([across, np.cross(towards, across), -towards]).astype(np.float32)
        middle = np.array([size / 2, size / 2, 0], np.float32)
        self.zoom = np.float32(resolution / (1.25 * size))
        self.matrix = self.zoom * frame
        self.shift = np.array([resolution / 2, resolution / 2, 0], np.float32) - self.matrix @ middle
        self.resolution = resolution
        view = np.ascontiguousarray(raster @ self.matrix.T + self.shift)
        self.depth = renderer.rasterize(view, triangles, resolution, resolution, cull=False)[0].ravel()

    def lit(self, pixels: Pixels, softness: float, bias: float = 8.0) -> np.ndarray:
        """(P,) share 0..1 of the light that reaches each pixel, softened over the image by `softness` pixels."""
        size, end = pixels.size, self.resolution - 1
        place = np.empty((3, len(pixels.where)), np.float32)
        place[0], place[1], place[2] = pixels.where % size, pixels.where // size, pixels.depth
        seen = self.matrix @ place + self.shift[:, None]
        column = np.clip(seen[0] + 0.5, 0, end).astype(np.int32)
        row = np.clip(seen[1] + 0.5, 0, end).astype(np.int32)
        lit = seen[2] < self.depth[row * self.resolution + column] + bias * self.zoom
        image = np.ones(size * size, np.float32)
        image[pixels.where] = lit
        image = image.reshape(size, size)
        half = cv2.resize(image, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
        half = cv2.GaussianBlur(half, (0, 0), max(0.5, 0.5 * softness))
        return cv2.resize(half, (size, size), interpolation=cv2.INTER_LINEAR).ravel()[pixels.where]


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


def put(image: np.ndarray, where: np.ndarray, values: np.ndarray) -> None:
    """Writes values (3, P) uint8 at flat indices (P,) of an image (H, W, 3), in place, channel by channel."""
    flat = image.reshape(-1, 3)
    for channel in range(3):
        flat[:, channel][where] = values[channel]


def smooth_edges(image: np.ndarray, *depths: np.ndarray, jump: float = 5.0) -> np.ndarray:
    """Antialias silhouettes: pixels where a depth map jumps are replaced by a 3 x 3 average."""
    soft = cv2.GaussianBlur(image, (3, 3), 0.8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for depth in depths:
        rise = cv2.morphologyEx(np.minimum(depth, np.float32(1e4)), cv2.MORPH_GRADIENT, cross)
        cv2.copyTo(soft, cv2.compare(rise, jump, cv2.CMP_GT), image)
    return image
