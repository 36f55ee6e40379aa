"""The vertices that the network locates in the image: the 68 anchors first, then lids, lips and the whole face."""

from __future__ import annotations

import numpy as np
import torch

from face3d.codec import EXPRESSION, IDENTITY
from face3d.model import FaceModel
from training.heat_maps import POINTS

SHARES = (("eyelids", 16), ("lips", 12))
"""How many more points of a region are taken, beside its anchors."""
REST = ("forehead", "cheeks", "nose", "jaw", "ears")


def choose_points(model: FaceModel) -> np.ndarray:
    """(POINTS,) indices into the model's control vertices, the 68 anchors in their order first.

    After them, points are added one by one where the chosen ones are farthest (Gonzalez 1985), within the regions of
    `SHARES`, then over the rest of the face.
    """
    mean = model.shape(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32), lod=True)
    regions = {name: np.flatnonzero(mask[: len(mean)]) for name, mask in model.regions.items()}
    chosen = [int(index) for index in model.anchors68]
    for region, count in SHARES:
        chosen += spread_points(mean, regions[region], chosen, count)
    rest = np.unique(np.concatenate([regions[name] for name in REST]))
    return np.array(chosen + spread_points(mean, rest, chosen, POINTS - len(chosen)))


def point_codes(model: FaceModel) -> torch.Tensor:
    """(POINTS, 3) PNCC codes 0..1 of the points: how the network finds them in the prior's render."""
    return torch.from_numpy(model.codes[choose_points(model)] / np.float32(255))


def spread_points(points: np.ndarray, candidates: np.ndarray, chosen: list[int], count: int) -> list[int]:
    """`count` of the candidates (indices into points (V, 3)), each the farthest from all that were chosen before."""
    apart = np.linalg.norm(points[candidates, None] - points[chosen][None], axis=2).min(1)
    added = []
    for _ in range(count):
        best = int(apart.argmax())
        added.append(int(candidates[best]))
        apart = np.minimum(apart, np.linalg.norm(points[candidates] - points[candidates[best]], axis=1))
    return added
