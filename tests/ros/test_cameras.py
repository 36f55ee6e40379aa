"""Cameras to messages and back, and calibration files."""

from __future__ import annotations

import pytest
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

from face3d.camera import Camera
from face3d.ros import conversions


def test_cameras() -> None:
    camera = Camera(640, 480, 500.0, 510.0, 320.0, 230.0)
    info = conversions.from_camera(camera, Header())
    assert conversions.to_camera(info, 640, 480) == camera
    half = conversions.to_camera(info, 320, 240)
    assert (half.fx, half.fy) == (250.0, 255.0)
    # The pixel in the middle of four: centres are at integers, so its place is a quarter of a pixel off.
    assert (half.cx, half.cy) == (159.75, 114.75)
    with pytest.raises(ValueError, match="640 x 480 images, the images are 640 x 360"):
        conversions.to_camera(info, 640, 360)
    info.p[:7] = [480.0, 0.0, 310.0, 0.0, 0.0, 490.0, 240.0]  # as image_proc makes them of this camera
    assert conversions.to_camera(info, 640, 480) == camera
    assert conversions.to_camera(info, 640, 480, True) == Camera(640, 480, 480.0, 490.0, 310.0, 240.0)
    info.k = [0.0] * 9
    assert conversions.to_camera(info, 640, 480) is None
    info.p = [0.0] * 12
    assert conversions.to_camera(info, 640, 480, True) is None


def test_a_region_of_interest_and_binning() -> None:
    """CameraInfo describes the whole sensor; the image is what is read of it."""
    info = conversions.from_camera(Camera(640, 480, 500.0, 510.0, 320.0, 230.0), Header())
    assert conversions.image_size(info) == (640, 480)
    info.roi = RegionOfInterest(x_offset=100, y_offset=40, width=320, height=240)
    assert conversions.image_size(info) == (320, 240)
    assert conversions.to_camera(info, 320, 240) == Camera(320, 240, 500.0, 510.0, 220.0, 190.0)
    info.binning_x = info.binning_y = 2
    assert conversions.image_size(info) == (160, 120)
    binned = conversions.to_camera(info, 160, 120)
    # The point of the sensor that was pixel (220, 190) of the region: the corner at -0.5 stays where it is.
    assert binned == Camera(160, 120, 250.0, 255.0, 220.5 / 2 - 0.5, 190.5 / 2 - 0.5)
    info.roi = RegionOfInterest()
    assert conversions.image_size(info) == (320, 240)
    assert conversions.to_camera(info, 320, 240).fx == 250.0


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), -500.0])
def test_numbers_that_are_no_calibration_are_refused(value: float) -> None:
    info = conversions.from_camera(Camera(640, 480, 500.0, 510.0, 320.0, 230.0), Header())
    info.k[0] = value
    with pytest.raises(ValueError, match="camera_info is damaged"):
        conversions.to_camera(info, 640, 480)


def test_calibration_files(tmp_path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(
        "image_width: 640\nimage_height: 480\ncamera_name: cam\ndistortion_model: plumb_bob\n"
        "camera_matrix: {rows: 3, cols: 3, data: [500, 0, 320, 0, 510, 230, 0, 0, 1]}\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0.1, 0, 0, 0, 0]}\n"
        "rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}\n"
        "projection_matrix: {rows: 3, cols: 4, data: [500, 0, 320, 0, 0, 510, 230, 0, 0, 0, 1, 0]}\n"
    )
    info = conversions.read_calibration(path)
    assert conversions.to_camera(info, 640, 480) == Camera(640, 480, 500.0, 510.0, 320.0, 230.0)
    assert list(info.d) == [0.1, 0, 0, 0, 0]
    for text in ("", "nonsense", "[1, 2]", "image_width: 640", path.read_text().replace("[0.1", "[a")):
        path.write_text(text)
        with pytest.raises(ValueError, match="is not a calibration"):
            conversions.read_calibration(path)
    with pytest.raises(ValueError, match=r"cannot read the calibration .*nowhere\.yaml"):
        conversions.read_calibration(tmp_path / "nowhere.yaml")
