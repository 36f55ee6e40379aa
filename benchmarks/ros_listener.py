"""A subscriber as others write them: plain rclpy, messages as rclpy gives them, until Ctrl-C.

    python -m benchmarks.ros_listener face3d_msgs.msg.FaceMesh face_mesh [--best-effort] [--depth 10] [--raw]

At the end it prints the stamps of the messages and the time when the callback had each of them, in nanoseconds, as
JSON. It imports nothing of face3d.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import signal
import struct
import sys
import time

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, ReliabilityPolicy


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ros_listener", description=__doc__)
    parser.add_argument("kind", help="such as face3d_msgs.msg.FaceMesh")
    parser.add_argument("topic")
    parser.add_argument("--best-effort", action="store_true")
    parser.add_argument("--depth", type=int, default=10)
    parser.add_argument("--raw", action="store_true", help="take the serialised bytes")
    chosen = parser.parse_args()
    package, _, kind = chosen.kind.rpartition(".")
    stamps, arrivals = [], []

    def on_message(message) -> None:
        arrivals.append(time.time_ns())
        stamp = message.header.stamp
        stamps.append(stamp.sec * 10**9 + stamp.nanosec)

    def on_bytes(data: bytes) -> None:
        arrivals.append(time.time_ns())
        sec, nanosec = struct.unpack_from("=iI", data, 4)
        stamps.append(sec * 10**9 + nanosec)

    # rclpy ends at Ctrl-C by itself; as an exception it would break off in the middle of a message.
    signal.signal(signal.SIGINT, lambda *_: None)
    rclpy.init(args=[])
    node = rclpy.create_node("listener")
    reliability = ReliabilityPolicy.BEST_EFFORT if chosen.best_effort else ReliabilityPolicy.RELIABLE
    node.create_subscription(
        getattr(importlib.import_module(package), kind),
        chosen.topic,
        on_bytes if chosen.raw else on_message,
        QoSProfile(depth=chosen.depth, reliability=reliability),
        raw=chosen.raw,
    )
    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)
    json.dump({"stamps": stamps, "arrivals": arrivals}, sys.stdout)


if __name__ == "__main__":
    main()
