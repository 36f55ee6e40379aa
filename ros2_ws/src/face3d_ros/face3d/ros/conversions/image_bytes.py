"""A serialised sensor_msgs/Image, read where it lies.

rclpy copies the pixels into a message of its own kind before it hands them out: 1.1 ms for 640 x 480, 2 for
1920 x 1080, of which nothing is left but the same bytes. So image subscriptions take the serialised message.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

_PLAIN = b"\0\1"  # how a message of this kind begins: CDR, least significant byte first
_START = 4  # bytes, before what fields are aligned to


@dataclass(frozen=True)
class ImageBytes:
    """The fields of a sensor_msgs/Image; `data` shares memory with the serialised message."""

    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview


def read_image(data: bytes, kind: type) -> ImageBytes | Image | CompressedImage:
    """The image message of `kind` (Image or CompressedImage) that was serialised as `data`.

    Raises ValueError when it is none.
    """
    try:
        if kind is Image and data[:2] == _PLAIN:
            return _read(data)
        return deserialize_message(data, kind)
    except (RuntimeError, struct.error, UnicodeDecodeError) as error:  # rclpy's RMWError is private
        raise ValueError(f"not a message of the expected kind: {error}") from None


def _read(data: bytes) -> ImageBytes:
    sec, nanosec = struct.unpack_from("<iI", data, _START)
    frame_id, place = _text(data, _START + 8)
    height, width = struct.unpack_from("<II", data, place)
    encoding, place = _text(data, place + 8, aligned=False)
    is_bigendian = data[place] if place < len(data) else 0
    step, size = struct.unpack_from("<II", data, _aligned(place + 1))
    place = _aligned(place + 1) + 8
    if len(data) < place + size:
        raise struct.error(f"{size} bytes of pixels are promised, {len(data) - place} are there")
    header = Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=frame_id)
    return ImageBytes(
        header, height, width, encoding, is_bigendian, step, memoryview(data)[place : place + size]
    )


def _text(data: bytes, place: int, aligned: bool = True) -> tuple[str, int]:
    """A string at `place`, without the zero that ends it, and where the next field begins."""
    (length,) = struct.unpack_from("<I", data, place)
    end = place + 4 + length
    if length > len(data):
        raise struct.error(f"a text of {length} bytes in a message of {len(data)}")
    return data[place + 4 : end].rstrip(b"\0").decode(), _aligned(end) if aligned else end


def _aligned(place: int) -> int:
    return place + (_START - place) % 4
