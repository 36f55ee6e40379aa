"""The faces as markers for RViz: one triangle list per track, removed when the track ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.publisher import Publisher
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from face3d.model import FaceModel
from face3d.ros.conversions import MarkerWriter
from face3d.track import Face

DETAILS = ("low", "full")
_NAMESPACE = "face3d"
_LIFETIME = Duration(nanosec=500_000_000)  # a node that dies leaves no face behind
_COLOR = (0.80, 0.66, 0.58)


class Markers:
    """Publishes serialised markers; one writer per track and frame of reference is kept while it lives."""

    def __init__(self, publisher: Publisher, model: FaceModel, detail: str) -> None:
        self._publisher = publisher
        self._triangles = model.lod_triangles if detail == "low" else model.triangles
        self._writers: dict[tuple[str, int], MarkerWriter] = {}

    def publish(self, faces: Sequence[tuple[Face, np.ndarray]], header: Header) -> None:
        """Publish faces with their vertices (N, 3) in the header's frame; remove those that are gone."""
        keys = [(header.frame_id, face.id) for face, _ in faces]
        for gone in self._writers.keys() - set(keys):
            del self._writers[gone]
            marker = Marker(header=header, ns=_NAMESPACE, id=gone[1], action=Marker.DELETE)
            marker.header.frame_id = gone[0]
            self._publisher.publish(marker)
        for key, (_, vertices) in zip(keys, faces):
            if key not in self._writers:
                self._writers[key] = MarkerWriter(_template(*key), self._triangles)
            self._publisher.publish(self._writers[key].write(vertices, header.stamp))


def _template(frame_id: str, number: int) -> Marker:
    marker = Marker(ns=_NAMESPACE, id=number, action=Marker.ADD, lifetime=_LIFETIME)
    marker.header.frame_id = frame_id
    marker.pose.orientation.w = 1.0
    marker.scale.x = marker.scale.y = marker.scale.z = 1.0
    marker.color.r, marker.color.g, marker.color.b = _COLOR
    marker.color.a = 1.0
    return marker
