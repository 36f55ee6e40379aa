"""Real nodes over real DDS, each run in a ROS domain of its own. Without ROS 2 these tests are left out."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("rclpy") is None or importlib.util.find_spec("face3d_msgs") is None:
    print("tests/ros are left out: ROS 2 or face3d_msgs is not there (`make test` sets them up)")
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def domain() -> Iterator[int]:
    """The ROS domain of this run, and a context in it."""
    import rclpy

    from face3d.ros import environment

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ROS_DOMAIN_ID", raising=False)  # also in a shell that has one: tests are alone
        number, lock = environment.isolate(None)
        environment.use_profile()
        rclpy.init()
        yield number
        rclpy.shutdown()
        lock.close()


@pytest.fixture
def probe(domain) -> Iterator:
    """Another program in the run's domain: sends images and collects what the nodes publish."""
    from tests.ros.probe import Probe

    probe = Probe()
    yield probe
    probe.close()


@pytest.fixture
def node(domain, network) -> Iterator:
    """A NodeGroup in which reconstruction_node runs with the tiny network, draws every image and makes every marker."""
    from face3d.ros.node_group import NodeGroup

    with NodeGroup() as nodes:
        nodes.start("reconstruction_node", {"network": str(network), "overlay_rate": 0.0, "marker_rate": 0.0})
        yield nodes


@pytest.fixture(scope="session")
def model():
    from face3d.model import FaceModel

    return FaceModel.load()


@pytest.fixture(scope="session")
def network(model, tmp_path_factory) -> Path:
    """A network whose answers depend on the image, are sure, and leave the pose where it is.

    Every expression unit has a weight of its own, so that one taken for another shows.
    """
    from tests.core.networks import metadata, write_network

    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    return write_network(path, metadata(model), expression=np.linspace(0.01, 0.2, 84))


@pytest.fixture(scope="session")
def clip(model, tmp_path_factory) -> Path:
    """One second of the synthetic head: 25 frames of 320 x 240."""
    import cv2

    from face3d import demo_head
    from face3d.movie import Movie

    head, background = demo_head.Head(model), demo_head.room()
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with Movie(path, 25.0) as movie:
        for number, geometry in zip(range(25), demo_head.script(model)):
            image = head.draw(geometry, background)
            if number == 0:
                size = (image.shape[1] // 2, image.shape[0] // 2)
            movie.write(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return path
