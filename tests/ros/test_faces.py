"""What messages of a face are made of: boxes, quaternions, ARKit's names."""

from __future__ import annotations

import math

from std_msgs.msg import Header

from face3d.detector import Detection
from face3d.ros import conversions


def test_boxes_are_cut_at_the_border() -> None:
    def region(*box: float) -> tuple:
        found = conversions.to_region(box, 100, 50)
        return (found.x_offset, found.y_offset, found.width, found.height)

    assert region(10.2, 20.6, 30.0, 10.0) == (10, 21, 30, 10)
    assert region(-10.0, -5.0, 30.0, 15.0) == (0, 0, 20, 10)
    assert region(90.0, 40.0, 30.0, 30.0) == (90, 40, 10, 10)
    assert region(200.0, 200.0, 10.0, 10.0)[2:] == (0, 0)


def test_detections_keep_box_and_tilt() -> None:
    hits = [Detection((10.0, 20.0, 30.0, 40.0), 0.5, 1.5), Detection((50.0, 5.0, 20.0, 20.0), 0.25)]
    message = conversions.from_detections(hits, Header(), 100, 80)
    assert [face.confidence for face in message.faces] == [0.5, 0.25]
    assert conversions.to_boxes(message) == [hit.start for hit in hits]
    message.faces[0].roll = math.nan
    message.faces[1].box.width = 0
    assert conversions.to_boxes(message) == []
