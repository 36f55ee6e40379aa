"""Priors for training: the geometry that the network sees rendered beside the image.

At run time a prior is one of three things: the mean face where a detector put it, the face of the frame before, or
the pass before on the same image. Training draws all of them, so that the network starts from anything, follows
motion, and stays where it is once it is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from face3d import rotation as so3
from face3d.camera import Pose
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.crop import BOX_METRES, CROP_METRES, pose_from_box


@dataclass(frozen=True)
class PriorConfig:
    """How often which prior is drawn, and how far it lies from the truth.

    start, mixed, near, own: relative frequencies of: the mean face on a detector's box; the report's
    a = p a_gt + (1-p) a_q with p uniform in `mix`; the same with p in [0.9, 1]; the network's own last estimate.
    lost: share of samples whose prior has lost the face: only the confidence learns from them.
    fade: share of the priors near the truth and of the own ones whose identity and expression are each drawn weaker,
    by a factor uniform in [0, 1]: what the prior shows must not replace looking at the face.
    Noise is one standard deviation: shift in fractions of the crop's side, zoom in log scale, turn in radians.
    """

    start: float = 0.35
    mixed: float = 0.30
    near: float = 0.15
    own: float = 0.20
    lost: float = 0.05
    fade: float = 0.0
    mix: tuple[float, float] = (0.0, 1.0)
    start_shift: float = 0.05
    start_zoom: float = 0.10
    shift: float = 0.06
    zoom: float = 0.12
    turn: float = 0.45


def start_prior(
    truth: Geometry, config: PriorConfig, rng: np.random.Generator, noise: float = 1.0
) -> Geometry:
    """The mean face, frontal, on a box as a shaky detector would give it for `truth`."""
    side = BOX_METRES * truth.pose.scale * math.exp(noise * config.start_zoom * rng.normal())
    middle = pose_from_box((0.5, 0.5, side, side)).translation
    shift = noise * config.start_shift * CROP_METRES * truth.pose.scale * rng.normal(size=2)
    corner = truth.pose.translation + shift - middle + 0.5
    return Geometry.mean(pose_from_box((*corner, side, side)))


def mixed_prior(
    truth: Geometry, mix: tuple[float, float], config: PriorConfig, rng: np.random.Generator
) -> Geometry:
    """a = p a_gt + (1-p) a_q: between the truth (p = 1) and a random face in a random pose near it (p = 0)."""
    away = 1.0 - rng.uniform(*mix)
    identity = (1 - away) * truth.identity + away * rng.normal(size=IDENTITY) * rng.uniform(0.0, 1.2)
    other = np.where(rng.random(EXPRESSION) < 0.1, rng.random(EXPRESSION), 0.0)
    expression = (1 - away) * truth.expression + away * other
    rotation = (
        so3.exp(away * config.turn * np.array([0.7, 1.2, 0.5]) * rng.normal(size=3)) @ truth.pose.rotation
    )
    scale = truth.pose.scale * math.exp(away * config.zoom * rng.normal())
    shift = away * config.shift * CROP_METRES * truth.pose.scale * rng.normal(size=2)
    return Geometry(identity, expression, Pose(rotation, scale, truth.pose.translation + shift))


def faded_prior(prior: Geometry, rng: np.random.Generator) -> Geometry:
    """The same pose with an identity and an expression nearer to the mean face's, each by its own factor."""
    identity, expression = rng.random(2).astype(np.float32)
    return Geometry(identity * prior.identity, expression * prior.expression, prior.pose)


def lost_prior(truth: Geometry, config: PriorConfig, rng: np.random.Generator) -> Geometry:
    """A prior whose crop is half a crop or more beside the face, or more than twice too large or too small."""
    prior = mixed_prior(truth, (0.0, 1.0), config, rng)
    pose, side = prior.pose, CROP_METRES * truth.pose.scale
    if rng.random() < 0.3:
        zoom = rng.uniform(2.2, 3.5) ** rng.choice((-1, 1))
        return Geometry(
            prior.identity, prior.expression, Pose(pose.rotation, pose.scale * zoom, pose.translation)
        )
    angle, far = rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1.1) * side
    shift = far * np.array([math.cos(angle), math.sin(angle)])
    moved = Pose(pose.rotation, pose.scale, truth.pose.translation + shift)
    return Geometry(prior.identity, prior.expression, moved)


def draw_prior(
    truth: Geometry,
    own: Geometry | None,
    config: PriorConfig,
    rng: np.random.Generator,
    difficulty: float = 1.0,
) -> Geometry:
    """One training prior. `own` is the network's last estimate on this image, when there is one.

    Below difficulty 1 the mean face on a calm box is drawn more often: the curriculum that starts the training.
    """
    weights = np.array(
        [config.start, config.mixed, config.near, config.own if own is not None else 0.0], float
    )
    calm = rng.random() >= difficulty or not weights.any()
    kind = 0 if calm else rng.choice(4, p=weights / weights.sum())
    if kind == 0:
        return start_prior(truth, config, rng, noise=max(difficulty, 0.3))
    if kind == 1:
        return mixed_prior(truth, config.mix, config, rng)
    prior = mixed_prior(truth, (0.9, 1.0), config, rng) if kind == 2 or own is None else own
    return faded_prior(prior, rng) if rng.random() < config.fade else prior
