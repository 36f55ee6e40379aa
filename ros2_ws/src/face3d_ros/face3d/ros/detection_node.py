"""Finds faces in the newest image: often while nobody is tracked, seldom while somebody is."""

from __future__ import annotations

import math
import time

from face3d_msgs.msg import FaceArray, FaceState
from rclpy.node import Node

from face3d.detector import DetectorSettings
from face3d.ros.conversions import Picture, from_detections
from face3d.ros.diagnostics import STEADY, Health
from face3d.ros.gate import Gate, Polled
from face3d.ros.image_subscription import ImageSubscription, image_topic
from face3d.ros.parameters import declare, declare_settings
from face3d.ros.qos import OUTPUT, create_publisher
from face3d.search import Search

_TRACKED = 0.25  # seconds after a look that found a tracked face for which it counts as tracked
_LOOKS = (0.01, 0.1)  # seconds between two looks whether it is time to search: at least, and at most

_DETECTOR = {
    "min_face": ("Smallest face to be found, pixels; below 80 the image is enlarged first.", (10.0, 2000.0)),
    "max_pixels": (
        "Larger images are shrunk to so many pixels, for speed, and searched in parts.",
        (6400, 100_000_000),
    ),
    "threshold": ("Score from which a hit counts; higher is stricter.", (-2.0, 5.0)),
}


class DetectionNode(Node):
    """image -> faces. Between two searches no image is taken: most of them are not searched."""

    def __init__(self) -> None:
        super().__init__("detection_node")
        rate = declare(self, "rate", 10.0, "Searches per second while no face is tracked.", (0.1, 1000.0))
        tracking = declare(self, "rate_tracking", 2.0, "Searches per second while faces are.", (0.1, 1000.0))
        transport = declare(self, "transport", "raw", "Kind of image message.", ("raw", "compressed"))
        settings = declare_settings(self, DetectorSettings(), _DETECTOR, "detector")
        self._periods = (1.0 / rate, 1.0 / tracking)
        self._searched = self._tracked_until = -math.inf
        self._looking = Search(settings)
        self._faces = create_publisher(self, FaceArray, "faces", OUTPUT)
        topic = image_topic(self, transport)
        self._health = Health(self, topic, pause=max(self._periods))
        self._states = Polled(self, FaceState, "face_state")
        self._gate = Gate()
        self.images = ImageSubscription(self, transport, self._health, self.search, gate=self._gate)
        least, most = _LOOKS
        self._looks = self.create_timer(min(max(self._periods[0], least), most), self._look, clock=STEADY)

    def _look(self) -> None:
        """Let an image in when it is time to. Asked often: a face that has just been lost must not wait for a search
        of the slow kind."""
        now = time.monotonic()
        if self._states.take() is not None:
            self._tracked_until = now + _TRACKED
        self._gate.open = now >= self._searched + self._periods[now < self._tracked_until]

    def search(self, picture: Picture) -> None:
        """Search a picture for faces and publish them."""
        self._gate.open = False
        self._searched = time.monotonic()
        self._looks.reset()  # so that one of them is just when the next search is due
        image, header = picture
        found = self._looking.look(image, self._searched < self._tracked_until)
        self._faces.publish(from_detections(found, header, image.shape[1], image.shape[0]))
        self._health.finished(header.stamp)


NODE = DetectionNode
