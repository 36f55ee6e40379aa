"""JSON, OBJ, GLB, CSV and overlay files say what the face says."""

import csv
import json

import cv2
import numpy as np
import pytest

from face3d import export
from face3d import rotation as so3
from face3d.camera import FRONTAL, Camera, Pose
from face3d.codec import Geometry
from face3d.motion import ARKIT, head_pose
from face3d.movie import FaceTable, MotionTable, Movie
from face3d.overlay import STYLES, Overlay
from face3d.track import FRONT, Face
from tests.core.glb import Glb
from tests.core.pictures import photograph
from tests.core.quaternions import turn


@pytest.fixture(scope="module")
def face(model) -> Face:
    pose = Pose(so3.exp(np.array([0.05, 0.3, 0.1])) @ FRONTAL, 900.0, (310.0, 230.0))
    rng = np.random.default_rng(1)
    geometry = Geometry(rng.normal(size=200) * 0.5, rng.uniform(0.0, 0.2, 84), pose)
    points = model.landmarks(geometry.identity, geometry.expression, pose.rotation)
    vertices = model.shape(geometry.identity, geometry.expression)
    return Face(
        4, 1_234_567_890_123, 0.9, geometry, vertices, pose.project(points), Camera.from_fov(640, 480)
    )


@pytest.fixture(scope="module")
def image(model, face) -> np.ndarray:
    return photograph(model, [face.geometry])


def read_glb(path) -> tuple[dict, dict[str, np.ndarray]]:
    glb = Glb(path)
    primitive = glb.document["meshes"][0]["primitives"][0]
    arrays = {name: glb.array(index) for name, index in primitive["attributes"].items()}
    return glb.document, arrays | {"triangles": glb.array(primitive["indices"]).reshape(-1, 3)}


def test_json_has_the_documented_schema(model, face, tmp_path) -> None:
    export.write_json(tmp_path / "a.json", face.camera, [face], model)
    data = json.loads((tmp_path / "a.json").read_text())
    assert data["image"] == {"width": 640, "height": 480}
    (entry,) = data["faces"]
    wanted = {"id", "confidence", "box", "landmarks68", "head", "pose", "identity", "expression"}
    assert set(entry) == wanted and set(data) == {"image", "camera", "faces"}
    assert entry["id"] == 4 and entry["confidence"] == 0.9
    assert np.array(entry["landmarks68"]).shape == (68, 3)
    assert len(entry["identity"]) == 200 and len(entry["expression"]) == 84
    assert np.allclose(entry["pose"]["rotation"], face.geometry.pose.rotation, atol=1e-7)
    assert entry["pose"]["scale"] == pytest.approx(900.0)
    assert entry["pose"]["translation"] == [310.0, 230.0]
    assert np.allclose(entry["identity"], face.geometry.identity, atol=1e-5)
    assert np.allclose(entry["expression"], face.geometry.expression, atol=1e-5)
    low = np.array(entry["landmarks68"])[:, :2].min(0)
    assert np.allclose(entry["box"][:2], low, atol=0.02)


def test_json_pose_reprojects_the_landmarks(model, face) -> None:
    entry = export.describe(face.camera, [face], model)["faces"][0]
    pose = entry["pose"]
    points = model.landmarks(np.array(entry["identity"]), np.array(entry["expression"]))[17:]
    pixels = pose["scale"] * points @ np.array(pose["rotation"]).T + [*pose["translation"], 0]
    assert np.allclose(pixels, np.array(entry["landmarks68"])[17:], atol=0.05)


def test_json_puts_the_head_where_the_camera_sees_it(model, face) -> None:
    """Position and quaternion, projected with the camera that the file names, against the picture's own points."""
    data = export.describe(face.camera, [face], model)
    lens, head = data["camera"], data["faces"][0]["head"]
    camera = Camera(data["image"]["width"], data["image"]["height"], **lens)
    origin, axes = np.array(head["position"]), turn(*head["quaternion"])
    sellion = face.vertices[model.sellion]
    # The mesh in the head's axes: x out of the face (the model's z), y to the left (its x), z up (its y).
    points = camera.project((face.vertices - sellion)[:, [2, 0, 1]] @ axes.T + origin)
    front = face.vertices[:, 2] > FRONT
    off = np.linalg.norm(points - face.raster()[:, :2], axis=1)[front]
    assert off.mean() < 2.0, "pixels, of a face of 200: full perspective against weak"
    assert origin[2] == pytest.approx(camera.fx / face.geometry.pose.scale, rel=0.15)


