"""Image messages to RGB arrays and back: encodings, padding, what is refused."""

from __future__ import annotations

from array import array

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face3d.ros.conversions import BadImage, from_rgb, packed, to_rgb
from tests.ros.probe import picture

RGB = picture(3)  # 320 x 240, so that chroma that two pixels share can be checked as well


def message(encoding: str, pixels: np.ndarray, *, padding: int = 0, big: bool = False) -> Image:
    """Image message of an array (H, W[, C]) with `padding` bytes behind every row."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(height, -1)
    step = rows.shape[1] + padding
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    result = Image(height=height, width=width, encoding=encoding, step=step, is_bigendian=int(big))
    result.data = packed("B", rows)
    return result


GREY = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
COLOURS = {
    "rgb8": RGB,
    "bgr8": RGB[..., ::-1],
    "8UC3": RGB[..., ::-1],
    "rgba8": np.dstack([RGB, GREY]),
    "bgra8": np.dstack([RGB[..., ::-1], GREY]),
    "8UC4": np.dstack([RGB[..., ::-1], GREY]),
}


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", COLOURS)
def test_colours_come_through_exactly(encoding: str, padding: int) -> None:
    result = to_rgb(message(encoding, COLOURS[encoding], padding=padding))
    assert result.dtype == np.uint8 and result.flags.c_contiguous
    np.testing.assert_array_equal(result, RGB)


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", ["rgb16", "bgr16", "rgba16", "bgra16"])
def test_deep_colours_keep_their_upper_half(encoding: str, padding: int) -> None:
    deep = COLOURS[encoding.replace("16", "8")].astype(np.uint16) * 256 + 99
    for big in (False, True):
        sent = message(encoding, deep.byteswap() if big else deep, padding=padding, big=big)
        result = to_rgb(sent)
        assert result.flags.c_contiguous
        np.testing.assert_array_equal(result, RGB)


@pytest.mark.parametrize("padding", [0, 5])
def test_greys(padding: int) -> None:
    grey = np.dstack([GREY] * 3)
    for encoding in ("mono8", "8UC1"):
        np.testing.assert_array_equal(to_rgb(message(encoding, GREY, padding=padding)), grey)
    deep = GREY.astype(np.uint16) * 256 + 99
    for encoding in ("mono16", "16UC1"):
        np.testing.assert_array_equal(to_rgb(message(encoding, deep, padding=2 * padding)), grey)
        swapped = message(encoding, deep.byteswap(), padding=2 * padding, big=True)
        np.testing.assert_array_equal(to_rgb(swapped), grey)


@pytest.mark.parametrize(
    "encoding, order", [("yuv422", (1, 0)), ("uyvy", (1, 0)), ("yuv422_yuy2", (0, 1)), ("yuyv", (0, 1))]
)
def test_yuv(encoding: str, order: tuple[int, int]) -> None:
    # A colour picture of uniform patches: chroma subsampling loses nothing inside them.
    y, u, v = 180, 90, 160
    pixels = np.empty((8, 16, 2), np.uint8)
    pixels[..., order[0]] = y
    pixels[:, 0::2, order[1]], pixels[:, 1::2, order[1]] = u, v
    red = 1.164 * (y - 16) + 1.596 * (v - 128)  # ITU-R BT.601, video range
    green = 1.164 * (y - 16) - 0.813 * (v - 128) - 0.391 * (u - 128)
    blue = 1.164 * (y - 16) + 2.018 * (u - 128)
    result = to_rgb(message(encoding, pixels))
    np.testing.assert_allclose(result.reshape(-1, 3), np.tile((red, green, blue), (128, 1)), atol=2)


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding, order", [("nv12", (0, 1)), ("nv21", (1, 0))])
def test_yuv_in_planes(encoding: str, order: tuple[int, int], padding: int) -> None:
    """Every two by two pixels share their colour: a left half and a right half of different ones."""
    y, halves = 150, ((90, 160), (170, 70))
    pixels = np.full((12, 16), y, np.uint8)
    for side, chroma in enumerate(halves):
        for place, plane in enumerate(order):
            pixels[8:, 8 * side + place : 8 * side + 8 : 2] = chroma[plane]
    sent = message(encoding, pixels, padding=padding)
    sent.height = 8
    result = to_rgb(sent)
    for side, (u, v) in enumerate(halves):
        luma = 1.164 * (y - 16)
        expected = (
            luma + 1.596 * (v - 128),
            luma - 0.813 * (v - 128) - 0.391 * (u - 128),
            luma + 2.018 * (u - 128),
        )
        found = result[:, 8 * side : 8 * side + 8].reshape(-1, 3)
        np.testing.assert_allclose(found, np.tile(np.clip(expected, 0, 255), (64, 1)), atol=2)
    sent.data = sent.data[: 8 * sent.step]  # the luma alone
    with pytest.raises(BadImage, match=f"truncated image: .* 16 x 8 {encoding}"):
        to_rgb(sent)
    for width, height, text in ((15, 8, "even width"), (16, 7, "even height")):
        sent.width, sent.height = width, height
        with pytest.raises(BadImage, match=text):
            to_rgb(sent)


@pytest.mark.parametrize("corner", ["rg", "bg", "gb", "gr"])
def test_bayer_patterns_keep_their_colours(corner: str) -> None:
    rest = {"rg": "gb", "bg": "gr", "gb": "rg", "gr": "bg"}[corner]
    values = {"r": 200, "g": 120, "b": 40}
    tile = np.array([[values[c] for c in corner], [values[c] for c in rest]], np.uint8)
    for depth, pixels in ((8, tile), (16, tile.astype(np.uint16) * 256 + 99)):
        result = to_rgb(message(f"bayer_{corner}{rest}{depth}", np.tile(pixels, (8, 8))))
        np.testing.assert_allclose(
            result[4:-4, 4:-4].reshape(-1, 3), np.tile((200, 120, 40), (64, 1)), atol=1
        )


def test_compressed() -> None:
    good = CompressedImage(format="rgb8; png compressed bgr8")
    good.data = packed("B", cv2.imencode(".png", RGB[..., ::-1])[1])
    np.testing.assert_array_equal(to_rgb(good), RGB)
    for data in (b"", b"no image at all", bytes(good.data)[:50], b"P6 60000 60000 255\n" + bytes(99)):
        bad = CompressedImage(format="jpeg", data=array("B", data))
        with pytest.raises(BadImage, match=f"{len(data)} bytes, format 'jpeg'"):
            to_rgb(bad)
    with pytest.raises(BadImage, match="depth image"):
        to_rgb(CompressedImage(format="16UC1; compressedDepth png", data=good.data))


def test_a_jpeg_without_its_end_is_refused_by_every_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones decode it: the last row stands in for those that are missing. Cameras may put zeros behind the end."""
    monkeypatch.setattr(cv2, "imdecode", lambda data, flags: RGB)
    whole = cv2.imencode(".jpg", RGB)[1].tobytes()
    thumbnail = whole[:2] + b"\xff\xe1" + (len(whole) + 2).to_bytes(2, "big") + whole + whole[2:]
    for data in (whole, whole + bytes(100), thumbnail):
        assert to_rgb(CompressedImage(format="jpeg", data=array("B", data))).shape == RGB.shape
    for data in (whole[: len(whole) // 2], whole[:-2], whole[:-1], thumbnail[:-100]):
        with pytest.raises(BadImage, match="cannot decode a compressed image"):
            to_rgb(CompressedImage(format="jpeg", data=array("B", data)))


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"encoding": "32FC1"}, "unknown image encoding '32FC1' \\(320 x 240\\); known: rgb8, bgr8"),
        ({"encoding": ""}, "unknown image encoding ''"),
        ({"width": 0}, "empty image: 0 x 240 rgb8"),
        ({"height": 0}, "empty image: 320 x 0 rgb8"),
        (
            {"data": array("B", bytes(960 * 239))},
            "truncated image: 229440 bytes, 320 x 240 rgb8.*takes 230400",
        ),
        ({"data": array("B")}, "truncated image: 0 bytes"),
        ({"step": 959}, "rows are too short: step 959"),
        ({"step": 4_000_000_000}, "truncated image"),
        ({"encoding": "yuyv", "width": 319}, "yuyv needs an even width, got 319"),
    ],
)
def test_bad_images_are_described(changes: dict, text: str) -> None:
    bad = message("rgb8", RGB)
    for name, value in changes.items():
        setattr(bad, name, value)
    with pytest.raises(BadImage, match=text):
        to_rgb(bad)


def test_a_step_of_zero_means_no_padding_and_the_last_row_needs_none() -> None:
    loose = message("rgb8", RGB)
    loose.step = 0
    np.testing.assert_array_equal(to_rgb(loose), RGB)
    padded = message("rgb8", RGB, padding=7)
    padded.data = padded.data[:-7]
    np.testing.assert_array_equal(to_rgb(padded), RGB)


def test_rgb_there_and_back() -> None:
    header = Header(stamp=Time(sec=3, nanosec=4), frame_id="here")
    result = from_rgb(RGB, header)
    assert (result.width, result.height, result.step, result.encoding) == (320, 240, 960, "rgb8")
    assert result.header == header and isinstance(result.data, array)
    np.testing.assert_array_equal(to_rgb(deserialize_message(serialize_message(result), Image)), RGB)
