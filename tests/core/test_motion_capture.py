"""What motion capture reads: ARKit's weights, the head's pose, and the animated face, against the tracker's numbers."""

import csv

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.animation import Performance
from face3d.camera import FRONTAL, Camera, Pose
from face3d.codec import Geometry
from face3d.motion import ARKIT, MODEL_FROM_FACE, Blendshapes, head_pose, quaternion
from face3d.movie import MotionTable
from face3d.track import Face
from tests.core.glb import Glb
from tests.core.quaternions import turn

CAMERA = Camera.from_fov(640, 480)
IMAGE = np.full((480, 640, 3), 120, np.uint8)
SECOND = 10**9


def tracked(
    model, number: int, stamp: int, expression, vector=(0.1, 0.2, 0.05), place=(350.0, 200.0)
) -> Face:
    pose = Pose(so3.exp(np.array(vector)) @ FRONTAL, 500.0, place)
    identity = np.random.default_rng(number).normal(size=200) * 0.5
    geometry = Geometry(identity, np.asarray(expression), pose)
    vertices = model.shape(geometry.identity, geometry.expression)
    points = pose.project(model.landmarks_of(vertices, pose.rotation))
    return Face(number, stamp, 0.9, geometry, vertices, points, CAMERA)


def test_arkit_has_its_52_names() -> None:
    assert len(ARKIT) == len(set(ARKIT)) == 52
    assert ARKIT[0] == "eyeBlinkLeft" and ARKIT[17] == "jawOpen" and ARKIT[-1] == "tongueOut"


@pytest.mark.parametrize(
    "vector", [(0.0, 0.0, 0.0), (1e-9, 0.0, 0.0), (0.3, -1.2, 2.0), (0.0, np.pi, 0.0), (3.1, 0.2, 0.1)]
)
def test_quaternions_turn_as_their_rotation(vector) -> None:
    rotation = so3.exp(np.array(vector))
    found = quaternion(rotation)
    assert found[3] >= 0.0 and np.linalg.norm(found) == pytest.approx(1.0)
    np.testing.assert_allclose(turn(*found), rotation, atol=1e-9)


def test_weights_go_by_name_and_stay_in_their_range(model) -> None:
    expression = np.zeros(84)
    expression[model.expression_names.index("arkit/jawOpen")] = 0.4
    expression[model.expression_names.index("arkit/browInnerUp")] = 1.4
    weights = dict(zip(ARKIT, Blendshapes(model).weights(expression)))
    assert weights.pop("jawOpen") == pytest.approx(0.4) and weights.pop("browInnerUp") == 1.0
    assert not any(weights.values())


def test_the_head_is_where_the_camera_sees_it(model) -> None:
    face = tracked(model, 1, 0, np.zeros(84))
    head = head_pose(face, model)
    seen = CAMERA.project(head.position[None])[0]
    wanted = face.raster()[model.sellion, :2]
    assert np.abs(seen - wanted).max() < 2.0, "pixels: full perspective against weak"
    axes = turn(*head.quaternion)
    assert axes[2, 0] < -0.9, "x out of the face, to the camera"
    assert axes[1, 2] < -0.9, "z up in the image"
    np.testing.assert_allclose(axes, face.metric()[0] @ MODEL_FROM_FACE, atol=1e-9)


