"""What nodes meet in the field: clocks that stand, images that change, foreign calibrations, neighbours, signals."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from face3d.camera import Camera
from face3d.detector import Detection
from face3d.ros.conversions import from_camera, from_detections, from_rgb, to_stamp
from face3d.ros.node_group import NodeGroup
from tests.ros.probe import BOX, FRAME, PATIENCE, Probe, nanoseconds, picture, printed
from tests.ros.test_shared_memory import held

NODE = "reconstruction_node"
START, STEP = 1_700_000_000_000_000_000, 40_000_000
NEARLY = 0.05  # distances go with the focal length, but for the depth that a head itself has


def test_a_simulated_clock_that_stands_still_stops_nothing(domain, probe: Probe, network: Path) -> None:
    probe.listen("face_state")
    with NodeGroup() as nodes:
        nodes.start(NODE, {"network": str(network), "use_sim_time": True})
        probe.connect(NODE)
        probe.spin(lambda: probe.level(NODE) == DiagnosticStatus.WARN)
        for number in range(3):
            probe.send(picture(number), START + number * STEP, BOX if number == 0 else None)
            probe.spin(lambda number=number: len(probe.got["face_state"]) > number)
        probe.spin(lambda: probe.value(NODE, "frames") == "3")


def test_images_may_change_their_size(node, probe: Probe) -> None:
    """A camera that is switched to another mode and back: every image is worked on, faces are found anew."""
    probe.listen("face_state", "face_overlay")
    probe.connect(NODE)
    sizes = ((320, 240), (640, 480), (160, 120), (320, 240))
    for mode, (width, height) in enumerate(sizes):
        box = tuple(value * width / 320 for value in BOX)
        for number in range(3):
            stamp = START + (3 * mode + number) * STEP
            probe.send(picture(number, width, height), stamp, box if number == 0 else None)
            probe.spin(lambda: probe.got["face_overlay"] and last(probe) == stamp)  # noqa: B023
            assert (probe.got["face_overlay"][-1].width, probe.got["face_overlay"][-1].height) == (
                width,
                height,
            )
    third = {START + (3 * mode + 2) * STEP for mode in range(len(sizes))}
    probe.spin(lambda: third <= {nanoseconds(state.header.stamp) for state in probe.got["face_state"]})
    probe.spin(lambda: probe.value(NODE, "frames") == "12")
    assert probe.value(NODE, "problems") == "0"


def last(probe: Probe) -> int:
    return nanoseconds(probe.got["face_overlay"][-1].header.stamp)


def test_a_calibration_of_another_shape_is_named_and_a_right_one_followed(node, probe: Probe) -> None:
    probe.listen("face_pose")
    probe.connect(NODE)
    distances = []
    cameras = (
        None,
        Camera(320, 100, 600.0, 600.0, 160.0, 50.0),
        Camera(320, 240, 600.0, 600.0, 159.5, 119.5),
    )
    for number, camera in enumerate(cameras):
        for _ in range(5 if camera else 0):  # best effort
            probe.infos.publish(from_camera(camera, Header()))
            probe.rest(0.1)
        probe.send(picture(), START + number * STEP, BOX if number == 0 else None)
        probe.spin(lambda number=number: len(probe.got["face_pose"]) > number)
        distances.append(probe.got["face_pose"][-1].pose.position.z)
    guessed, foreign, calibrated = distances
    assert foreign == pytest.approx(guessed, rel=0.02), "as without one"
    focal = Camera.from_fov(320, 240, 60.0).fx
    assert calibrated / guessed == pytest.approx(600.0 / focal, rel=NEARLY)
    assert printed(node, "camera_info is for 320 x 100 images")


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_calibration_that_is_no_number_is_named_and_the_next_one_followed(
    node, probe: Probe, value: float
) -> None:
    """Between two good ones it counts as none: distances are guessed, all of what is published is finite."""
    probe.listen("face_pose", "face_mesh")
    probe.connect(NODE)
    good = from_camera(Camera(320, 240, 600.0, 600.0, 159.5, 119.5), Header())
    damaged = CameraInfo(k=[value] * 9, width=320, height=240)
    distances = []
    for number, info in enumerate((good, damaged, good)):
        for _ in range(5):  # best effort
            probe.infos.publish(info)
            probe.rest(0.1)
        probe.send(picture(), START + number * STEP, BOX if number == 0 else None)
        probe.spin(lambda number=number: len(probe.got["face_pose"]) == len(probe.got["face_mesh"]) > number)
        distances.append(probe.got["face_pose"][-1].pose.position.z)
        assert np.isfinite(probe.got["face_mesh"][-1].vertices).all()
        if info is damaged:
            probe.spin(lambda: probe.level(NODE) == DiagnosticStatus.ERROR)
            assert "camera_info is damaged" in probe.message(NODE)
            assert probe.value(NODE, "problems") == "1"
    assert distances[2] == pytest.approx(distances[0], rel=0.02)
    focal = Camera.from_fov(320, 240, 60.0).fx
    assert distances[1] / distances[0] == pytest.approx(focal / 600.0, rel=NEARLY)
    lines = printed(node, "assume a field of view")
    assert "camera_info is damaged" in lines


def test_a_calibration_that_is_cut_off_is_named_and_the_last_one_counts(node, probe: Probe) -> None:
    probe.listen("face_pose")
    probe.connect(NODE)
    good = serialize_message(from_camera(Camera(320, 240, 600.0, 600.0, 159.5, 119.5), Header()))
    for number, info in enumerate((good, good[:60])):
        for _ in range(5):  # best effort
            probe.infos.publish(info)
            probe.rest(0.1)
        probe.send(picture(number), START + number * STEP, BOX if number == 0 else None)
        probe.spin(lambda number=number: len(probe.got["face_pose"]) > number)
    probe.spin(lambda: "camera_info that cannot be read" in probe.message(NODE))
    first, second = (message.pose.position.z for message in probe.got["face_pose"])
    assert second == pytest.approx(first, rel=0.02)
    assert "assume a field of view" not in " ".join(node.lines())


def test_detections_of_another_version_are_named_and_the_next_ones_followed(node, probe: Probe) -> None:
    """As in a bag from before the message was changed."""
    probe.listen("face_state")
    probe.connect(NODE)
    found = from_detections([Detection(BOX, 0.9)], Header(stamp=to_stamp(START), frame_id=FRAME), 320, 240)
    probe.faces.publish(serialize_message(found)[:60])
    probe.spin(lambda: "faces cannot be read" in probe.message(NODE))
    probe.send(picture(), START + STEP, BOX)
    probe.spin(lambda: probe.got["face_state"])


def test_images_without_a_frame_give_no_transform(node, probe: Probe) -> None:
    """tf2 refuses a transform from nowhere, in every listener and for every image."""
    probe.listen("face_pose", "/tf")
    probe.connect(NODE)
    for number, frame in enumerate(("", "", FRAME)):
        header = Header(stamp=to_stamp(START + number * STEP), frame_id=frame)
        if number == 0:
            probe.detect(from_detections([Detection(BOX, 0.9)], header, 320, 240))
        probe.images.publish(from_rgb(picture(number), header))
        probe.spin(lambda number=number: len(probe.got["face_pose"]) > number)
    probe.spin(lambda: probe.got["/tf"])
    assert [message.transforms[0].header.frame_id for message in probe.got["/tf"]] == [FRAME]
    assert printed(node, "the images name no frame").count("the images name no frame") == 1


def test_two_cameras_side_by_side(domain, probe: Probe, network: Path) -> None:
    """Both look at the same images here; nothing of one is taken for the other's."""
    probe.listen("/tf")
    remaps = {name: f"/{name}" for name in ("image", "camera_info", "faces")}
    with NodeGroup() as left, NodeGroup() as right:
        for side, nodes in (("left", left), ("right", right)):
            nodes.start(NODE, {"network": str(network)}, {"__ns": f"/{side}", **remaps})
        probe.spin(lambda: probe.images.get_subscription_count() == 2 == probe.faces.get_subscription_count())
        probe.spin(lambda: probe.node.count_publishers("/tf") == 2)
        probe.meet(f"left/{NODE}", f"right/{NODE}")
        probe.send(picture(), START, BOX)
        probe.spin(lambda: len(probe.got["/tf"]) == 2)
        frames = [message.transforms[0].child_frame_id for message in probe.got["/tf"]]
        assert sorted(frames) == ["left/face_1", "right/face_1"]
        assert {message.transforms[0].header.frame_id for message in probe.got["/tf"]} == {FRAME}
        probe.spin(lambda: {f"left/{NODE}", f"right/{NODE}"} <= set(probe.status))


