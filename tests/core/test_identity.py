"""Whose face it is, over a track: steadier than the network's single looks, and led by the frontal ones."""

import math

import numpy as np

from face3d.codec import Geometry
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker
from tests.core.faces import face_at
from tests.core.frames import CAMERA, FRAME, IMAGE, box, play
from tests.core.oracle import Oracle


def test_identity_rests_while_the_mouth_moves(model, monkeypatch) -> None:
    """A network whose identity wavers with the open jaw and from frame to frame; the identity of the track does not."""
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    jaw = model.expression_names.index("arkit/jawOpen")
    leak, rng = np.random.default_rng(1).normal(size=200), np.random.default_rng(2)

    def spoil(outputs, confidence) -> None:
        outputs[:, :200] += 0.5 * outputs[:, 200 + jaw] * leak + 0.2 * rng.normal(size=200)

    oracle.spoil = spoil
    tracker, state, history = Tracker(model, oracle), TrackerState(), []
    for index in range(300):
        opening = 0.4 + 0.4 * math.sin(2 * math.pi * 2.0 * index / 30)
        expression = np.zeros(84)
        expression[jaw] = opening
        oracle.truths = [Geometry(truth.identity, expression, truth.pose)]
        boxes = [box(truth)] if index == 0 else None
        (face,), state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
        history.append(
            (face.geometry.identity, face.geometry.expression[jaw], face.identity_deviation, opening)
        )
    identity, shown, deviation, opened = (np.array(column) for column in zip(*history[90:]))
    wander = np.sqrt(((identity - identity.mean(0)) ** 2).mean())
    raw = np.sqrt(0.5**2 * opened.std() ** 2 + 0.2**2)
    assert wander < 0.1 * raw
    assert shown.std() > 0.9 * opened.std() and np.corrcoef(shown, opened)[0, 1] > 0.98
    falling = np.array([row[2] for row in history])
    assert falling[0] == 1.0 and (np.diff(falling[:60]) < 0).all() and deviation.max() < 0.05


def test_a_frontal_look_counts_more_for_identity_than_a_profile(model, monkeypatch) -> None:
    who, another = np.zeros(200), np.ones(200)
    weights = {}
    for name, yaw in (("front", 0.0), ("side", math.radians(70))):
        oracle = Oracle(monkeypatch, [Geometry(who, np.zeros(84), face_at(320, 240).pose)])
        tracker = Tracker(model, oracle, TrackerSettings(max_turn=math.pi))
        _, state = play(tracker, 10, TrackerState(), [box(oracle.truths[0])])
        oracle.truths = [Geometry(another, np.zeros(84), face_at(320, 240, yaw=yaw).pose)]
        history, _ = play(tracker, 5, state, start=10)
        weights[name] = history[-1][0].geometry.identity.mean()
        monkeypatch.undo()
    assert 0.2 < weights["front"] < 0.5 and weights["side"] < 0.3 * weights["front"]
