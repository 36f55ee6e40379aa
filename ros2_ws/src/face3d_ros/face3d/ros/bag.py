"""rosbag2 bags (sqlite3 and mcap) as a source of images; read with `rosbags`, without rosbag2."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from face3d.camera import Camera
from face3d.ros.bag_name import bag_of
from face3d.ros.conversions import BadImage, image_size, is_rectified, nanoseconds, to_camera, to_rgb
from face3d.source import Frame, SourceError

_IMAGE = "sensor_msgs/msg/Image"
_COMPRESSED = "sensor_msgs/msg/CompressedImage"
_INFO = "sensor_msgs/msg/CameraInfo"
_FPS = 30.0  # of a bag with a single image
_LOOK = 50  # images whose distances give the rate
_JUMP = 10.0  # seconds by which a stamp may be ahead of the recording's time before it is taken for broken

_log = logging.getLogger(__name__)


def open_bag(text: str) -> BagSource | None:
    """The bag that `text` names (see `bag_of`), or None when it names none; for `face3d.source.plug`.

    Raises SourceError.
    """
    named = bag_of(text)
    return BagSource(*named) if named is not None else None


class BagSource:
    """The images of one topic of a bag. Stamps are the messages' own; where those stand still, go back or jump
    ahead, they go on at the pace of the recording.

    fps  the usual one: pauses and lost images do not count
    rectified  whether the images are, by their topic's name
    frame_id, camera   of the recording; camera is None when it was not calibrated
    """

    live = False

    def __init__(self, path: Path, topic: str = "") -> None:
        from rosbags.rosbag2 import Reader
        from rosbags.typesys import Stores, get_typestore

        self._path = path
        self._types = get_typestore(Stores.ROS2_JAZZY)
        try:
            self._reader = Reader(path)
            self._reader.open()
        except Exception as error:  # a damaged file makes its reader raise anything
            raise SourceError(f"{path} is not a bag that can be read: {_first_line(error)}") from None
        try:
            self._images = self._choose(topic)
            self.name = f"{path} {self._images[0].topic}"
            self.rectified = is_rectified(self._images[0].topic)
            self.count: int | None = sum(connection.msgcount for connection in self._images)
            first = self._first(self._images)
            if first is None:
                raise SourceError(f"{path} has no image on {self._images[0].topic}: the recording is empty")
            self.fps = self._rate()
            self.frame_id: str = first.header.frame_id
            self.camera = self._camera()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> BagSource:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._reader.is_open:
            self._reader.close()

    def __iter__(self) -> Iterator[Frame]:
        read = 0
        why: list[str] = []
        for message, stamp in self._stamped():
            try:
                frame = Frame(stamp, to_rgb(message))
            except BadImage as error:
                if not why:  # the others are likely to be the same
                    _log.warning("%s: an image is left out: %s", self._path, error)
                why.append(str(error))
                continue
            read += 1
            yield frame
        if why and not read:
            topic = self._images[0].topic
            raise SourceError(f"{self._path}: none of the images on {topic} can be read: {why[0]}")
        if why:
            _log.warning("%s: %d of %d images are left out", self._path, len(why), read + len(why))

    def _stamped(self) -> Iterator[tuple[Any, int]]:
        """The image messages with rising stamps, nanoseconds."""
        last: tuple[int, int] | None = None  # stamp, and time of recording
        for message, recorded in self._messages(self._images):
            stamp = nanoseconds(message.header.stamp)
            if last is not None:
                paced = last[0] + max(recorded - last[1], 1)
                is_jump = stamp > paced + _JUMP * 1e9
                # A jump to the time of recording is the end of broken stamps, as of a camera that begins with 0.
                if stamp <= last[0] or (is_jump and abs(paced - recorded) <= abs(stamp - recorded)):
                    stamp = paced
            last = (stamp, recorded)
            yield message, stamp

    def _rate(self) -> float:
        """Images per second: by the median distance of the first ones."""
        stamps = np.array([stamp for _, stamp in itertools.islice(self._stamped(), _LOOK)])
        return 1e9 / float(np.median(np.diff(stamps))) if len(stamps) > 1 else _FPS

    def _choose(self, topic: str) -> list:
        """The connections of the image topic to play: the named one, else the one with most messages. Depth images are
        images, too, but show no face."""
        images = [c for c in self._reader.connections if c.msgtype in (_IMAGE, _COMPRESSED)]
        if topic:
            images = [c for c in images if c.topic == topic]
        if not images:
            kinds = sorted({f"{c.topic} ({c.msgtype})" for c in self._reader.connections})
            raise SourceError(
                f"{self._path} has no images{f' on {topic}' if topic else ''}; "
                + (f"its topics: {', '.join(kinds)}" if kinds else "the bag is empty")
            )
        best = max(images, key=lambda c: ("depth" not in c.topic, c.msgcount, c.msgtype == _IMAGE)).topic
        if len({c.topic for c in images}) > 1:
            _log.warning("%s has several image topics; playing %s (choose with BAG:/topic)", self._path, best)
        return [c for c in images if c.topic == best]

    def _camera(self) -> Camera | None:
        """The calibration recorded beside the images, if there is one."""
        near = self._images[0].topic.removesuffix("/compressed").rpartition("/")[0] + "/camera_info"
        infos = [c for c in self._reader.connections if c.msgtype == _INFO and c.topic == near]
        info = self._first(infos) if infos else None
        if info is None or not info.width:
            return None
        try:
            return to_camera(info, *image_size(info), self.rectified)
        except ValueError as error:
            _log.warning("%s: its calibration is left out: %s", self._path, error)
            return None

    def _first(self, connections: list) -> Any:
        return next((message for message, _ in self._messages(connections)), None)

    def _messages(self, connections: list) -> Iterator[tuple]:
        """Messages of the connections and when they were recorded, in nanoseconds."""
        messages = self._reader.messages(connections=connections)
        while True:
            try:
                connection, recorded, data = next(messages)
                message = self._types.deserialize_cdr(data, connection.msgtype)
            except StopIteration:
                return
            except Exception as error:  # a damaged file makes its reader raise anything
                raise SourceError(f"{self._path} is damaged: {_first_line(error)}") from None
            yield message, recorded


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
