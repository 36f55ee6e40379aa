"""CameraInfo messages to cameras and back, and calibration files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from face3d.camera import Camera


def image_size(message: CameraInfo) -> tuple[int, int]:
    """Width and height in pixels of the images that a CameraInfo belongs to: of its region of interest where it has
    one, binned; (0, 0) where it does not say."""
    width, height = _region(message)
    return width // max(1, message.binning_x), height // max(1, message.binning_y)


def is_rectified(topic: str) -> bool:
    """Whether the images of a topic are rectified, by the names that image_pipeline and camera drivers give them:
    image_rect, image_rect_color, color/rect/image."""
    return not {"rect", "rectified"}.isdisjoint(re.split("[/_]", topic))


def rectified(message: CameraInfo) -> CameraInfo:
    """CameraInfo of a camera that takes the rectified images by itself: without distortion, and P is its K, too."""
    k = _matrix(message, True)
    return CameraInfo(
        header=message.header, height=message.height, width=message.width, distortion_model="plumb_bob",
        d=[0.0] * 5, k=k, r=np.eye(3).ravel(), p=np.insert(k, (3, 6, 9), 0.0),
        binning_x=message.binning_x, binning_y=message.binning_y, roi=message.roi,
    )  # fmt: skip


def to_camera(message: CameraInfo, width: int, height: int, rectified: bool = False) -> Camera | None:
    """Camera for images of `width` x `height` pixels, or None when the message is not calibrated (its matrix is zero).

    rectified  whether the images are: the left part of P is their camera then, not K (CameraInfo.msg)
    The images are the whole picture or the region of interest, at the size of the calibration or another one (binned).
    Raises ValueError when the shapes differ, because the image was then cropped in an unknown way, and when the numbers
    are none. Lens distortion is not modelled: feed rectified images for best depth.
    """
    k = _matrix(message, rectified)
    fx, cx, fy, cy = (float(k[i]) for i in (0, 2, 4, 5))
    if fx == 0.0 or fy == 0.0:
        return None
    calibrated_width, calibrated_height = _region(message)
    zoom_x, zoom_y = width / (calibrated_width or width), height / (calibrated_height or height)
    if abs(zoom_x - zoom_y) > 0.02 * zoom_x:
        raise ValueError(
            f"camera_info is for {calibrated_width} x {calibrated_height} images, the images are "
            f"{width} x {height}: another shape. Publish the calibration of this mode"
        )
    # pixel centres are at integers: the image's corner, at -0.5, stays where it is
    cx, cy = cx - message.roi.x_offset, cy - message.roi.y_offset
    centre = (cx + 0.5) * zoom_x - 0.5, (cy + 0.5) * zoom_y - 0.5
    try:
        return Camera(width, height, fx * zoom_x, fy * zoom_y, *centre)
    except ValueError as error:
        raise ValueError(f"camera_info is damaged, the field of view is assumed: {error}") from None


def _region(message: CameraInfo) -> tuple[int, int]:
    """Width and height of what is read from the sensor, in its full resolution; a region of zeros means all of it."""
    return message.roi.width or message.width, message.roi.height or message.height


def _matrix(message: CameraInfo, rectified: bool) -> Sequence[float]:
    """3 x 3 numbers, row by row, that project into the images. Drivers that leave P at zero have nothing but K."""
    if rectified and message.p[0] != 0.0:
        return [message.p[i] for i in (0, 1, 2, 4, 5, 6, 8, 9, 10)]
    return message.k


def from_camera(camera: Camera, header: Header) -> CameraInfo:
    """CameraInfo of a pinhole camera without distortion."""
    k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return CameraInfo(
        header=header, height=camera.height, width=camera.width, distortion_model="plumb_bob",
        d=[0.0] * 5, k=k, r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], p=p,
    )  # fmt: skip


def read_calibration(path: str | Path) -> CameraInfo:
    """CameraInfo of a YAML file that camera_calibration wrote; raises ValueError that says what is wrong."""
    path = Path(path).expanduser()
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        matrices = {
            key: [float(value) for value in data[name]["data"]]
            for key, name in (
                ("d", "distortion_coefficients"),
                ("k", "camera_matrix"),
                ("r", "rectification_matrix"),
                ("p", "projection_matrix"),
            )
        }
        return CameraInfo(
            width=int(data["image_width"]),
            height=int(data["image_height"]),
            distortion_model=str(data["distortion_model"]),
            **matrices,
        )
    except OSError as error:
        raise ValueError(f"cannot read the calibration {path}: {error.strerror}") from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AssertionError) as error:
        raise ValueError(
            f"{path} is not a calibration as camera_calibration writes it: {type(error).__name__} {error}"
        ) from None
