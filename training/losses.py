"""What training minimises, in torch, through the same model and the same pose formula as the core.

For x = (identity, expression) and the pose (R, s, t) that the network's six numbers give the prior:
  geometry     |A (x - x*)|                    metres in the model frame (Endrawis 2018)
  projection   |s R (mu + A x) + t - (...)*|   pixels of the crop / 200, depth included
  spans        L1 of the vectors between lids, between lips, between brows and eyes, of the coefficients and of the
               located points, pixels of the crop / 200: to the others a lid that is off as a whole is as bad as a
               half closed one
  pose         mean squared error of the six numbers
  identity, expression   squared errors of the coefficients, each weighted by how far it moves the face; squared,
               as most expression coefficients are zero and an L1 term would teach the median: a closed mouth
  points       L1 of the located points, half crops;   heat   cross entropy of their heat maps with a narrow Gaussian,
               which gives every map a clear gradient from the first step, and a width that says how sure it is
  confidence   cross entropy
  dense        L1 of the auxiliary PNCC where the true face is, and cross entropy of its mask
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from face3d.camera import IMAGE_SIZE
from face3d.model import FaceModel
from training.config import LossConfig
from training.heat_maps import MAP, POINTS, STEP, cell_positions
from training.network import Output, split
from training.points import choose_points

POSE_SPREAD = (0.25, 0.25, 0.25, 0.1, 0.05, 0.05)
"""Typical size of the six pose numbers: rotation vector, log scale, translation; brings them to one scale."""
# fmt: off
SPANS = np.array([
    (37, 41), (38, 40), (43, 47), (44, 46), (61, 67), (62, 66), (63, 65), (48, 54),
    (19, 37), (21, 39), (22, 42), (24, 44),
])
# fmt: on
"""(12, 2) landmarks whose distances are the face's expression: rims of both eyes and of the mouth, the mouth's corners,
brows and eyes; they are the first points."""
HEAT_SPREAD = 0.6 * STEP / (0.5 * IMAGE_SIZE)
"""Standard deviation of the heat map of a point whose place is certain, in half crops."""


def rotation_matrix(vector: Tensor) -> Tensor:
    """(B, 3) rotation vectors in radians to (B, 3, 3), Rodrigues' formula, differentiable at zero."""
    square = vector.square().sum(1)[:, None, None]
    angle = (square + 1e-12).sqrt()
    x, y, z = vector.unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).view(-1, 3, 3)
    unit = torch.eye(3, device=vector.device, dtype=vector.dtype)
    return unit + cross * (angle.sin() / angle) + cross @ cross * ((1 - angle.cos()) / angle.square())


