"""A camera driver as others write them: images of the demo clip out of memory, at a steady rate, over ROS 2 topics.

    python -m benchmarks.ros_camera --size 640x480 --rate 60 --seconds 10

It decodes nothing and serialises nothing while it runs, so that what is measured is the rest. At the end it prints
the stamps of the images, and how many of them were more than half a period late, as JSON.
"""

from __future__ import annotations

import argparse
import json
import struct
import time
from itertools import cycle

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from benchmarks.scenes import Clip
from face3d.camera import Camera
from face3d.ros.conversions import from_camera, from_rgb, nanoseconds

_IMAGES = 20  # kept in memory: forth and back through the clip, so that the face moves steadily
_PATIENCE = 60.0  # seconds for the subscribers to come
_CATCH_UP = 0.6  # periods between two images at least
_HANDSHAKE = 0.5  # seconds after which they know of this publisher, too


class SteadyCamera(Node):
    """camera/image_raw (bgr8) and camera/camera_info."""

    def __init__(self, size: tuple[int, int], best_effort: bool) -> None:
        super().__init__("steady_camera")
        reliability = ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE
        self._images = self.create_publisher(
            Image, "camera/image_raw", QoSProfile(depth=4, reliability=reliability)
        )
        self._infos = self.create_publisher(CameraInfo, "camera/camera_info", 10)
        header = Header(frame_id="camera_optical_frame")
        self._info = from_camera(Camera.from_fov(*size), header)
        scene = Clip(_IMAGES).scene(size, 1)[0]
        self._scene = cycle([_bgr(image, header) for image in (*scene, *scene[-2:0:-1])])

    def wait_for(self, subscribers: int) -> None:
        """Return when the image has so many subscribers. Raises RuntimeError when they do not come."""
        deadline = time.monotonic() + _PATIENCE
        while self._images.get_subscription_count() < subscribers:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self._images.get_subscription_count()} of {subscribers} subscribers came"
                )
            time.sleep(0.02)
        time.sleep(_HANDSHAKE)

    def play(self, rate: float, seconds: float) -> dict[str, object]:
        """Send for some seconds; returns the stamps, and how many images were half a period late."""
        late, stamps = 0, []
        begin = sent = time.monotonic()
        count = round(rate * seconds)
        for number in range(count):
            due = begin + number / rate
            # After a hiccup of its own it does not send a burst, as no camera does.
            time.sleep(max(0.0, due - time.monotonic(), sent + _CATCH_UP / rate - time.monotonic()))
            sent = time.monotonic()
            late += time.monotonic() > due + 0.5 / rate
            stamp = self.get_clock().now().to_msg()
            image = next(self._scene)
            image[4:12] = struct.pack("=iI", stamp.sec, stamp.nanosec)
            self._info.header.stamp = stamp
            self._infos.publish(self._info)
            self._images.publish(bytes(image))
            stamps.append(nanoseconds(stamp))
        return {"stamps": stamps, "late": late}


def _bgr(image: np.ndarray, header: Header) -> bytearray:
    """The serialised bgr8 Image of an (H, W, 3) uint8 RGB array; its stamp are the bytes 4 to 11."""
    message = from_rgb(image[..., ::-1], header)
    message.encoding = "bgr8"
    return bytearray(serialize_message(message))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ros_camera", description=__doc__)
    parser.add_argument("--size", default="640x480", metavar="WxH")
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--best-effort", action="store_true")
    parser.add_argument("--subscribers", type=int, default=2, help="of the image, for which it waits")
    chosen = parser.parse_args()
    width, height = map(int, chosen.size.split("x"))
    rclpy.init(args=[])
    camera = SteadyCamera((width, height), chosen.best_effort)
    camera.wait_for(chosen.subscribers)
    print(json.dumps(camera.play(chosen.rate, chosen.seconds)), flush=True)
    time.sleep(1.0)  # what is under way still arrives
    camera.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
