"""Images arrive from publishers of either reliability, and from both at once; of those that wait the newest wins."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from face3d.ros import image_subscription, line
from face3d.ros.conversions import from_rgb
from face3d.ros.diagnostics import Health
from face3d.ros.gate import Gate, Polled
from face3d.ros.image_subscription import ImageSubscription, image_topic
from tests.ros.probe import PATIENCE, Probe, picture
from tests.ros.standing_clock import StandingClock

BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE
TOPIC = "/apart/image"


@pytest.fixture
def eyes(probe: Probe) -> Iterator[Node]:
    """A node that works when the probe does, with topics of its own."""
    node = rclpy.create_node("eyes", namespace="apart")
    probe._executor.add_node(node)
    yield node
    probe._executor.remove_node(node)
    node.destroy_node()


def send(publisher, *names: str) -> None:
    for name in names:
        publisher.publish(from_rgb(picture(), Header(frame_id=name)))


def acknowledged(publisher) -> None:
    """Return when all that was sent waits at the other side."""
    assert publisher.wait_for_all_acked(Duration(seconds=PATIENCE))


@pytest.mark.parametrize(
    "offered, reliable", [([RELIABLE], True), ([BEST_EFFORT], False), ([RELIABLE, BEST_EFFORT], False)]
)
def test_publishers_of_every_kind_are_heard(probe: Probe, eyes: Node, offered: list, reliable: bool) -> None:
    got: set[str] = set()
    images = ImageSubscription(
        eyes, "raw", Health(eyes, TOPIC), lambda picture: got.add(picture.header.frame_id)
    )
    assert images.reliable
    publishers = {
        str(kind): probe.node.create_publisher(Image, TOPIC, QoSProfile(depth=1, reliability=kind))
        for kind in offered
    }

    def all_heard() -> bool:
        for name in set(publishers) - got:  # one after the other: the newest wins
            send(publishers[name], name)
            probe.rest(0.05)
        return got == set(publishers)

    probe.spin(all_heard)
    assert images.reliable == reliable


@pytest.mark.parametrize("queue, late", [(1, "d"), (3, "bcd"), (4, "abcd")])
def test_what_has_waited_gives_way_to_what_is_newer(
    probe: Probe, eyes: Node, monkeypatch: pytest.MonkeyPatch, queue: int, late: str
) -> None:
    """Images that come while the node is at work: all are worked on, if that does not take long."""
    clock = StandingClock(time.time())
    monkeypatch.setattr(image_subscription, "time", clock)
    got: list[str] = []
    health = Health(eyes, TOPIC)
    ImageSubscription(eyes, "raw", health, lambda picture: got.append(picture.header.frame_id), queue)
    publisher = probe.node.create_publisher(Image, TOPIC, 10)
    probe.spin(publisher.get_subscription_count)
    send(publisher, "1")
    probe.spin(lambda: got == ["1"])
    send(publisher, "2", "3")
    probe.spin(lambda: got == ["1", "2", "3"])
    send(publisher, *"abcd")
    acknowledged(publisher)
    clock.now = time.time() + 2 * line.PATIENCE
    probe.spin(lambda: "d" in got)
    assert "".join(got) == "123" + late
    assert (health.frames, health.dropped) == (3 + len(late), 4 - len(late))


def test_losses_are_counted_of_two_publishers(probe: Probe, eyes: Node) -> None:
    """Two cameras on one topic, one of which has sent for a while: what comes in turn has not got lost."""
    got: list[str] = []
    health = Health(eyes, TOPIC)
    ImageSubscription(eyes, "raw", health, lambda picture: got.append(picture.header.frame_id))
    first, second = (probe.node.create_publisher(Image, TOPIC, 10) for _ in range(2))
    probe.spin(lambda: first.get_subscription_count() and second.get_subscription_count())
    turns = ["a", "b", "c", "d", "e", "f", "g", "h"]
    for name, publisher in zip(turns, [first] * 4 + [second, first] * 2):
        send(publisher, name)
        probe.spin(lambda name=name: name in got)
    assert got == turns and (health.frames, health.dropped) == (8, 0)
    send(first, *"1234")
    probe.spin(lambda: "4" in got)
    send(second, "5")
    probe.spin(lambda: "5" in got)
    assert health.frames + health.dropped == 13


@pytest.mark.parametrize(
    "rules, transport, topic",
    [
        ((), "raw", "/apart/image"),
        ((), "compressed", "/apart/image/compressed"),
        (("image:=/cam/image_raw",), "raw", "/cam/image_raw"),
        (("image:=/cam/image_raw",), "compressed", "/cam/image_raw/compressed"),
        (("image/compressed:=/cam/jpeg",), "compressed", "/cam/jpeg"),
    ],
)
def test_remapped_images_are_found(probe: Probe, rules: tuple, transport: str, topic: str) -> None:
    words = [word for rule in rules for word in ("-r", rule)]
    node = rclpy.create_node(
        "remapped", namespace="apart", cli_args=["--ros-args", *words] if words else None
    )
    try:
        assert image_topic(node, transport) == topic
        images = ImageSubscription(node, transport, Health(node, topic), lambda picture: None)
        assert images._subscription.topic_name == topic
    finally:
        node.destroy_node()


def test_a_topic_that_nobody_publishes_is_named(probe: Probe, eyes: Node) -> None:
    """The first thing to know where no image comes: a name that is wrong looks like that."""
    health = Health(eyes, TOPIC)
    probe.spin(lambda: probe.message("apart/eyes").endswith(f"no image yet on {TOPIC}, nobody publishes it"))
    publisher = probe.node.create_publisher(Image, TOPIC, 1)
    probe.spin(lambda: probe.message("apart/eyes").endswith(f"no image yet on {TOPIC}"))
    probe.node.destroy_publisher(publisher)
    assert health.frames == 0


def test_a_closed_gate_keeps_the_newest(probe: Probe, eyes: Node) -> None:
    got: list[str] = []
    gate = Gate()

    def work(picture) -> None:
        gate.open = False
        got.append(picture.header.frame_id)

    ImageSubscription(eyes, "raw", Health(eyes, TOPIC, pause=1.0), work, gate=gate)
    publisher = probe.node.create_publisher(Image, TOPIC, 10)
    probe.spin(publisher.get_subscription_count)
    send(publisher, *"abcd")
    acknowledged(publisher)
    probe.rest(0.1)
    assert not got
    gate.open = True
    probe.spin(lambda: got)
    send(publisher, "e")
    probe.rest(0.1)
    assert got == ["d"]


def test_a_polled_topic_gives_its_newest_message_once(probe: Probe, eyes: Node) -> None:
    polled = Polled(eyes, Header, "header")
    publisher = probe.node.create_publisher(Header, "/apart/header", 10)
    probe.spin(publisher.get_subscription_count)
    assert polled.take() is None
    for name in "abc":
        publisher.publish(Header(frame_id=name))
    probe.rest(0.3)
    taken = [polled.take()]
    deadline = time.monotonic() + PATIENCE
    while b"c\0" not in (taken[-1] or b"") and time.monotonic() < deadline:
        probe.rest(0.05)
        taken.append(polled.take())
    assert b"c\0" in taken[-1] and polled.take() is None
