"""Drawing meshes: one depth pass, then the colour and light of every covered pixel at once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from face3d import renderer
from training.faces.light import Lighting

ATTRIBUTES = 9              # normal (camera frame) 3, u, v, occlusion, lash, lip, cloth


@dataclass
class Mesh:
    """Raster vertices (V, 3) float32, triangles (T, 3) int32, material (T,) uint8, attributes (V, 6) float32
    (u, v, occlusion, lash, lip, cloth). Normals are worked out when it is drawn."""

    raster: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    attributes: np.ndarray


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
    """The P covered pixels of a drawn mesh: where (P,) flat index into the size x size image, normals (3, P) unit,
    fields (6, P): u, v, occlusion, lash, lip, cloth; material (P,); depth (size, size) with +inf where empty."""

    where: np.ndarray
    normals: np.ndarray
    fields: np.ndarray
    material: np.ndarray
    depth: np.ndarray
    size: int


def draw(mesh: Mesh, size: int, cull: bool = True) -> Pixels:
    """Rasterise and interpolate. Without `cull` normals of faces seen from behind are turned to the camera."""
    normals = renderer.vertex_normals(mesh.raster, mesh.triangles)
    depth, index, barycentric = renderer.rasterize(mesh.raster, mesh.triangles, size, size, cull=cull)
    values = renderer.interpolate(index, barycentric, mesh.triangles, np.concatenate([normals, mesh.attributes], 1))
    flat = index.ravel()
    where = np.flatnonzero(flat >= 0)
    found = np.ascontiguousarray(np.take(values.reshape(-1, ATTRIBUTES), where, 0).T)
    normals = found[:3]
    normals *= 1 / np.sqrt(np.maximum((normals * normals).sum(0), 1e-12))
    if not cull:
        normals *= np.where(normals[2] > 0, np.float32(-1), np.float32(1))
    return Pixels(where, normals, found[3:], mesh.material[flat[where]], depth, size)


def bump(pixels: Pixels, height: np.ndarray, scale: float) -> None:
    """Tilt the normals by the slope of `height` (P,) in metres over the image; `scale` is pixels a metre."""
    size = pixels.size
    image = np.zeros(size * size, np.float32)
    image[pixels.where] = height * np.float32(scale)
    image = image.reshape(size, size)
    across = cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3, scale=0.125).ravel()[pixels.where]
    down = cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=3, scale=0.125).ravel()[pixels.where]
    limit = np.float32(0.5)
    pixels.normals[0] -= np.clip(across, -limit, limit) * -pixels.normals[2]
    pixels.normals[1] -= np.clip(down, -limit, limit) * -pixels.normals[2]
    pixels.normals *= 1 / np.sqrt(np.maximum((pixels.normals * pixels.normals).sum(0), 1e-12))


def shadow(mesh: Mesh, pixels: Pixels, lighting: Lighting, resolution: int = 144, bias: float = 4.0) -> np.ndarray:
    """(P,) share 0..1 of the shadow-casting light that reaches each pixel, softened over the image.

    Pixels and vertices live in one space (u, v, depth, all in pixels), so the light's view is a rotation of it.
    """
    towards = lighting.directions[lighting.shadow]
    across = np.cross(np.array([0, 1, 0], np.float32), towards)
    across /= max(float(np.linalg.norm(across)), 1e-6)
    frame = np.stack([across, np.cross(towards, across), -towards]).astype(np.float32)
    size = pixels.size
    middle = np.array([size / 2, size / 2, 0], np.float32)
    zoom = np.float32(resolution / (1.25 * size))
    shift = np.array([resolution / 2, resolution / 2, 0], np.float32) - zoom * (frame @ middle)
    view = np.ascontiguousarray(mesh.raster @ (zoom * frame).T + shift)
    depth = renderer.rasterize(view, mesh.triangles, resolution, resolution, cull=False)[0]
    place = np.empty((3, len(pixels.where)), np.float32)
    np.remainder(pixels.where, size, out=place[0], casting="unsafe")
    np.floor_divide(pixels.where, size, out=place[1], casting="unsafe")
    place[2] = pixels.depth.ravel()[pixels.where]
    seen = (zoom * frame) @ place + shift[:, None]
    column = np.clip(seen[0] + 0.5, 0, resolution - 1).astype(np.int32)
    row = np.clip(seen[1] + 0.5, 0, resolution - 1).astype(np.int32)
    lit = (seen[2] < depth.ravel()[row * resolution + column] + bias * zoom * 2).astype(np.float32)
    image = np.ones(size * size, np.float32)
    image[pixels.where] = lit
    image = cv2.GaussianBlur(image.reshape(size, size), (0, 0), max(0.6, lighting.softness))
    return image.ravel()[pixels.where]


def to_display(linear: np.ndarray) -> np.ndarray:
    """Linear light (..., any) -> uint8 display values, gamma 2 with a soft shoulder, clipped."""
    shown = np.sqrt(np.clip(linear, 0, 1.2))
    return np.clip(shown * 255 + 0.5, 0, 255).astype(np.uint8)


def smooth_edges(image: np.ndarray, *depths: np.ndarray, jump: float = 5.0) -> np.ndarray:
    """Antialias silhouettes: pixels where a depth map jumps are replaced by a 3 x 3 average."""
    edge = np.zeros(image.shape[:2], bool)
    for depth in depths:
        near = np.minimum(depth, 1e4)
        rise = np.abs(near[1:] - near[:-1]) > jump
        edge[1:] |= rise
        edge[:-1] |= rise
        rise = np.abs(near[:, 1:] - near[:, :-1]) > jump
        edge[:, 1:] |= rise
        edge[:, :-1] |= rise
    soft = cv2.GaussianBlur(image, (3, 3), 0.8)
    cv2.copyTo(soft, edge.view(np.uint8), image)
    return image
