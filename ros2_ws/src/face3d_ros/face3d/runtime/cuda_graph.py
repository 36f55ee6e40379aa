"""CUDA graphs: work that was enqueued once, recorded, and launched again with one call.

PyCUDA has no calls for them, so these are the driver API's. All of them are made while the context is current.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from face3d.runtime.cuda import check, driver

_THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads' calls are none of the capture's business."""


class CudaGraph:
    """What `enqueue` puts on a stream, instantiated.

    enqueue  must only enqueue on `stream`: no allocation, no synchronisation
    Raises whatever `enqueue` raises, and RuntimeError; the stream is then not capturing any more.
    """

    def __init__(self, stream: Any, enqueue: Callable[[], None]) -> None:
        self._stream = ctypes.c_void_p(stream.handle)
        self._exec = ctypes.c_void_p()
        api, graph = driver(), ctypes.c_void_p()
        check(api.cuStreamBeginCapture_v2(self._stream, ctypes.c_int(_THREAD_LOCAL)), "cuStreamBeginCapture")
        try:
            enqueue()
        except BaseException:
            # A capture that is not ended would make every later use of the stream fail.
            api.cuStreamEndCapture(self._stream, ctypes.byref(graph))
            if graph.value:
                api.cuGraphDestroy(graph)
            raise
        check(api.cuStreamEndCapture(self._stream, ctypes.byref(graph)), "cuStreamEndCapture")
        try:
            check(
                api.cuGraphInstantiateWithFlags(ctypes.byref(self._exec), graph, ctypes.c_ulonglong(0)),
                "cuGraphInstantiate",
            )
        finally:
            destroyed = api.cuGraphDestroy(graph)
        check(destroyed, "cuGraphDestroy")

    def launch(self) -> None:
        """Enqueue the recorded work on the stream."""
        check(driver().cuGraphLaunch(self._exec, self._stream), "cuGraphLaunch")

    def free(self) -> None:
        """Nothing of it may be under way. A second call does nothing."""
        executable, self._exec = self._exec, ctypes.c_void_p()
        if executable.value:
            check(driver().cuGraphExecDestroy(executable), "cuGraphExecDestroy")