class FaceLoss(nn.Module):
    """Loss of a batch; constants are taken from the face model once.

    vertices: how many points of the level-of-detail mesh carry the loss, spread evenly; the located points and the
    rims of eyes and lips always do, with more weight, as they are what a user sees first.
    """

    def __init__(self, model: FaceModel, config: LossConfig, vertices: int = 500, seed: int = 0):
        super().__init__()
        self.config = config
        mean, identity, expression, weight = sample_basis(model, config, vertices, seed)
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("basis", torch.tensor(np.concatenate([identity, expression]).reshape(284, -1)))
        self.register_buffer("weight", torch.tensor(weight / weight.sum()))
        spread = np.sqrt((identity**2).sum(2).mean(1))  # metres that one sigma moves the face
        self.register_buffer("identity_weight", torch.tensor(spread / spread.sum()))
        reach = np.sqrt((expression**2).sum(2).max(1))  # metres at the point that a unit moves most
        # the square root: a lid moves a quarter as far as a jaw, and matters as much
        self.register_buffer("expression_weight", torch.tensor(reach**0.5 / (reach**0.5).sum()))
        self.register_buffer("pose_spread", torch.tensor(POSE_SPREAD))
        self.register_buffer("cells", cell_positions())

    def forward(
        self,
        output: Output,
        target: Tensor,
        prior_pose: Tensor,
        prior: Tensor,
        dense: Tensor,
        face: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Total loss and its unweighted terms.

        output      of FaceNetwork;  target (B, 290);  face (B,) bool
        prior_pose  (B, 12): rotation row by row, scale, translation of the prior in crop pixels
        prior       (B, 284): the prior's coefficients, the triplet term's negative
        dense       (B, 4, 28, 28) uint8: PNCC and mask (0 or 255) of the truth in the crop
        """
        config = self.config
        terms = {"confidence": functional.binary_cross_entropy_with_logits(output.confidence, face.float())}
        terms["dense"] = _dense(output.dense[face], dense[face].float() / 255)

        shape_total, shape_terms, truth = self.shape_terms(
            output.coefficients[face], target[face], prior_pose[face], prior[face]
        )
        # the maps are too large to be picked by face: those without one are written off by their weight
        places = truth.new_zeros(len(face), POINTS, 2)
        places[face] = (truth[:, :POINTS, :2] - 0.5 * (IMAGE_SIZE - 1)) / (0.5 * IMAGE_SIZE)
        terms["points"], terms["heat"], terms["spans"] = self._locate(output, places, face)
        total = shape_total + sum(getattr(config, name) * value for name, value in terms.items())
        terms["spans"] = terms["spans"] + shape_terms.pop("spans")
        return total, {name: value.detach() for name, value in (terms | shape_terms).items()}

    def shape_terms(
        self, coefficients: Tensor, target: Tensor, prior_pose: Tensor, prior: Tensor
    ) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """Weighted sum and unweighted terms of the coefficients alone, and the true raster vertices (B, V, 3)."""
        config, terms = self.config, {}
        difference = coefficients - target
        identity, expression, pose = split(difference)
        terms["identity"] = (identity.square() @ self.identity_weight).mean()
        terms["expression"] = (expression.square() @ self.expression_weight).mean()
        terms["pose"] = (pose / self.pose_spread).square().mean()

        moved = (difference[:, :284] @ self.basis).view(len(target), -1, 3)
        terms["geometry"] = self._average(_norm(moved, config.geometry_norm))
        shape = (target[:, :284] @ self.basis).view(len(target), -1, 3) + self.mean
        truth = self._project(shape, target[:, 284:], prior_pose)
        guess = self._project(shape + moved, coefficients[:, 284:], prior_pose)
        terms["projection"] = self._average((guess - truth).abs().sum(2)) / IMAGE_SIZE
        terms["spans"] = _apart(guess - truth).abs().sum(2).mean() / IMAGE_SIZE
        if config.triplet:
            negative = _norm(((prior - target[:, :284]) @ self.basis).view(len(target), -1, 3), "l1")
            margin = 0.5 * self._average_each(negative)
            terms["triplet"] = torch.relu(self._average_each(_norm(moved, "l1")) - margin).mean() * 1e2

        total = sum(getattr(config, name) * value for name, value in terms.items())
        return total, {name: value.detach() for name, value in terms.items()}, truth

    def _project(self, shape: Tensor, pose: Tensor, prior_pose: Tensor) -> Tensor:
        """Raster vertices (B, V, 3) in crop pixels; the same formula as codec.decode and Pose.project."""
        rotation = rotation_matrix(pose[:, :3]) @ prior_pose[:, :9].view(-1, 3, 3)
        scale = prior_pose[:, 9] * pose[:, 3].clamp(-2, 2).exp()
        raster = scale[:, None, None] * (shape @ rotation.transpose(1, 2))
        centre = prior_pose[:, 10:12] + IMAGE_SIZE * pose[:, 4:6]
        return raster + functional.pad(centre, (0, 1))[:, None]

    def _locate(self, output: Output, places: Tensor, face: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """L1 and cross entropy of the located points, and their spans; what lies outside of the maps does not
        count."""
        low, high = self.cells[0, 0], self.cells[-1, 0]
        inside = ((places > low) & (places < high)).all(2) & face[:, None]
        weight = inside.float() / inside.sum().clamp(min=1)
        line = self.cells[:MAP, 0]
        away = (((places[:, :, k, None] - line) / HEAT_SPREAD).square() for k in (0, 1))
        x, y = (torch.softmax(-0.5 * square, 2) for square in away)
        # cross entropy with the outer product of y and x, which is never written down
        rows = (output.heat.view(-1, MAP, MAP) @ x.view(-1, MAP, 1)).view_as(y)
        entropy = output.partition - (rows * y).sum(2)
        off = output.points[:, :, :2] - places
        both = inside[:, SPANS].all(2)
        spans = 0.5 * (_apart(off).abs().sum(2) * both).sum() / both.sum().clamp(min=1)
        return (off.abs().sum(2) * weight).sum(), (entropy * weight).sum(), spans

    def _average_each(self, values: Tensor) -> Tensor:
        return values @ self.weight

    def _average(self, values: Tensor) -> Tensor:
        return self._average_each(values).mean()


def sample_basis(model: FaceModel, config: LossConfig, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Points that carry the loss: those that the network locates, eyes and lips in full, and others at random.

    Returns mean (V, 3), identity (200, V, 3), expression (84, V, 3), all float32 metres, and weights (V,).
    """
    rng = np.random.default_rng(seed)
    dense = {
        name: np.flatnonzero(model.regions[name][: model.control_count])
        for name in ("lips", "eyelids", "brows")
    }
    chosen = [choose_points(model)]
    weights = [np.where(np.arange(POINTS) < 68, 2.0, 1.0)]
    for points, share, weight in (
        (dense["lips"], 90, config.lips),
        (dense["eyelids"], 80, config.eyelids),
        (dense["brows"], 40, config.brows),
    ):
        points = rng.choice(points, min(share, len(points)), replace=False)
        chosen.append(points)
        weights.append(np.full(len(points), weight))
    skin = np.unique(model.lod_triangles)
    chosen.append(rng.choice(skin, min(count, len(skin)), replace=False))
    weights.append(np.ones(len(chosen[-1])))
    index = np.concatenate(chosen)
    mean, identity, expression = model.basis_at(index)
    return mean, identity, expression, np.concatenate(weights).astype(np.float32)


def _apart(points: Tensor) -> Tensor:
    """(B, V, D) to (B, 12, D): from the second to the first of SPANS."""
    return points[:, SPANS[:, 0]] - points[:, SPANS[:, 1]]


def _dense(guess: Tensor, truth: Tensor) -> Tensor:
    code, mask = truth[:, :3], truth[:, 3:]
    inside = ((guess[:, :3] - code).abs() * mask).sum() / mask.sum().clamp(min=1)
    return inside + 0.5 * functional.binary_cross_entropy_with_logits(guess[:, 3:], mask)


def _norm(vectors: Tensor, kind: str) -> Tensor:
    """(B, V, 3) to (B, V): L1 as in the report, or its alternative, the squared L2 norm in centimetres."""
    if kind == "l1":
        return vectors.abs().sum(2)
    if kind == "l2":
        return vectors.square().sum(2) * 100
    raise ValueError(f'geometry_norm must be "l1" or "l2", got {kind!r}')
