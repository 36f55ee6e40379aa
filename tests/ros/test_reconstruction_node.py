"""The reconstruction node over real topics: what it publishes against what the core computes itself."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from face3d import runtime
from face3d.camera import Camera
from face3d.detector import Detection
from face3d.ros.conversions import from_camera, from_detections, from_rgb, packed, to_region, to_stamp
from face3d.ros.conversions.faces import ARKIT, MODEL_FROM_FACE
from face3d.ros.node_group import NodeGroup
from face3d.track import TrackerState
from face3d.tracker import Tracker
from tests.ros.probe import FRAME, nanoseconds, picture

NODE = "reconstruction_node"
BOX = (110.0, 70.0, 90.0, 90.0)
CAMERA = Camera(320, 240, 300.0, 310.0, 160.0, 118.0)
START, STEP = 1_700_000_000_123_456_789, 40_000_000
RESULTS = (
    "face_mesh",
    "face_mesh/topology",
    "face_mesh/marker",
    "face_pose",
    "face_state",
    "face_blendshapes",
    "face_overlay",
    "/tf",
)


def test_everything_is_what_the_core_computes(node, probe, model, network) -> None:
    probe.listen(*RESULTS)
    probe.spin(probe.connected)
    for _ in range(5):  # best effort: the first ones may come before the other side knows of this one
        probe.infos.publish(from_camera(CAMERA, Header()))
        probe.rest(0.1)
    probe.send(picture(), START - STEP)  # no detection yet
    probe.spin(lambda: probe.got["face_overlay"])
    probe.rest(0.3)
    assert not probe.got["face_mesh"], "a face without a detection"

    tracker = Tracker(model, runtime.load(network, model))
    state, boxes = TrackerState(), [BOX]
    _, state = tracker.step(picture(), CAMERA, [], state, START - STEP)
    for number in range(4):
        image, stamp = picture(number), START + number * STEP
        probe.send(image, stamp, BOX if number == 0 else None)
        probe.spin(lambda number=number: all(len(probe.got[name]) > number for name in RESULTS[2:]))
        probe.spin(
            lambda number=number: len(probe.got["face_overlay"]) > number + 1
        )  # one was without a face
        (face,), state = tracker.step(image, CAMERA, boxes, state, stamp)
        boxes = []
        results = {name: probe.got[name][-1] for name in RESULTS if name != "/tf"}
        transform = probe.got["/tf"][-1].transforms[0]
        for name in set(RESULTS) - {"face_mesh/topology", "/tf"}:
            header = results[name].header
            assert (nanoseconds(header.stamp), header.frame_id) == (stamp, FRAME), name
        assert nanoseconds(transform.header.stamp) == stamp
        check_mesh(results, face, model)
        check_pose(results, transform, face, model)
        check_state(results, face, model)
        overlay = results["face_overlay"]
        assert (overlay.width, overlay.height, overlay.encoding) == (320, 240, "rgb8")
        assert np.frombuffer(overlay.data, np.uint8).reshape(240, 320, 3)[100:140].std() > 0
    check_topology(probe.got["face_mesh/topology"], model)
    probe.spin(lambda: probe.value(NODE, "frames") == "5")
    assert probe.value(NODE, "dropped") == "0" and probe.level(NODE) == DiagnosticStatus.OK

    # A camera that was away for longer than a track lives: no outputs, rather than old ones.
    count = {name: len(probe.got[name]) for name in RESULTS}
    probe.send(picture(9), START + 10**10)
    probe.spin(lambda: len(probe.got["face_overlay"]) > count["face_overlay"])
    probe.rest(0.3)
    gone = probe.got["face_mesh/marker"][-1]
    assert (gone.action, gone.id) == (gone.DELETE, 1)
    for name in ("face_mesh", "face_pose", "face_state", "face_blendshapes", "/tf"):
        assert len(probe.got[name]) == count[name], name


def check_mesh(results: dict, face, model) -> None:
    mesh, marker = results["face_mesh"], results["face_mesh/marker"]
    vertices = np.array(mesh.vertices, np.float32).reshape(-1, 3)
    np.testing.assert_array_equal(vertices, face.camera_vertices())
    assert mesh.id == face.id == marker.id
    corners = np.array([(point.x, point.y, point.z) for point in marker.points])
    np.testing.assert_array_equal(corners, vertices[model.lod_triangles.reshape(-1)])
    assert marker.type == marker.TRIANGLE_LIST and marker.color.a == 1.0


def check_pose(results: dict, transform, face, model) -> None:
    pose = results["face_pose"].pose
    rotation, translation = face.metric()
    position = np.array([pose.position.x, pose.position.y, pose.position.z])
    np.testing.assert_allclose(position, rotation @ face.vertices[model.sellion] + translation, atol=1e-9)
    quaternion = pose.orientation
    axes = turn(quaternion.x, quaternion.y, quaternion.z, quaternion.w)
    np.testing.assert_allclose(axes, rotation @ MODEL_FROM_FACE, atol=1e-9)
    # The face looks into the camera: its x comes towards it, its z goes up in the image.
    assert axes[2, 0] < -0.9 and axes[1, 2] < -0.9 and position[2] > 0.1
    assert transform.child_frame_id == f"face_{face.id}" and transform.header.frame_id == FRAME
    assert transform.transform.rotation == quaternion
    assert (transform.transform.translation.x, transform.transform.translation.z) == (
        position[0],
        position[2],
    )


def check_state(results: dict, face, model) -> None:
    state, geometry = results["face_state"], face.geometry
    np.testing.assert_array_equal(np.array(state.identity, np.float32), geometry.identity)
    np.testing.assert_array_equal(np.array(state.expression, np.float32), geometry.expression)
    np.testing.assert_array_equal(state.rotation, geometry.pose.rotation.reshape(-1))
    np.testing.assert_array_equal(state.translation, geometry.pose.translation)
    assert state.scale == geometry.pose.scale and state.pose == results["face_pose"].pose
    assert state.box == to_region(face.box, 320, 240) and state.confidence == 1.0
    blendshapes = results["face_blendshapes"]
    assert tuple(blendshapes.names) == ARKIT and len(blendshapes.weights) == 52
    weights = dict(zip(blendshapes.names, blendshapes.weights))
    columns = {name.removeprefix("arkit/"): i for i, name in enumerate(model.expression_names)}
    for name, weight in weights.items():
        expected = np.clip(geometry.expression[columns[name]], 0, 1) if name in columns else 0.0
        assert weight == pytest.approx(expected), name
    assert weights["jawForward"] == weights["tongueOut"] == 0.0


def check_topology(messages: list, model) -> None:
    (topology,) = messages
    assert (topology.model_hash, topology.vertex_count) == (model.hash, model.vertex_count)
    np.testing.assert_array_equal(np.array(topology.triangles).reshape(-1, 3), model.triangles)
    np.testing.assert_array_equal(topology.landmarks, model.landmarks68)
    assert topology.sellion == model.sellion
    assert tuple(topology.expression_names) == model.expression_names
    for name, first, last in zip(topology.part_names, topology.part_offsets, topology.part_offsets[1:]):
        assert model.parts[name] == slice(first, last)


def test_bad_images_are_named_and_tracking_goes_on(node, probe) -> None:
    probe.listen("face_state")
    probe.spin(probe.connected)
    header = probe.send(picture(), START, BOX)
    probe.spin(lambda: len(probe.got["face_state"]) == 1)

    def broken(**changes):
        message = from_rgb(picture(), header)
        for name, value in changes.items():
            setattr(message, name, value)
        return message

    bad = {
        "unknown image encoding 'teapot8'": broken(encoding="teapot8"),
        "truncated image: 1000 bytes, 320 x 240 rgb8 with step 960 takes 230400": broken(
            data=from_rgb(picture(), header).data[:1000]
        ),
        "empty image: 0 x 240": broken(width=0),
        "rows are too short: step 10": broken(step=10),
    }
    for number, (text, message) in enumerate(bad.items()):
        probe.images.publish(message)
        probe.spin(lambda text=text: text in probe.message(NODE))
        assert probe.level(NODE) == DiagnosticStatus.ERROR
        assert probe.value(NODE, "problems") == str(number + 1)
    probe.infos.publish(CameraInfo(width=320, height=100, k=[float("nan")] * 9))  # nonsense is not followed
    probe.rest(0.2)
    assert node.running(NODE)
    for number in (1, 2):
        probe.send(picture(number), START + number * STEP)
        probe.spin(lambda number=number: len(probe.got["face_state"]) == 1 + number)
    assert {state.id for state in probe.got["face_state"]} == {1}, "the track went on"
    lines = " ".join(node.lines())
    assert "teapot8" in lines and "Traceback" not in lines


def test_compressed_images(domain, probe, network) -> None:
    probe.listen("face_state")
    images = probe.node.create_publisher(CompressedImage, "image/compressed", 5)
    with NodeGroup() as nodes:
        nodes.start(NODE, {"network": str(network), "transport": "compressed"})
        probe.spin(lambda: images.get_subscription_count() and probe.faces.get_subscription_count())
        probe.rest(0.3)
        header = probe.send(picture(), START, BOX)  # of these, only the detection has a listener
        message = CompressedImage(header=header, format="rgb8; jpeg compressed bgr8")
        message.data = packed("B", cv2.imencode(".jpg", picture()[..., ::-1])[1])
        images.publish(message)
        probe.spin(lambda: probe.got["face_state"])
        assert probe.got["face_state"][0].header == header
        message.data = message.data[:500]
        images.publish(message)
        probe.spin(lambda: "cannot decode a compressed image of 500 bytes" in probe.message(NODE))


def test_in_a_namespace_and_with_a_detector_that_is_ahead(domain, probe, network) -> None:
    probe.listen("/tf", "face_state")
    remaps = {name: f"/{name}" for name in ("image", "camera_info", "faces", "face_state")}
    with NodeGroup() as nodes:
        nodes.start(NODE, {"network": str(network), "queue": 10}, {"__ns": "/robot/left", **remaps})
        probe.spin(probe.connected)
        probe.rest(0.3)
        ahead = Header(stamp=to_stamp(START + STEP), frame_id=FRAME)
        probe.faces.publish(from_detections([Detection(BOX, 0.9)], ahead, 320, 240))
        probe.rest(0.3)
        for number in range(2):
            probe.send(picture(number), START + number * STEP)
        probe.spin(lambda: probe.got["/tf"] and probe.got["face_state"])
        assert nanoseconds(probe.got["face_state"][0].header.stamp) == START + STEP
        (transform,) = probe.got["/tf"][0].transforms
        assert transform.child_frame_id == "robot/left/face_1" and transform.header.frame_id == FRAME


def test_a_missing_network_is_waited_for(domain, probe, network, tmp_path) -> None:
    missing = tmp_path / "missing.onnx"
    probe.listen("face_state")
    with NodeGroup() as nodes:
        nodes.start(NODE, {"network": str(missing)})
        probe.spin(probe.connected)
        probe.send(picture(), START, BOX)
        probe.spin(lambda: "no network" in probe.message(NODE) and str(missing) in probe.message(NODE))
        assert probe.level(NODE) == DiagnosticStatus.ERROR and nodes.running(NODE)
        assert not probe.got["face_state"]
        shutil.copy(network, missing)
        probe.spin(lambda: probe.level(NODE) not in (None, DiagnosticStatus.ERROR))
        probe.send(picture(), START + STEP, BOX)
        probe.spin(lambda: probe.got["face_state"])


def test_wrong_parameters_end_the_start_with_a_line(domain) -> None:
    for parameter, value in (("tracker.smoothing", "wild"), ("threads", 0), ("model", "/no/such/model.npz")):
        with NodeGroup() as nodes:
            nodes.start(NODE, {parameter: value})
            lines = finished(nodes)
        assert "Traceback" not in lines and "cannot start" in lines, lines
        assert parameter.rpartition(".")[2] in lines


def finished(nodes: NodeGroup) -> str:
    """What a node that ends by itself has printed."""
    import time

    deadline = time.monotonic() + 20.0
    while nodes.running(NODE):
        assert time.monotonic() < deadline, "the node did not end"
        time.sleep(0.05)
    time.sleep(0.2)
    return "\n".join(nodes.lines())


def turn(x: float, y: float, z: float, w: float) -> np.ndarray:
    """Rotation matrix of a unit quaternion."""
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
