"""A node of the tests' own: sends images and collects what comes back."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from face3d_msgs.msg import Blendshapes, FaceArray, FaceMesh, FaceState, FaceTopology
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import ListParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker

from face3d.detector import Detection
from face3d.ros.conversions import from_detections, from_rgb, to_stamp
from face3d.ros.node_group import NodeGroup
from face3d.ros.qos import IMAGE_OUT, LATCHED, OUTPUT

PATIENCE = 120.0
"""Seconds for what must happen: also on a slow machine that others use."""
FRAME = "test_optical_frame"
BOX = (110.0, 70.0, 90.0, 90.0)  # of a face in picture(): x, y, width, height
_ALL = QoSProfile(depth=200)
"""None is lost where this process gets no processor for a while."""


class Probe:
    """Publishes image, camera_info and faces; `got[name]` holds what has come on each result topic."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("probe")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self.images = self.node.create_publisher(Image, "image", IMAGE_OUT)
        self.infos = self.node.create_publisher(CameraInfo, "camera_info", OUTPUT)
        self.faces = self.node.create_publisher(FaceArray, "faces", OUTPUT)
        self.got: dict[str, list] = defaultdict(list)
        self.status: dict[str, object] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)

    def listen(self, *names: str) -> None:
        """Subscribe to result topics."""
        kinds = {
            "face_mesh": FaceMesh,
            "face_mesh/topology": FaceTopology,
            "face_mesh/marker": Marker,
            "face_pose": PoseStamped,
            "face_state": FaceState,
            "face_blendshapes": Blendshapes,
            "face_overlay": Image,
            "faces": FaceArray,
            "camera/image_raw": Image,
            "camera/camera_info": CameraInfo,
            "/tf": TFMessage,
        }
        for name in names:
            qos = LATCHED if name == "face_mesh/topology" else _ALL
            self.node.create_subscription(kinds[name], name, self.got[name].append, qos)

    def spin(self, until: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Work until the condition holds; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, (
                f"waited {seconds} s; got { {name: len(messages) for name, messages in self.got.items()} }, "
                f"{self.status}"
            )
            self._executor.spin_once(timeout_sec=0.05)

    def rest(self, seconds: float) -> None:
        """Work for a fixed time: to see that something does not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.02)

    def connect(self, *nodes: str) -> None:
        """Return when a node listens to what is sent, all subscriptions have somebody who publishes, and these nodes
        know of all that is published and subscribed to here: programs learn of each other at different times."""
        publishers = (self.images, self.infos, self.faces)
        self.spin(lambda: all(publisher.get_subscription_count() for publisher in publishers))
        self.spin(lambda: all(map(self.node.count_publishers, self.got)))
        self.meet(*nodes)

    def meet(self, *nodes: str) -> None:
        """Return when these nodes know of all that is published and subscribed to here: they have answered a question,
        and what it goes through was announced last."""
        for name in nodes:
            self.call(ListParameters, f"{name}/list_parameters", ListParameters.Request())

    def send(self, image: np.ndarray, stamp: int, box: tuple | None = None) -> Header:
        """Publish an image (H, W, 3) uint8 RGB, and before it the detection of a face in it."""
        header = Header(stamp=to_stamp(stamp), frame_id=FRAME)
        if box is not None:
            height, width = image.shape[:2]
            self.detect(from_detections([Detection(box, 0.9)], header, width, height))
        self.images.publish(from_rgb(image, header))
        return header

    def detect(self, found: FaceArray) -> None:
        """Publish detections, and wait: of two topics, what was sent first need not come first."""
        self.faces.publish(found)
        self.rest(0.2)

    def call(self, kind: type, name: str, request: object) -> object:
        """The answer of a service; asked again, as it is lost where the service does not know of its client yet."""
        client = self.node.create_client(kind, name)
        self.spin(client.service_is_ready)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            future, again = client.call_async(request), time.monotonic() + 5.0
            while not future.done() and time.monotonic() < again:
                self._executor.spin_once(timeout_sec=0.05)
            if future.done():
                return future.result()
        raise AssertionError(f"{name} does not answer")

    def level(self, node: str) -> bytes | None:
        """Level of a node's last diagnostics, None before the first."""
        return self.status[node].level if node in self.status else None

    def message(self, node: str) -> str:
        """Text of a node's last diagnostics."""
        return self.status[node].message if node in self.status else ""

    def count(self, node: str, *keys: str) -> int:
        """Sum of some counts in a node's last diagnostics, -1 before the first, which comes within a second."""
        return sum(int(self.value(node, key)) for key in keys) if node in self.status else -1

    def value(self, node: str, key: str) -> str:
        """A value of a node's last diagnostics."""
        return {pair.key: pair.value for pair in self.status[node].values}[key] if node in self.status else ""

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.status[status.name.partition(":")[0]] = status


def printed(nodes: NodeGroup, text: str) -> str:
    """What the nodes have printed since it was last asked for, once the text is in it: a line may come after the
    message that was published after it."""
    lines: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while text not in (found := "\n".join(lines)):
        assert time.monotonic() < deadline, f"{text!r} is not in {found!r}"
        time.sleep(0.01)
        lines += nodes.lines()
    return found


def picture(seed: int = 0, width: int = 320, height: int = 240) -> np.ndarray:
    """A soft image (height, width, 3) uint8: with every seed the same thing, a little changed, as in a video."""
    shape = (height // 20, width // 20, 3)
    coarse = np.random.default_rng(0).integers(30, 226, shape)
    coarse += np.random.default_rng(seed).integers(-30, 31, shape)
    return np.ascontiguousarray(np.kron(coarse, np.ones((20, 20, 1))).astype(np.uint8))


def nanoseconds(stamp: Time) -> int:
    return stamp.sec * 10**9 + stamp.nanosec
