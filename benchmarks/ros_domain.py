"""A ROS domain of a benchmark's own, in this process, and what it asks of the nodes there."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator

REMAPS = {"image": "camera/image_raw", "camera_info": "camera/camera_info"}
"""Topics of detection and reconstruction beside a camera_node."""


@contextlib.contextmanager
def own_domain(*names: str) -> Iterator[list]:
    """Nodes with these names, one rclpy.Node each, in a domain that no other program uses; closed at the end.

    Processes that are started inside are in the same domain. Raises environment.NoRos without ROS 2.
    """
    import rclpy

    from face3d.ros import environment

    environment.check()
    _, lock = environment.isolate(None)
    environment.use_profile()
    with contextlib.ExitStack() as stack:
        if lock is not None:
            stack.enter_context(lock)
        context = rclpy.Context()
        rclpy.init(context=context)
        stack.callback(context.try_shutdown)
        nodes = []
        for name in names:
            nodes.append(rclpy.create_node(name, context=context))
            stack.callback(nodes[-1].destroy_node)
        yield nodes


def watch_nodes(node, told: Callable[[str], None] = lambda name: None) -> dict[str, dict[str, str]]:
    """The last diagnostics of every face3d node by its name, as they come to an rclpy.Node; `told` hears of each."""
    from diagnostic_msgs.msg import DiagnosticArray

    reports: dict[str, dict[str, str]] = defaultdict(dict)

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.partition(":")[0]
            reports[name] = {pair.key: pair.value for pair in status.values}
            told(name)

    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    return reports
