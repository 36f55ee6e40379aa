"""Parts of large images: nothing that is large enough for one of them is missed, and none is dearer than allowed."""

import math

import numpy as np
import pytest

from face3d import resources, runtime, still
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.crop import box_of_pose, overlap
from face3d.detector import STILL, Detector, DetectorSettings
from face3d.looks import OTHERS
from face3d.parts import WINDOW, parts_of
from face3d.search import Search
from face3d.tracker import Tracker
from tests.core.pictures import photograph

SMALLEST, PIXELS = DetectorSettings().min_face, DetectorSettings().max_pixels


def zoom(width: float, height: float) -> float:
    return min(WINDOW / SMALLEST, math.sqrt(PIXELS / (width * height)))


@pytest.mark.parametrize(
    "size", [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920), (6000, 700), (4000, 3000)]
)
def test_every_face_is_large_enough_somewhere(size) -> None:
    parts, rng = parts_of(*size, SMALLEST, PIXELS), np.random.default_rng(0)
    whole = WINDOW / zoom(*size)
    assert whole > SMALLEST and parts
    for x, y, width, height in parts:
        assert min(x, y) >= 0 and x + width <= size[0] and y + height <= size[1]
        assert zoom(width, height) > zoom(*size)
    for _ in range(500):
        side = rng.uniform(SMALLEST, min(whole, *size))
        left, top = rng.uniform(0, size[0] - side), rng.uniform(0, size[1] - side)
        assert any(
            x <= left + 1 and y <= top + 1  # to the pixel
            and left + side <= x + width + 1 and top + side <= y + height + 1
            and side * zoom(width, height) >= WINDOW - 1
            for x, y, width, height in parts
        ), (side, left, top)  # fmt: skip


@pytest.mark.parametrize("size", [(1, 1), (320, 240), (640, 480), (800, 600), (5, 400)])
def test_small_images_are_seen_as_they_are(size) -> None:
    assert parts_of(*size, SMALLEST, PIXELS) == ()


def test_too_small_a_budget_for_parts_ends_the_search_for_them() -> None:
    assert parts_of(640, 480, SMALLEST, WINDOW**2) == ()


@pytest.fixture(scope="module")
def distant(model) -> tuple[Geometry, np.ndarray]:
    """A face of 160 pixels in a picture of 3840 x 2160."""
    pose = Pose(FRONTAL, 1.0, np.array([2650.0, 1340.0]))
    face = Geometry.mean(Pose(FRONTAL, 160 / box_of_pose(pose)[2], pose.translation))
    return face, photograph(model, [face], 3840, 2160)


def test_a_part_shows_a_distant_face_where_it_is(distant) -> None:
    face, image = distant
    assert not Detector().detect(image)
    (hit,) = Detector().detect(image, part=(2200, 1000, 900, 500))
    assert overlap(hit.box, box_of_pose(face.pose)) > 0.6
    (cut,) = Detector().detect(image, part=(2590, 1000, 900, 500))
    assert cut.box[0] < 2590, "a box may reach out of the part"


def test_a_video_finds_a_distant_face_and_stays_with_it(distant) -> None:
    face, image = distant
    search = Search()
    boxes = [[hit.box for hit in search.look(image, tracked=False) if hit.sure] for _ in range(3 * 9)]
    found = [any(overlap(box, box_of_pose(face.pose)) > 0.6 for box in each) for each in boxes]
    first = found.index(True)
    assert all(found[first : first + 3])


def test_what_is_sure_in_a_part_and_never_tracked_hides_nothing_else(distant) -> None:
    """After three looks the usual ones and the other parts have their turn."""
    _, image = distant
    search = Search()
    assert sum(bool(search.look(image, tracked=False)) for _ in range(6 * len(OTHERS))) <= 6


def test_photographs_are_seen_at_full_resolution(model) -> None:
    pose = Pose(FRONTAL, 1.0, np.array([3250.0, 640.0]))
    truth = Geometry.mean(Pose(FRONTAL, 95 / box_of_pose(pose)[2], pose.translation))
    tracker, detector = Tracker(model, runtime.load(resources.network(), model)), Detector(STILL)
    image = photograph(model, [truth], 3840, 2160)
    assert not detector.detect(image)
    (face,) = still.find(image, tracker, detector, 4, 0.3)
    assert overlap(box_of_pose(face.geometry.pose), box_of_pose(truth.pose)) > 0.6
