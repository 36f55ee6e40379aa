"""The three nodes in one process give what they give apart."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from std_msgs.msg import Header

from face3d.ros import hand_over, line
from face3d.ros.conversions import Picture
from face3d.ros.diagnostics import Health
from face3d.ros.gate import Gate
from face3d.ros.hand_over import HandOver
from face3d.ros.line import Line
from face3d.ros.node_group import NodeGroup
from face3d.ros.process import ALL, NODES
from tests.ros.probe import PATIENCE, Probe, nanoseconds, picture
from tests.ros.standing_clock import StandingClock

REMAPS = {"image": "camera/image_raw", "camera_info": "camera/camera_info"}


def test_one_process_from_camera_to_mesh(probe: Probe, network: Path, clip: Path) -> None:
    probe.listen("camera/image_raw", "faces", "face_mesh")
    parameters = {"source": str(clip), "rate": 10.0, "loop": True, "network": str(network)}
    parameters["wait_for_subscribers"] = 3  # with the two that get images as they are
    with NodeGroup() as nodes:
        nodes.start(ALL, parameters, REMAPS)
        probe.spin(lambda: len(probe.got["face_mesh"]) > 5)
        assert set(NODES) <= set(probe.node.get_node_names())
        probe.spin(lambda: all(probe.level(name) is not None for name in NODES))
        meshes = stamps(probe, "face_mesh")
        probe.spin(lambda: meshes <= stamps(probe, "camera/image_raw"))  # a mesh may come before its image
        process = nodes._processes[ALL]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0, nodes.lines()


def stamps(probe: Probe, topic: str) -> set[int]:
    """Of what has come, nanoseconds."""
    return {nanoseconds(message.header.stamp) for message in probe.got[topic]}


def test_a_file_is_worked_off_before_the_process_ends(probe: Probe, clip: Path) -> None:
    """With the network that takes its time."""
    probe.listen("camera/image_raw", "face_mesh")
    with NodeGroup() as nodes:
        nodes.start(ALL, {"source": str(clip), "rate": 15.0, "wait_for_subscribers": 3}, REMAPS)
        probe.spin(lambda: not nodes.running(ALL))
    probe.rest(0.3)
    probe.spin(lambda: probe.got["face_mesh"][-1].header == probe.got["camera/image_raw"][-1].header)


def test_who_ends_waits_for_what_is_worked_on(probe: Probe) -> None:
    """Until the work is done, and not for longer than was said, nor for what may wait behind a gate for ever."""
    release = threading.Event()
    place = HandOver(probe.node, Health(probe.node, "image"), Line(), lambda _: release.wait(PATIENCE))
    gated = HandOver(probe.node, Health(probe.node, "image"), Line(), lambda _: None, Gate())
    each = Picture(picture(), Header())
    gated.offer(each)
    gated.settle(PATIENCE)
    place.settle(PATIENCE)
    place.offer(each)
    place.settle(0.05)
    settled = threading.Event()
    ending = threading.Thread(target=lambda: (place.settle(PATIENCE), settled.set()))
    ending.start()
    worker = threading.Thread(target=probe.spin, args=(settled.is_set,))
    worker.start()
    assert not settled.wait(0.3), "the image is being worked on"
    release.set()
    assert settled.wait(PATIENCE)
    for thread in (ending, worker):
        thread.join()


def test_without_its_camera(probe: Probe, network: Path) -> None:
    with NodeGroup() as nodes:
        nodes.start(ALL, {"camera": False, "network": str(network)})
        probe.spin(lambda: all(probe.level(name) is not None for name in NODES[1:]))
        assert "camera_node" not in probe.node.get_node_names()


def test_of_images_that_are_handed_over_the_newest_wins(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    monkeypatch.setattr(hand_over, "time", clock)
    taken: list[Picture] = []
    health = Health(probe.node, "image")
    place = HandOver(probe.node, health, Line(clock.monotonic), taken.append)
    pictures = [Picture(picture(number), Header()) for number in range(8)]

    def offered(*numbers: int, late: float = 0.0) -> list[int]:
        for number in numbers:
            place.offer(pictures[number])
        clock.now += late
        taken.clear()
        probe.spin(lambda: taken and taken[-1] is pictures[numbers[-1]])
        probe.rest(0.1)
        return [number for picture in taken for number in range(8) if picture.image is pictures[number].image]

    assert offered(0) == [0]
    assert offered(1, 2) == [1, 2], "images that come close together are all worked on"
    assert offered(3, 4, 5, late=2 * line.PATIENCE) == [5], "but what has waited for long gives way"
    assert (health.frames, health.dropped) == (4, 2)


def test_nothing_is_taken_before_its_gate_opens(probe: Probe) -> None:
    taken: list[Picture] = []
    gate = Gate()
    place = HandOver(probe.node, Health(probe.node, "image"), Line(), taken.append, gate)
    newest = Picture(picture(2), Header())
    for each in (Picture(picture(0), Header()), Picture(picture(1), Header()), newest):
        place.offer(each)
    probe.rest(0.1)
    assert not taken
    gate.open = True
    probe.spin(lambda: taken)
    probe.rest(0.1)
    assert len(taken) == 1 and taken[0].image is newest.image


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_node_that_fails_ends_the_process(probe: Probe) -> None:
    """In a process of its own it would be gone; here the others must not go on without it and say nothing."""
    import rclpy

    from face3d.ros.all_nodes import AllNodes, Spinning

    node = rclpy.create_node("failing", context=probe.node.context)
    node.create_timer(0.01, lambda: 1 / 0)
    spinning = Spinning(node)
    deadline = time.monotonic() + PATIENCE
    while spinning.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(RuntimeError, match="failing has failed"):
        AllNodes._check(SimpleNamespace(_others=[spinning]))
    spinning.close()
