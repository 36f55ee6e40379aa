"""The camera behind the images: as camera_info describes it, or a guess."""

from __future__ import annotations

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from face3d.camera import Camera
from face3d.ros.conversions import to_camera
from face3d.ros.diagnostics import Health


class Calibration:
    """Keeps the last camera_info and makes cameras of it.

    fov     field of view along the longer side, degrees, for images without a calibration
    health  is told of a calibration that does not fit the images
    """

    def __init__(self, node: Node, fov: float, health: Health) -> None:
        self._node, self._fov, self._health = node, fov, health
        self._info: CameraInfo | None = None
        self._made: tuple[tuple, Camera] | None = None

    def update(self, message: CameraInfo) -> None:
        """Use this camera_info from now on."""
        self._info = message

    def camera(self, width: int, height: int) -> Camera:
        """The camera for images of a size; computed when that or camera_info changes."""
        key = (width, height, self._info and (self._info.k.tobytes(), self._info.width, self._info.height))
        if self._made is None or self._made[0] != key:
            self._made = (key, self._make(width, height))
        return self._made[1]

    def _make(self, width: int, height: int) -> Camera:
        try:
            camera = to_camera(self._info, width, height) if self._info else None
        except ValueError as error:
            self._health.problem(str(error))
            camera = None
        if camera is not None:
            return camera
        self._node.get_logger().warning(
            f"no calibrated camera_info: distances assume a field of view of {self._fov:g} degrees", once=True
        )
        return Camera.from_fov(width, height, self._fov)
