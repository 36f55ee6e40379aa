"""The three nodes in one process give what they give apart."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from std_msgs.msg import Header

from face3d.ros.conversions import Picture
from face3d.ros.diagnostics import Health
from face3d.ros.gate import Gate
from face3d.ros.hand_over import HandOver
from face3d.ros.line import PATIENCE, Line
from face3d.ros.node_group import NodeGroup
from face3d.ros.process import ALL, NODES
from tests.ros.probe import Probe, nanoseconds, picture

REMAPS = {"image": "camera/image_raw", "camera_info": "camera/camera_info"}


def test_one_process_from_camera_to_mesh(probe: Probe, network: Path, clip: Path) -> None:
    probe.listen("camera/image_raw", "faces", "face_mesh")
    parameters = {"source": str(clip), "rate": 10.0, "loop": True, "network": str(network)}
    with NodeGroup() as nodes:
        nodes.start(ALL, parameters, REMAPS)
        probe.spin(lambda: len(probe.got["face_mesh"]) > 5)
        assert set(NODES) <= set(probe.node.get_node_names())
        probe.spin(lambda: all(probe.level(name) is not None for name in NODES))
        sent = {nanoseconds(message.header.stamp) for message in probe.got["camera/image_raw"]}
        assert {nanoseconds(message.header.stamp) for message in probe.got["face_mesh"]} <= sent
        process = nodes._processes[ALL]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, nodes.lines()


def test_a_file_is_worked_off_before_the_process_ends(probe: Probe, clip: Path) -> None:
    """With the network that takes its time."""
    probe.listen("camera/image_raw", "face_mesh")
    with NodeGroup() as nodes:
        nodes.start(ALL, {"source": str(clip), "rate": 15.0, "wait_for_subscribers": 3}, REMAPS)
        probe.spin(lambda: not nodes.running(ALL))
        probe.rest(0.3)
    last_image, last_mesh = (probe.got[name][-1].header for name in ("camera/image_raw", "face_mesh"))
    assert last_mesh == last_image


def test_who_ends_waits_for_what_is_worked_on(probe: Probe) -> None:
    """Until the work is done, and not for longer than was said, nor for what may wait behind a gate for ever."""
    release = threading.Event()
    place = HandOver(probe.node, Health(probe.node, "image"), Line(), lambda _: release.wait(20.0))
    gated = HandOver(probe.node, Health(probe.node, "image"), Line(), lambda _: None, Gate())
    each = Picture(picture(), Header())
    gated.offer(each)
    gated.settle(20.0)
    place.settle(20.0)
    place.offer(each)
    place.settle(0.05)
    settled = threading.Event()
    ending = threading.Thread(target=lambda: (place.settle(20.0), settled.set()))
    ending.start()
    worker = threading.Thread(target=probe.rest, args=(0.5,))
    worker.start()
    assert not settled.wait(0.3), "the image is being worked on"
    release.set()
    assert settled.wait(10.0)
    for thread in (ending, worker):
        thread.join()


def test_without_its_camera(probe: Probe, network: Path) -> None:
    with NodeGroup() as nodes:
        nodes.start(ALL, {"camera": False, "network": str(network)})
        probe.spin(lambda: all(probe.level(name) is not None for name in NODES[1:]))
        assert "camera_node" not in probe.node.get_node_names()


def test_of_images_that_are_handed_over_the_newest_wins(probe: Probe) -> None:
    taken: list[Picture] = []
    health = Health(probe.node, "image")
    place = HandOver(probe.node, health, Line(), taken.append)
    pictures = [Picture(picture(number), Header()) for number in range(8)]

    def offered(*numbers: int, late: float = 0.0) -> list[int]:
        for number in numbers:
            place.offer(pictures[number])
        time.sleep(late)
        taken.clear()
        probe.rest(0.1)
        return [number for picture in taken for number in range(8) if picture.image is pictures[number].image]

    assert offered(0) == [0]
    assert offered(1, 2) == [1, 2], "images that come close together are all worked on"
    assert offered(3, 4, 5, late=2 * PATIENCE) == [5], "but what has waited for long gives way"
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
    deadline = time.monotonic() + 20
    while spinning.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(RuntimeError, match="failing has failed"):
        AllNodes._check(SimpleNamespace(_others=[spinning]))
    spinning.close()
