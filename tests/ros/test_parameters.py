"""Parameters of the nodes as other programs see them, the parameter file, and the launch files."""

from __future__ import annotations

import importlib.util
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import yaml
from rcl_interfaces.srv import DescribeParameters, ListParameters

from face3d.ros import environment
from face3d.ros.node_group import NodeGroup
from face3d.ros.process import NODES
from tests.ros.probe import Probe

FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides")  # rclpy's own


def test_parameters_are_described_and_the_file_names_real_ones(probe: Probe, network: Path) -> None:
    file = yaml.safe_load(environment.share("config", "params.yaml").read_text())["/**"]
    assert set(file) == set(NODES)
    with NodeGroup() as nodes:
        for node in NODES:
            own = {"network": str(network)} if node == "reconstruction_node" else {}
            nodes.start(node, own)
        for node in NODES:
            listed = probe.call(ListParameters, f"{node}/list_parameters", ListParameters.Request())
            names = [name for name in listed.result.names if not name.startswith(FOREIGN)]
            request = DescribeParameters.Request(names=names)
            described = probe.call(DescribeParameters, f"{node}/describe_parameters", request)
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
            timeout=600,
        )
        assert f"'{argument}'" in done.stdout, done.stderr


@pytest.mark.parametrize(
    "topic, kind, image, remap",
    [
        ("/cam/image_raw", "Image", "/cam/image_raw", None),
        ("/cam/image_raw/compressed", "CompressedImage", "/cam/image_raw", None),
        ("/cam/jpeg", "CompressedImage", "/cam/jpeg", "/cam/jpeg:=/cam/jpeg/compressed"),
        ("/cam/compressed", "Image", "/cam/compressed", None),
    ],
)
def test_rosbag2_plays_what_the_nodes_take(
    root: Path, tmp_path: Path, monkeypatch, topic, kind, image, remap
) -> None:
    launch = replay_launch(
        root, tmp_path, monkeypatch, [(topic, kind, 9), ("/cam/camera_info", "CameraInfo", 99)]
    )
    command, arguments = launch["rosbag2"](tmp_path, "", "2.0", True)
    assert command[:4] == ["ros2", "bag", "play", str(tmp_path)] and "--loop" in command
    assert arguments["image"] == image
    assert arguments["transport"] == ("raw" if kind == "Image" else "compressed")
    assert ("--remap" in command) == (remap is not None) and (remap is None or remap in command)


def test_of_several_topics_rosbag2_plays_the_one_that_face3d_would(
    root: Path, tmp_path: Path, monkeypatch
) -> None:
    topics = [
        ("/cam/depth/image_raw", "Image", 10),
        ("/cam/color/image_raw", "Image", 9),
        ("/cam/color/image_raw/compressed", "CompressedImage", 9),
        ("/other/jpeg", "CompressedImage", 1),
    ]
    launch = replay_launch(root, tmp_path, monkeypatch, topics)
    assert launch["image_topic"](tmp_path) == ("/cam/color/image_raw", "raw")
    assert launch["image_topic"](tmp_path, "/other/jpeg") == ("/other/jpeg", "compressed")
    with pytest.raises(RuntimeError, match="no images on /none; its image topics: /cam/depth/image_raw, "):
        launch["image_topic"](tmp_path, "/none")


def replay_launch(root: Path, bag: Path, monkeypatch, topics: list[tuple[str, str, int]]) -> dict:
    """What replay.launch.py defines; in `bag` is a metadata.yaml with topics: name, type, number of messages."""
    for name in ("launch", "launch.actions", "launch.substitutions", "launch.launch_description_sources"):
        if importlib.util.find_spec("launch_ros") is None:
            monkeypatch.setitem(sys.modules, name, MagicMock())
    monkeypatch.setattr("ament_index_python.packages.get_package_share_directory", lambda package: str(bag))
    entries = [
        {"topic_metadata": {"name": name, "type": f"sensor_msgs/msg/{kind}"}, "message_count": count}
        for name, kind, count in topics
    ]
    (bag / "metadata.yaml").write_text(
        yaml.safe_dump({"rosbag2_bagfile_information": {"topics_with_message_count": entries}})
    )
    return runpy.run_path(str(root / "launch" / "replay.launch.py"))


def test_nodes_say_what_they_are_when_started_wrongly() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "face3d.ros", "coffee_node"],
        capture_output=True,
        text=True,
        env=environment.child_environment(),
    )
    assert done.returncode == 1 and "camera_node,detection_node,reconstruction_node" in done.stderr
