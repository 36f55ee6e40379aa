"""Results as files: JSON, OBJ and GLB.

Meshes are in the model frame: metres, y up, z out of the face, x to the subject's left, which is also glTF's
convention (+y up, the asset faces +z). An OBJ has no pose; a GLB has it in the mesh's node, before the camera of the
photograph; the JSON has it in numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from face3d.camera import Camera
from face3d.gltf import INDICES, VERTICES, Glb
from face3d.model import FaceModel
from face3d.motion import head_pose
from face3d.scene import add_camera, place
from face3d.track import Face

MATERIAL = {"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.8}}


def describe(camera: Camera, faces: Sequence[Face], model: FaceModel) -> dict:
    """What `<name>.json` holds: the image's size, the camera that it is taken for, and per face id, confidence, box,
    poses and coefficients.

    camera       focal lengths and principal point, pixels
    box          [x, y, width, height] in pixels: tight around the 68 landmarks
    landmarks68  68 x [u, v, depth] in pixels; smaller depth is nearer
    head         position in metres and quaternion (x, y, z, w) in the camera's optical frame, see
                 `face3d.motion.HeadPose`
    pose         rotation 3 x 3 (model to camera optical frame), scale in pixels per metre, translation in
                 pixels: (u, v) = scale * (rotation @ X)[:2] + translation
    """
    lens = {name: round(float(getattr(camera, name)), 4) for name in ("fx", "fy", "cx", "cy")}
    return {
        "image": {"width": int(camera.width), "height": int(camera.height)},
        "camera": lens,
        "faces": [_described(face, model) for face in faces],
    }


def _described(face: Face, model: FaceModel) -> dict:
    head, pose = head_pose(face, model), face.geometry.pose
    return {
        "id": face.id,
        "confidence": round(float(face.confidence), 4),
        "box": _numbers(face.box, 2),
        "landmarks68": _numbers(face.landmarks, 3),
        "head": {"position": _numbers(head.position, 6), "quaternion": _numbers(head.quaternion, 8)},
        "pose": {
            "rotation": _numbers(pose.rotation, 8),
            "scale": round(pose.scale, 4),
            "translation": _numbers(pose.translation, 4),
        },
        "identity": _numbers(face.geometry.identity, 5),
        "expression": _numbers(face.geometry.expression, 5),
    }


def write_json(path: str | Path, camera: Camera, faces: Sequence[Face], model: FaceModel) -> None:
    """Write `describe(...)`."""
    Path(path).write_text(json.dumps(describe(camera, faces, model)) + "\n", encoding="utf-8")


def write_obj(
    path: str | Path, vertices: np.ndarray, triangles: np.ndarray, colors: np.ndarray | None = None
) -> None:
    """Wavefront OBJ: vertices (N, 3) in metres, triangles (M, 3), optional vertex colours (N, 3) uint8 sRGB
    as three more numbers on each `v` line, which Blender, MeshLab and CloudCompare read."""
    _check(vertices, triangles, colors)
    if colors is None:
        rows, pattern = vertices, "v %.6f %.6f %.6f\n"
    else:
        rows, pattern = np.c_[vertices, colors / 255.0], "v %.6f %.6f %.6f %.4f %.4f %.4f\n"
    with Path(path).open("w", encoding="ascii") as file:
        file.write("# face3d: metres, y up, z out of the face\no face\n")
        file.write((pattern * len(rows)) % tuple(rows.ravel().tolist()))
        file.write(("f %d %d %d\n" * len(triangles)) % tuple((triangles + 1).ravel().tolist()))


def write_glb(path: str | Path, face: Face, triangles: np.ndarray, colors: np.ndarray | None = None) -> None:
    """Binary glTF 2.0 of a face before its camera, with normals; colours (N, 3) uint8 sRGB are stored linear, as glTF
    wants them."""
    _check(face.vertices, triangles, colors)
    glb = Glb()
    add_camera(glb.document, face.camera)
    translation, rotation = place(face)
    node = {"mesh": 0, "name": "face", "translation": translation.tolist(), "rotation": rotation.tolist()}
    glb.document["nodes"].append(node)
    glb.document |= {
        "scene": 0,
        "scenes": [{"nodes": [0, 1]}],
        "meshes": [{"primitives": [primitive(glb, face.vertices, triangles, colors)]}],
        "materials": [MATERIAL],
    }
    glb.write(path)


def primitive(glb: Glb, vertices: np.ndarray, triangles: np.ndarray, colors: np.ndarray | None) -> dict:
    """A mesh as glTF's primitive of material 0, its arrays put into `glb`; see `write_glb`."""
    from face3d import _core

    vertices = np.ascontiguousarray(vertices, np.float32)
    triangles = np.ascontiguousarray(triangles, np.int32)
    attributes = {
        "POSITION": glb.accessor(vertices, VERTICES, bounds=True),
        "NORMAL": glb.accessor(_core.vertex_normals(vertices, triangles), VERTICES),
    }
    if colors is not None:
        attributes["COLOR_0"] = glb.accessor(srgb_to_linear(colors).astype(np.float32), VERTICES)
    indices = glb.accessor(triangles.astype(np.uint32).reshape(-1), INDICES)
    return {"attributes": attributes, "indices": indices, "material": 0}


