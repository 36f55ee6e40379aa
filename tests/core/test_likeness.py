"""A track ends where the picture becomes another one, even with a network that believes in everything it is shown."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from face3d import codec
from face3d import rotation as so3
from face3d.crop import box_of_pose, overlap
from face3d.likeness import is_alike, is_alike_turned, look_of, remember
from face3d.track import TrackerSettings
from tests.core.faces import face_at
from tests.core.pictures import photograph
from tests.core.playing import Playing, pattern


def test_a_look_ignores_light_and_noise_but_not_what_is_there() -> None:
    rng = np.random.default_rng(0)
    tensor = np.zeros((9, 200, 200), np.uint8)
    tensor[:3] = pattern(1, 200, 200).transpose(2, 0, 1)
    other = tensor.copy()
    other[:3] = pattern(2, 200, 200).transpose(2, 0, 1)
    noisy = tensor.copy()
    noisy[:3] = np.clip(0.6 * tensor[:3] + 40 + 10 * rng.normal(size=(3, 200, 200)), 0, 255)
    look = look_of(tensor)
    assert np.vdot(look, look) == pytest.approx(1.0, abs=1e-5)
    assert is_alike(look_of(noisy), look, 0.98)
    assert not is_alike(look_of(other), look, 0.5)
    assert not look_of(np.full((9, 200, 200), 128, np.uint8)).any()
    wall = tensor.copy()
    wall[:3] = np.clip(128 + 8 * rng.normal(size=(3, 200, 200)), 0, 255)
    assert not look_of(wall).any(), "noise on a wall is nothing to compare"
    assert not is_alike(look_of(wall), look, 0.5), "a wall is not what was there"
    assert is_alike(look, look_of(wall), 0.5), "of a face in the dark nothing is known"
    for _ in range(30):
        look = remember(look, look_of(other), 0.0)
    assert is_alike(look_of(other), look, 0.99)
    assert not is_alike(remember(look, look_of(tensor), 0.0), look_of(tensor), 0.5), "slowly at rest"
    assert is_alike(remember(look, look_of(tensor), 0.3), look_of(tensor), 0.99), "at once in a fast turn"


def test_a_look_is_the_average_of_its_cells() -> None:
    tensor = np.random.default_rng(6).integers(0, 256, (9, 200, 200), dtype=np.uint8)
    tensor[:3] //= np.arange(1, 201, dtype=np.uint8)[:, None] // 20 + 1
    cells = tensor[:3, 40:160, 40:160].reshape(3, 15, 8, 15, 8).mean((2, 4), dtype=np.float64)
    cells = np.floor(cells + 0.5)
    cells -= cells.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(look_of(tensor), cells / np.linalg.norm(cells), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_to_a_wall_ends_the_face_at_once(model, monkeypatch, seed) -> None:
    truth = face_at(320, 240)
    playing = Playing(model, monkeypatch, truth)
    face = photograph(model, [truth])
    shown = [playing.show(face, [box_of_pose(truth.pose)] if index == 0 else None) for index in range(10)]
    assert shown == [[1]] * 10
    wall = pattern(seed) if seed else np.full_like(face, 140)
    shown = [playing.show(wall) for _ in range(15)]
    assert not any(shown) and not playing.state.tracks
    assert playing.state.counters.changed > 5


def test_a_hand_before_the_face_is_not_taken_for_it(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    playing = Playing(model, monkeypatch, truth)
    face = photograph(model, [truth])
    for index in range(10):
        playing.show(face, [box_of_pose(truth.pose)] if index == 0 else None)
    hidden = face.copy()
    hidden[120:360, 200:440] = pattern(5)[120:360, 200:440]
    assert not any(playing.show(hidden) for _ in range(9))
    assert [playing.show(face) for _ in range(5)] == [[1]] * 5


def test_somebody_else_in_the_same_place_is_a_new_face(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    playing = Playing(model, monkeypatch, truth)
    face, boxes = photograph(model, [truth]), [box_of_pose(truth.pose)]
    for index in range(10):
        playing.show(face, boxes if index == 0 else None)
    negative = np.ascontiguousarray(255 - face)  # nobody looks less like it
    assert playing.show(negative) == []
    assert playing.show(negative, boxes) == [2]
    (track,) = playing.state.tracks
    assert track.memory.identity.weight < 1.5, "and its identity is learned anew"
    assert playing.state.counters.ended == 1


@pytest.mark.parametrize(
    ("sure", "room", "expected"), [(0.82, 8, [1]), (0.86, 8, [1, 2]), (0.95, 8, [1, 2]), (0.95, 1, [1])]
)
def test_two_people_cheek_to_cheek_keep_their_ids(model, monkeypatch, sure, room, expected) -> None:
    """A box that overlaps a good track by a third, with another picture than the track's: it is ignored, or, when the
    network is about as sure of it and there is room, a new face beside the old one, which keeps its id and identity."""
    truth, other = face_at(320, 240), face_at(372, 240, seed=3)
    assert 0.3 < overlap(box_of_pose(truth.pose), box_of_pose(other.pose)) < 0.4
    playing = Playing(model, monkeypatch, truth, TrackerSettings(max_faces=room))
    image = photograph(model, [truth])
    for index in range(10):
        playing.show(image, [box_of_pose(truth.pose)] if index == 0 else None)
    encode = codec.encode

    def another_picture(image, geometry, *arguments, **named):
        tensor, crop = encode(image, geometry, *arguments, **named)
        if abs(geometry.pose.translation[0] - other.pose.translation[0]) < 25:
            tensor[:3] = pattern(7, 200, 200).transpose(2, 0, 1)
        return tensor, crop

    def sure_of_the_box(outputs: np.ndarray, confidence: np.ndarray) -> None:
        confidence[:] = 0.9
        confidence[-1] = sure  # the box's, in the batch with the track and in those after it

    monkeypatch.setattr(codec, "encode", another_picture)
    playing.oracle.truths, playing.oracle.spoil = [truth, other], sure_of_the_box
    assert playing.show(image, [box_of_pose(other.pose)]) == expected
    first, *second = playing.state.tracks
    assert first.memory.identity.weight > 3.0, "who was there is still known"
    assert all(track.memory.identity.weight < 1.5 for track in second), "who comes is learned anew"
    assert playing.state.counters.ended == 0
    playing.oracle.spoil = lambda outputs, confidence: confidence.fill(0.9)
    boxes = [box_of_pose(face.pose) for face in (other, truth)] if second else None
    assert [playing.show(image, boxes) for _ in range(10)] == [expected] * 10
    for face, true in zip(playing.state.tracks, (truth, other)):
        assert np.allclose(face.prior.pose.translation, true.pose.translation, atol=2.0)


def test_a_face_that_jumps_is_looked_at_twice(model, monkeypatch) -> None:
    """A jump puts the old place's picture into the crop: a pass at the new place shows that it is the same face."""
    truth = face_at(280, 240)
    playing = Playing(model, monkeypatch, truth)
    for index in range(10):
        playing.show(photograph(model, [truth]), [box_of_pose(truth.pose)] if index == 0 else None)
    moved = face_at(330, 240)
    playing.oracle.truths = [moved]
    playing.oracle.batches.clear()
    assert playing.show(photograph(model, [moved])) == [1]
    assert playing.oracle.batches == [1, 1]
    assert playing.show(photograph(model, [moved])) == [1]
    assert playing.oracle.batches == [1, 1, 1], "and once again when it is steady"