def test_a_glb_shows_the_face_as_its_camera_saw_it(model, face, tmp_path) -> None:
    """The file's own camera and node, put together as a viewer does, against the tracker's metric mesh."""
    export.write_glb(tmp_path / "a.glb", face, model.triangles)
    document, arrays = read_glb(tmp_path / "a.glb")
    camera, node = (document["nodes"][index] for index in document["scenes"][0]["nodes"])
    assert camera == {"camera": 0, "name": "camera"}, "in the origin"
    scene = arrays["POSITION"] @ turn(*node["rotation"]).T + node["translation"]
    optical = scene * (1.0, -1.0, -1.0)  # glTF: y up, the camera looks along -z
    assert np.abs(optical - face.camera_vertices()).max() < 1e-5
    lens = document["cameras"][0]["perspective"]
    assert 240.0 / np.tan(0.5 * lens["yfov"]) == pytest.approx(face.camera.fy)
    assert lens["aspectRatio"] == pytest.approx(4 / 3)


def test_obj_and_glb_hold_the_mesh(model, face, image, tmp_path) -> None:
    colors = export.vertex_colors(image, face.raster(), model.triangles)
    export.write_obj(tmp_path / "a.obj", face.vertices, model.triangles, colors)
    export.write_glb(tmp_path / "a.glb", face, model.triangles, colors)
    lines = (tmp_path / "a.obj").read_text().splitlines()
    rows = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    triangles = np.array([line.split()[1:] for line in lines if line.startswith("f ")], int) - 1
    assert np.allclose(rows[:, :3], face.vertices, atol=1e-6) and np.allclose(
        rows[:, 3:], colors / 255, atol=1e-3
    )
    assert np.array_equal(triangles, model.triangles)
    document, arrays = read_glb(tmp_path / "a.glb")
    assert np.array_equal(arrays["POSITION"], face.vertices)
    assert np.array_equal(arrays["triangles"], model.triangles)
    assert np.allclose(arrays["COLOR_0"], export.srgb_to_linear(colors), atol=1e-6)
    # Values of IEC 61966-2-1, on both sides of where its line becomes a power.
    known = {0: 0.0, 10: 0.0030353, 11: 0.0033465, 128: 0.2158605, 188: 0.5028865, 255: 1.0}
    assert np.allclose(export.srgb_to_linear(np.array([*known])), [*known.values()], atol=1e-7)
    lengths = np.linalg.norm(arrays["NORMAL"], axis=1)
    assert np.allclose(lengths, 1.0, atol=1e-4)
    assert arrays["NORMAL"][model.landmarks68[30], 2] > 0.5, "the nose's looks out of the face"
    assert np.allclose(document["accessors"][0]["max"], face.vertices.max(0))


def test_meshes_without_colours_and_bad_meshes(model, face, tmp_path) -> None:
    export.write_obj(tmp_path / "a.obj", face.vertices, model.triangles)
    export.write_glb(tmp_path / "a.glb", face, model.triangles)
    assert "COLOR_0" not in read_glb(tmp_path / "a.glb")[1]
    with pytest.raises(ValueError, match="mesh"):
        export.write_obj(tmp_path / "b.obj", face.vertices[:, :2], model.triangles)
    with pytest.raises(ValueError, match="colours"):
        export.write_glb(tmp_path / "b.glb", face, model.triangles, np.zeros((3, 3), np.uint8))


def test_vertex_colours_come_from_the_picture(model, face) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :310], picture[:, 310:] = (250, 20, 20), (20, 20, 250)
    colors = export.vertex_colors(picture, face.raster(), model.triangles).astype(int)
    right_eye, left_eye = colors[model.landmarks68[36]], colors[model.landmarks68[45]]
    assert right_eye[0] > 200 and left_eye[2] > 200
    outside = export.vertex_colors(picture, face.raster() + np.float32(5000), model.triangles)
    assert (outside == 128).all()


@pytest.mark.parametrize("style", STYLES)
def test_overlay_draws_on_the_face_and_nowhere_else(model, face, image, style) -> None:
    drawn = Overlay(model, style, labels=False).draw(image, [face])
    assert drawn.shape == image.shape and drawn.dtype == np.uint8
    changed = (drawn != image).any(-1)
    x, y, width, height = (round(value) for value in face.box)
    assert changed[y : y + height, x : x + width].mean() > (0.6 if style == "mesh" else 0.05)
    raster = face.raster()
    margin = np.ones_like(changed)
    left, top = np.floor(raster[:, :2].min(0) - 3).astype(int)
    right, bottom = np.ceil(raster[:, :2].max(0) + 4).astype(int)
    margin[max(top, 0) : bottom, max(left, 0) : right] = False
    assert not changed[margin].any()


def test_overlay_of_faces_across_and_beyond_the_border(model, face, image) -> None:
    for place in ((-20.0, 100.0), (639.0, 479.0), (5000.0, 5000.0)):
        pose = Pose(face.geometry.pose.rotation, 900.0, place)
        geometry = Geometry(face.geometry.identity, face.geometry.expression, pose)
        moved = face.landmarks + np.array([*(np.array(place) - (310, 230)), 0], np.float32)
        off = Face(1, 0, 0.5, geometry, face.vertices, moved, face.camera)
        for style in STYLES:
            drawn = Overlay(model, style).draw(image, [off])
            assert drawn.shape == image.shape and (drawn != image).any() == (place[0] < 640), (place, style)


