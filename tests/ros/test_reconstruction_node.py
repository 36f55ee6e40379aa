"""The reconstruction node over real topics: the images and parameters that it takes, and what it says of others."""

from __future__ import annotations

import shutil
import time

import cv2
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from face3d.detector import Detection
from face3d.ros.conversions import from_detections, from_rgb, packed, to_stamp
from face3d.ros.node_group import NodeGroup
from tests.ros.probe import BOX, FRAME, PATIENCE, nanoseconds, picture, printed

NODE = "reconstruction_node"
START, STEP = 1_700_000_000_123_456_789, 40_000_000


def test_bad_images_are_named_and_tracking_goes_on(node, probe) -> None:
    probe.listen("face_state")
    probe.connect(NODE)
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
    assert "Traceback" not in printed(node, "teapot8")


def test_compressed_images(domain, probe, network) -> None:
    probe.listen("face_state")
    images = probe.node.create_publisher(CompressedImage, "image/compressed", 5)
    with NodeGroup() as nodes:
        nodes.start(NODE, {"network": str(network), "transport": "compressed"})
        probe.spin(lambda: images.get_subscription_count() and probe.faces.get_subscription_count())
        probe.meet(NODE)
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
        probe.connect(f"robot/left/{NODE}")
        ahead = Header(stamp=to_stamp(START + STEP), frame_id=FRAME)
        probe.detect(from_detections([Detection(BOX, 0.9)], ahead, 320, 240))
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
        probe.connect(NODE)
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
    deadline = time.monotonic() + PATIENCE
    while nodes.running(NODE):
        assert time.monotonic() < deadline, "the node did not end"
        time.sleep(0.05)
    return "\n".join(nodes.lines())
