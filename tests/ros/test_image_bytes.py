"""Serialised images are read as the ordinary deserialiser reads them, field by field, or refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face3d.ros.conversions import from_rgb, packed, read_image, to_rgb
from face3d.ros.conversions.image_bytes import ImageBytes
from tests.ros.probe import picture


def made(frame_id: str = "camera", encoding: str = "bgr8", seed: int = 0) -> Image:
    header = Header(stamp=Time(sec=-5 + seed, nanosec=999_999_999 - seed), frame_id=frame_id)
    message = from_rgb(picture(seed), header)
    message.encoding, message.is_bigendian = encoding, seed % 2
    return message


@pytest.mark.parametrize("frame_id", ["", "a", "ab", "abc", "abcd", "Kamera für Gesichter"])
@pytest.mark.parametrize("encoding", ["", "x", "rgb8", "mono8", "mono16", "yuv422_yuy2"])
def test_every_field_is_what_the_deserialiser_gives(frame_id: str, encoding: str) -> None:
    """Texts of every length move what follows through all alignments."""
    for seed in range(3):
        data = serialize_message(made(frame_id, encoding, seed))
        found, expected = read_image(data, Image), deserialize_message(data, Image)
        assert isinstance(found, ImageBytes)
        for field in Image.get_fields_and_field_types():
            value = getattr(found, field)
            assert (bytes(value) if field == "data" else value) == (
                bytes(expected.data) if field == "data" else getattr(expected, field)
            ), field


def test_the_pixels_are_not_copied() -> None:
    data = serialize_message(made(encoding="rgb8"))
    image = to_rgb(read_image(data, Image))
    np.testing.assert_array_equal(image, picture(0))
    assert np.shares_memory(image, np.frombuffer(data, np.uint8)) and not image.flags.writeable


def test_an_image_without_pixels_and_one_of_the_other_byte_order() -> None:
    assert len(read_image(serialize_message(Image(encoding="rgb8")), Image).data) == 0
    pixels = bytes(range(12))
    head = struct.pack(">iII4xIII5sB2xII", 7, 8, 1, 2, 2, 5, b"rgb8\0", 0, 6, len(pixels))
    found = read_image(b"\0\0\0\0" + head + pixels, Image)
    assert (found.header.stamp, found.height, found.step) == (Time(sec=7, nanosec=8), 2, 6)
    np.testing.assert_array_equal(to_rgb(found).reshape(-1), np.arange(12))


def test_whatever_ends_early_is_refused() -> None:
    data = serialize_message(made())
    ends = [*range(80), len(data) // 2, len(data) - 8]
    for end in ends:
        with pytest.raises(ValueError, match="not a message of the expected kind"):
            read_image(data[:end], Image)
    for garbage in (
        b"",
        b"\0\1\0\0" + b"\xff" * 400,
        b"\0\1\0\0" + bytes(8) + b"\xff\xff\0\0" + b"\xff" * 70_000,
    ):
        with pytest.raises(ValueError, match="not a message of the expected kind"):
            read_image(garbage, Image)


def test_compressed_images_go_the_ordinary_way() -> None:
    message = CompressedImage(format="jpeg", data=packed("B", np.arange(50, dtype=np.uint8)))
    assert read_image(serialize_message(message), CompressedImage) == message
    with pytest.raises(ValueError, match="not a message of the expected kind"):
        read_image(b"\0\1\0\0" + b"\xff" * 40, CompressedImage)
