"""Estimates that cannot be a face are refused, and the track goes on without them."""

import numpy as np
import pytest

from face3d.track import TrackerState
from face3d.tracker import Tracker
from tests.core.faces import face_at
from tests.core.frames import box, play
from tests.core.oracle import Oracle


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_invalid_network_output_keeps_the_state(model, monkeypatch, value) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 5, TrackerState(), [box(truth)])
    before = state.tracks[0].memory

    def spoil(outputs, confidence) -> None:
        outputs[:, 7] = value

    oracle.spoil = spoil
    history, state = play(tracker, 3, state, start=5)
    assert not any(history) and state.tracks[0].memory is before
    assert state.counters.invalid == 3 and state.counters.missed == 3
    oracle.spoil = None
    history, state = play(tracker, 1, state, start=8)
    assert [face.id for face in history[0]] == [1] and state.tracks[0].misses == 0


def test_invalid_confidence_and_first_frame(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])

    def spoil(outputs, confidence) -> None:
        confidence[:] = np.nan

    oracle.spoil = spoil
    history, state = play(Tracker(model, oracle), 2, TrackerState(), [box(truth)])
    assert not any(history) and not state.tracks and state.counters.refused == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda outputs: outputs.__setitem__((slice(None), 284), 1.2),  # turns by 69 degrees
        lambda outputs: outputs.__setitem__((slice(None), 287), 0.6),  # grows by 80 %
        lambda outputs: outputs.__setitem__((slice(None), 288), 0.45),  # jumps by half a crop
        lambda outputs: outputs.__setitem__((slice(None), slice(0, 200)), 9.0),  # nobody's identity
        lambda outputs: outputs.__setitem__((slice(None), 287), 1e3),  # overflows
    ],
)
def test_implausible_estimates_are_refused(model, monkeypatch, spoil) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 3, TrackerState(), [box(truth)])
    oracle.spoil = lambda outputs, confidence: spoil(outputs)
    history, state = play(tracker, 1, state, start=3)
    assert not any(history)
    assert state.counters.implausible + state.counters.invalid == 1
