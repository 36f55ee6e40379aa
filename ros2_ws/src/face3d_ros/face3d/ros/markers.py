"""The faces as markers for RViz: one triangle list per track, removed when the track ends."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.publisher import Publisher
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from face3d.model import FaceModel
from face3d.ros.conversions import MarkerWriter
from face3d.ros.pace import Pace
from face3d.track import Face

DETAILS = ("low", "full")
_NAMESPACE = "face3d"
# Seconds without another marker after which RViz removes it: a node that dies leaves no face behind
_LIFETIME = 0.5
_COLOR = (0.80, 0.66, 0.58)


class Markers:
    """Publishes serialised markers; one writer per track and frame of reference is kept while it lives.

    rate  images per second at most that markers are made for; 0: all
    """

    def __init__(self, publisher: Publisher, model: FaceModel, detail: str, rate: float) -> None:
        self._publisher, self._pace = publisher, Pace(rate)
        lifetime = max(_LIFETIME, 2.0 / rate) if rate else _LIFETIME
        self._lifetime = Duration(sec=int(lifetime), nanosec=int(lifetime % 1 * 1e9))
        self._triangles = model.lod_triangles if detail == "low" else model.triangles
        self._writers: dict[tuple[str, int], MarkerWriter] = {}

    def due(self) -> bool:
        """Whether markers are to be made for the image that is there now; to be asked once for each."""
        return self._pace.lets(time.monotonic())

    def keep(self, faces: Sequence[Face], header: Header) -> None:
        """Remove the markers of all others."""
        kept = {(header.frame_id, face.id) for face in faces}
        for gone in self._writers.keys() - kept:
            del self._writers[gone]
            place = Header(stamp=header.stamp, frame_id=gone[0])  # one of its own: the image's is everybody's
            self._publisher.publish(Marker(header=place, ns=_NAMESPACE, id=gone[1], action=Marker.DELETE))

    def publish(self, faces: Sequence[tuple[Face, np.ndarray]], header: Header) -> None:
        """Publish faces with their vertices (N, 3) in the header's frame."""
        for face, vertices in faces:
            key = (header.frame_id, face.id)
            if key not in self._writers:
                self._writers[key] = MarkerWriter(_template(*key, self._lifetime), self._triangles)
            self._publisher.publish(self._writers[key].write(vertices, header.stamp))


def _template(frame_id: str, number: int, lifetime: Duration) -> Marker:
    marker = Marker(ns=_NAMESPACE, id=number, action=Marker.ADD, lifetime=lifetime)
    marker.header.frame_id = frame_id
    marker.pose.orientation.w = 1.0
    marker.scale.x = marker.scale.y = marker.scale.z = 1.0
    marker.color.r, marker.color.g, marker.color.b = _COLOR
    marker.color.a = 1.0
    return marker
