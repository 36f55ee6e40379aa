"""A strict stand-in for the calls of libcuda that the core makes itself, on the machine of fake_cuda."""

from __future__ import annotations

import ctypes

from tests.engines.fake_cuda import Gpu


class Driver:
    """The calls of libcuda that the core makes itself; as ctypes gives them."""

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu
        self.graphs: dict[int, list] = {}

    def cuCtxPopCurrent_v2(self, context: object) -> int:
        assert self.gpu.stack(), "nothing to pop"
        self.gpu.stack().pop()
        return 0

    def cuStreamBeginCapture_v2(self, stream: ctypes.c_void_p, mode: object) -> int:
        found = self.gpu.streams[stream.value or 0]
        assert not found.queue, "captured while work is under way"
        found.capturing = []
        return 0

    def cuStreamEndCapture(self, stream: ctypes.c_void_p, graph: object) -> int:
        found = self.gpu.streams[stream.value or 0]
        assert found.capturing is not None
        number = len(self.graphs) + 1
        self.graphs[number], found.capturing = found.capturing, None
        graph._obj.value = number
        self.gpu.open.append(f"graph {number}")
        return 0

    def cuGraphInstantiateWithFlags(self, executable: object, graph: ctypes.c_void_p, flags: object) -> int:
        executable._obj.value = graph.value
        self.gpu.open.append(f"executable {graph.value}")
        self.gpu.captures += 1
        return 0

    def cuGraphDestroy(self, graph: ctypes.c_void_p) -> int:
        self.gpu.open.remove(f"graph {graph.value}")
        return 0

    def cuGraphLaunch(self, executable: ctypes.c_void_p, stream: ctypes.c_void_p) -> int:
        self.gpu.streams[stream.value or 0].queue.extend(self.graphs[executable.value or 0])
        self.gpu.launches += 1
        return 0

    def cuGraphExecDestroy(self, executable: ctypes.c_void_p) -> int:
        self.gpu.open.remove(f"executable {executable.value}")
        return 0

    def cuGetErrorString(self, result: int, text: object) -> int:
        text._obj.value = b"stand-in"
        return 0
