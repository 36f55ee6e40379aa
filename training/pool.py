"""Samples kept for reuse, each with the network's last estimate of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from face3d import codec
from face3d.camera import Pose
from face3d.codec import Geometry
from face3d.crop import crop_of
from face3d.model import FaceModel
from training.config import TrainConfig
from training.drafts import draft
from training.faces import FaceGenerator, Sample
from training.mirror import Mirror
from training.priors import draw_prior, lost_prior
from training.variation import vary


@dataclass
class Kept:
    """A sample, the true face's control vertices (C, 3) float16 in metres, and the network's last estimate of it."""

    sample: Sample
    vertices: np.ndarray
    own: Geometry | None = None


class Pool:
    """The samples that a worker draws from."""

    def __init__(
        self, generator: FaceGenerator, model: FaceModel, config: TrainConfig, rng: np.random.Generator
    ):
        self.generator, self.model, self.config, self.rng = generator, model, config, rng
        self.mirror = Mirror(model)
        self.kept: list[Kept] = []
        self.rendered = 0

    def render(self, difficulty: float) -> None:
        """Render one face; it replaces the oldest when the pool is full."""
        data = self.config.data
        sample = self.generator.draw(difficulty * self.rng.uniform(data.easiest, 1.0))
        vertices = self.model.shape(sample.identity, sample.expression, lod=True).astype(np.float16)
        if len(self.kept) < data.pool:
            self.kept.append(Kept(sample, vertices))
        else:
            self.kept[self.rendered % data.pool] = Kept(sample, vertices)
        self.rendered += 1

    def fill(self, batch: dict[str, np.ndarray], difficulty: float) -> list:
        """Fill a batch with random samples; returns what `remember` needs to place the outputs."""
        drawn = []
        for row, index in enumerate(self.rng.integers(len(self.kept), size=len(batch["face"]))):
            kept = self.kept[index]
            sample, vertices, own = kept.sample, kept.vertices, kept.own
            mirrored = self.rng.random() < 0.5
            if mirrored:
                sample, vertices = self.mirror.sample(sample), self.mirror.vertices(vertices)
                own = self.mirror.geometry(own, sample.image.shape[1]) if own is not None else None
            truth = Geometry(sample.identity, sample.expression, sample.pose)
            lost = self.rng.random() < self.config.prior.lost * difficulty
            if lost:
                prior = lost_prior(truth, self.config.prior, self.rng)
                sample = replace(sample, face=False)
            else:
                prior = draw_prior(truth, own, self.config.prior, self.rng, difficulty)
            made = draft(sample, vertices, prior, self.model)
            vary(made.image, self.rng, self.config.variation, difficulty)
            for name in ("image", "target", "prior_pose", "prior", "dense", "face"):
                batch[name][row] = getattr(made, name)
            drawn.append((kept, mirrored, None if lost else prior))
        return drawn

    def remember(self, drawn: list, outputs: np.ndarray) -> None:
        """Keep the network's estimates as priors, unless they have run so far away that no tracker would go on."""
        for (kept, mirrored, prior), output in zip(drawn, outputs):
            if prior is not None and kept.sample.face:
                guess = codec.decode(output, prior, crop_of(prior.pose))
                if mirrored:
                    guess = self.mirror.geometry(guess, kept.sample.image.shape[1])
                kept.own = guess if _near(guess, kept.sample.pose) else None


def _near(guess: Geometry, truth: Pose) -> bool:
    if not guess.is_finite():
        return False
    off = float(np.linalg.norm(guess.pose.translation - truth.translation)) / truth.scale
    return off < 0.08 and 0.6 < guess.pose.scale / truth.scale < 1.6
