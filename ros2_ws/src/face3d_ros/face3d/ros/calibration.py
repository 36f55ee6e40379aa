"""The camera behind the images: as camera_info describes it, or a guess."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from face3d.camera import Camera
from face3d.ros.conversions import to_camera
from face3d.ros.diagnostics import Health
from face3d.ros.gate import Polled

# Of a serialised message: four bytes that name the encoding, eight of the stamp
_AFTER_STAMP = slice(12, None)


class Calibration:
    """Makes cameras of the newest camera_info. It comes with every image and hardly ever changes.

    rectified  whether the images are
    fov     field of view along the longer side, degrees, for images without a calibration
    health  is told of a calibration that does not fit the images
    """

    def __init__(self, node: Node, rectified: bool, fov: float, health: Health) -> None:
        self._node, self._rectified, self._fov, self._health = node, rectified, fov, health
        self._infos = Polled(node, CameraInfo, "camera_info")
        self._info: CameraInfo | None = None
        self._content = b""
        self._made: tuple[tuple[int, int], Camera] | None = None

    def camera(self, width: int, height: int) -> Camera:
        """The camera for images of a size; computed when that or camera_info changes."""
        data = self._infos.take()
        if data is not None and data[_AFTER_STAMP] != self._content:
            self._content = data[_AFTER_STAMP]
            self._read(data)
        if self._made is None or self._made[0] != (width, height):
            self._made = ((width, height), self._make(width, height))
        return self._made[1]

    def _read(self, data: bytes) -> None:
        try:
            self._info, self._made = deserialize_message(data, CameraInfo), None
        except RuntimeError as error:  # rclpy's RMWError is private
            self._health.problem(f"a camera_info that cannot be read; the one before it counts: {error}")

    def _make(self, width: int, height: int) -> Camera:
        try:
            camera = to_camera(self._info, width, height, self._rectified) if self._info else None
        except ValueError as error:
            self._health.problem(str(error))
            camera = None
        if camera is not None:
            if self._rectified:
                text = "the images count as rectified: camera_info's P is their camera (parameter rectified)"
                self._node.get_logger().info(text, once=True)
            return camera
        self._node.get_logger().warning(
            f"no calibrated camera_info: distances assume a field of view of {self._fov:g} degrees", once=True
        )
        return Camera.from_fov(width, height, self._fov)
