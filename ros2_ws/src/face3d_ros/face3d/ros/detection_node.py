"""Finds faces in the newest image: often while nobody is tracked, seldom while somebody is."""

from __future__ import annotations

import math
import time

from face3d_msgs.msg import FaceArray, FaceState
from rclpy.node import Node

from face3d.detector import Detector, DetectorSettings
from face3d.ros.conversions import from_detections, image_type, read_image, to_rgb
from face3d.ros.diagnostics import Health
from face3d.ros.hand_over import Picture
from face3d.ros.image_subscription import ImageSubscription
from face3d.ros.parameters import declare, declare_settings
from face3d.ros.qos import OUTPUT

_TRACKED = 0.3  # seconds after a tracked face was seen for which it counts as tracked

_DETECTOR = {
    "min_face": ("Smallest face to be found, pixels; below 80 the image is enlarged first.", (10.0, 2000.0)),
    "max_pixels": ("Larger images are shrunk to so many pixels, for speed.", (6400, 100_000_000)),
    "threshold": ("Score from which a hit counts; higher is stricter.", (-2.0, 5.0)),
}


class DetectionNode(Node):
    """image -> faces."""

    def __init__(self) -> None:
        super().__init__("detection_node")
        rate = declare(self, "rate", 10.0, "Searches per second while no face is tracked.", (0.1, 1000.0))
        tracking = declare(self, "rate_tracking", 2.0, "Searches per second while faces are.", (0.1, 1000.0))
        transport = declare(self, "transport", "raw", "Kind of image message.", ("raw", "compressed"))
        settings = declare_settings(self, DetectorSettings(), _DETECTOR, "detector")
        self._periods = (1.0 / rate, 1.0 / tracking)
        self._searched = self._tracked_until = -math.inf
        self._detector = Detector(settings)
        self._type, topic = image_type(transport)
        self._faces = self.create_publisher(FaceArray, "faces", OUTPUT)
        self._health = Health(self, self.resolve_topic_name(topic), lambda: {"searches": self._searches})
        self._searches = 0
        # Raw bytes: most images are passed over, and those are not worth unpacking.
        self.create_subscription(FaceState, "face_state", self._on_state, OUTPUT, raw=True)
        self.images = ImageSubscription(self, self._type, topic, self._on_image)

    def _on_state(self, _: bytes) -> None:
        self._tracked_until = time.monotonic() + _TRACKED

    def take(self, picture: Picture, info: dict) -> None:
        """Look at an image that comes without a topic, when it is time to; `info` as rclpy gives it."""
        self._health.received(info)
        if self._due():
            self._search(picture, time.perf_counter())

    def _on_image(self, data: bytes, info: dict) -> None:
        self._health.received(info)
        if not self._due():
            return
        started = time.perf_counter()
        try:
            message = read_image(data, self._type)
            picture = Picture(to_rgb(message), message.header)
        except ValueError as error:
            self._health.problem(str(error))
            return
        self._search(picture, started)

    def _due(self) -> bool:
        """Whether this image is to be searched. Asked anew for every image: a face that has just been lost must
        not wait for a search of the slow kind."""
        now = time.monotonic()
        if now < self._searched + self._periods[now < self._tracked_until]:
            return False
        self._searched = now
        return True

    def _search(self, picture: Picture, started: float) -> None:
        image, header = picture
        self._searches += 1
        found = from_detections(self._detector.detect(image), header, image.shape[1], image.shape[0])
        self._faces.publish(found)
        self._health.finished(header.stamp, started)


NODE = DetectionNode
