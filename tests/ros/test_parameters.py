"""Parameters of the nodes as other programs see them, the parameter file, and the launch files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from rcl_interfaces.srv import DescribeParameters, ListParameters

from face3d.ros import environment
from face3d.ros.node_group import NodeGroup
from face3d.ros.process import NODES
from tests.ros.probe import Probe

FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides")  # rclpy's own


@pytest.fixture
def probe(domain) -> Iterator[Probe]:
    probe = Probe()
    yield probe
    probe.close()


def call(probe: Probe, kind: type, name: str, request: object) -> object:
    client = probe.node.create_client(kind, name)
    probe.spin(client.service_is_ready)
    future = client.call_async(request)
    probe.spin(future.done)
    return future.result()


def test_parameters_are_described_and_the_file_names_real_ones(probe: Probe, network: Path) -> None:
    file = yaml.safe_load(environment.share("config", "params.yaml").read_text())["/**"]
    assert set(file) == set(NODES)
    with NodeGroup() as nodes:
        for node in NODES:
            own = {"network": str(network)} if node == "reconstruction_node" else {}
            nodes.start(node, own)
        for node in NODES:
            listed = call(probe, ListParameters, f"{node}/list_parameters", ListParameters.Request())
            names = [name for name in listed.result.names if not name.startswith(FOREIGN)]
            described = call(
                probe,
                DescribeParameters,
                f"{node}/describe_parameters",
                DescribeParameters.Request(names=names),
            )
            for descriptor in described.descriptors:
                assert len(descriptor.description) > 10, f"{node}: {descriptor.name} says nothing"
                number = descriptor.type in (2, 3)
                assert not number or descriptor.integer_range or descriptor.floating_point_range, (
                    descriptor.name
                )
            assert set(file[node]["ros__parameters"]) <= set(names), node


@pytest.mark.skipif(shutil.which("ros2") is None, reason="the ros2 command is not installed")
def test_launch_files_list_their_arguments(root: Path) -> None:
    for name, argument in (("live", "source"), ("replay", "bag")):
        done = subprocess.run(
            ["ros2", "launch", str(root / "launch" / f"{name}.launch.py"), "-s"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert f"'{argument}'" in done.stdout, done.stderr


def test_nodes_say_what_they_are_when_started_wrongly() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "face3d.ros", "coffee_node"],
        capture_output=True,
        text=True,
        env=environment.child_environment(),
    )
    assert done.returncode == 1 and "camera_node,detection_node,reconstruction_node" in done.stderr
