"""Numbers that every message is made of: packed arrays, stamps and regions."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import RegionOfInterest


def packed(code: str, values: np.ndarray) -> array:
    """array.array of C-contiguous values whose type fits `code`: the only kind of sequence that rclpy takes
    without looking at every element."""
    result = array(code)
    result.frombytes(np.ascontiguousarray(values).data.cast("B"))
    return result


def nanoseconds(stamp: Time) -> int:
    """A stamp in nanoseconds."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def to_stamp(nanosec: int) -> Time:
    """Inverse of `nanoseconds`."""
    sec, nanosec = divmod(int(nanosec), 1_000_000_000)
    return Time(sec=sec, nanosec=nanosec)


def to_region(box: Sequence[float], width: int, height: int) -> RegionOfInterest:
    """RegionOfInterest of a box (x, y, width, height) in pixels, rounded and cut at the image's border."""
    left, top = (round(min(max(value, 0.0), limit)) for value, limit in zip(box[:2], (width, height)))
    right = round(min(max(box[0] + box[2], 0.0), width))
    bottom = round(min(max(box[1] + box[3], 0.0), height))
    return RegionOfInterest(x_offset=left, y_offset=top, width=right - left, height=bottom - top)
