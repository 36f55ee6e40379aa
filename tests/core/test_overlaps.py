"""A face box on a track, and tracks on each other: which of them goes on."""

from itertools import permutations

import pytest

from face3d.codec import Geometry
from face3d.face_filter import FaceFilter
from face3d.overlaps import without_duplicates
from face3d.track import Track, TrackerState
from face3d.tracker import Tracker
from tests.core.faces import assert_close, face_at
from tests.core.frames import CAMERA, FRAME, IMAGE, RAW, box, play
from tests.core.oracle import Oracle


def test_duplicates_start_one_track_and_overlapping_tracks_merge(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    x, y, w, h = box(truth)
    history, state = play(tracker, 1, TrackerState(), [(x, y, w, h), (x + 4, y - 3, w, h)])
    assert len(history[0]) == 1 and state.counters.started == 1
    two = [face_at(200, 240, 500), face_at(420, 240, 500)]
    oracle.truths = two
    _, state = play(tracker, 1, TrackerState(), [box(face) for face in two])
    for index in range(1, 60):  # they walk into each other
        oracle.truths = [
            face_at(200 + 3 * min(index, 34), 240, 500),
            face_at(420 - 3 * min(index, 34), 240, 500),
        ]
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
    assert [face.id for face in faces] == [1] and state.counters.merged == 1


def test_a_lost_track_gives_way_to_a_good_one(model, monkeypatch) -> None:
    left, right = face_at(200, 240, 500), face_at(420, 240, 500)
    oracle = Oracle(monkeypatch, [left, right])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(left), box(right)])
    oracle.reach = 0.3
    for index in range(1, 9):  # the first one vanishes, the second one walks to its place
        oracle.truths = [face_at(420 - 27.5 * index, 240, 500)]
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
    assert [face.id for face in faces] in ([1], [2]) and len(state.tracks) == 1


def test_slipped_track_is_taken_over_by_a_contradicting_box(model, monkeypatch) -> None:
    truth = face_at(320, 240, 900)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 2, TrackerState(), [box(truth)])
    small = face_at(340, 250, 350)
    oracle.truths = [small]

    def spoil(outputs, confidence) -> None:
        if len(confidence) == 2:  # the first pass: the old place and the box
            confidence[0] = 0.4

    oracle.spoil = spoil
    history, state = play(tracker, 1, state, [box(small)], start=2)
    assert [face.id for face in history[0]] == [1]
    assert_close(history[0][0].geometry, small, atol=1e-3)


def test_a_box_that_half_agrees_gives_a_doubted_track_a_new_beginning(model, monkeypatch) -> None:
    """A track that shrank on its face is as sure of itself as a new one: the detector's word decides."""
    shrunk, truth = face_at(330, 235, 480), face_at(320, 240, 700)
    oracle = Oracle(monkeypatch, [shrunk])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 2, TrackerState(), [box(shrunk)])
    oracle.skill = 0.0  # the network is content with what it is given

    def spoil(outputs, confidence) -> None:
        confidence.fill(0.95)

    oracle.spoil = spoil
    history, state = play(tracker, 1, state, [box(truth)], start=2)
    assert [face.id for face in history[0]] == [1]
    assert history[0][0].geometry.pose.scale == pytest.approx(700, rel=0.01)
    oracle.batches.clear()
    play(tracker, 1, state, [box(truth)], start=3)
    assert oracle.batches == [1], "a box that agrees costs nothing"


def track(number: int, face: Geometry, misses: int = 0) -> Track:
    return Track(number, FaceFilter().start(face), face, None, 0.9, 0, misses=misses)


@pytest.mark.parametrize("front", [1, 2])
def test_who_is_hidden_by_somebody_gives_way(front) -> None:
    """Somebody walks by in front: the track of who is behind jumps onto the same face. Age says nothing then."""
    hidden = 3 - front
    before = [track(front, face_at(300, 240)), track(hidden, face_at(380, 240))]
    after = [track(front, face_at(308, 240)), track(hidden, face_at(330, 240, 900))]
    for order in permutations(after):
        assert [kept.id for kept in without_duplicates(list(order), before)] == [front]


def test_one_face_keeps_its_id_however_fast_it_moves() -> None:
    """A second track that a box has just begun on it is no reason for another id."""
    before = [track(1, face_at(200, 240))]
    for step in (0, 40, 120):
        after = [track(1, face_at(200 + step, 240)), track(2, face_at(200 + step, 240))]
        assert [kept.id for kept in without_duplicates(after, before)] == [1]


def test_a_jump_is_better_than_a_lost_face() -> None:
    before = [track(1, face_at(300, 240)), track(2, face_at(450, 240))]
    after = [track(1, face_at(300, 240), misses=1), track(2, face_at(310, 240))]
    assert [kept.id for kept in without_duplicates(after, before)] == [2]
