"""Camera to face meshes:  ros2 launch face3d live.launch.py [source:=0 | image:=/camera/image_raw] [rviz:=true] ...

Without `image` a camera_node is started for `source`; with it, the camera's own driver publishes. Arguments that
are left empty take their value from the parameter file. `ros2 launch face3d live.launch.py -s` lists them all.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

SHARE = Path(get_package_share_directory("face3d"))
PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")

# name, default, description
ARGUMENTS = (
    ("source", "", "Webcam index, video file, folder of images or bag for camera_node (empty: webcam 0)."),
    ("image", "", "Image topic of a running camera; camera_node is then not started."),
    ("camera_info", "", "Its camera_info topic (empty: beside the image topic)."),
    ("one_process", "false", "true: all nodes in one process; for large images and little memory."),
    ("transport", "", "raw or compressed: the kind of image messages."),
    ("namespace", "", "Namespace of all nodes and topics."),
    ("params_file", str(SHARE / "config" / "params.yaml"), "Parameter file of the nodes."),
    ("backend", "", "What runs the network: auto, tensorrt, tensorrt-graph, onnxruntime ..."),
    ("network", "", "Network (ONNX, or a TensorRT engine) instead of the one that comes with face3d."),
    ("model", "", "Face model (NPZ) instead of the one that comes with face3d."),
    ("overlay", "", "What the topic face_overlay shows: mesh, wireframe or landmarks."),
    ("marker_detail", "", "Triangles of the RViz marker: low or full."),
    ("loop", "", "true: camera_node plays a file again and again."),
    ("speed", "", "Factor on the pace of a file or bag."),
    ("stamps", "", "now, or source: a bag's own stamps."),
    ("fov", "", "Field of view along the image's longer side, degrees, without a calibration."),
    ("rectified", "", "true: camera_info's P counts, not its K (empty: for topics such as image_rect)."),
    ("calibration", "", "YAML file of camera_calibration for camera_node."),
    ("use_sim_time", "false", "Take the time from /clock."),
    ("rviz", "false", "Open RViz."),
    ("fixed_frame", "camera_optical_frame", "RViz's fixed frame: the frame_id of the images."),
)


def truth(value: str) -> bool:
    """True or false as it is written on the command line."""
    if value.lower() not in ("true", "false"):
        raise ValueError(f"expected true or false, got '{value}'")
    return value.lower() == "true"


def text(value: str) -> ParameterValue:
    """A text that stays one, also when it looks like a number (source:=0)."""
    return ParameterValue(value, value_type=str)


TYPES = {"loop": truth, "rectified": truth, "speed": float, "fov": float}


def nodes(context: LaunchContext) -> list[Node]:
    """The nodes for the arguments as they are given."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    def parameters(**names: str) -> list:
        """The parameter file, and over it the arguments that are not empty, under the node's parameter names."""
        given = {
            parameter: TYPES.get(name, text)(argument(name))
            for parameter, name in names.items()
            if argument(name)
        }
        given["use_sim_time"] = truth(argument("use_sim_time"))
        return [argument("params_file"), given]

    image = argument("image") or "camera/image_raw"
    # What camera drivers do: camera_info is beside image_raw.
    camera_info = argument("camera_info") or "".join(image.rpartition("/")[:2]) + "camera_info"
    remappings = [("image", image), ("camera_info", camera_info)]
    common = {"package": "face3d", "namespace": argument("namespace"), "output": "screen"}
    reconstruction = {
        "backend": "backend",
        "network": "network",
        "model": "model",
        "overlay_style": "overlay",
        "marker_detail": "marker_detail",
        "transport": "transport",
        "fov": "fov",
        "rectified": "rectified",
    }
    detection = {"transport": "transport"}
    camera = {name: name for name in ("source", "loop", "speed", "stamps", "fov", "calibration")}
    if truth(argument("one_process")):
        together = parameters(**(reconstruction | ({} if argument("image") else camera)))
        together[-1]["camera"] = not argument("image")
        found = [Node(executable="all_nodes", parameters=together, remappings=remappings, **common)]
    else:
        found = [
            Node(executable=name, parameters=parameters(**names), remappings=remappings, **common)
            for name, names in (("reconstruction_node", reconstruction), ("detection_node", detection))
        ]
        if not argument("image"):
            found.append(Node(executable="camera_node", parameters=parameters(**camera), **common))
    namespace = argument("namespace").strip("/")
    prefix = f"/{namespace}" if namespace else ""
    topics = ("face_mesh/marker", "face_pose", "face_overlay")
    found.append(
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", str(SHARE / "rviz" / "face3d.rviz"), "-f", argument("fixed_frame")],
            remappings=[(f"/{topic}", f"{prefix}/{topic}") for topic in topics],
            parameters=[{"use_sim_time": truth(argument("use_sim_time"))}],  # else its TF is too old for it
            condition=IfCondition(LaunchConfiguration("rviz")),
            output="screen",
        )
    )
    return found


def generate_launch_description() -> LaunchDescription:
    profile = str(SHARE / "config" / "fastdds.xml")
    # Images need more shared memory than Fast DDS takes by itself; a profile of the user's own goes first.
    environment = [] if any(map(os.environ.get, PROFILES)) else PROFILES
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=value, description=text)
                for name, value, text in ARGUMENTS
            ),
            *(SetEnvironmentVariable(name, profile) for name in environment),
            OpaqueFunction(function=nodes),
        ]
    )
