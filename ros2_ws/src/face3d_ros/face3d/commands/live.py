"""Run the ROS 2 nodes on a camera, video, folder or bag, show how it goes and write what comes out.

Starts camera_node, detection_node and reconstruction_node as processes that talk over ROS 2 topics, prints
images per second, latency, drops and faces, shows the overlay where there is a screen, and writes
OUT/overlay.mp4 and OUT/faces.csv from the topics. Ends with the source, with q in the window, or with Ctrl-C.

While it runs, any ROS 2 tool can look on: it prints the ROS_DOMAIN_ID to set.

Exit codes: 0 done; 1 the source, the network or a node failed; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from face3d.commands import common

_WRITTEN = "overlay.mp4", "faces.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        metavar="SOURCE",
        help="webcam index, video file, folder of images or rosbag2 bag; default: the webcam, else a demo clip",
    )
    parser.add_argument("--loop", action="store_true", help="play a file again and again")
    parser.add_argument(
        "--fps",
        type=common.number(float, 0, 1000),
        default=0.0,
        metavar="N",
        help="images per second of a file; default: its own",
    )
    add_run_arguments(parser, Path("out/live"))


def add_run_arguments(parser: argparse.ArgumentParser, out: Path) -> None:
    """What `live` and `replay` share."""
    parser.add_argument(
        "--out", type=Path, default=out, metavar="DIR", help="folder to write to; default: %(default)s"
    )
    parser.add_argument("--no-out", action="store_true", help="write no files")
    parser.add_argument("--no-window", action="store_true", help="show no window")
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="let a file lose images where the machine is too slow, like a camera; default: it slows down",
    )
    parser.add_argument(
        "--seconds", type=common.number(float, 0), metavar="N", help="end after so many seconds"
    )
    parser.add_argument(
        "--domain",
        type=common.number(int, 0, 232),
        metavar="ID",
        help="ROS domain; default: ROS_DOMAIN_ID, else one of its own",
    )
    parser.add_argument("--calibration", type=Path, metavar="YAML", help="as camera_calibration writes it")
    common.add_fov_argument(parser, "field of view along the longer side without a calibration")
    common.add_overlay_arguments(parser)
    common.add_model_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    return start(arguments, arguments.source, {"loop": arguments.loop, "rate": arguments.fps})


def start(arguments: argparse.Namespace, source: str | None, camera: dict[str, object]) -> int:
    """Run with the arguments of `add_run_arguments`; `camera` are parameters of the camera node."""
    from face3d.ros import environment

    environment.check()
    from face3d.ros import live

    def text(path: Path | None) -> str:
        return str(path.expanduser().resolve()) if path else ""

    if source is not None and not arguments.no_out:
        common.protect(source, (arguments.out / name for name in _WRITTEN))
    options = live.LiveOptions(
        source=source,
        out=None if arguments.no_out else arguments.out,
        window=not arguments.no_window,
        domain=arguments.domain,
        seconds=arguments.seconds,
        realtime=arguments.realtime,
        camera={"fov": arguments.fov, "calibration": text(arguments.calibration), **camera},
        reconstruction={
            "model": text(arguments.model),
            "network": text(arguments.network),
            "backend": arguments.backend,
            "threads": arguments.threads,
            "fov": arguments.fov,
            "overlay_style": arguments.overlay,
        },
    )
    return live.run(options)