def vertex_colors(image: np.ndarray, raster: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Colours (N, 3) uint8 of a mesh's vertices from the photograph it was fitted to.

    image   uint8 RGB (H, W, 3)
    raster  (N, 3) float32 vertices in the image: u, v, depth in pixels
    Hidden vertices take the colours that diffuse to them along the edges from visible ones.
    """
    from face3d import _core

    height, width = image.shape[:2]
    depth, *_ = _core.rasterize(raster, np.ascontiguousarray(triangles), width, height)
    column, row = np.rint(raster[:, 0]).astype(int), np.rint(raster[:, 1]).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    # A rounded pixel is up to 0.7 pixels from its vertex: a slanted surface is deeper there by a few pixels.
    tolerance = 0.02 * max(np.ptp(raster[:, 0]), 1.0)
    normals = _core.vertex_normals(raster, triangles)
    seen = inside & (raster[:, 2] <= depth[row, column] + tolerance) & (normals[:, 2] < -0.15)
    colors = image[row, column].astype(np.float64)
    if not seen.any():
        return np.full((len(raster), 3), 128, np.uint8)
    colors[~seen] = np.median(colors[seen], axis=0)
    _diffuse(colors, ~seen, triangles)
    return np.rint(colors).astype(np.uint8)


def srgb_to_linear(colors: np.ndarray) -> np.ndarray:
    """uint8 sRGB -> linear 0..1 (IEC 61966-2-1)."""
    value = np.asarray(colors, np.float64) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _diffuse(colors: np.ndarray, free: np.ndarray, triangles: np.ndarray, rounds: int = 60) -> None:
    """Jacobi steps of Laplace's equation on the free vertices, in place."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    edges = edges[free[edges[:, 0]]]
    edges = edges[np.argsort(edges[:, 0], kind="stable")]
    owners, starts, degrees = np.unique(edges[:, 0], return_index=True, return_counts=True)
    if not len(owners):
        return
    neighbours, weights = edges[:, 1], 1.0 / degrees[:, None]
    for _ in range(rounds):
        colors[owners] = np.add.reduceat(colors[neighbours], starts, axis=0) * weights


def _check(vertices: np.ndarray, triangles: np.ndarray, colors: np.ndarray | None) -> None:
    if vertices.ndim != 2 or vertices.shape[1] != 3 or triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ValueError(
            f"a mesh is vertices (N, 3) and triangles (M, 3), got {vertices.shape} and {triangles.shape}"
        )
    if colors is not None and colors.shape != vertices.shape:
        raise ValueError(f"vertex colours must have shape {vertices.shape}, got {colors.shape}")


def _numbers(values: Sequence[float] | np.ndarray, digits: int) -> list:
    return np.round(np.asarray(values, np.float64), digits).tolist()
