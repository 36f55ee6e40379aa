"""Cameras to messages and back, and calibration files."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import Header

from face3d import rotation as so3
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
    info.k = conversions.from_camera(camera, Header()).k
    assert conversions.to_camera(info, 640, 480, True) == camera, "a driver that leaves P empty"


def test_camera_info_says_of_a_pinhole_what_its_definition_says() -> None:
    """K, no distortion, R the identity and P = K [I | 0]: other nodes rectify and project by it."""
    info = conversions.from_camera(Camera(640, 480, 500.0, 510.0, 320.0, 230.0), Header(frame_id="eye"))
    matrix = np.array([[500.0, 0.0, 320.0], [0.0, 510.0, 230.0], [0.0, 0.0, 1.0]])
    check_pinhole(info, matrix)
    info.d, info.k = [0.1] * 5, [480.0, 0.0, 310.0, 0.0, 490.0, 240.0, 0.0, 0.0, 1.0]
    info.binning_x, info.roi.width = 2, 100
    seen = conversions.rectified(info)
    check_pinhole(seen, matrix)
    assert (seen.header, seen.roi, seen.binning_x) == (info.header, info.roi, 2)


def check_pinhole(info: CameraInfo, matrix: np.ndarray) -> None:
    assert (info.width, info.height, info.distortion_model) == (640, 480, "plumb_bob")
    np.testing.assert_array_equal(np.reshape(info.k, (3, 3)), matrix)
    np.testing.assert_array_equal(info.d, np.zeros(5))
    np.testing.assert_array_equal(np.reshape(info.r, (3, 3)), np.eye(3))
    np.testing.assert_array_equal(np.reshape(info.p, (3, 4)), np.hstack([matrix, np.zeros((3, 1))]))


@pytest.mark.parametrize(
    "topic, wanted",
    [
        ("/camera/image_raw", False),
        ("/camera/image_rect", True),
        ("/camera/image_rect/compressed", True),
        ("/stereo/left/image_rect_color", True),
        ("/zed/rgb/color/rect/image", True),
        ("/camera/image_rectified", True),
        ("/correct/direction/image", False),
        ("/rectangle/image_raw", False),
    ],
)
def test_topics_say_that_their_images_are_rectified(topic: str, wanted: bool) -> None:
    assert conversions.is_rectified(topic) is wanted


def test_a_point_lands_where_image_proc_puts_it() -> None:
    """OpenCV, which image_proc rectifies with, is the reference: a point in the rectified camera's frame, through
    distortion into the raw image and through `undistortPoints` into the rectified one, is where our camera has it."""
    k, r = np.array([[500.0, 0, 320], [0, 510, 230], [0, 0, 1]]), so3.exp(np.array([0.02, -0.03, 0.01]))
    p, d = (
        np.array([[480.0, 0, 310, -40], [0, 490, 240, 0], [0, 0, 1, 0]]),
        np.array([-0.3, 0.1, 0.001, 0.0, 0.0]),
    )
    info = conversions.from_camera(Camera(640, 480, 1.0, 1.0, 0.0, 0.0), Header())
    info.k, info.r, info.p, info.d = k.ravel(), r.ravel(), p.ravel(), d.tolist()
    points = np.array([[0.1, -0.05, 0.6], [-0.15, 0.1, 0.7], [0.0, 0.0, 0.5]])
    raw, _ = cv2.projectPoints(points @ r, np.zeros(3), np.zeros(3), k, d)
    wanted = cv2.undistortPoints(raw, k, d, R=r, P=p[:, :3])[:, 0]
    assert np.abs(conversions.to_camera(info, 640, 480, True).project(points) - wanted).max() < 0.01
    assert np.abs(conversions.to_camera(info, 640, 480).project(points) - wanted).max() > 2.0
    alone = conversions.rectified(info)
    assert (alone.width, alone.height) == (640, 480) and not any(alone.d)
    found = [conversions.to_camera(alone, 640, 480, either) for either in (False, True)]
    assert found == [conversions.to_camera(info, 640, 480, True)] * 2


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
