"""Publishes the images of a webcam, a video file, a folder of images or a bag."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import cv2
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from face3d.camera import Camera
from face3d.ros import bag
from face3d.ros.conversions import (
    Picture,
    from_camera,
    from_rgb,
    nanoseconds,
    read_calibration,
    rectified,
    to_stamp,
)
from face3d.ros.diagnostics import Health
from face3d.ros.file_clock import FileClock
from face3d.ros.flow import Flow
from face3d.ros.hand_over import HandOver
from face3d.ros.parameters import declare
from face3d.ros.qos import IMAGE_OUT, OUTPUT, create_publisher
from face3d.source import Frame, Source, SourceError, cut_off, open_source, plug

_SUBSCRIBERS_PATIENCE = 30.0
_HANGS = 3.0  # seconds after which a read that has not come back does not keep the node from ending
_GOODBYE = 1.0  # seconds for the last image to be worked on and the last report to arrive, each


class CameraNode(Node):
    """One source to camera/image_raw and camera/camera_info. A thread reads, so that a camera which hangs
    leaves the node answering."""

    def __init__(self, takers: Sequence[HandOver] = ()) -> None:
        """takers: in this process, who get the images as they are; the topic is for all others."""
        super().__init__("camera_node")
        self._takers = takers
        plug(bag.open_bag)
        self._name = declare(
            self, "source", "0", "Webcam index, video file, folder of images, or rosbag2 bag."
        )
        self._rate = declare(
            self, "rate", 0.0, "Images per second from a file or folder; 0: the source's own.", (0.0, 1000.0)
        )
        self._speed = declare(
            self, "speed", 1.0, "Factor on the source's own pace, for files and bags.", (0.01, 100.0)
        )
        self._loop = declare(self, "loop", False, "Begin again at the end of a file, folder or bag.")
        self._stamps = declare(
            self,
            "stamps",
            "now",
            "'now': time of publishing; 'paced': the file's own time from the moment it began; "
            "'source': a bag's own stamps.",
            ("now", "paced", "source"),
        )
        self._frame_id = declare(
            self, "frame_id", "", "Optical frame of the camera; empty: the bag's, or camera_optical_frame."
        )
        self._fov = declare(
            self, "fov", 60.0, "Field of view along the image's longer side, degrees, when there is no "
            "calibration.", (1.0, 170.0),
        )  # fmt: skip
        calibration = declare(
            self, "calibration", "", "YAML file of camera_calibration; empty: a bag's, or a guess from `fov`."
        )
        self._reopen = declare(
            self,
            "reopen",
            2.0,
            "Seconds between tries to open a source that is missing or has stopped.",
            (0.1, 3600.0),
        )
        self._subscribers = declare(
            self, "wait_for_subscribers", 0, "Start when so many subscriptions to the image exist.", (0, 100)
        )
        in_flight = declare(
            self,
            "in_flight",
            0,
            "Images of a file or bag that may be unanswered before it waits (answers: stamps on "
            "camera/answered); 0: it never waits.",
            (0, 100),
        )
        self._flow = Flow(in_flight)
        self._calibration = read_calibration(calibration) if calibration else None
        self._images = create_publisher(self, Image, "camera/image_raw", IMAGE_OUT)
        self._infos = create_publisher(self, CameraInfo, "camera/camera_info", IMAGE_OUT)
        if in_flight:
            self.create_subscription(
                Header,
                "camera/answered",
                lambda header: self._flow.answered(nanoseconds(header.stamp)),
                OUTPUT,
            )
        self._health = Health(self, "", lambda: {"source": self._name})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="camera", daemon=True)
        self._thread.start()

    def destroy_node(self) -> None:
        """Stop reading, then the node; a read that hangs is left behind."""
        self._stop.set()
        self._thread.join(timeout=_HANGS)
        super().destroy_node()

    def _work(self) -> None:
        try:
            self._run()
        except RuntimeError:  # rclpy.RCLError is private
            if self.context.ok() and not self._stop.is_set():
                raise
            # The context was shut down while it said goodbye: the node is ending.

    def _run(self) -> None:
        """Play the source until it ends or the node stops; open it again when it fails."""
        while not self._stop.is_set():
            shown, again = self._health.frames, True
            try:
                with open_source(self._name) as source:
                    again = self._loop or source.live
                    self._health.fatal("")
                    self._play(source)
                if not again:
                    break
            except Exception as error:  # a damaged file makes its decoder raise anything
                if self._stop.is_set() or not self.context.ok():
                    return
                # Played again, a recording would only show what it has shown already.
                broken = not again and self._health.frames > shown
                self._health.fatal(
                    _text(error) + ("" if broken else f"; trying again every {self._reopen:g} s")
                )
                if broken:
                    break
                self._stop.wait(self._reopen)
        if not self._stop.is_set():
            self.get_logger().info(f"{self._name} has ended: {self._health.frames} images")
            for taker in self._takers:  # they end with us
                taker.settle(_GOODBYE)
            self._health.report(wait=_GOODBYE)
            rclpy.try_shutdown()

    def _play(self, source: Source) -> None:
        self.get_logger().info(f"{source.name}: {source.fps:.4g} images/s", once=True)
        self._wait_for_subscribers()
        pace = self._speed if not self._rate else self._rate / source.fps
        clock = None
        for frame in source:
            if not source.live:
                clock = clock or FileClock(frame.stamp, pace, self.get_clock().now().nanoseconds)
                self._stop.wait(clock.early(frame.stamp))
                self._flow.wait(self._stop)
            if self._stop.is_set():
                return
            self._publish(frame, source, clock)
        if damage := cut_off(source):
            self.get_logger().warning(damage, once=True)

    def _wait_for_subscribers(self) -> None:
        """Before the first image only: in a loop, or when a camera comes back, some of them may have gone."""
        if self._health.frames:
            return
        deadline = time.monotonic() + _SUBSCRIBERS_PATIENCE
        while (found := self._images.get_subscription_count() + len(self._takers)) < self._subscribers:
            if self._stop.wait(0.01):
                return
            if time.monotonic() > deadline:
                self.get_logger().warning(f"only {found} of {self._subscribers} subscribers came; starting")
                return

    def _publish(self, frame: Frame, source: Source, clock: FileClock | None) -> None:
        self._health.received()
        if clock is None or self._stamps == "now":
            stamp = to_stamp(self.get_clock().now().nanoseconds)
        else:
            stamp = to_stamp(frame.stamp if self._stamps == "source" else clock.stamp(frame.stamp))
        name = self._frame_id or getattr(source, "frame_id", "") or "camera_optical_frame"
        header = Header(stamp=stamp, frame_id=name)
        self._flow.sent(nanoseconds(stamp))
        self._infos.publish(self._info(frame, source, header))
        for taker in self._takers:
            taker.offer(Picture(frame.image, header))
        if self._images.get_subscription_count():
            self._images.publish(from_rgb(frame.image, header))
        self._health.finished(stamp)

    def _info(self, frame: Frame, source: Source, header: Header) -> CameraInfo:
        if self._calibration is not None:
            rectify = getattr(source, "rectified", False)  # our topic does not say so, as the bag's did
            info = rectified(self._calibration) if rectify else self._calibration
            info.header = header
            return info
        height, width = frame.image.shape[:2]
        camera = getattr(source, "camera", None)
        if camera is None:
            self.get_logger().info(
                f"no calibration: camera_info assumes a field of view of {self._fov:g} degrees", once=True
            )
            camera = Camera.from_fov(width, height, self._fov)
        return from_camera(camera, header)


def _text(error: Exception) -> str:
    """What happened, on one line; errors that are not meant to be read say their kind, too."""
    text = " ".join(str(error).split())
    return text if isinstance(error, (SourceError, OSError, cv2.error)) else f"{type(error).__name__}: {text}"


NODE = CameraNode
