"""What nobody subscribes to is not made: counted, call by call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from std_msgs.msg import Header

from face3d.overlay import Overlay
from face3d.ros import conversions, overlay_publisher
from face3d.ros.conversions import BlendshapeWriter, MarkerWriter, Picture, to_stamp
from face3d.ros.pace import Pace
from face3d.ros.reconstruction_node import ReconstructionNode
from face3d.track import Face
from tests.ros.probe import BOX, FRAME, PATIENCE, Probe, picture

START, STEP = 1_700_000_000_000_000_000, 40_000_000
MAKERS = {  # topic -> where what it carries is made
    "face_mesh": (conversions, "to_mesh"),
    "face_mesh/marker": (MarkerWriter, "write"),
    "face_blendshapes": (BlendshapeWriter, "write"),
    "face_pose": (conversions, "to_pose_stamped"),
    "/tf": (conversions, "to_transform"),
    "face_overlay": (Overlay, "draw"),
}
VERTICES, IMAGE, TOPOLOGY = "camera_vertices", "from_rgb", "to_topology"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """How often each of them is called."""
    counter: Counter = Counter()

    def count(holder: object, name: str, label: str) -> None:
        original = getattr(holder, name)

        def counted(*args, **kwargs):
            counter[label] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(holder, name, counted)

    for topic, (holder, name) in MAKERS.items():
        count(holder, name, topic)
    count(Face, VERTICES, VERTICES)
    count(overlay_publisher, IMAGE, IMAGE)
    count(conversions, TOPOLOGY, TOPOLOGY)
    return counter


@pytest.fixture
def node(domain, network: Path, calls, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReconstructionNode]:
    monkeypatch.setenv("FACE3D_NETWORK", str(network))
    node = ReconstructionNode()
    node._overlay._pace = node._markers._pace = Pace(0.0)  # one for every image
    yield node
    node.destroy_node()


def work(node: ReconstructionNode, count: int, start: int) -> None:
    """Give the node so many images with a face."""
    node._detections.add(start, [BOX])
    for number in range(count):
        header = Header(stamp=to_stamp(start + number * STEP), frame_id=FRAME)
        node.work(Picture(picture(number % 4), header))
    assert node._state.tracked == 1


def test_without_subscribers_nothing_is_made(node, calls) -> None:
    work(node, 5, START)
    time.sleep(0.1)
    assert calls == {TOPOLOGY: 1}, "the topology once, at the start"


@pytest.mark.parametrize("topic", MAKERS)
def test_one_subscriber_gets_its_topic_and_causes_nothing_else(node, calls, probe: Probe, topic: str) -> None:
    probe.listen(topic)
    probe.spin(lambda: node.count_subscribers(topic))
    probe.rest(0.5)
    work(node, 3, START)
    extra = {"face_mesh": VERTICES, "face_mesh/marker": VERTICES, "face_overlay": IMAGE}.get(topic)
    expected = {TOPOLOGY: 1, topic: 3} | ({extra: 3} if extra else {})
    deadline = time.monotonic() + PATIENCE
    while calls != expected and time.monotonic() < deadline:  # the overlay has a thread of its own
        time.sleep(0.02)
    time.sleep(0.1)
    assert calls == expected
