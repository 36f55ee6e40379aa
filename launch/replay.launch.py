"""A recorded bag into the nodes:  ros2 launch face3d replay.launch.py bag:=PATH [topic:=/NAME] [rviz:=true] ...

`ros2 bag play` plays it where rosbag2 is installed, otherwise face3d's own camera_node does (player:=face3d).
The remaining arguments are those of live.launch.py.
"""

from pathlib import Path

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

SHARE = Path(get_package_share_directory("face3d"))
KINDS = {"sensor_msgs/msg/Image": "raw", "sensor_msgs/msg/CompressedImage": "compressed"}


def image_topic(bag: Path, wanted: str = "") -> tuple[str, str]:
    """Topic and transport of the images in a bag with metadata.yaml: the `wanted` topic, or as face3d.ros.bag chooses,
    the one with most of them, raw before compressed, and depth images last."""
    try:
        text = (bag / "metadata.yaml").read_text(encoding="utf-8")
        found = yaml.safe_load(text)["rosbag2_bagfile_information"]["topics_with_message_count"]
        images = [
            (entry["topic_metadata"]["name"], entry["topic_metadata"]["type"], entry["message_count"])
            for entry in found
            if entry["topic_metadata"]["type"] in KINDS
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise RuntimeError(f"{bag} is no bag with a readable metadata.yaml: {error}") from None
    chosen = [image for image in images if image[0] == wanted] if wanted else images
    if not chosen:
        there = f"; its image topics: {', '.join(name for name, _, _ in images)}" if images else ""
        raise RuntimeError(f"{bag} holds no images{f' on {wanted}' if wanted else ''}{there}")
    topic, kind, _ = max(
        chosen, key=lambda image: ("depth" not in image[0], image[2], KINDS[image[1]] == "raw")
    )
    return topic, KINDS[kind]


def rosbag2(bag: Path, wanted: str, rate: str, loop: bool) -> tuple[list[str], dict[str, str]]:
    """Command of rosbag2's player, and the arguments of live.launch.py for what it plays."""
    topic, transport = image_topic(bag, wanted)
    command = ["ros2", "bag", "play", str(bag), "--clock", "--rate", rate]
    if loop:
        command.append("--loop")
    image = topic
    if transport == "compressed":
        image = topic.removesuffix("/compressed")
        if image == topic:  # the nodes take compressed images under the name that image_transport gives them
            command += ["--remap", f"{topic}:={topic}/compressed"]
    return command, {"image": image, "transport": transport, "use_sim_time": "true"}


def play(context: LaunchContext) -> list:
    """The player, and live.launch.py on what it plays."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    bag = Path(argument("bag")).expanduser()
    if not bag.exists():
        raise RuntimeError(f"no bag at {bag}")
    player, topic = argument("player"), argument("topic")
    if player == "auto":
        try:
            get_package_prefix("ros2bag")
            player = "rosbag2"
        except PackageNotFoundError:
            player = "face3d"
    live = PythonLaunchDescriptionSource(str(SHARE / "launch" / "live.launch.py"))
    if player == "face3d":
        arguments = {
            "source": f"{bag}:{topic}" if topic else str(bag),
            "stamps": "source",
            "speed": argument("rate"),
            "loop": argument("loop"),
        }
        return [IncludeLaunchDescription(live, launch_arguments=arguments.items())]
    command, arguments = rosbag2(bag, topic, argument("rate"), argument("loop").lower() == "true")
    return [
        IncludeLaunchDescription(live, launch_arguments=arguments.items()),
        ExecuteProcess(cmd=command, output="screen", on_exit=Shutdown(reason="the bag has ended")),
    ]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="Folder of a rosbag2 bag."),
            DeclareLaunchArgument(
                "topic",
                default_value="",
                description="Image topic in the bag (empty: the one with most images).",
            ),
            DeclareLaunchArgument("rate", default_value="1.0", description="Times the recorded speed."),
            DeclareLaunchArgument("loop", default_value="false", description="Play it again and again."),
            DeclareLaunchArgument(
                "player",
                default_value="auto",
                choices=["auto", "rosbag2", "face3d"],
                description="What plays the bag; auto: rosbag2 where it is installed.",
            ),
            OpaqueFunction(function=play),
        ]
    )
