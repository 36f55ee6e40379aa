"""The three nodes in one process give what they give apart."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from std_msgs.msg import Header

from face3d.ros.hand_over import HandOver, Picture
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


def test_without_its_camera(probe: Probe, network: Path) -> None:
    with NodeGroup() as nodes:
        nodes.start(ALL, {"camera": False, "network": str(network)})
        probe.spin(lambda: all(probe.level(name) is not None for name in NODES[1:]))
        assert "camera_node" not in probe.node.get_node_names()


def test_of_images_that_are_handed_over_the_newest_wins(probe: Probe) -> None:
    taken: list[tuple[Picture, dict]] = []
    place = HandOver(probe.node, lambda picture, info: taken.append((picture, info)))
    pictures = [Picture(picture(number), Header()) for number in range(4)]
    place.offer(pictures[0])
    probe.spin(lambda: len(taken) == 1)
    for each in pictures[1:]:
        place.offer(each)
    probe.spin(lambda: len(taken) == 2)
    probe.rest(0.1)
    assert [found.image is sent.image for (found, _), sent in zip(taken, (pictures[0], pictures[3]))] == [
        True
    ] * 2
    assert [info["publication_sequence_number"] for _, info in taken] == [1, 4], "two were passed over"


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