def test_the_table_has_pose_and_weights(model, tmp_path) -> None:
    face = tracked(model, 3, 1_234_567_890_123, np.linspace(0.0, 0.8, 84))
    with MotionTable(tmp_path / "deep/motion.csv", model) as table:
        table.write(7, [face], [head_pose(face, model)])
    with (tmp_path / "deep/motion.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["frame"], row["stamp"], row["id"]) == ("7", "1234.567890123", "3")
    head = head_pose(face, model)
    assert np.allclose([float(row[f"position_{axis}"]) for axis in "xyz"], head.position, atol=1e-5)
    assert np.allclose([float(row[f"quaternion_{axis}"]) for axis in "xyzw"], head.quaternion, atol=1e-5)
    unit = model.expression_names.index("arkit/jawOpen")
    assert float(row["jawOpen"]) == pytest.approx(face.geometry.expression[unit], abs=1e-4)
    assert row["tongueOut"] == "0"


def test_the_animated_face_is_the_tracked_one(model, tmp_path) -> None:
    """Morph targets, weights and pose of the file, put together as a viewer does, give the tracker's own mesh."""
    rng = np.random.default_rng(5)
    stamps = [7 * SECOND, 7 * SECOND + 40_000_000, 7 * SECOND + 120_000_000]
    faces = [
        tracked(model, 1, stamp, rng.uniform(0.0, 0.5, 84), (0.1, 0.3 * k, 0.0))
        for k, stamp in enumerate(stamps)
    ]
    with Performance(tmp_path / "a.glb", model) as performance:
        for face in faces:
            performance.write(IMAGE, [face], face.stamp)
    glb = Glb(tmp_path / "a.glb")
    mesh = glb.document["meshes"][0]
    names = mesh["extras"]["targetNames"]
    assert len(names) == len(mesh["primitives"][0]["targets"]) == 84 and "jawOpen" in names
    base = glb.array(mesh["primitives"][0]["attributes"]["POSITION"])
    targets = np.stack([glb.array(target["POSITION"]) for target in mesh["primitives"][0]["targets"]])
    moving = glb.channels(node=1)
    assert set(moving) == {"translation", "rotation", "weights"}, "always there: no scale"
    for path, (times, _) in moving.items():
        assert np.allclose(times, [0.0, 0.04, 0.12]), path
    for row, face in enumerate(faces):
        weights = moving["weights"][1].reshape(3, 84)[row]
        vertices = base + np.tensordot(weights, targets, 1)
        assert np.abs(vertices - face.vertices).max() < 2e-5
        scene = vertices @ turn(*moving["rotation"][1][row]).T + moving["translation"][1][row]
        optical = scene * (1.0, -1.0, -1.0)  # glTF: y up, the camera looks along -z
        assert np.abs(optical - face.camera_vertices()).max() < 5e-5
    lens = glb.document["cameras"][0]["perspective"]
    assert 240.0 / np.tan(0.5 * lens["yfov"]) == pytest.approx(CAMERA.fy)
    assert lens["aspectRatio"] == pytest.approx(4 / 3)


def test_colours_come_from_the_frames_that_show_most(model, tmp_path) -> None:
    """Twelve frames with open eyes from ahead, a hand in three of them; a turned head and closed eyes in the others."""
    closed = np.zeros(84)
    closed[[model.expression_names.index(f"arkit/eyeBlink{side}") for side in ("Left", "Right")]] = 1.0
    shown = [(0.9, np.zeros(84), 60)] * 9 + [(0.0, np.zeros(84), 180)] * 9 + [(0.0, np.zeros(84), 20)] * 3
    shown += [(0.0, closed, 240)] * 9
    with Performance(tmp_path / "a.glb", model) as performance:
        for stamp, (yaw, expression, grey) in enumerate(shown):
            face = tracked(model, 1, stamp * SECOND, expression, (0.0, yaw, 0.0))
            performance.write(np.full((480, 640, 3), grey, np.uint8), [face], face.stamp)
    glb = Glb(tmp_path / "a.glb")
    colors = glb.array(glb.document["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"])
    assert np.allclose(colors[model.landmarks68[30]], 0.4564, atol=1e-3), "180 of 255, linear"
    teeth = np.unique(model.triangles[model.parts["teeth_upper"]])
    assert colors[teeth].min() > 0.5 > colors[model.triangles[model.parts["mouth"]]].max()


def test_quaternions_go_the_short_way_and_faces_hide_when_untracked(model, tmp_path) -> None:
    still = np.zeros(84)
    with Performance(tmp_path / "a.glb", model) as performance:
        for frame in range(8):
            faces = [tracked(model, 1, frame, still, (0.0, 0.0, 0.6 * frame))]
            if 2 <= frame <= 4:
                faces.append(tracked(model, 2, frame, still, place=(100.0, 200.0)))
            performance.write(IMAGE, faces, frame * SECOND // 10)
    glb = Glb(tmp_path / "a.glb")
    rotations = glb.channels(node=1)["rotation"][1]
    assert (np.einsum("fk,fk->f", rotations[1:], rotations[:-1]) > 0.9).all()
    times, sizes = glb.channels(node=2)["scale"]
    assert np.allclose(times[:2], [0.0, 0.2]) and 0.4 < times[2] < 0.41, "gone before the next frame"
    assert sizes[:, 0].tolist() == [0.0, 1.0, 0.0]
    assert [node["name"] for node in glb.document["nodes"]] == ["camera", "face_1", "face_2"]


@pytest.mark.parametrize("rate", [30, 240, 1000])
def test_keys_rise_after_ten_hours_too(model, tmp_path, rate) -> None:
    """float32 counts in steps of 3.9 ms there; glTF demands times that strictly rise."""
    ten_hours, still = 36_000 * SECOND, np.zeros(84)
    with Performance(tmp_path / "a.glb", model) as performance:
        performance.write(IMAGE, [], 7 * SECOND)
        shown = [7 * SECOND + ten_hours + frame * SECOND // rate for frame in range(6)]
        for stamp in shown:
            performance.write(IMAGE, [tracked(model, 1, stamp, still)], stamp)
        performance.write(IMAGE, [], shown[-1] + SECOND // rate)
    moving = Glb(tmp_path / "a.glb").channels(node=1)
    step = np.spacing(np.float32(36_000.0))
    for path, (times, _) in moving.items():
        assert (np.diff(times) > 0.0).all(), path
    true = np.array([(stamp - 7 * SECOND) * 1e-9 for stamp in shown])
    late = moving["translation"][0].astype(float) - true
    assert (np.abs(late) <= 0.5 * step).all() if rate == 30 else (late < 6 * step).all()
    times, sizes = moving["scale"]
    assert sizes[:, 0].tolist() == [0.0, 1.0, 0.0] and times[1] == moving["translation"][0][0]
    assert 0.0 < times[2] - moving["translation"][0][-1] <= step, "it hides right after its last key"


def test_without_a_face_there_is_no_file_and_no_place_is_an_error(model, tmp_path) -> None:
    with Performance(tmp_path / "a.glb", model) as performance:
        performance.write(IMAGE, [], 0)
    assert not (tmp_path / "a.glb").exists()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        Performance(tmp_path / "folder", model)
