#!/usr/bin/env python3
"""Healthy: within eight seconds a node of face3d says on /diagnostics that it works (OK, or WARN: no image yet)."""

import os
import sys
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

NODES = tuple(os.environ.get("FACE3D_HEALTH_NODES", "reconstruction_node").split(","))
SECONDS = 8.0

found: dict[str, DiagnosticStatus] = {}


def on_diagnostics(message: DiagnosticArray) -> None:
    """Keep the newest status of each node that is asked for."""
    for status in message.status:
        for node in NODES:
            if status.name.split(":")[0].endswith(node):
                found[node] = status


rclpy.init()
listener = rclpy.create_node("healthcheck")
listener.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
end = time.monotonic() + SECONDS
while time.monotonic() < end and len(found) < len(NODES):
    rclpy.spin_once(listener, timeout_sec=0.2)
listener.destroy_node()
rclpy.shutdown()

missing = [node for node in NODES if node not in found]
bad = [
    status for status in found.values() if status.level not in (DiagnosticStatus.OK, DiagnosticStatus.WARN)
]
for status in found.values():
    print(f"{status.name}: {status.message}")
if missing:
    print(f"nothing on /diagnostics from {', '.join(missing)}")
sys.exit(1 if missing or bad else 0)
