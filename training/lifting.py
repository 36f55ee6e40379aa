"""Teaches the network's perceptron to lift points to coefficients, before it sees any image.

Faces, expressions, poses and priors are drawn as for the images, but only their points are projected: thousands of
samples a second, where an image costs milliseconds. What shape and pose follow from 2D points is known when the first
image comes; the images then teach to locate the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import trange

from face3d import rotation as so3
from face3d.camera import FRONTAL
from face3d.codec import EXPRESSION, IDENTITY, SHOWN_IDENTITY
from face3d.crop import CROP_METRES
from face3d.model import FaceModel
from training.faces import FaceConfig
from training.faces.expressions import ExpressionSampler
from training.faces.population import MEASURES, Population
from training.faces.poses import draw_angles, rotation
from training.heat_maps import POINTS
from training.losses import HEAT_SPREAD, FaceLoss, rotation_matrix
from training.network import Lift, split
from training.priors import PriorConfig

NOISE = (0.004, 0.06)
"""Half crops (100 pixels of the crop) that located points are off, one standard deviation, drawn per face."""
UNEVEN = 0.5
"""Log standard deviation of that noise from point to point."""


@dataclass
class LiftBatch:
    """points (B, POINTS, 3), prior_points (B, POINTS, 2) in half crops; what the network should answer: target
    (B, 290)."""

    points: Tensor
    prior_points: Tensor
    target: Tensor


class LiftSource:
    """Draws batches of points, from torch's own generator.

    bank: how many expressions and rotations are drawn first, by `seed`, and then combined freely.
    """

    def __init__(
        self, model: FaceModel, loss: FaceLoss, priors: PriorConfig, bank: int = 20_000, seed: int = 0
    ):
        rng = np.random.default_rng(seed)
        self.faces, self.priors, self.people = FaceConfig(), priors, Population.of(model)
        sampler = ExpressionSampler(model.expression_names, self.faces)
        self.expressions = torch.tensor(np.stack([sampler.draw(rng, 1.0).coefficients for _ in range(bank)]))
        turned = [rotation(*draw_angles(rng, self.faces, 1.0)) for _ in range(bank)]
        self.rotations = torch.tensor(np.stack(turned), dtype=torch.float32)
        self.turns = torch.tensor(np.stack([so3.log(r @ FRONTAL.T) for r in turned]), dtype=torch.float32)
        self.mean = loss.mean[:POINTS]
        self.basis = loss.basis.view(IDENTITY + EXPRESSION, -1, 3)[:, :POINTS].flatten(1)

    def draw(self, count: int) -> LiftBatch:
        """`count` faces with their priors."""
        which = torch.randint(len(self.expressions), (2, count))
        low, high = self.faces.identity_spread
        identity = torch.randn(count, IDENTITY) * torch.empty(count, 1).uniform_(low, high)
        sizes = torch.randn(count, len(MEASURES))
        identity = torch.from_numpy(self.people.move(identity.numpy(), sizes.numpy())).float()
        truth = torch.cat([identity, self.expressions[which[0]]], 1)
        turned = self.rotations[which[1]]
        p = self.priors
        kind = torch.rand(count, 1) * (p.start + p.mixed + p.near + p.own)
        start = (kind < p.start).float()
        # the network's own last estimate (its share `own`) is somewhere between the truth and a random face, too
        away = torch.rand(count, 1) * torch.where((kind > p.start) & (kind < p.start + p.near), 0.1, 1.0)
        other = torch.cat([torch.randn(count, IDENTITY), self.expressions[which[0].flip(0)]], 1)
        prior = (1 - start) * ((1 - away) * truth + away * other)
        twist = away * p.turn * torch.tensor([0.7, 1.2, 0.5]) * torch.randn(count, 3)
        near = rotation_matrix(twist) @ turned
        first = torch.tensor(FRONTAL, dtype=torch.float32).expand(count, 3, 3)
        prior_rotation = torch.where(start[:, :, None] > 0, first, near)
        turn = torch.where(start > 0, self.turns[which[1]], -twist)
        shift = torch.randn(count, 2) * (start * p.start_shift + (1 - start) * away * p.shift)
        zoom = torch.randn(count, 1) * (start * p.start_zoom + (1 - start) * away * p.zoom)
        target = torch.cat([truth, turn, zoom, shift], 1)
        points = self._project(truth, turned, zoom.exp(), shift)
        points = self._blur(points)
        shown = torch.cat([SHOWN_IDENTITY * prior[:, :IDENTITY], prior[:, IDENTITY:]], 1)
        seen = self._project(shown, prior_rotation, torch.ones(count, 1), torch.zeros(count, 2))
        return LiftBatch(points, seen + 0.01 * torch.randn_like(seen), target)

    def _blur(self, points: Tensor) -> Tensor:
        """(B, POINTS, 3): points off by as much as their heat maps' spread says."""
        low, high = np.log(NOISE)
        size = torch.empty(len(points), 1, 1).uniform_(low, high) + UNEVEN * torch.randn(*points.shape[:2], 1)
        noise = size.exp()
        spread = (noise.square() + HEAT_SPREAD**2).sqrt() * torch.exp(0.05 * torch.randn_like(noise))
        return torch.cat([points + noise * torch.randn_like(points), spread], 2)

    def _project(self, coefficients: Tensor, turned: Tensor, zoom: Tensor, shift: Tensor) -> Tensor:
        """(B, POINTS, 2) in half crops, of faces `zoom` times as large as the crop is made for."""
        shape = (coefficients @ self.basis).view(len(coefficients), -1, 3) + self.mean
        return 2 / CROP_METRES * zoom[:, None] * (shape @ turned[:, :2].transpose(1, 2)) + 2 * shift[:, None]


