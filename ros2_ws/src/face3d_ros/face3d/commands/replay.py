"""Play the images of a rosbag2 bag into the ROS 2 nodes, under their own stamps, without needing rosbag2.

Raw and compressed images, sqlite3 and mcap. The calibration recorded beside the images is used. Shows and
writes what `face3d live` does.

Exit codes: 0 done; 1 the bag, the network or a node failed; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from face3d.cli import FAILED
from face3d.commands import common, live


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bag", metavar="BAG", help="folder, .db3 or .mcap file; BAG:/topic chooses among several image topics"
    )
    parser.add_argument(
        "--rate",
        type=common.number(float, 0.01, 100),
        default=1.0,
        metavar="FACTOR",
        help="times the recorded speed; default: 1",
    )
    parser.add_argument("--loop", action="store_true", help="play it again and again")
    live.add_run_arguments(parser, Path("out/replay"))


def run(arguments: argparse.Namespace) -> int:
    from face3d.ros import environment

    environment.check()
    from face3d.ros.bag import open_bag

    source = open_bag(arguments.bag)
    if source is None:
        print(
            f"face3d replay: {arguments.bag} is no rosbag2 bag (a folder with metadata.yaml, .db3 or .mcap)",
            file=sys.stderr,
        )
        return FAILED
    source.close()
    camera = {"stamps": "source", "speed": arguments.rate, "loop": arguments.loop}
    return live.start(arguments, arguments.bag, camera)
