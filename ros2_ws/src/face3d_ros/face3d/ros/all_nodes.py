"""Camera, detection and reconstruction in one process: the same nodes, a thread each.

One process holds Python and its libraries once, and images go from the camera to the others as they are: neither
copied nor serialised, as long as nobody else subscribes to them. But the nodes share one interpreter, and dlib does not
let go of it while it searches: on a machine with cores to spare, processes of their own keep latency lower.
"""

from __future__ import annotations

import threading

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from face3d.ros.camera_node import CameraNode
from face3d.ros.detection_node import DetectionNode
from face3d.ros.diagnostics import STEADY
from face3d.ros.parameters import declare
from face3d.ros.reconstruction_node import ReconstructionNode

_GOODBYE = 5.0  # seconds for a node's thread to end
_CHECK = 1.0  # seconds between looks whether all threads are there


class AllNodes(ReconstructionNode):
    """The reconstruction node, and beside it the detection node and, unless `camera` is false, the camera node."""

    def __init__(self) -> None:
        super().__init__()
        camera = declare(self, "camera", True, "Whether a camera_node is part of the process.")
        detection = DetectionNode()
        others: list[Node] = [detection]
        if camera:
            others.append(CameraNode([worker.images.hand_over() for worker in (self, detection)]))
        self._others = [Spinning(node) for node in others]
        self._watch = self.create_timer(_CHECK, self._check, clock=STEADY)

    def destroy_node(self) -> None:
        """End all nodes."""
        for other in reversed(self._others):
            other.close()
        super().destroy_node()

    def _check(self) -> None:
        """End the process when one of its nodes has failed, as that node's own process would have ended."""
        for other in self._others:
            if not other.alive:
                raise RuntimeError(f"{other.name} has failed; its error is above")


class Spinning:
    """A node in a thread of its own. Raises ExternalShutdownException when the process was told to end meanwhile."""

    def __init__(self, node: Node) -> None:
        if not node.context.ok():  # making an executor would fail, and leave a traceback
            raise ExternalShutdownException
        self._node = node
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._work, name=node.get_name(), daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The node's name."""
        return self._node.get_name()

    @property
    def alive(self) -> bool:
        """Whether the node still works: false after an error in one of its callbacks."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End the thread, then the node."""
        self._executor.shutdown(timeout_sec=_GOODBYE)
        self._thread.join(timeout=_GOODBYE)
        self._node.destroy_node()

    def _work(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        except RuntimeError:  # rclpy's own errors are private, but are of this kind
            if self._node.context.ok():
                raise


NODE = AllNodes
