"""Scenes in which a face may begin: what is counted, and that the tracker's own head begins and a wall does not."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.chapters_tracks import starts as chapter
from evaluation.pictures import Picture
from evaluation.starts import Start, measure, watch
from face3d import demo_head, resources, runtime
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.crop import box_of_pose
from face3d.model import FaceModel
from face3d.tracker import Tracker


def test_what_began_stayed_and_was_false_is_counted() -> None:
    found = measure(
        [
            Start("a", 50.0, 1, 1.0, False),
            Start("b", 50.0, 3, 0.5, False),
            Start("c", 50.0, None, 0.0, False),
            Start("d", 50.0, None, 0.0, True),
            Start("moon", 0.0, None, 0.0, False),
            Start("coins", 0.0, None, 0.0, True),
        ]
    )
    size = found["sizes"][50.0]
    assert (size["faces"], size["begun"].value, size["stay"].value, size["looks"]) == (4, 50.0, 25.0, 2.0)
    assert found["empty"] == 2 and found["false"] == ["coins"]
    assert "In 1 of 2 scenes" in "\n".join(chapter(found)) and "coins" in "\n".join(chapter(found))


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    model = FaceModel.load()
    return Tracker(model, runtime.load(resources.network(), model))


def test_a_face_begins_at_once_and_stays(tracker) -> None:
    truth = Geometry.mean(Pose(FRONTAL, 900.0, np.array([320.0, 240.0])))
    image = demo_head.Head(tracker.model).draw(truth, demo_head.room())
    picture = Picture("head", image, box_of_pose(truth.pose))
    start = watch(picture, 90.0, tracker, np.random.default_rng(0))
    assert start.looks == 1 and start.kept == 1.0 and not start.false


def test_nothing_begins_on_a_wall(tracker) -> None:
    wall = Picture("wall", np.full((300, 400, 3), (200, 160, 140), np.uint8))
    start = watch(wall, 0.0, tracker, np.random.default_rng(0))
    assert start.looks is None and not start.false
