"""More images than the node can take: the newest wins, the rest is counted, nothing comes late. And a short soak."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from face3d_msgs.msg import FaceMesh

from benchmarks import soak
from tests.ros.probe import BOX, nanoseconds, picture

NODE = "reconstruction_node"
START, STEP = 1_700_000_000_000_000_000, 16_666_667


def test_a_node_that_stood_still_goes_on_with_the_newest_image(node, probe) -> None:
    """Images come while the node is stopped, as on a machine that has no time for it, and after it goes on."""
    probe.listen("face_mesh")
    probe.connect(NODE)
    images = [picture(seed) for seed in range(4)]
    probe.send(images[0], START, BOX)
    probe.spin(lambda: probe.got["face_mesh"])

    def stamp(number: int) -> int:
        return START + number * STEP // 10  # all of them within a track's patience

    os.kill(node.process_id(NODE), signal.SIGSTOP)
    for number in range(1, 81):
        probe.send(images[number % 4], stamp(number))
        probe.rest(0.005)
    os.kill(node.process_id(NODE), signal.SIGCONT)
    number = 80
    while nanoseconds(probe.got["face_mesh"][-1].header.stamp) <= stamp(80):
        number += 1
        assert number < 140, "it does not come back"
        probe.send(images[number % 4], stamp(number))
        probe.rest(0.2)
    stamps = [nanoseconds(message.header.stamp) for message in probe.got["face_mesh"]]
    assert stamps == sorted(set(stamps)), "in order, none twice"
    assert sum(each <= stamp(80) for each in stamps) <= 20, "it does not work off what is old"
    probe.spin(lambda: probe.count(NODE, "frames", "dropped") == number + 1)


def test_under_much_too_great_a_load_nothing_waits(node, probe) -> None:
    """Images come as fast as they can be sent: when the last one is out, at most those under way still come."""
    published: list[int] = []  # when the meshes were, nanoseconds
    probe.node.create_subscription(
        FaceMesh, "face_mesh", lambda _, info: published.append(info["source_timestamp"]), 200
    )
    probe.listen("face_mesh")
    probe.connect(NODE)
    images = [picture(seed, 640, 480) for seed in range(4)]
    probe.send(images[0], START, tuple(2 * value for value in BOX))
    probe.spin(lambda: probe.got["face_mesh"])
    for number in range(1, 201):
        probe.send(images[number % 4], START + number * STEP // 10)  # all of them within a track's patience
    last = time.time_ns()
    probe.spin(lambda: nanoseconds(probe.got["face_mesh"][-1].header.stamp) == START + 20 * STEP)
    probe.spin(lambda: len(published) == len(probe.got["face_mesh"]))
    # One is being worked on, one waits, one is on its way to the node, one on its way back.
    assert sum(moment > last for moment in published) <= 4
    probe.spin(lambda: probe.count(NODE, "frames", "dropped") == 201)
    assert int(probe.value(NODE, "dropped")) > 0, "it was too much"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="counts what Linux says of processes")
def test_a_short_soak_leaves_everything_flat(domain, network, clip) -> None:
    """Half a minute of all nodes; `python -m benchmarks.soak` does it for half an hour."""
    found = soak.run(str(clip), 30.0, 20.0, 2.0, {"network": str(network)})
    found.settle, found.leak = 0.4, 4.0  # caches and pools fill in the first seconds
    assert sum(sample.meshes for sample in found.samples) > 30
    assert not found.growth()
