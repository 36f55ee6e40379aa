"""A mesh as an already serialised visualization_msgs/Marker.

A TRIANGLE_LIST repeats every corner as a Point object: for 20,000 corners rclpy takes some 80 ms to fill
and another 20 to serialise them. Serialised, they are one array of doubles, so the marker is serialised once
with a single point, and every frame puts stamp, number and corners into a copy of those bytes.
"""

from __future__ import annotations

import struct

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from rclpy.serialization import serialize_message
from visualization_msgs.msg import Marker

_STAMP = slice(4, 12)  # after the four bytes that name the encoding; the header comes first, its stamp leads

_MARK = Point(x=-1.2345e-123, y=2.3456e-234, z=-3.4567e-45)  # found again by its bytes
_MARK_BYTES = struct.pack("=3d", _MARK.x, _MARK.y, _MARK.z)


class MarkerWriter:
    """Writes the markers of one face: everything but stamp and corners is fixed when it is made.

    template   the Marker with its frame, namespace, id, scale, colour and lifetime; its points are ignored
    triangles  (M, 3) vertex numbers
    """

    def __init__(self, template: Marker, triangles: np.ndarray) -> None:
        if not len(triangles):
            raise ValueError("a marker needs at least one triangle")
        self._corners = np.ascontiguousarray(triangles, np.intp).reshape(-1)
        self._points = np.empty((len(self._corners), 3), np.float64)  # reused by every frame
        template.type = Marker.TRIANGLE_LIST
        template.points = [_MARK]
        one = serialize_message(template)
        template.points = [_MARK, _MARK]
        two = serialize_message(template)
        start = one.index(_MARK_BYTES)
        # The count stands four or eight bytes before the points, as doubles are aligned to eight. Padding is
        # not always zero, so look eight before first: there, frame_locked could not go from 1 to 2.
        count = start - 8
        if [struct.unpack_from("=I", data, count)[0] for data in (one, two)] != [1, 2]:
            count = start - 4
        self._head = bytearray(one[:start])
        struct.pack_into("=I", self._head, count, len(self._corners))
        self._tail = one[start + len(_MARK_BYTES) :]

    def write(self, vertices: np.ndarray, stamp: Time) -> bytes:
        """The serialised Marker of vertices (V, 3) in metres, in the template's frame, for `publish()`."""
        self._head[_STAMP] = struct.pack("=iI", stamp.sec, stamp.nanosec)
        np.take(vertices.astype(np.float64), self._corners, axis=0, out=self._points, mode="clip")
        return b"".join((self._head, self._points.data, self._tail))