def test_light_that_changes_and_a_head_that_turns_keep_the_face(model, monkeypatch) -> None:
    playing = Playing(model, monkeypatch, face_at(320, 240))
    for index in range(40):
        truth = face_at(320 + 2 * index, 240, yaw=0.02 * index)  # 34 degrees/s
        playing.oracle.truths = [truth]
        light = 1.0 if index % 20 < 10 else 0.5
        image = (photograph(model, [truth]) * light).astype(np.uint8)
        assert playing.show(image, [box_of_pose(truth.pose)] if index == 0 else None) == [1]


def test_a_fast_turn_shows_another_side_of_the_same_face(model, monkeypatch) -> None:
    playing = Playing(model, monkeypatch, face_at(320, 240))
    for index in range(40):
        truth = face_at(320, 240, yaw=0.9 * np.sin(0.2 * index))  # at most 10 degrees a frame
        playing.oracle.truths = [truth]
        boxes = [box_of_pose(truth.pose)] if index == 0 else None
        assert playing.show(photograph(model, [truth]), boxes) == [1], index


@pytest.mark.parametrize("degrees", [-35, -15, 20, 40])
def test_a_picture_that_turns_is_alike_turned_back(degrees) -> None:
    around = cv2.getRotationMatrix2D((99.5, 99.5), -degrees, 1.0)  # clockwise
    tensor = np.zeros((9, 200, 200), np.uint8)
    picture = cv2.GaussianBlur(pattern(1, 200, 200), (0, 0), 8)
    tensor[:3] = picture.transpose(2, 0, 1)
    before, other = look_of(tensor), tensor.copy()
    tensor[:3] = cv2.warpAffine(picture, around, (200, 200)).transpose(2, 0, 1)
    other[:3] = pattern(2, 200, 200).transpose(2, 0, 1)
    roll = np.radians(degrees)
    assert is_alike_turned(look_of(tensor), before, roll, 0.9)
    assert not is_alike_turned(look_of(tensor), before, -roll, 0.9)
    assert not is_alike_turned(look_of(other), before, roll, 0.5)


@pytest.mark.parametrize("degrees", [-25, 19, 30])
def test_a_head_before_a_camera_that_rolls_fast_stays_itself(model, monkeypatch, degrees) -> None:
    face = face_at(320, 240)
    painted = cv2.addWeighted(photograph(model, [face]), 0.5, pattern(5), 0.5, 0.0)
    playing = Playing(model, monkeypatch, face)
    for index in range(30):
        angle = degrees * (0, 1, 0, -1)[index % 4]
        spin = so3.exp(np.array([0.0, 0.0, np.radians(angle)]))
        playing.oracle.truths = [replace(face, pose=replace(face.pose, rotation=spin @ face.pose.rotation))]
        image = cv2.warpAffine(painted, cv2.getRotationMatrix2D((320, 240), -angle, 1.0), (640, 480))
        assert playing.show(image, [box_of_pose(face.pose)] if index == 0 else None) == [1], index


def test_it_can_be_switched_off(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    playing = Playing(model, monkeypatch, truth, TrackerSettings(min_likeness=-1.0))
    for index in range(5):
        playing.show(photograph(model, [truth]), [box_of_pose(truth.pose)] if index == 0 else None)
    assert playing.show(pattern(1)) == [1]


def test_looks_come_from_the_networks_own_input(model) -> None:
    truth = face_at(320, 240)
    tensor, _ = codec.encode(photograph(model, [truth]), truth, model)
    assert look_of(tensor).shape == (3, 15, 15) and look_of(tensor).dtype == np.float32
