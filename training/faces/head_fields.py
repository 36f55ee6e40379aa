"""What the renderer knows about each vertex of the head, worked out once from the mean head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from face3d import renderer
from face3d.model import FaceModel
from face3d.track import FRONT
from training.faces.occlusion import occlusion
from training.faces.render import ATTRIBUTES, LASH, LIP, OPEN, U, V
from training.head import HeadAssets

SKIN, EYE, TEETH, TONGUE, MOUTH = range(5)
MATERIALS = {
    **dict.fromkeys(("skin", "scalp", "neck"), SKIN),
    **dict.fromkeys(("eye_left", "eye_right"), EYE),
    **dict.fromkeys(("teeth_upper", "teeth_lower"), TEETH),
    "tongue": TONGUE,
    "mouth": MOUTH,
}
MAP = 1024  # side in texels of the skin's map
TEXELS_PER_RADIAN = 170.0  # the map reaches 3 radians from the face's axis
CENTRE = np.array([0.0, 0.02, -0.075])  # what directions are measured from, model frame


def skin_map(points: np.ndarray) -> np.ndarray:
    """(..., 3) metres on the mean head -> (..., 2) texels: azimuthal equidistant about the face's axis.

    There is no seam but one point at the back of the head; v grows downwards, so the map looks like the face.
    """
    ray = points - CENTRE
    ray = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
    angle = np.arccos(np.clip(ray[..., 2], -1, 1))
    length = np.maximum(np.hypot(ray[..., 0], ray[..., 1]), 1e-9)
    radius = TEXELS_PER_RADIAN * angle / length
    return np.stack([MAP / 2 + radius * ray[..., 0], MAP / 2 - radius * ray[..., 1]], -1)


@dataclass(frozen=True, eq=False)
class HeadFields:
    """Per-vertex fields of the whole head (N vertices, M triangles).

    mean (N, 3) metres; triangles (M, 3) int32; material (M,) uint8; parts: vertex indices of each part.
    attributes (N, 6) float32, columns as in render.py: u, v, occlusion 0..1 (1 is open), lash, lip, cloth (0 here).
    For skin u, v are the map's texels; for teeth the arch length in metres and the height from the gum (0) to the
    biting edge (1).
    normals (N, 3) of the mean head. landmarks (68,) vertex indices. ears: vertex indices. fit_rows: vertices over
    the face for pose fits. eye_axis (2, 3): where the left and the right eye look by themselves. skirt (S,): the
    vertices that the last S vertices hang below; they lengthen the body past the end of the mesh.
    caster (K, 3): coarse triangles over the same vertices, for shadows.
    crevices (C,): the face's vertices in folds finer than `occlusion` resolves: wings and base of the nose, corners
    of mouth and eyes, ears; depth (C,) float32: -log of the sky that they see there.
    """

    mean: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    parts: dict[str, np.ndarray]
    attributes: np.ndarray
    landmarks: np.ndarray
    ears: np.ndarray
    fit_rows: np.ndarray
    normals: np.ndarray
    eye_axis: np.ndarray
    skirt: np.ndarray
    caster: np.ndarray
    crevices: np.ndarray
    depth: np.ndarray

    @cached_property
    def skin(self) -> np.ndarray:
        """(N,) bool: the face's skin, without lining, teeth, tongue and eyeballs."""
        return self._only("skin")

    @cached_property
    def below(self) -> np.ndarray:
        """(N,) bool: neck and shoulders."""
        return self._only("neck")

    def _only(self, name: str) -> np.ndarray:
        mask = np.zeros(len(self.mean), bool)
        mask[self.parts[name]] = True
        for other in ("mouth", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right"):
            mask[self.parts[other]] = False
        return mask

    @property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertex indices of the subject's left and right eyeball."""
        return self.parts["eye_left"], self.parts["eye_right"]

    @staticmethod
    def of(head: HeadAssets, fitted: np.ndarray) -> HeadFields:
        """Work the fields out (a few seconds); fitted: what becomes fit_rows."""
        mean, triangles = head.mean, head.triangles
        skirt, hanging = _skirt(mean, triangles)
        names = head.part_names
        part = np.concatenate([head.triangle_part, np.full(len(hanging), names.index("neck"), np.uint8)])
        triangles = np.ascontiguousarray(np.concatenate([triangles, hanging]), np.int32)
        mean = lengthen(mean, skirt)
        landmarks = head.anchors68
        parts = {name: np.unique(triangles[part == number]) for number, name in enumerate(names)}
        material = np.array([MATERIALS[name] for name in names], np.uint8)[part]
        attributes = np.zeros((len(mean), ATTRIBUTES), np.float32)
        attributes[:, [U, V]] = skin_map(mean)
        attributes[:, OPEN] = occlusion(mean, triangles)
        skin = np.unique(triangles[material == SKIN])
        lids = head.regions["eyelids"].nonzero()[0]  # a closed lid is not as dark as its open fold
        attributes[lids, OPEN] = np.maximum(attributes[lids, OPEN], 0.6)
        attributes[:, LASH] = _near_lids(mean, landmarks, skin)
        attributes[:, LIP] = _lips(mean, landmarks, skin)
        mouth_depth = mean[landmarks[62], 2] - mean[:, 2]
        for name in ("teeth_upper", "teeth_lower", "tongue", "mouth"):
            rows = parts[name] if name != "mouth" else np.setdiff1d(parts[name], skin)
            depth = mouth_depth[rows] - (0.006 if name.startswith("teeth") else 0.0)
            attributes[rows, OPEN] = np.clip(0.85 * np.exp(-np.maximum(depth, 0) / 0.012), 0.02, 1)
            if name.startswith("teeth"):
                attributes[rows, U : V + 1] = _tooth_coordinates(mean[rows], upper=name == "teeth_upper")
        for name in ("eye_left", "eye_right"):
            attributes[parts[name], OPEN] = np.clip(attributes[parts[name], OPEN] * 1.15, 0.2, 1)
        normals = renderer.vertex_normals(np.ascontiguousarray(mean, np.float32), triangles)
        outer = triangles[np.isin(part, [names.index("scalp"), names.index("neck")])]
        caster = np.ascontiguousarray(np.concatenate([FaceModel.load().lod_triangles, outer]), np.int32)
        ears, axes = np.flatnonzero(head.regions["ears"]), head.eye_axis
        dark = _crevices(mean, triangles[part == names.index("skin")], lids)
        return HeadFields(
            mean,
            triangles,
            material,
            parts,
            attributes,
            landmarks,
            ears,
            fitted,
            normals,
            axes,
            skirt,
            caster,
            *dark,
        )


def lengthen(vertices: np.ndarray, skirt: np.ndarray) -> np.ndarray:
    """(N, 3) vertices with copies of those in `skirt`, 0.35 m lower, appended."""
    return np.concatenate([vertices, vertices[skirt] - np.array([0, 0.35, 0], vertices.dtype)])


def _skirt(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vertices of the body's lower border, and the triangles of a strip that hangs from it."""
    edges = np.concatenate([triangles[:, ends] for ends in ([0, 1], [1, 2], [2, 0])]).astype(np.int64)
    key = edges[:, 0] * len(vertices) + edges[:, 1]
    border = edges[~np.isin(key, edges[:, 1] * len(vertices) + edges[:, 0])]
    border = border[vertices[border, 1].max(1) < vertices[:, 1].min() + 0.16]
    skirt, local = np.unique(border, return_inverse=True)
    low = local.reshape(-1, 2) + len(vertices)
    first = np.stack([border[:, 1], border[:, 0], low[:, 0]], 1)
    second = np.stack([border[:, 1], low[:, 0], low[:, 1]], 1)
    return skirt, np.concatenate([first, second])


def _crevices(mean: np.ndarray, triangles: np.ndarray, lids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """HeadFields' crevices and depth, of the skin's triangles; lids close over their folds, so these stay lighter."""
    ahead = triangles[(mean[triangles, 2] > -0.09).all(1)]
    rows, local = np.unique(ahead, return_inverse=True)
    seen = np.full(len(mean), 1.0)
    seen[rows] = occlusion(mean[rows], local.reshape(-1, 3).astype(np.int32), size=512, slack=0.0012)
    seen[lids] = np.maximum(seen[lids], 0.8)
    crevices = rows[seen[rows] < 0.97]
    return crevices, -np.log(np.maximum(seen[crevices], 0.08)).astype(np.float32)


def fit_rows(head: HeadAssets) -> np.ndarray:
    """Some hundred skin vertices of the front of the face: what a weak-perspective pose is fitted to."""
    skin = np.unique(head.triangles[head.parts["skin"]])
    return skin[head.mean[skin, 2] > FRONT][::48]


def _near_lids(mean: np.ndarray, landmarks: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(N,) 1 on the edge of the upper lids, less on the lower, falling to 0 within 2.6 mm: where the lashes are."""
    weight = np.zeros(len(mean), np.float32)
    for start in (36, 42):
        rim = _closed_spline(mean[landmarks[start : start + 6]], 10)
        gap, nearest = cKDTree(rim).query(mean[skin])
        strength = np.where(nearest < 30, 1.0, 0.45)  # the loop's first half is the upper lid
        weight[skin] = np.maximum(weight[skin], strength * np.clip(1.15 - gap / 0.0023, 0, 1))
    return weight


def _lips(mean: np.ndarray, landmarks: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(N,) 1 on the red of the lips, with a soft edge of 1 mm: inside the outer landmark loop, seen from ahead."""
    outline = _closed_spline(mean[landmarks[48:60]][:, :2], 8)
    inside = _inside(mean[:, :2], outline)
    gap = cKDTree(outline).query(mean[:, :2])[0]
    signed = np.where(inside, gap, -gap)
    weight = np.zeros(len(mean), np.float32)
    ahead = mean[skin, 2] > mean[landmarks[48], 2] - 0.012
    weight[skin] = np.where(ahead, np.clip(0.5 + signed[skin] / 0.0012, 0, 1), 0)
    return weight


def _closed_spline(points: np.ndarray, steps: int) -> np.ndarray:
    """(n * steps, 2) points of the closed Catmull-Rom curve through (n, 2) points."""
    p0, p1, p2, p3 = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    t = (np.arange(steps) / steps)[None, :, None]
    square, cube = 2 * p0 - 5 * p1 + 4 * p2 - p3, 3 * p1 - p0 - 3 * p2 + p3
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + square * t**2 + cube * t**3)
    return curve.reshape(-1, points.shape[1])


def _inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """(P,) whether (P, 2) points are inside a closed polygon (n, 2): crossing number."""
    result = np.zeros(len(points), bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        spans = (points[:, 1] < y1) != (points[:, 1] < y2)
        result ^= spans & (points[:, 0] < (x2 - x1) * (points[:, 1] - y1) / (y2 - y1 + 1e-12) + x1)
    return result


def _tooth_coordinates(points: np.ndarray, upper: bool) -> np.ndarray:
    """(T, 2) arch length from the middle in metres, and height from the gum (0) to the biting edge (1)."""
    forward = points[:, 2] - points[:, 2].min()
    angle = np.arctan2(points[:, 0], forward - 0.45 * forward.max())
    low, high = points[:, 1].min(), points[:, 1].max()
    height = (high - points[:, 1]) / (high - low) if upper else (points[:, 1] - low) / (high - low)
    return np.stack([angle * 0.028, height], 1)
