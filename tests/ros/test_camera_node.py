"""camera_node and detection_node as processes: files that end, are no videos, or come late."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from face3d.camera import Camera
from face3d.detector import Detector
from face3d.movie import Movie
from face3d.ros import camera_node, conversions
from face3d.ros.camera_node import CameraNode
from face3d.ros.node_group import NodeGroup
from face3d.ros.record import BagWriter
from face3d.source import Frame, Source, SourceError, open_source
from tests.ros.probe import PATIENCE, Probe, nanoseconds, picture

NODE = "camera_node"
IMAGES, INFOS = "camera/image_raw", "camera/camera_info"


@pytest.fixture
def nodes() -> Iterator[NodeGroup]:
    with NodeGroup() as nodes:
        yield nodes


def start(probe: Probe, nodes: NodeGroup, parameters: dict[str, object]) -> None:
    """Start the camera node, which plays its first image when it and the probe know all of each other."""
    nodes.start(NODE, parameters | {"wait_for_subscribers": 2})
    probe.spin(lambda: all(map(probe.node.count_publishers, probe.got)))
    probe.meet(NODE)
    probe.node.create_subscription(Image, IMAGES, lambda _: None, 1)


def test_a_video_comes_through_whole_and_ends(probe: Probe, nodes: NodeGroup, clip: Path) -> None:
    probe.listen(IMAGES, INFOS)
    start(probe, nodes, {"source": str(clip), "fov": 90.0, "stamps": "paced"})
    probe.spin(lambda: not nodes.running(NODE))
    assert nodes.failed() == ""
    frames = list(open_source(clip))
    probe.spin(lambda: len(probe.got[IMAGES]) == len(frames) == 25)
    for message, frame in zip(probe.got[IMAGES], frames):
        np.testing.assert_array_equal(conversions.to_rgb(message), frame.image)
        assert message.header.frame_id == "camera_optical_frame"
    stamps = np.array([nanoseconds(message.header.stamp) for message in probe.got[IMAGES]])
    np.testing.assert_allclose(np.diff(stamps) * 1e-9, 1 / 25, atol=1e-3)
    probe.spin(lambda: probe.got[INFOS][-1].header == probe.got[IMAGES][-1].header)
    info = probe.got[INFOS][-1]
    height, width = frames[0].image.shape[:2]
    assert conversions.to_camera(info, width, height) == Camera.from_fov(width, height, 90.0)
    probe.spin(lambda: probe.value(NODE, "frames") == "25")  # the last report arrives


def test_a_video_that_is_cut_off_is_said(probe: Probe, nodes: NodeGroup, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    with Movie(whole, 10.0) as movie:
        for number in range(20):
            movie.write(picture(number))
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    nodes.start(NODE, {"source": str(cut), "speed": 100.0})
    probe.spin(lambda: not nodes.running(NODE))
    assert nodes.failed() == "" and "damaged or cut off" in "\n".join(nodes.lines())


def test_what_is_no_video_is_said_and_a_source_that_comes_later_plays(
    probe: Probe, nodes: NodeGroup, clip: Path, tmp_path: Path
) -> None:
    source = tmp_path / "camera.mp4"
    source.write_text("This is a letter, not a video.\n" * 50)
    probe.listen(IMAGES)
    nodes.start(NODE, {"source": str(source), "reopen": 0.2, "loop": True})
    probe.spin(lambda: "is not a video" in probe.message(NODE))
    assert probe.level(NODE) == DiagnosticStatus.ERROR and nodes.running(NODE)
    source.unlink()  # unplugged
    probe.spin(lambda: "no source" in probe.message(NODE))
    shutil.copy(clip, tmp_path / "whole.mp4")
    (tmp_path / "whole.mp4").rename(source)  # and back
    probe.spin(lambda: len(probe.got[IMAGES]) > 30)  # more than once through
    probe.spin(lambda: probe.level(NODE) == DiagnosticStatus.OK)
    assert "Traceback" not in "\n".join(nodes.lines())


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied"),
        cv2.error("(-215) failed"),
        OverflowError("no such time"),
        RuntimeError("?"),
    ],
)
def test_a_source_that_fails_otherwise_is_said_and_tried_again(
    domain, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries = threading.Semaphore(0)

    def refuse(_: str) -> Source:
        tries.release()
        raise error

    monkeypatch.setattr(camera_node, "open_source", refuse)
    node = CameraNode()
    node._reopen = 0.05
    try:
        assert all(tries.acquire(timeout=PATIENCE) for _ in range(2))
        assert str(error) in node._health._judge(0.0, 0.0, 0)[1]
    finally:
        node.destroy_node()


def test_a_recording_that_breaks_off_is_not_played_again(
    probe: Probe, nodes: NodeGroup, tmp_path: Path
) -> None:
    """What it has shown already is no new recording: it ends there, and says that it did."""
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number)[..., ::-1])
    (tmp_path / "3.png").write_bytes(b"the card was full")
    probe.listen(IMAGES)
    start(probe, nodes, {"source": str(tmp_path), "rate": 50.0, "reopen": 0.1})
    probe.spin(lambda: not nodes.running(NODE))
    probe.spin(lambda: "3.png is not an image" in probe.message(NODE) and len(probe.got[IMAGES]) >= 3)
    probe.rest(0.2)
    assert len(probe.got[IMAGES]) == 3 and probe.level(NODE) == DiagnosticStatus.ERROR
    assert "3.png is not an image" in "\n".join(nodes.lines())


def test_a_camera_that_hangs_does_not_keep_the_node(domain, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, back = threading.Event(), threading.Event()

    def hang(_: str) -> Source:
        reading.set()
        back.wait(PATIENCE)
        raise SourceError("the camera was unplugged")

    monkeypatch.setattr(camera_node, "open_source", hang)
    monkeypatch.setattr(camera_node, "_HANGS", 0.1)
    node = CameraNode()
    assert reading.wait(PATIENCE)
    node.destroy_node()
    assert node._thread.is_alive() and node._thread.daemon, "left behind, and the process can end"
    back.set()
    node._thread.join(PATIENCE)
    assert not node._thread.is_alive() and node._health._fatal == "", "it came back too late to say anything"


def test_a_bag_keeps_its_stamps_frame_and_calibration(probe: Probe, nodes: NodeGroup, tmp_path: Path) -> None:
    camera = Camera(320, 240, 300.0, 310.0, 160.0, 118.0)
    stamps = [1_700_000_000_000_000_007 + number * 100_000_000 for number in range(5)]
    with BagWriter(tmp_path / "bag", quality=90, camera=camera, frame_id="recorded_frame") as writer:
        for number, stamp in enumerate(stamps):
            writer.write(Frame(stamp, picture(number)))
    probe.listen(IMAGES, INFOS)
    start(probe, nodes, {"source": str(tmp_path / "bag"), "stamps": "source", "speed": 4.0})
    probe.spin(lambda: not nodes.running(NODE))
    probe.spin(lambda: [nanoseconds(message.header.stamp) for message in probe.got[IMAGES]] == stamps)
    assert {message.header.frame_id for message in probe.got[IMAGES]} == {"recorded_frame"}
    assert conversions.to_camera(probe.got[INFOS][0], 320, 240) == camera


def test_a_calibration_file_of_rectified_images_counts_as_p(domain, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(
        "image_width: 320\nimage_height: 240\ndistortion_model: plumb_bob\n"
        "camera_matrix: {data: [300, 0, 160, 0, 310, 118, 0, 0, 1]}\n"
        "distortion_coefficients: {data: [0.1, 0, 0, 0, 0]}\n"
        "rectification_matrix: {data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}\n"
        "projection_matrix: {data: [280, 0, 150, 0, 0, 290, 125, 0, 0, 0, 1, 0]}\n"
    )
    monkeypatch.setattr(CameraNode, "_run", lambda self: None)
    node = CameraNode()
    node._calibration = conversions.read_calibration(path)
    try:
        for rectified, focal in ((True, 280.0), (False, 300.0)):
            source = SimpleNamespace(rectified=rectified)
            info = node._info(Frame(0, picture()), source, Header(frame_id="eye"))
            assert conversions.to_camera(info, 320, 240).fx == focal and info.header.frame_id == "eye"
    finally:
        node.destroy_node()


def test_a_file_waits_for_answers_when_asked_to(probe: Probe, nodes: NodeGroup, tmp_path: Path) -> None:
    for number in range(8):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number)[..., ::-1])
    probe.listen(IMAGES)
    answers = probe.node.create_publisher(Header, "camera/answered", 10)
    start(probe, nodes, {"source": str(tmp_path), "rate": 100.0, "in_flight": 2})
    probe.spin(lambda: len(probe.got[IMAGES]) == 2)
    probe.rest(0.3)
    assert len(probe.got[IMAGES]) == 2, "it waits"
    while nodes.running(NODE):
        answers.publish(probe.got[IMAGES][-1].header)
        probe.rest(0.05)
    probe.spin(lambda: len(probe.got[IMAGES]) == 8)


def test_detection(probe: Probe, nodes: NodeGroup, clip: Path) -> None:
    """Every image is searched while nobody is tracked, at the given rate; the results are the detector's own."""
    probe.listen("faces")
    nodes.start("detection_node", {"rate": 1000.0})
    probe.spin(lambda: probe.images.get_subscription_count() and probe.node.count_publishers("faces"))
    probe.meet("detection_node")
    image = next(iter(open_source(clip))).image
    (expected,) = Detector().detect(image)
    probe.send(image, 1_700_000_000_000_000_000)
    probe.spin(lambda: probe.got["faces"])
    (face,) = probe.got["faces"][0].faces
    assert nanoseconds(probe.got["faces"][0].header.stamp) == 1_700_000_000_000_000_000
    assert face.confidence == pytest.approx(expected.confidence)
    assert face.box == conversions.to_region(expected.box, image.shape[1], image.shape[0])
    probe.send(np.zeros_like(image), 1_700_000_000_100_000_000)
    probe.spin(lambda: len(probe.got["faces"]) == 2)
    assert probe.got["faces"][1].faces == [], "an empty list says that there is nobody"
    bad = conversions.from_rgb(image, probe.got["faces"][0].header)
    bad.encoding = "teapot8"
    probe.images.publish(bad)
    probe.spin(lambda: "teapot8" in probe.message("detection_node"))
    probe.images.publish(b"\0\1\0\0" + b"\xff" * 40)
    probe.spin(lambda: "not a message of the expected kind" in probe.message("detection_node"))
    assert nodes.running("detection_node")