class LiftLoss:
    """Squared errors of shape and pose in coefficients: the shape's through the Gram matrix of the basis, weighted as
    in FaceLoss, which costs a hundredth of the vertices themselves."""

    def __init__(self, loss: FaceLoss):
        weighted = loss.basis.view(IDENTITY + EXPRESSION, -1, 3) * loss.weight[:, None].sqrt()
        weighted = weighted.flatten(1)
        self.gram = 1e6 * weighted @ weighted.T  # square millimetres
        self.identity, self.expression = loss.identity_weight, loss.expression_weight
        self.pose_spread, self.config = loss.pose_spread, loss.config

    def __call__(self, guess: Tensor, target: Tensor) -> dict[str, Tensor]:
        difference = guess - target
        shape = difference[:, : IDENTITY + EXPRESSION]
        identity, expression, pose = split(difference)
        return {
            "shape": self.config.lift_shape * ((shape @ self.gram) * shape).sum(1).mean(),
            "identity": (identity.square() @ self.identity).mean(),
            "expression": self.config.lift_expression * (expression.square() @ self.expression).mean(),
            "pose": self.config.lift_pose * (pose / self.pose_spread).square().mean(),
        }


def teach(
    lift: Lift, source: LiftSource, loss: LiftLoss, steps: int, batch: int = 256, rate: float = 1e-3
) -> dict:
    """Train `lift` on points alone; returns the last terms of the loss, averaged over some 100 steps."""
    optimizer = torch.optim.AdamW(lift.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.05)
    running: dict[str, float] = {}
    bar = trange(steps, desc="points to coefficients", unit="batch", mininterval=2)
    for _ in bar:
        drawn = source.draw(batch)
        guess = lift(drawn.points, drawn.prior_points)
        terms = loss(guess, drawn.target)
        optimizer.zero_grad(set_to_none=True)
        sum(terms.values()).backward()
        torch.nn.utils.clip_grad_norm_(lift.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        now = {name: value.item() for name, value in terms.items()}
        running = {name: 0.99 * running.get(name, value) + 0.01 * value for name, value in now.items()}
        shown = " ".join(f"{name[:5]} {value:.4f}" for name, value in running.items())
        bar.set_postfix_str(shown, refresh=False)
    return running
