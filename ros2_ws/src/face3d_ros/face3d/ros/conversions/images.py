"""Image messages to RGB arrays and back: the only place that knows encodings.

Images are converted here with numpy and OpenCV alone, not with cv_bridge: it is one code path with and
without a ROS 2 installation, it checks sizes before it touches the data, and its errors say what came.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face3d.jpeg import is_cut_off
from face3d.ros.conversions.arrays import packed
from face3d.ros.conversions.image_bytes import ImageBytes, read_image

# encoding -> (numpy type, channels, OpenCV conversion to RGB or None when it already is)
_ENCODINGS: dict[str, tuple[type, int, int | None]] = {
    "rgb8": (np.uint8, 3, None),
    "bgr8": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "8UC3": (np.uint8, 3, cv2.COLOR_BGR2RGB),  # OpenCV's own order, as cv_bridge reads it
    "rgba8": (np.uint8, 4, cv2.COLOR_RGBA2RGB),
    "bgra8": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "8UC4": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "rgb16": (np.uint16, 3, None),
    "bgr16": (np.uint16, 3, cv2.COLOR_BGR2RGB),
    "rgba16": (np.uint16, 4, cv2.COLOR_RGBA2RGB),
    "bgra16": (np.uint16, 4, cv2.COLOR_BGRA2RGB),
    "mono8": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "8UC1": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "mono16": (np.uint16, 1, cv2.COLOR_GRAY2RGB),
    "16UC1": (np.uint16, 1, cv2.COLOR_GRAY2RGB),
    "yuv422": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    # as high as the image, and half of that below it: red and blue for two by two pixels
    "nv12": (np.uint8, 1, cv2.COLOR_YUV2RGB_NV12),
    "nv21": (np.uint8, 1, cv2.COLOR_YUV2RGB_NV21),
    # OpenCV names a Bayer pattern by its second row, ROS by its first
    "bayer_rggb8": (np.uint8, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr8": (np.uint8, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg8": (np.uint8, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg8": (np.uint8, 1, cv2.COLOR_BayerGB2RGB),
    "bayer_rggb16": (np.uint16, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr16": (np.uint16, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg16": (np.uint16, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg16": (np.uint16, 1, cv2.COLOR_BayerGB2RGB),
}


_PLANES = ("nv12", "nv21")


class Picture(NamedTuple):
    """An image (H, W, 3) uint8 RGB, which nobody may change any more, with its header."""

    image: np.ndarray
    header: Header


class BadImage(ValueError):
    """An image message that cannot be read; the text says what came and what was expected."""


def image_type(transport: str) -> type:
    """Message type of images that come 'raw' or 'compressed'."""
    return Image if transport == "raw" else CompressedImage


def read_picture(data: bytes, kind: type) -> Picture:
    """The picture in a serialised message of `kind` (Image or CompressedImage); raises ValueError."""
    message = read_image(data, kind)
    return Picture(to_rgb(message), message.header)


def to_rgb(message: Image | ImageBytes | CompressedImage) -> np.ndarray:
    """Image (H, W, 3) uint8 RGB, C-contiguous, of an image message; raises BadImage.

    The result may share memory with the message: treat it as read-only. Values of 16 bits keep their
    upper eight, so that the brightness of a frame never depends on its content.
    """
    if hasattr(message, "format"):  # a CompressedImage, also one that rosbags has read
        return _decompress(message)
    known = _ENCODINGS.get(message.encoding)
    if known is None:
        raise BadImage(
            f"unknown image encoding '{message.encoding}' ({message.width} x {message.height}); "
            f"known: {', '.join(_ENCODINGS)}. Convert it before, for example with image_proc"
        )
    kind, channels, code = known
    width, height = message.width, message.height
    if width == 0 or height == 0:
        raise BadImage(f"empty image: {width} x {height} {message.encoding}")
    if width % 2 and (channels == 2 or message.encoding in _PLANES):
        raise BadImage(f"{message.encoding} needs an even width, got {width} x {height}")
    if message.encoding in _PLANES:
        if height % 2:
            raise BadImage(f"{message.encoding} needs an even height, got {width} x {height}")
        height += height // 2
    row = width * channels * np.dtype(kind).itemsize
    step = message.step or row  # some drivers leave it at zero
    if step < row:
        raise BadImage(
            f"image rows are too short: step {step}, {width} x {message.encoding} takes {row} bytes"
        )
    if len(message.data) < step * (height - 1) + row:
        raise BadImage(
            f"truncated image: {len(message.data)} bytes, {width} x {message.height} {message.encoding} "
            f"with step {step} takes {step * height}"
        )
    data = np.frombuffer(message.data, np.uint8)
    if step == row:
        pixels = data[: row * height].reshape(height, row)
    else:  # padded rows; the last one may come without its padding
        pixels = np.lib.stride_tricks.as_strided(data, (height, row), (step, 1), writeable=False)
        pixels = np.ascontiguousarray(pixels)
    if kind is np.uint16:
        pixels = np.ascontiguousarray(pixels[:, (0 if message.is_bigendian else 1) :: 2])
    pixels = pixels.reshape((height, width, channels) if channels > 1 else (height, width))
    return pixels if code is None else cv2.cvtColor(pixels, code)


def _decompress(message: CompressedImage) -> np.ndarray:
    if "compressedDepth" in message.format:
        raise BadImage(f"a depth image is no camera image: format '{message.format}'")
    data = np.frombuffer(message.data, np.uint8)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size and not is_cut_off(data.tobytes()) else None
    except cv2.error:  # a header that promises more pixels than OpenCV takes
        image = None
    if image is None:
        raise BadImage(f"cannot decode a compressed image of {data.size} bytes, format '{message.format}'")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def from_rgb(image: np.ndarray, header: Header) -> Image:
    """Image message (rgb8) of an (H, W, 3) uint8 RGB array."""
    height, width = image.shape[:2]
    message = Image(header=header, height=height, width=width, encoding="rgb8", step=3 * width)
    message.data = packed("B", image)
    return message
