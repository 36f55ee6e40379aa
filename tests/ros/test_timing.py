"""The parts that keep time: the pace of files, flow control, what counts as lost."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from face3d.codec import EXPRESSION, IDENTITY
from face3d.movie import FaceTable, Movie
from face3d.ros import file_clock, markers
from face3d.ros.conversions import from_rgb
from face3d.ros.detections import Detections
from face3d.ros.diagnostics import Health
from face3d.ros.file_clock import FileClock
from face3d.ros.flow import Flow
from face3d.ros.listener import Listener
from face3d.ros.markers import Markers
from face3d.ros.overlay_publisher import OverlayPublisher
from face3d.ros.pace import Pace
from face3d.ros.qos import IMAGE_OUT
from tests.ros.probe import PATIENCE, Probe
from tests.ros.standing_clock import StandingClock

SECOND = 10**9


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    clock = StandingClock()
    for module in (file_clock, markers):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_file_keeps_its_pace_and_does_not_hurry_after_a_stop(clock: StandingClock) -> None:
    file = FileClock(5 * SECOND, 2.0, 1000 * SECOND)
    assert file.early(7 * SECOND) == pytest.approx(1.0), "two seconds at double speed"
    assert file.stamp(7 * SECOND) == 1001 * SECOND
    clock.now += 10.0
    assert file.early(7 * SECOND) == 0.0
    assert file.early(8 * SECOND) == pytest.approx(0.5), "it goes on from there"
    assert file.stamp(8 * SECOND) == 1001 * SECOND + SECOND // 2, "the stamps know of no stop"


def test_a_file_catches_up_step_by_step(clock: StandingClock) -> None:
    file = FileClock(0, 1.0, 0)
    waits = []
    for number in range(40):
        if number == 4:
            clock.now += 0.1
        waits.append(file.early(number * SECOND // 50))
        clock.now += waits[-1]
    assert waits[:4] == pytest.approx([0.0, 0.02, 0.02, 0.02], abs=1e-5)
    assert waits[4] == 0.0, "late by 80 ms"
    assert waits[5:20] == pytest.approx([0.016] * 15, abs=1e-5), "no burst"
    assert waits[-2:] == pytest.approx([0.02, 0.02], abs=1e-5)


@pytest.mark.parametrize("pace", [1.0, 4.0])
def test_a_long_pause_of_a_recording_is_shortened(clock: StandingClock, pace: float) -> None:
    file = FileClock(5 * SECOND, pace, 1000 * SECOND)
    assert file.early(13 * SECOND) == pytest.approx(8.0 / pace), "a short one is waited out"
    assert file.early(10_013 * SECOND) == pytest.approx(10.0)
    assert file.stamp(10_013 * SECOND) == pytest.approx(1010 * SECOND, abs=1e3), "the stamps know of no gap"
    clock.now += 10.0
    assert file.early(10_014 * SECOND) == pytest.approx(1.0 / pace), "it goes on from there"


def test_detections_wait_for_their_image() -> None:
    detections = Detections(0.5)
    for number in (5, 0, 10):  # of images that wait; the order of messages is not given
        detections.add((100 + number) * SECOND // 10, [number])
    taken = [detections.take((100 + number) * SECOND // 10) for number in range(12)]
    assert taken == [[0], [], [], [], [], [5], [], [], [], [], [10], []]


def test_old_detections_start_no_face() -> None:
    detections = Detections(0.5)
    detections.add(10 * SECOND, ["late"])
    detections.add(10 * SECOND - SECOND // 2, ["later still"])
    assert detections.take(10 * SECOND + SECOND // 2) == ["late"], "half a second is allowed"
    detections.add(11 * SECOND, ["old"])
    assert detections.take(11 * SECOND + SECOND // 2 + 1) == []
    assert detections.take(11 * SECOND + SECOND // 2 + 1) == []


def test_detections_outlast_an_image_that_was_overtaken() -> None:
    """Its stamp goes back a little, which ends no track either."""
    detections = Detections(0.5)
    assert detections.take(10 * SECOND) == []
    detections.add(10 * SECOND, ["found"])
    assert detections.take(10 * SECOND - SECOND // 50) == [], "before it was found"
    assert detections.take(10 * SECOND + SECOND // 50) == ["found"]


def test_detections_of_a_recording_that_begins_again_are_forgotten() -> None:
    detections = Detections(0.5)
    assert detections.take(14 * SECOND) == []
    detections.add(15 * SECOND, ["of the first time"])
    assert detections.take(10 * SECOND) == [] and detections.take(15 * SECOND) == []
    detections.add(100 * SECOND, ["of another recording"])
    assert detections.take(16 * SECOND) == [] and detections.take(100 * SECOND) == []


def test_flow_control() -> None:
    flow, ending = Flow(2), threading.Event()
    for stamp in (1, 2):
        flow.wait(ending)
        flow.sent(stamp)
    waiting = threading.Thread(target=flow.wait, args=(ending,))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive(), "two images are on their way: it waits for an answer"
    flow.answered(1)
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    flow.sent(3)
    ending.set()
    flow.wait(ending)  # a node that ends does not wait
    free = Flow(0)
    for stamp in range(100):
        free.wait(threading.Event())
        free.sent(stamp)


def test_losses_are_reported(domain) -> None:
    import rclpy

    node = rclpy.create_node("counter")
    health = Health(node, "image")
    for lost in (0, 0, 2, 0):
        health.received(lost)
    assert (health.frames, health.dropped) == (4, 2)
    level, text = health._judge(time.monotonic(), 30.0, 2)
    assert level == DiagnosticStatus.WARN and "2 dropped" in text
    health.received(1, 2)
    assert (health.frames, health.dropped) == (5, 3)
    level, text = health._judge(time.monotonic(), 30.0, 0)
    assert level == DiagnosticStatus.WARN and "2 publishers" in text
    picky = Health(node, "image", pause=0.5)
    for lost in (0, 0, 2):
        picky.received(lost)
    assert (picky.frames, picky.dropped) == (3, 0), "what is passed over on purpose is not lost"
    node.destroy_node()


def test_a_pace_is_kept() -> None:
    jitter = np.random.default_rng(0).uniform(-0.004, 0.004, 601)
    for images, rate, expected in (
        (60, 30.0, 30),
        (30, 30.0, 30),
        (25, 30.0, 25),
        (100, 30.0, 30),
        (60, 0.0, 60),
    ):
        pace = Pace(rate)
        times = 1000.0 + np.arange(6 * images + 1) / images + jitter[: 6 * images + 1]
        assert sum(pace.lets(now) for now in times) / 6 == pytest.approx(expected, rel=0.05)
        apart = sum(pace.lets(now + 10.0, 0.2) for now in times) / 6
        assert apart == pytest.approx(5.0 if rate else expected, rel=0.15)


@pytest.mark.parametrize("rate", [2.0, 7.0, 30.0])
def test_a_pace_is_kept_from_the_first_image_on(rate) -> None:
    pace = Pace(rate)
    for start in (1000.0, 1010.0):  # at the beginning, and after a pause
        through = [now for now in start + np.arange(1000) / 1000 if pace.lets(now)]
        assert through[0] == start and np.diff(through).min() >= 0.75 / rate - 0.001
        assert rate <= len(through) <= rate + 1  # the last one may be early by a quarter of the period


def test_markers_keep_to_their_rate_and_stay_that_long(domain, clock: StandingClock) -> None:
    published: list = []
    publisher = SimpleNamespace(publish=published.append)
    model = SimpleNamespace(lod_triangles=np.array([[0, 1, 2]]))
    face, other = SimpleNamespace(id=1), SimpleNamespace(id=2)
    vertices, header = np.zeros((3, 3), np.float32), Header(frame_id="camera")
    for rate, lifetime in ((0.0, 0.5), (30.0, 0.5), (0.5, 4.0)):
        writer = Markers(publisher, model, "low", rate)
        assert writer.due() and writer.due() == (rate == 0.0)
        writer.publish([(face, vertices), (other, vertices)], header)
        marker = deserialize_message(published[-1], Marker)
        assert marker.lifetime.sec + 1e-9 * marker.lifetime.nanosec == pytest.approx(lifetime)
        count = len(published)
        writer.keep([other], header)
        assert [message.id for message in published[count:]] == [1], "at once, whatever the rate is"
        assert published[-1].action == Marker.DELETE


def test_an_overlay_that_cannot_be_drawn_does_not_end_the_drawing(domain) -> None:
    def draw(image: np.ndarray, faces: list) -> np.ndarray:
        if not image.any():
            raise ValueError("too dark")
        return image

    published: list = []
    publisher = SimpleNamespace(get_subscription_count=lambda: 1, publish=published.append)
    overlay = OverlayPublisher(publisher, SimpleNamespace(draw=draw))
    for value in (0, 1, 0, 2):
        overlay.submit(np.full((4, 4, 3), value, np.uint8), [], Header())
    deadline = time.monotonic() + PATIENCE
    while len(published) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    overlay.close()
    assert [message.data[0] for message in published] == [1, 2]
    assert overlay.skipped == 2


def test_the_camera_may_begin_when_the_results_would_arrive(probe: Probe) -> None:
    """A node that is seen here need not have seen us: a report of its own shows that it has."""
    listener = Listener(None, None, 25.0, None)
    probe.node.create_publisher(Image, "face_overlay", IMAGE_OUT)
    probe.spin(lambda: listener.count_publishers("face_overlay"))
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        listener.open_gate()
        time.sleep(0.01)
    assert not probe.node.count_subscribers("camera/image_raw")
    listener._on_diagnostics(DiagnosticArray(status=[DiagnosticStatus(name="reconstruction_node: images")]))
    listener.open_gate()
    probe.spin(lambda: probe.node.count_subscribers("camera/image_raw") == 1)
    listener._on_overlay(from_rgb(np.zeros((4, 6, 3), np.uint8), Header()))
    listener.open_gate()
    probe.spin(lambda: probe.node.count_subscribers("camera/image_raw") == 0)
    listener.destroy_node()


def test_a_face_of_another_model_is_counted_and_left_out(domain, tmp_path: Path) -> None:
    from face3d_msgs.msg import FaceState

    own = FaceState(id=1, scale=100.0, identity=[0.0] * IDENTITY, expression=[0.0] * EXPRESSION)
    own.rotation = np.eye(3).ravel()
    foreign = FaceState(id=2, scale=100.0, identity=[0.0] * 50, expression=[0.0] * 10)
    foreign.rotation = own.rotation
    with FaceTable(tmp_path / "faces.csv") as table:
        listener = Listener(None, table, 25.0, None)
        for message in (own, foreign, own):
            listener._on_state(message)
        assert (listener.faces, listener.foreign, listener.ids, table.rows) == (2, 1, {1}, 2)
        listener.destroy_node()


def test_an_overlay_that_is_no_image_is_counted_and_left_out(domain, tmp_path: Path) -> None:
    with Movie(tmp_path / "overlay.mp4", 25.0) as movie:
        listener = Listener(movie, None, 25.0, None)
        for number, size in enumerate(((40, 60), None, (30, 30))):
            header = Header(stamp=Time(sec=7, nanosec=number * SECOND // 25))
            image = Image(header=header, encoding="teapot8", width=4, height=4)
            if size is not None:
                image = from_rgb(np.zeros((*size, 3), np.uint8), header)
            listener._on_overlay(image)
        assert (listener.frames, listener.unreadable) == (2, 1)
        assert movie.frames == 3, "the one that is missing holds the one before"
        listener.destroy_node()
