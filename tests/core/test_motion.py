"""The tracker and moving heads: followed, looked for ahead, tilted all the way round, steadied where they rest."""

import math

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.quarter import turned_geometry
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker
from tests.core.faces import assert_close, face_at
from tests.core.frames import CAMERA, FRAME, IMAGE, RAW, box, play
from tests.core.oracle import Oracle


def test_moving_face_is_followed_without_detections(model, monkeypatch) -> None:
    oracle = Oracle(monkeypatch, [face_at(200, 240)])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    for index in range(1, 60):
        truth = face_at(200 + 4 * index, 240 + 20 * math.sin(index / 5), 700 + 3 * index, 0.02 * index - 0.5)
        oracle.truths = [truth]
        (face,), state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        assert_close(face.geometry, truth)
    assert face.id == 1


def test_looking_ahead_keeps_a_fast_face(model, monkeypatch) -> None:
    """A network that corrects two thirds of what it is off, and sees no farther than a third of its crop."""
    oracle = Oracle(monkeypatch, [face_at(60, 240)], skill=0.67)
    oracle.reach = 0.33
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    for index in range(1, 20):
        oracle.truths = [face_at(60 + 28 * index, 240)]  # 1.2 m/s
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        assert [face.id for face in faces] == [1], index
    lag = 60 + 28 * 19 - faces[0].geometry.pose.translation[0]
    assert 0 <= lag < 28, "less than a frame, the network's own included"


def test_a_network_that_is_content_does_not_keep_a_face_flying(model, monkeypatch) -> None:
    """The next frame is looked for ahead. Where the network says yes to everything, the face must come to rest."""
    oracle = Oracle(monkeypatch, [face_at(150, 240)])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    for index in range(1, 20):
        oracle.truths = [face_at(150 + 10 * index, 240)]
        _, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
    oracle.skill = 0.0
    history, _ = play(tracker, 60, state, start=20)
    flight = history[-1][0].geometry.pose.translation[0] - (150 + 10 * 19)
    assert 0 <= flight < 3 * 10, "three frames' worth"
    assert history[-1][0].geometry.pose.translation[0] == pytest.approx(
        history[-20][0].geometry.pose.translation[0], abs=0.1
    )


def test_a_head_may_tilt_all_the_way_round(model, monkeypatch) -> None:
    """The network is shown it upright, in an image that is turned by quarters."""
    truth = face_at(400, 250)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(truth)])
    for index in range(1, 40):
        roll = so3.exp(np.array([0.0, 0.0, math.radians(10 * index)]))
        wanted = Geometry(truth.identity, truth.expression, Pose(roll @ FRONTAL, 700, (400, 250)))
        oracle.truths = [turned_geometry(wanted, quarters, *IMAGE.shape[1::-1]) for quarters in range(4)]
        (face,), state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        assert so3.angle(face.geometry.pose.rotation, wanted.pose.rotation) < 0.02


def test_smoothing_steadies_a_still_face_and_prior_choice_matters(model, monkeypatch) -> None:
    rng = np.random.default_rng(8)
    spread = {}
    for name, settings in {
        "raw": RAW,
        "smooth": TrackerSettings(),
        "old": TrackerSettings(prior="raw"),
    }.items():
        oracle = Oracle(monkeypatch, [face_at(320, 240)])
        tracker, state = Tracker(model, oracle, settings), TrackerState()
        places = []
        for index in range(60):
            u, v = 320 + 0.2 * rng.normal(size=2)  # 0.3 mm at the face: three times what was measured
            oracle.truths = [face_at(u, v - 80)]
            boxes = [box(oracle.truths[0])] if index == 0 else None
            faces, state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
            places.append(faces[0].geometry.pose.translation)
        spread[name] = np.std(places[10:], axis=0).mean()
        monkeypatch.undo()
    assert spread["smooth"] < 0.7 * spread["raw"] and spread["old"] < 0.7 * spread["raw"]
