"""A talking face: identity that rests is told from identity that goes with the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from evaluation import videos
from evaluation.development import CLIPS
from evaluation.videos import Run
from face3d.camera import FRONTAL, Pose
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.face_filter import FaceFilter
from face3d.model import FaceModel

FRAMES = 120


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()


@dataclass(frozen=True)
class _Face:
    geometry: Geometry


def talking(model: FaceModel, leak: float, smoothing: str) -> Run:
    """A talking face, filtered as in the tracker; its identity is wrong by `leak` spreads along with the mouth."""
    rng = np.random.default_rng(1)
    who, wrong = rng.standard_normal((2, IDENTITY))
    wrong[30:] = 0.0  # what moves lips and chin most
    jaw = [name.rsplit("/", 1)[-1] for name in model.expression_names].index("jawOpen")
    rule, memory, run = FaceFilter.named(smoothing), None, Run(CLIPS[0])
    for index in range(FRAMES):
        mouth = 0.5 + 0.5 * np.sin(0.6 * index)
        expression = np.zeros(EXPRESSION, np.float32)
        expression[jaw] = 0.6 * mouth
        identity = (who + leak * (mouth - 0.5) * wrong).astype(np.float32)
        geometry = Geometry(identity, expression, Pose(FRONTAL, 800.0, np.zeros(2)))
        memory = rule.start(geometry) if memory is None else rule.follow(memory, geometry, 1 / 25)
        run.faces.append(_Face(memory.geometry))
    return run


def test_identity_that_is_held_rests_while_the_mouth_moves(model):
    still = videos.stillness(talking(model, leak=0.5, smoothing="one_euro"), model)
    assert still["mouth"].value > 2.0
    assert still["identity"].value < 0.1 * still["mouth"].value


def test_identity_that_is_not_held_is_seen_to_move(model):
    held = videos.stillness(talking(model, leak=0.5, smoothing="one_euro"), model)
    loose = videos.stillness(talking(model, leak=0.5, smoothing="none"), model)
    assert loose["identity"].value > 4 * held["identity"].value
    assert loose["mouth"].value == pytest.approx(held["mouth"].value, rel=0.2)


def test_nothing_is_said_of_a_face_that_was_lost(model):
    run = Run(CLIPS[0], [None] * FRAMES)
    assert videos.stillness(run, model) is None


def test_the_standard_error_of_identity_falls_with_every_frame(model):
    rule, rng = FaceFilter.named("one_euro"), np.random.default_rng(2)
    deviations, memory = [], None
    for _ in range(40):
        identity = (0.5 * rng.standard_normal(IDENTITY)).astype(np.float32)
        geometry = Geometry(identity, np.zeros(EXPRESSION, np.float32), Pose(FRONTAL, 800.0, np.zeros(2)))
        memory = rule.start(geometry) if memory is None else rule.follow(memory, geometry, 1 / 30)
        deviations.append(memory.identity.deviation)
    assert (np.diff(deviations) < 0).all()
    truth = np.zeros(IDENTITY)
    is_off = np.sqrt(((memory.identity.value - truth) ** 2).mean())
    assert deviations[-1] == pytest.approx(is_off, rel=0.35)
