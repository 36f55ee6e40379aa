"""`face3d record`: any source into a rosbag2 bag, without rosbag2."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from face3d.camera import Camera
from face3d.source import Frame, Source, SourceError
from face3d.whole import whole

_IMAGE, _COMPRESSED, _INFO = (
    f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo")
)


class BagWriter:
    """A new rosbag2 bag with camera/image_raw (or its compressed form) and camera/camera_info.

    path     folder that must not exist yet
    storage  'mcap' or 'sqlite3'
    quality  JPEG quality 1 to 100, or None for raw images
    camera   calibration; None assumes `fov` degrees along the longer side
    Raises SourceError when the bag cannot be made.
    """

    def __init__(
        self, path: Path, storage: str = "mcap", quality: int | None = None,
        camera: Camera | None = None, fov: float = 60.0, frame_id: str = "camera_optical_frame",
    ) -> None:  # fmt: skip
        from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
        from rosbags.typesys import Stores, get_typestore

        self.frames = 0
        self._quality, self._camera, self._fov, self._frame_id = quality, camera, fov, frame_id
        self._types = get_typestore(Stores.ROS2_JAZZY)
        kind, suffix = (_IMAGE, "") if quality is None else (_COMPRESSED, "/compressed")
        topics = (("/camera/image_raw" + suffix, kind), ("/camera/camera_info", _INFO))
        with contextlib.ExitStack() as cleanup:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
                self._writer.open()
                cleanup.callback(self._writer.close)
                self._images, self._infos = (
                    self._writer.add_connection(topic, name, typestore=self._types) for topic, name in topics
                )
            except (WriterError, OSError) as error:
                raise SourceError(f"cannot write a bag to {path}: {error}") from None
            cleanup.pop_all()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def write(self, frame: Frame) -> None:
        """Append one frame with its calibration, both under the frame's stamp."""
        image = frame.image
        height, width = image.shape[:2]
        header = self._header(frame.stamp)
        self._put(self._infos, frame.stamp, self._info(header, width, height))
        if self._quality is None:
            message = self._type(_IMAGE)(header, height, width, "rgb8", 0, 3 * width, image.reshape(-1))
        else:
            quality = [cv2.IMWRITE_JPEG_QUALITY, self._quality]
            _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
            message = self._type(_COMPRESSED)(header, "rgb8; jpeg compressed bgr8", data.reshape(-1))
        self._put(self._images, frame.stamp, message)
        self.frames += 1

    def _type(self, name: str) -> type:
        return self._types.types[name]

    def _put(self, connection: Any, stamp: int, message: object) -> None:
        self._writer.write(connection, stamp, self._types.serialize_cdr(message, connection.msgtype))

    def _header(self, stamp: int) -> object:
        sec, nanosec = divmod(stamp, 1_000_000_000)
        return self._type("std_msgs/msg/Header")(
            self._type("builtin_interfaces/msg/Time")(sec, nanosec), self._frame_id
        )

    def _info(self, header: object, width: int, height: int) -> object:
        camera = self._camera or Camera.from_fov(width, height, self._fov)
        region = self._type("sensor_msgs/msg/RegionOfInterest")(0, 0, 0, 0, False)
        k = np.array([camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0])
        p = np.insert(k, (3, 6, 9), 0.0)
        return self._type(_INFO)(
            header, height, width, "plumb_bob", np.zeros(5), k, np.eye(3).reshape(-1), p, 0, 0, region
        )


def record(source: Source, writer: BagWriter, seconds: float | None = None) -> int:
    """Write a source's frames until it ends, `seconds` of it have passed or Ctrl-C; returns their number.

    Files count their stamps from zero: these start at the present time, as a camera's would.
    """
    start: int | None = None
    try:
        for frame in source:
            if start is None:
                start = frame.stamp
                offset = time.time_ns() - start if start < 1_000_000_000_000 else 0
            if seconds is not None and (frame.stamp - start) * 1e-9 >= seconds:
                break
            with whole():
                writer.write(Frame(frame.stamp + offset, frame.image))
    except KeyboardInterrupt:
        pass
    return writer.frames
