"""Looking for faces: what the looks find, in a video one at a time and in a photograph all of them."""

import math

import numpy as np
import pytest

from face3d import demo_head, resources, runtime, still
from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.crop import box_of_pose, overlap
from face3d.detector import Detector
from face3d.looks import OTHERS, UPRIGHT, Look
from face3d.quarter import roll_of, turned, turned_pose
from face3d.search import Search
from face3d.tracker import Tracker
from tests.core.pictures import photograph

WIDTH, HEIGHT = 640, 480


@pytest.fixture(scope="module")
def tracker(model) -> Tracker:
    return Tracker(model, runtime.load(resources.network(), model))


@pytest.fixture(scope="module")
def face() -> Geometry:
    return Geometry.mean(Pose(FRONTAL, 900.0, np.array([250.0, 235.0])))


@pytest.fixture(scope="module")
def picture(model, face) -> np.ndarray:
    return photograph(model, [face], WIDTH, HEIGHT)


def dark(image: np.ndarray) -> np.ndarray:
    """A tenth of the light, with a camera's noise."""
    noise = np.random.default_rng(1).normal(0.0, 1.0, image.shape)
    return np.clip(np.rint(0.1 * image + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_look_finds_the_turned_face_where_it_is(face, picture, quarters) -> None:
    view = turned(picture, quarters)
    look = next(look for look in OTHERS if look.quarters == -quarters % 4)
    (hit,) = Detector().detect(view, look)
    pose = turned_pose(face.pose, quarters, WIDTH, HEIGHT)
    assert overlap(hit.box, box_of_pose(pose)) > 0.6
    assert abs(math.remainder(hit.roll - roll_of(pose), 2 * math.pi)) < 0.1
    assert not Detector().detect(view)


def test_a_margin_moves_no_box(face, picture) -> None:
    (hit,) = Detector().detect(picture, Look(margin=0.25))
    assert overlap(hit.box, box_of_pose(face.pose)) > 0.6


def test_a_face_in_the_dark_is_found_with_more_contrast(face, picture) -> None:
    image = dark(picture)
    assert not Detector().detect(image)
    (hit,) = Detector().detect(image, Look(contrast=True))
    assert overlap(hit.box, box_of_pose(face.pose)) > 0.6


def test_doubtful_detections_say_so_and_hold_the_sure_ones(picture) -> None:
    sure = Detector().detect(picture)
    doubted = Detector().detect(picture, UPRIGHT, 1.5)
    assert [hit for hit in doubted if hit.sure] == sure
    assert all(hit.confidence < 0.5 for hit in doubted if not hit.sure)


@pytest.mark.parametrize("change", [dark, lambda image: turned(image, 1), lambda image: turned(image, 2)])
def test_a_video_finds_it_within_all_looks_and_stays_with_the_look(picture, change) -> None:
    image, search = change(picture), Search()
    looks = [search.look(image, tracked=False) for _ in range(2 * len(OTHERS) + 2)]
    found = [any(hit.sure for hit in hits) for hits in looks]
    first = found.index(True)
    assert all(found[first : first + 3])
    assert not any(found[::2][: found.index(True) // 2]), "every second look is the usual one"


def test_what_is_never_tracked_hides_nobody(model) -> None:
    """A picture on the wall that the detector is sure of and the network is not, and somebody who lies beside it."""
    lying = Pose(so3.exp(np.array([0.0, 0.0, math.pi / 2])) @ FRONTAL, 700.0, np.array([470.0, 240.0]))
    wall = Pose(FRONTAL, 700.0, np.array([160.0, 240.0]))
    image, search = photograph(model, [Geometry.mean(pose) for pose in (wall, lying)]), Search()
    looks = [search.look(image, tracked=False) for _ in range(4 * len(OTHERS))]
    assert all(any(hit.sure for hit in hits) for hits in looks[:3]), "a sure look is repeated"
    assert any(overlap(hit.box, box_of_pose(lying)) > 0.5 for hits in looks for hit in hits)


def test_beside_a_tracked_face_only_sure_upright_ones_count(picture) -> None:
    search = Search()
    for image in (picture, turned(picture, 1), dark(picture)):
        for _ in range(4):
            hits = search.look(image, tracked=True)
            assert hits == Detector().detect(image)


@pytest.mark.parametrize("degrees", [0, 50, 90, -120, 180])
def test_photographs_show_tilted_faces(model, tracker, degrees) -> None:
    roll = so3.exp(np.array([0.0, 0.0, math.radians(degrees)]))
    truth = Geometry.mean(Pose(roll @ FRONTAL, 900.0, np.array([320.0, 240.0])))
    (face,) = still.find(photograph(model, [truth]), tracker, Detector(), 4, 0.3)
    assert math.degrees(so3.angle(face.geometry.pose.rotation, truth.pose.rotation)) < 20
    assert overlap(box_of_pose(face.geometry.pose), box_of_pose(truth.pose)) > 0.6


def test_photographs_show_profiles(model, tracker) -> None:
    """Of a whole head: what the upright look is sure of ends at half-profiles."""
    head, room = demo_head.Head(model), demo_head.room()
    for yaw in (-75, 75):
        rotation = FRONTAL @ so3.exp(np.array([0.0, math.radians(yaw), 0.0]))
        truth = Geometry.mean(Pose(rotation, 900.0, np.array([320.0, 230.0])))
        image = head.draw(truth, room)
        assert not Detector().detect(image)
        (face,) = still.find(image, tracker, Detector(), 4, 0.3)
        assert overlap(box_of_pose(face.geometry.pose), box_of_pose(truth.pose)) > 0.5
        assert math.degrees(so3.angle(face.geometry.pose.rotation, rotation)) < 35


def test_several_faces_each_once(model, tracker) -> None:
    tilt = so3.exp(np.array([0.0, 0.0, math.pi / 2])) @ FRONTAL
    poses = [Pose(FRONTAL, 700.0, np.array([160.0, 240.0])), Pose(tilt, 700.0, np.array([470.0, 240.0]))]
    image = photograph(model, [Geometry.mean(pose) for pose in poses])
    faces = still.find(image, tracker, Detector(), 4, 0.3)
    assert [face.id for face in faces] == [0, 1]
    for pose in poses:
        assert sum(overlap(box_of_pose(face.geometry.pose), box_of_pose(pose)) > 0.5 for face in faces) == 1


def test_no_face_in_walls_noise_and_nothing(tracker) -> None:
    rng = np.random.default_rng(0)
    wall = np.full((240, 320, 3), (200, 160, 140), np.uint8)
    noise = rng.integers(0, 256, wall.shape, np.uint8)
    for image in (wall, noise, np.zeros((1, 1, 3), np.uint8), np.zeros((5, 400, 3), np.uint8)):
        assert still.find(image, tracker, Detector(), 4, 0.3) == []
        search = Search()
        assert not any(search.look(image, tracked=False) for _ in range(2 * len(OTHERS)))
