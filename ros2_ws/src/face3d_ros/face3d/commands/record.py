"""Write a rosbag2 bag from a camera, video or folder of images, without needing rosbag2 or ROS 2.

The source may also be a bag, of which the images of one topic are taken with their calibration; reading one needs
ROS 2's messages. The new bag holds /camera/image_raw (or /camera/image_raw/compressed) and /camera/camera_info.
Ctrl-C ends the recording and keeps it.

Exit codes: 0 done; 1 the source could not be read or the bag not written; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from face3d.cli import FAILED, OK
from face3d.commands import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE", help="webcam index, video file, folder of images or bag (BAG:/topic)"
    )
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="BAG", help="folder of the new bag; must not exist"
    )
    parser.add_argument(
        "--storage", choices=("mcap", "sqlite3"), default="mcap", help="file format; default: %(default)s"
    )
    parser.add_argument(
        "--jpeg",
        type=common.number(int, 1, 100),
        metavar="QUALITY",
        help="compressed images of this quality, 1 to 100; default: raw ones",
    )
    parser.add_argument("--seconds", type=common.number(float, 0), metavar="N", help="record so many seconds")
    common.add_fov_argument(parser, "field of view along the longer side without a calibration")


def run(arguments: argparse.Namespace) -> int:
    from face3d.ros.bag_name import bag_of
    from face3d.ros.record import BagWriter, record
    from face3d.source import SourceError, cut_off, open_source, plug

    if bag_of(arguments.source):
        try:
            from face3d.ros.bag import open_bag
        except ModuleNotFoundError as missing:
            reason = f"{missing.name} is missing; run `make setup`"
            raise SourceError(f"{arguments.source} is a bag, and reading one needs ROS 2: {reason}") from None
        plug(open_bag)
    with (
        open_source(arguments.source) as source,
        BagWriter(
            arguments.out,
            arguments.storage,
            arguments.jpeg,
            getattr(source, "camera", None),
            arguments.fov,
            getattr(source, "frame_id", "camera_optical_frame"),
        ) as writer,
    ):
        record(source, writer, arguments.seconds)
    if damage := cut_off(source):
        print(f"face3d record: {damage}", file=sys.stderr)
    if not writer.frames:
        print(f"face3d record: no image came from {source.name}", file=sys.stderr)
        return FAILED
    print(f"{writer.frames} images -> {arguments.out}")
    return OK
