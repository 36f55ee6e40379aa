"""What a run shows and writes, gathered from the topics like any other subscriber would."""

from __future__ import annotations

import struct
import time
from collections import deque

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from face3d_msgs.msg import FaceMesh, FaceState
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from face3d.movie import FaceTable, Movie
from face3d.ros.conversions import BadImage, from_state, nanoseconds, to_rgb
from face3d.ros.qos import IMAGE_IN, OUTPUT
from face3d.ros.window import Window
from face3d.timeline import Timeline

_WAITING = 30  # overlays that may wait here
_OVERLAY_IN = QoSProfile(depth=_WAITING, reliability=ReliabilityPolicy.RELIABLE)
_WINDOW = 2.0  # seconds that the shown latency looks back
_REMEMBERED = 300  # images whose publication is remembered
# Meshes whose latency is kept for the summary: half an hour of them, and no memory that grows
_COUNTED = 100_000


class Listener(Node):
    """Subscribes to the results, writes video and table, and knows how the run is going.

    movie   overlay video, or None; images that are late or missing hold the one before, so that time is right
    fps     of the video
    window  shows the overlay, or None
    """

    def __init__(
        self, movie: Movie | None, table: FaceTable | None, fps: float, window: Window | None
    ) -> None:
        super().__init__("face3d_listener")
        self._movie, self._table, self._window = movie, table, window
        self.frames = self.faces = 0
        self.foreign = 0  # faces of another face model than this one's: not shown, not written
        self.unreadable = 0  # overlays that are no images: not shown, not written
        self.first_frame = 0.0
        self.ids: set[int] = set()
        self.last_frame = time.monotonic()
        self.latencies: deque[float] = deque(maxlen=_COUNTED)
        self.reports: dict[str, dict[str, str]] = {}  # node -> key -> value
        self.errors: dict[str, str] = {}  # node -> what keeps it from working right now
        self._recent: deque[tuple[float, float]] = deque()  # of meshes: arrival, latency
        self._sent: dict[tuple[int, int], float] = {}  # stamp -> when the camera published it
        self._timeline = Timeline(fps)
        self._gate: Subscription | None = None
        self._answers = self.create_publisher(Header, "camera/answered", OUTPUT)
        self.create_subscription(CameraInfo, "camera/camera_info", self._on_info, OUTPUT, raw=True)
        self.create_subscription(FaceMesh, "face_mesh", self._on_mesh, OUTPUT, raw=True)
        self.create_subscription(FaceState, "face_state", self._on_state, OUTPUT)
        self.create_subscription(Image, "face_overlay", self._on_overlay, _OVERLAY_IN)
        # The last one: a node whose report comes has learned of all the others before.
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)

    def latency(self) -> tuple[float, float] | None:
        """Median and 95th percentile, seconds, from an image's publication to its mesh's arrival; lately.

        Taken from the arrival of camera_info, which leaves the camera together with the image: so it does not
        depend on what clock the stamps are of.
        """
        while self._recent and self._recent[0][0] < time.monotonic() - _WINDOW:
            self._recent.popleft()
        values = [latency for _, latency in self._recent]
        return tuple(np.percentile(values, (50, 95))) if values else None

    def reported(self, node: str, key: str) -> int:
        """A count of a node's last diagnostics, 0 before the first."""
        return int(self.reports.get(node, {}).get(key, 0))

    def window_closed(self) -> bool:
        """Whether the user has closed the window."""
        return self._window is not None and self._window.closed

    def open_gate(self) -> None:
        """Let the camera begin once the results of its first image would arrive here.

        The camera waits for the nodes' subscriptions and for one from here; that one goes with the first image.
        """
        known = "reconstruction_node" in self.reports and self.count_publishers("face_overlay")
        if self._gate is None and not self.frames and known:
            self._gate = self.create_subscription(
                Image, "camera/image_raw", lambda _: None, IMAGE_IN, raw=True
            )
        elif self._gate is not None and self.frames:
            self.destroy_subscription(self._gate)
            self._gate = None

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node = status.name.partition(":")[0]
            self.reports[node] = {pair.key: pair.value for pair in status.values}
            self.errors[node] = status.message if status.level == DiagnosticStatus.ERROR else ""

    def _on_info(self, data: bytes) -> None:
        self._sent[_stamp(data)] = time.monotonic()
        if len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]

    def _on_mesh(self, data: bytes) -> None:
        now, sent = time.monotonic(), self._sent.get(_stamp(data))
        if sent is not None:
            self._recent.append((now, now - sent))
            self.latencies.append(now - sent)

    def _on_state(self, message: FaceState) -> None:
        try:
            face = from_state(message)
        except ValueError as error:
            self.foreign += 1
            text = f"a face_state that is not of this face model is left out: {error}"
            self.get_logger().warning(text, once=True)
            return
        self.faces += 1
        self.ids.add(message.id)
        if self._table is not None:
            self._table.write(self._timeline.place(face.stamp), [face], [face.head])

    def _on_overlay(self, message: Image) -> None:
        try:
            image = to_rgb(message)
        except BadImage as error:
            self.unreadable += 1
            text = f"a face_overlay that is not of reconstruction_node is left out: {error}"
            self.get_logger().warning(text, once=True)
            return
        self.last_frame = time.monotonic()
        self.first_frame = self.first_frame or self.last_frame
        self.frames += 1
        place = self._timeline.place(nanoseconds(message.header.stamp))
        if self._movie is not None:
            self._movie.write(image, place)
        if self._window is not None:
            self._window.show(image)
        self._answers.publish(message.header)  # a player of files may send the next one


def _stamp(data: bytes) -> tuple[int, int]:
    """Seconds and nanoseconds of a serialised message that begins with a header."""
    return struct.unpack_from("=iI", data, 4)
