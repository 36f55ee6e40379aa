"""Starting one node as a process: environment first, then imports, then the node until it is told to stop."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys

NODES = ("camera_node", "detection_node", "reconstruction_node")
ALL = "all_nodes"
"""The three of them in one process."""
PARENT = "FACE3D_PARENT"
"""Environment variable with the process id of the command that starts nodes and takes them along."""


def main(name: str) -> None:
    """Run the node `name` with the command line's ROS arguments; ends the process."""
    # Until rclpy takes over, Ctrl-C simply ends the process instead of leaving a traceback of half an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _end_with_parent()
    # The nodes share the machine with each other: idle threads of numpy and OpenCV would only spin.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(variable, "1")
    from face3d.ros import environment, shared_memory

    environment.use_profile()
    shared_memory.remove_leftovers()
    module = importlib.import_module(f"face3d.ros.{name}")
    sys.exit(_spin(module.NODE))


def _end_with_parent() -> None:
    """End like on Ctrl-C when the command that started this node is gone, however it went (Linux only)."""
    parent = os.environ.get(PARENT)
    if not parent or not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
    if os.getppid() != int(parent):  # it was gone before we asked
        sys.exit(0)


def _spin(node_class: type) -> int:
    import rclpy
    from rclpy.exceptions import (
        InvalidParameterTypeException,
        InvalidParameterValueException,
        NotInitializedException,
    )
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    rclpy.init()
    node = None
    try:
        # Before the node, which takes its time: an executor that is told to end while it is made leaves a traceback.
        executor = SingleThreadedExecutor()
        node = node_class()
        gc.collect()
        gc.freeze()  # what is there by now stays: no collection has to walk through it again
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    # rclpy's other errors are private, but are of the first kind
    except (RuntimeError, NotInitializedException):
        if rclpy.ok():
            raise
        # Told to stop while it was publishing or starting: the context was gone from one call to the next.
    except (OSError, ValueError, InvalidParameterTypeException, InvalidParameterValueException) as error:
        if node is not None:
            raise
        rclpy.logging.get_logger(node_class.__name__).fatal(f"cannot start: {error}")
        return 2
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the cleaning up
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
