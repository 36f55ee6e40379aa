"""The model fitted to a scan: how close it can come, and where the scan lies in the model's frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.measures import PARTS
from evaluation.surface import Surface
from face3d.model import EXPRESSION, IDENTITY, FaceModel
from training.alignment import Similarity

_ROUNDS = 12
_AROUND = 0.12  # metres about the tip of the nose that are looked at
_POINTS = 1500  # of the scan
_NEAR = 0.010  # metres from the model at which a vertex of the scan counts
_WEIGHT = 170.0  # 1 / metres: a scan's vertex is 1 mm off, and of a hundred neighbours three say something of their own
_LANDMARK_SIGMA = 0.006  # metres: annotators do not mean quite the points of the model


@dataclass(frozen=True, eq=False)
class Fit:
    """identity (200,), the mesh `shape` (N, 3) of it, and the `alignment` that takes the scan onto it."""

    identity: np.ndarray
    shape: np.ndarray
    alignment: Similarity


def fit(model: FaceModel, points: np.ndarray, landmarks: np.ndarray, area: np.ndarray) -> Fit:
    """Identity and alignment for a scan's vertices (P, 3) with landmarks (68, 3), both in metres.

    area  (N,) bool, the model's vertices that count. Expression stays neutral. Point to plane, least squares with the
    model's own spread as the prior, alternating with the alignment; the landmarks lead, but hardly count at the end.
    """
    inner = PARTS["without the jaw"]
    points = points[np.linalg.norm(points - landmarks[30], axis=1) < _AROUND]
    points = points[:: max(1, len(points) // _POINTS)]
    triangles = model.triangles[area[model.triangles].all(1)]
    used = np.unique(triangles)
    mean, modes = (array.astype(np.float64) for array in model.basis_at(used)[:2])
    mean68, modes68 = (array.astype(np.float64) for array in model.basis_at(model.landmarks68)[:2])
    local = np.full(len(area), -1)
    local[used] = np.arange(len(used))
    triangles = local[triangles]
    identity = np.zeros(IDENTITY)
    alignment = Similarity.between(landmarks[inner], mean68[inner])
    rows68 = modes68[:, inner].reshape(IDENTITY, -1).T / _LANDMARK_SIGMA
    for _ in range(_ROUNDS):
        surface = Surface(mean + np.tensordot(identity, modes, 1), triangles)
        moved = alignment.apply(points)
        goal, owner, weights = surface.closest(moved)
        near = np.linalg.norm(goal - moved, axis=1) < _NEAR
        # height over the plane of the closest triangle, and how the coefficients move that plane
        normal, at = surface.normals[owner[near]], triangles[owner[near]]
        lever = weights[near][..., None] * normal[:, None]  # (P, 3 corners, 3)
        rows = np.einsum("pij,kpij->pk", lever, modes[:, at], optimize=True) * _WEIGHT
        rest = ((moved[near] * normal).sum(1) - np.einsum("pij,pij->p", lever, mean[at])) * _WEIGHT
        rest68 = (alignment.apply(landmarks)[inner] - mean68[inner]).ravel() / _LANDMARK_SIGMA
        left = rows.T @ rows + rows68.T @ rows68 + np.eye(IDENTITY)
        identity = np.linalg.solve(left, rows.T @ rest + rows68.T @ rest68)
        alignment = Similarity.between(points[near], goal[near])
    coefficients = identity.astype(np.float32)
    shape = model.shape(coefficients, np.zeros(EXPRESSION, np.float32)).astype(np.float64)
    return Fit(coefficients, shape, alignment)
