"""Markers written byte by byte against the ordinary serialiser, field by field."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from face3d.ros.conversions import MarkerWriter
from face3d.ros.markers import Markers


@pytest.mark.parametrize("frame", ["", "a", "ab", "abc", "abcd", "camera_optical_frame"])
@pytest.mark.parametrize("namespace", ["", "x", "xy", "xyz", "face3d"])
@pytest.mark.parametrize("locked", [False, True])
def test_a_written_marker_is_what_the_serialiser_makes(frame: str, namespace: str, locked: bool) -> None:
    """Strings of every length move the points through all alignments."""
    marker = Marker(ns=namespace, id=7, text="text", mesh_resource="m", frame_locked=locked)
    marker.header.frame_id = frame
    marker.scale.x, marker.color.a, marker.lifetime.nanosec = 1.5, 0.25, 5
    random = np.random.default_rng(0)
    vertices = random.standard_normal((10, 3)).astype(np.float32)
    triangles = random.integers(0, 10, (5, 3))
    writer = MarkerWriter(marker, triangles)
    for second in (1, 2**31 - 1):
        stamp = Time(sec=second, nanosec=999_999_999)
        written = writer.write(vertices, stamp)
        marker.header.stamp = stamp
        marker.points = [
            Point(x=x, y=y, z=z) for x, y, z in vertices[triangles.reshape(-1)].astype(float).tolist()
        ]
        expected = serialize_message(marker)
        assert len(written) == len(expected)  # the bytes may differ where they only fill up
        found = deserialize_message(written, Marker)
        for field in Marker.get_fields_and_field_types():
            assert getattr(found, field) == getattr(marker, field), field
        vertices = vertices + 1.0


def test_a_marker_needs_triangles() -> None:
    with pytest.raises(ValueError, match="at least one triangle"):
        MarkerWriter(Marker(), np.empty((0, 3), int))


def test_a_camera_that_changes_its_frame_takes_the_old_marker_along(domain) -> None:
    published: list = []
    model = SimpleNamespace(lod_triangles=np.array([[0, 1, 2]]))
    markers = Markers(SimpleNamespace(publish=published.append), model, "low", 0.0)
    faces = [(SimpleNamespace(id=1), np.zeros((3, 3), np.float32))]
    markers.publish(faces, Header(frame_id="before"))
    header = Header(frame_id="after", stamp=Time(sec=5))
    markers.keep([face for face, _ in faces], header)
    assert header == Header(frame_id="after", stamp=Time(sec=5)), "all results of this image have it"
    gone = published[-1]
    assert (gone.action, gone.header.frame_id, gone.header.stamp.sec) == (Marker.DELETE, "before", 5)
    markers.publish(faces, header)
    assert deserialize_message(published[-1], Marker).header.frame_id == "after"
