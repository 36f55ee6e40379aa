"""The nodes with the committed network on a rendered head: hidden, cut away, a wall, stamps that go back, loops."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from face3d import demo_head
from face3d.codec import Geometry
from face3d.ros.node_group import NodeGroup
from face3d.ros.record import BagWriter
from face3d.source import Frame
from tests.ros.probe import Probe, nanoseconds

FPS = demo_head.FPS
FRAME = 1_000_000_000 // FPS
START = 1_700_000_000_000_000_000
NODE = "reconstruction_node"


@pytest.fixture(scope="module")
def truths(model) -> list[Geometry]:
    """Where the head is, frame by frame: two seconds, in which it begins to turn."""
    return [truth for _, truth in zip(range(2 * FPS), demo_head.script(model))]


@pytest.fixture(scope="module")
def head(model, truths) -> list[np.ndarray]:
    drawn, background = demo_head.Head(model), demo_head.room()
    return [drawn.draw(truth, background) for truth in truths]


@pytest.fixture
def nodes(domain) -> Iterator[NodeGroup]:
    """Detection and reconstruction as they are shipped, but that no image is passed over."""
    with NodeGroup() as nodes:
        nodes.start(NODE, {"queue": 5, "overlay_rate": 0.0})
        nodes.start("detection_node", {})
        yield nodes


def play(probe: Probe, images: Sequence[np.ndarray], start: int = START) -> list[set[int]]:
    """Send images, not faster than a camera and each after the one before was worked on; ids of every image's faces."""
    if not probe.got:
        listen(probe)
    for number, image in enumerate(images):
        stamp, due = start + number * FRAME, time.monotonic() + 1.0 / FPS
        probe.send(image, stamp)
        probe.spin(lambda stamp=stamp: latest(probe, "face_overlay") == stamp)
        probe.rest(max(0.0, due - time.monotonic()))
    probe.rest(0.3)
    ids: dict[int, set[int]] = {start + number * FRAME: set() for number in range(len(images))}
    for state in probe.got["face_state"]:
        ids.get(nanoseconds(state.header.stamp), set()).add(state.id)
    return list(ids.values())


def listen(probe: Probe) -> None:
    """Begin when both nodes are there."""
    probe.listen("face_state", "face_overlay")
    probe.spin(lambda: probe.images.get_subscription_count() == 2)
    probe.connect(NODE, "detection_node")
    probe.rest(0.3)  # the two meet each other


def latest(probe: Probe, topic: str) -> int:
    return nanoseconds(probe.got[topic][-1].header.stamp) if probe.got[topic] else 0


def board(image: np.ndarray, truth: Geometry) -> np.ndarray:
    """The image with a patterned board in front of the whole face."""
    (x, y), size = truth.pose.translation, 0.3 * truth.pose.scale
    left, top = max(0, round(x - size / 2)), max(0, round(y - size / 2))
    area = (slice(top, round(y + size / 2)), slice(left, round(x + size / 2)))
    pattern = np.random.default_rng(6).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    hidden = image.copy()
    hidden[area] = np.kron(pattern, np.ones((64, 64, 1), np.uint8))[
        : hidden[area].shape[0], : hidden[area].shape[1]
    ]
    return hidden


def test_a_face_that_is_hidden_for_a_moment_keeps_its_id(nodes, probe, head, truths) -> None:
    """0.3 s behind a board; within 0.2 s it is there again."""
    hidden = 9
    images = head[:FPS] + [
        board(image, truth) for image, truth in zip(head[FPS:], truths[FPS : FPS + hidden])
    ]
    ids = play(probe, images + head[FPS + hidden :])
    before, during, after = ids[:FPS], ids[FPS : FPS + hidden], ids[FPS + hidden :]
    assert before[-1] == {1}
    assert sum(map(bool, during)) <= 5, "what cannot be seen is not shown"
    assert {1} in after[:6], f"not found within 0.2 s: {after}"
    assert set().union(*ids) == {1}, "no other face came up"


def test_after_a_cut_another_face_has_another_id(nodes, probe, head, model, truths) -> None:
    pose = replace(truths[0].pose, scale=700.0, translation=np.array([150.0, 150.0]))
    other = replace(truths[0], identity=-truths[0].identity, pose=pose)
    cut = demo_head.Head(model).draw(other, demo_head.room()[:, ::-1].copy())
    ids = play(probe, head[:20] + [cut] * FPS)
    assert ids[19] == {1}
    assert not set().union(*ids[25:]) & {1}, "the first face ends within 5 frames"
    assert ids[-1] == {2}, "the other one is found within a second"


def test_a_wall_is_no_face(nodes, probe) -> None:
    """The detector is wrong, again and again; no track stays."""
    wall = demo_head.room()
    listen(probe)
    shown = 0
    for number in range(3):
        start = START + 20 * number * FRAME
        probe.send(wall, start, (200.0 + 60.0 * number, 120.0, 180.0, 180.0))
        ids = play(probe, [wall] * 15, start + FRAME)
        shown += sum(map(bool, ids))
        assert not any(ids[5:]), ids
    probe.spin(lambda: probe.value(NODE, "frames") == "48")
    assert probe.value(NODE, "faces") == "0" and shown <= 5


def test_stamps_that_go_back_begin_anew(nodes, probe, head) -> None:
    first = play(probe, head[:20])
    earlier = START - 100 * 10**9
    second = play(probe, head[:FPS], earlier)
    assert first[-1] == {1} and second[-1] == {2}, "a new track, with the stamps of its images"
    probe.spin(lambda: probe.value(NODE, "resets") == "1")
    assert probe.value(NODE, "tracks_ended") == "1"
    assert nodes.running(NODE) and nodes.running("detection_node")


def test_a_bag_in_a_loop(probe, head, tmp_path: Path) -> None:
    stamps = [START + number * FRAME for number in range(FPS)]
    with BagWriter(tmp_path / "bag", quality=95) as writer:
        for stamp, image in zip(stamps, head):
            writer.write(Frame(stamp, image))
    remaps = {"image": "camera/image_raw", "camera_info": "camera/camera_info"}
    probe.listen("face_state")
    with NodeGroup() as nodes:
        for name in (NODE, "detection_node"):
            nodes.start(name, {}, remaps)
        camera = {
            "source": str(tmp_path / "bag"),
            "loop": True,
            "stamps": "source",
            "wait_for_subscribers": 2,
        }
        nodes.start("camera_node", camera)

        def rounds() -> list[np.ndarray]:
            found = np.array([nanoseconds(state.header.stamp) for state in probe.got["face_state"]])
            return np.split(found, np.flatnonzero(np.diff(found) < 0) + 1)

        probe.spin(lambda: len(rounds()) > 3)
        assert nodes.failed() == ""
    for part in rounds():
        assert set(part) <= set(stamps) and (np.diff(part) > 0).all()
