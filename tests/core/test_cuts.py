"""Cuts from somebody to somebody else: the new face is there at once, under an id of its own."""

import numpy as np
import pytest

from face3d.commands.video import follow
from face3d.crop import box_of_pose
from face3d.detector import Detection
from face3d.track import TrackerState
from tests.core.faces import face_at
from tests.core.frames import CAMERA, FRAME
from tests.core.pictures import photograph
from tests.core.playing import Playing


@pytest.mark.parametrize("shift", [0, 25, 45, 60, 200])
def test_a_box_in_the_very_frame_of_a_cut_is_a_new_face(model, monkeypatch, shift) -> None:
    """Also where it lies on the track, which was well until then."""
    truth, other = face_at(320, 240), face_at(320 + shift, 240)
    playing = Playing(model, monkeypatch, truth)
    image = photograph(model, [truth])
    for index in range(10):
        playing.show(image, [box_of_pose(truth.pose)] if index % 3 == 0 else None)
    playing.oracle.truths = [other]
    negative = np.ascontiguousarray(255 - photograph(model, [other]))  # nobody looks less like it
    assert playing.show(negative, [box_of_pose(other.pose)]) == [2]
    playing.show(negative)
    assert 2 in [track.id for track in playing.state.tracks]


def test_a_box_on_a_track_that_holds_costs_nothing(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    playing = Playing(model, monkeypatch, truth)
    image = photograph(model, [truth])
    for _ in range(5):
        playing.show(image, [box_of_pose(truth.pose)])
    playing.oracle.batches.clear()
    assert playing.show(image, [box_of_pose(truth.pose)]) == [1]
    assert playing.oracle.batches == [1]


class Looking:
    """A search that sees one face, and counts how often it is asked."""

    def __init__(self, box) -> None:
        self.box, self.looks = box, 0

    def look(self, image: np.ndarray, tracked: bool) -> list[Detection]:
        self.looks += 1
        return [Detection(self.box, 0.9)]


def test_a_video_is_searched_in_the_frame_in_which_a_face_is_lost(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    playing, search = Playing(model, monkeypatch, truth), Looking(box_of_pose(truth.pose))
    image, state, shown = photograph(model, [truth]), TrackerState(), []
    negative = np.ascontiguousarray(255 - image)
    for index, frame in enumerate([image] * 6 + [negative] * 3):
        faces, state = follow(frame, index * FRAME, CAMERA, playing.tracker, search, state, index == 0)
        shown.append([face.id for face in faces])
    assert shown == [[1]] * 6 + [[2]] * 3
    assert search.looks == 2, "in the first frame, and after the cut"
    assert state.counters.frames == 9