def test_parameters_do_not_change_while_a_node_runs(node, probe: Probe) -> None:
    value = ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=2)
    request = SetParameters.Request(parameters=[Parameter(name="tracker.max_faces", value=value)])
    (result,) = probe.call(SetParameters, f"{NODE}/set_parameters", request).results
    assert not result.successful and "read-only" in result.reason
    assert node.running(NODE)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/shm is Linux's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_is_told_to_end_leaves_no_shared_memory(
    domain, network: Path, clip: Path, number: int
) -> None:
    parameters = {
        NODE: {"network": str(network)},
        "detection_node": {},
        "camera_node": {"source": str(clip), "loop": True},
    }
    with NodeGroup() as nodes:
        for name, values in parameters.items():
            nodes.start(name, values)
        locks: set[str] = set()
        deadline = time.monotonic() + PATIENCE
        for name in parameters:
            while not (found := held(nodes.process_id(name))):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            locks |= found
        time.sleep(2.0)  # in the middle of its work
        for name in parameters:
            nodes._processes[name].send_signal(number)
        for name in parameters:
            assert nodes._processes[name].wait(timeout=PATIENCE) == 0, nodes.lines()
    segments = {lock.removesuffix("_el") for lock in locks}
    assert segments and not [name for name in segments | locks if (Path("/dev/shm") / name).exists()]
