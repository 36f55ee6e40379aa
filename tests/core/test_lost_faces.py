"""Faces that are hidden, doubted or gone: nothing is shown, then they are found again or given up."""

import pytest

from face3d.track import TrackerState
from face3d.tracker import Tracker
from tests.core.faces import assert_close, face_at
from tests.core.frames import CAMERA, FRAME, IMAGE, RAW, box, play
from tests.core.oracle import Oracle


def lost(model, monkeypatch, truth) -> tuple[Oracle, Tracker, TrackerState]:
    """A tracker that has followed a face for five frames, and whose network sees none from now on."""
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 5, TrackerState(), [box(truth)])
    oracle.truths = []
    return oracle, tracker, state


def test_lost_face_stops_output_and_is_found_again(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle, tracker, state = lost(model, monkeypatch, truth)
    history, state = play(tracker, 8, state, start=5)
    assert not any(history), "outputs stop, they do not repeat"
    assert len(state.tracks) == 1, "a short occlusion does not end the track"
    oracle.truths = [truth]
    history, state = play(tracker, 2, state, start=13)
    assert [face.id for face in history[-1]] == [1]
    oracle.truths = []
    history, state = play(tracker, 20, state, start=15)
    assert not any(history) and not state.tracks and state.counters.ended == 1
    oracle.truths = [truth]
    history, state = play(tracker, 1, state, [box(truth)], start=35)
    assert [face.id for face in history[-1]] == [2]


@pytest.mark.parametrize("rate", [15, 30, 60, 120])
def test_a_face_survives_three_tenths_of_a_second_behind_a_hand(model, monkeypatch, rate) -> None:
    oracle = Oracle(monkeypatch, [face_at(320, 240)])
    tracker, state = Tracker(model, oracle), TrackerState()
    found = {}
    for index in range(rate):
        seconds = index / rate
        hidden = 0.3 <= seconds < 0.6
        oracle.truths = [] if hidden else [face_at(320 + 60 * seconds, 240)]  # a slow head goes on, unseen
        boxes = [box(face_at(320, 240))] if index == 0 else None
        faces, state = tracker.step(IMAGE, CAMERA, boxes, state, round(seconds * 1e9))
        found[index] = [face.id for face in faces]
        assert not (hidden and faces), "no face is shown while there is none"
    assert all(found[index] == [1] for index in found if not 0.3 <= index / rate < 0.6)


def test_a_face_that_moved_far_behind_a_hand_is_found_with_the_next_detection(model, monkeypatch) -> None:
    """The detector searches ten times a second while nobody is seen: 0.2 s after it is back, the face is tracked."""
    oracle = Oracle(monkeypatch, [face_at(200, 240)])
    oracle.reach = 0.2
    tracker, state = Tracker(model, oracle), TrackerState()
    _, state = play(tracker, 5, state, [box(oracle.truths[0])])
    oracle.truths = []
    _, state = play(tracker, 9, state, start=5)
    oracle.truths = [face_at(400, 240)]
    back = None
    for index in range(14, 20):
        boxes = [box(oracle.truths[0])] if index % 3 == 1 else None
        faces, state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
        if faces and back is None:
            back = index
    assert back is not None and (back - 14) / 30 <= 0.2


def test_occluded_face_that_moved_keeps_its_id_through_a_detection(model, monkeypatch) -> None:
    truth = face_at(250, 240)
    oracle, tracker, state = lost(model, monkeypatch, truth)
    _, state = play(tracker, 4, state, start=5)
    oracle.truths = [face_at(290, 250, 640)]
    oracle.reach = 0.1  # the old place is too far away for the network, the second glance is not
    history, state = play(tracker, 1, state, [box(oracle.truths[0])], start=9)
    assert [face.id for face in history[0]] == [1]
    assert_close(history[0][0].geometry, oracle.truths[0], atol=1e-3)


@pytest.mark.parametrize("left", [0.0, 0.1, 0.24])
def test_output_ends_within_five_frames_of_doubt(model, monkeypatch, left) -> None:
    """A face that is gone ends at once where the network is sure, and soon where it still half believes in it."""
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 30, TrackerState(), [box(truth)])
    oracle.spoil = lambda outputs, confidence: confidence.fill(left)
    history, state = play(tracker, 20, state, start=30)
    assert not any(history[4:]) and (left > 0.15 or not any(history))
    assert not state.tracks, "and the track after its patience"


def test_single_frames_of_doubt_do_not_end_a_track(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    frame = [0]

    def spoil(outputs, confidence) -> None:
        frame[0] += 1
        if frame[0] % 4 == 0:
            confidence.fill(0.2)

    oracle.spoil = spoil
    history, _ = play(tracker, 60, TrackerState(), [box(truth)])
    assert all([face.id for face in faces] == [1] for faces in history[1:])


def test_confidence_has_hysteresis(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    low = {"value": 0.4}
    oracle.spoil = lambda outputs, confidence: confidence.fill(low["value"])
    history, state = play(tracker, 1, TrackerState(), [box(truth)])
    assert not history[0], "0.4 does not start a track"
    low["value"] = 0.9
    _, state = play(tracker, 1, state, [box(truth)], start=1)
    low["value"] = 0.4
    history, state = play(tracker, 30, state, start=2)
    assert all(history), "0.4 keeps one"
    low["value"] = 0.2
    history, state = play(tracker, 10, state, start=32)
    assert history[0] and not any(history[5:]), "one dip is bridged, several are not"


@pytest.mark.parametrize(("glance", "expected"), [(0.1, []), (0.9, [1])])
@pytest.mark.parametrize("which", [1, 2])
def test_what_is_no_face_at_both_first_glances_begins_none(
    model, monkeypatch, which, glance, expected
) -> None:
    """From the second pass on the network is shown a face of its own beside the picture: it may be sure of a cup.

    A cup may be a face by chance, too, from where the box is; a face is one from a little beside as well.
    """
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth], skill=0.5)

    def spoil(outputs, confidence) -> None:
        confidence.fill(glance if len(oracle.batches) == which else 0.99)

    oracle.spoil = spoil
    history, state = play(Tracker(model, oracle), 1, TrackerState(), [box(truth)])
    assert len(oracle.batches) > which and [face.id for face in history[0]] == expected
    assert state.counters.refused == 1 - len(expected)


@pytest.mark.parametrize(("glance", "expected"), [(0.1, []), (0.9, [1])])
def test_nor_is_a_lost_face_found_there(model, monkeypatch, glance, expected) -> None:
    oracle, tracker, state = lost(model, monkeypatch, face_at(320, 240))
    _, state = play(tracker, 1, state, start=5)
    oracle.truths, oracle.skill = [face_at(360, 250, 760)], 0.5
    oracle.batches.clear()

    def spoil(outputs, confidence) -> None:
        confidence[0] = 0.1  # the old place, in the first batch
        confidence[-1] = glance if len(oracle.batches) == 1 else 0.99  # the box

    oracle.spoil = spoil
    history, _ = play(tracker, 1, state, [box(oracle.truths[0])], start=6)
    assert len(oracle.batches) > 1 and [face.id for face in history[0]] == expected


def test_face_that_leaves_the_image_ends(model, monkeypatch) -> None:
    oracle = Oracle(monkeypatch, [face_at(560, 240)])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    seen = []
    for index in range(1, 40):
        oracle.truths = [face_at(560 + 8 * index, 240)]
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        seen.append(bool(faces))
    assert seen[5] and not any(seen[10:]) and not state.tracks
