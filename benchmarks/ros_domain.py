"""A ROS domain of a benchmark's own, in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


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