def test_overlay_refuses_unknown_styles(model) -> None:
    with pytest.raises(ValueError, match="style"):
        Overlay(model, "cartoon")
    with pytest.raises(ValueError, match="opacity"):
        Overlay(model, opacity=3.0)


def test_table_rows(model, face, tmp_path) -> None:
    head = head_pose(face, model)
    with FaceTable(tmp_path / "deep/faces.csv") as table:
        table.write(0, [], [])
        table.write(7, [face], [head])
    with (tmp_path / "deep/faces.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["frame"] == "7" and row["stamp"] == "1234.567890123" and row["id"] == "4"
    assert np.allclose([float(row[f"position_{axis}"]) for axis in "xyz"], head.position, atol=1e-5)
    assert np.allclose([float(row[f"quaternion_{axis}"]) for axis in "xyzw"], head.quaternion, atol=1e-5)
    assert float(row["box_width"]) == pytest.approx(face.box[2], rel=1e-4)
    rotation = [float(row[f"rotation_{r}{c}"]) for r in range(3) for c in range(3)]
    assert np.allclose(rotation, face.geometry.pose.rotation.ravel(), atol=1e-5)
    assert float(row["identity_199"]) == pytest.approx(face.geometry.identity[199], rel=1e-3)
    assert float(row["expression_83"]) == pytest.approx(face.geometry.expression[83], rel=1e-3)


def test_tables_begin_with_the_same_columns() -> None:
    count = len(MotionTable.COLUMNS) - len(ARKIT)
    common, own = FaceTable.COLUMNS[:count], MotionTable.COLUMNS[count:]
    assert MotionTable.COLUMNS[:count] == common and own == ARKIT
    assert {"position_z", "quaternion_w"} < set(common) and len(set(FaceTable.COLUMNS)) == len(
        FaceTable.COLUMNS
    )


def test_movie_fits_odd_and_changing_sizes_and_refuses_unwritable_names(tmp_path) -> None:
    with Movie(tmp_path / "odd.mp4", 30.0) as movie:
        for shape in ((41, 33, 3), (41, 33, 3), (80, 100, 3)):
            movie.write(np.full(shape, 99, np.uint8))
    capture = cv2.VideoCapture(str(tmp_path / "odd.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3 and capture.read()[1].shape == (40, 32, 3)
    with pytest.raises(OSError, match="cannot write"), Movie(tmp_path / "a.xyz", 30.0) as movie:
        movie.write(np.zeros((32, 32, 3), np.uint8))


@pytest.mark.parametrize("fps", [0.04, 23.976, 72.7272, 90.9091, 119.037, 333.337, 1234.567, 23456.78])
def test_a_video_may_have_any_rate(tmp_path, fps) -> None:
    """Of every third rate above 65.5 MPEG-4 would not have the fraction that OpenCV makes of it."""
    with Movie(tmp_path / "a.mp4", fps) as movie:
        movie.write(np.zeros((48, 64, 3), np.uint8))
    assert cv2.VideoCapture(str(tmp_path / "a.mp4")).get(cv2.CAP_PROP_FPS) == pytest.approx(fps, rel=1e-4)


def test_what_is_no_video_is_said_though_one_is_there(tmp_path) -> None:
    with Movie(tmp_path / "a.mp4", 25.0) as movie:
        movie.write(np.zeros((48, 64, 3), np.uint8))
    (tmp_path / "a.mp4").rename(tmp_path / "a.xyz")
    with pytest.raises(OSError, match="use a name"), Movie(tmp_path / "a.xyz", 25.0) as movie:
        movie.write(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(OSError, match="64 x 48 pixels"), Movie("/proc/a.mp4", 25.0) as movie:
        movie.write(np.zeros((48, 64, 3), np.uint8))


def test_a_movie_holds_what_is_missing_and_notices_that_it_is_not_whole(tmp_path) -> None:
    with Movie(tmp_path / "a.mp4", 25.0) as movie:
        for place, value in ((0, 10), (1, 60), (4, 200), (4, 250)):
            movie.write(np.full((32, 32, 3), value, np.uint8), place)
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    shown = [int(capture.read()[1].mean()) for _ in range(6)]
    assert np.allclose(shown, [10, 60, 60, 60, 200, 250], atol=8), (
        "what comes for a place that is taken is appended"
    )
    movie = Movie(tmp_path / "b.mp4", 25.0)
    movie.write(np.zeros((32, 32, 3), np.uint8))
    movie.frames += 1  # as if the disk had taken one frame less
    with pytest.raises(OSError, match="holds 1 of 2 frames"):
        movie.close()
