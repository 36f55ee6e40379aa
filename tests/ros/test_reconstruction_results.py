"""What the reconstruction node publishes, topic by topic, against what the core computes itself."""

from __future__ import annotations

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from face3d import runtime
from face3d.camera import Camera
from face3d.motion import ARKIT, MODEL_FROM_FACE, head_pose
from face3d.ros.conversions import from_camera, to_camera, to_region
from face3d.ros.node_group import NodeGroup
from face3d.ros.qos import IMAGE_OUT
from face3d.track import TrackerState
from face3d.tracker import Tracker
from tests.ros.probe import BOX, FRAME, nanoseconds, picture

NODE = "reconstruction_node"
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
    probe.connect(NODE)
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
        # One was without a face.
        probe.spin(lambda number=number: len(probe.got["face_overlay"]) > number + 1)
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


@pytest.mark.parametrize(
    "topic, parameters, focal",
    [
        ("camera/image_rect", {}, 400.0),
        ("camera/image_raw", {}, 300.0),
        ("camera/image_rect", {"rectified": False}, 300.0),
    ],
)
def test_of_rectified_images_the_camera_is_p(domain, probe, model, network, topic, parameters, focal) -> None:
    """camera_info is the same for image_raw (K) and image_rect (P); which one it is, the topic's name says."""
    info = from_camera(Camera(320, 240, 300.0, 300.0, 150.0, 118.0), Header())
    info.p = [400.0, 0.0, 170.0, 0.0, 0.0, 400.0, 120.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    camera = {300.0: to_camera(info, 320, 240), 400.0: Camera(320, 240, 400.0, 400.0, 170.0, 120.0)}[focal]
    probe.listen("face_state")
    with NodeGroup() as nodes:
        images = {"image": topic, "camera_info": "camera_info"}
        nodes.start(NODE, {"network": str(network), **parameters}, images)
        probe.images = probe.node.create_publisher(Image, topic, IMAGE_OUT)
        probe.connect(NODE)
        for _ in range(5):
            probe.infos.publish(info)
            probe.rest(0.1)
        probe.send(picture(), START, BOX)
        probe.spin(lambda: probe.got["face_state"])
    said = " ".join(nodes.lines())
    (face,), _ = Tracker(model, runtime.load(network, model)).step(
        picture(), camera, [BOX], TrackerState(), START
    )
    position, wanted = probe.got["face_state"][0].pose.position, head_pose(face, model).position
    assert np.allclose([position.x, position.y, position.z], wanted, atol=1e-6)
    assert ("count as rectified" in said) == (focal == 400.0)


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
    shift = transform.transform.translation
    assert (shift.x, shift.y, shift.z) == tuple(position)


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
    assert len(set(blendshapes.weights)) > 40, "weights that differ, so that none can be taken for another"
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
    assert set(topology.part_names) == set(model.parts)
    for name, first, last in zip(topology.part_names, topology.part_offsets, topology.part_offsets[1:]):
        assert model.parts[name] == slice(first, last)


def turn(x: float, y: float, z: float, w: float) -> np.ndarray:
    """Rotation matrix of a unit quaternion."""
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
