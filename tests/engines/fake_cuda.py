"""A strict stand-in for PyCUDA: what it does on a machine with a GPU, without one.

Work on a stream happens only when the stream is synchronised, so a result that was read too early is wrong. Memory
is real host memory. Contexts are on two stacks, as in PyCUDA: its own, and the driver's, where at most one of them
is. Each rule that PyCUDA has is checked at once: a current context on the calling thread for every call, no second
free, nothing freed that the stream still uses. `Gpu.open` says what was never released.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
import weakref
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np


class Error(Exception):
    """pycuda.driver.Error"""


class Gpu:
    """The state of the machine: what is open, what shall fail."""

    def __init__(self, count: int = 1, name: str = "Stand-in", capability: tuple[int, int] = (8, 9)) -> None:
        self.count, self.name, self.capability = count, name, capability
        self.open: list[str] = []
        self.fail_at: str | None = None  # the call that raises
        self.failures = 1 << 30
        self.streams: weakref.WeakValueDictionary[int, Stream] = weakref.WeakValueDictionary()
        self.threads = threading.local()
        self.seconds = 0.0  # that a synchronisation takes
        self.captures = 0
        self.launches = 0
        self.allocations = 0

    def stack(self) -> list:
        """The driver's contexts of this thread, the current one last."""
        return self.threads.__dict__.setdefault("driver", [])

    def pycuda_stack(self) -> list:
        """What PyCUDA believes."""
        return self.threads.__dict__.setdefault("pycuda", [])

    def call(self, name: str, needs_context: bool = True) -> None:
        if needs_context:
            assert self.stack(), f"{name} without a current context on this thread"
            assert self.stack()[-1].name in self.open, f"{name} with a context that is released"
        if self.fail_at == name and self.failures > 0:
            self.failures -= 1
            raise Error(f"{name} failed: stand-in")

    def module(self) -> SimpleNamespace:
        """What `import pycuda.driver` gives."""
        return SimpleNamespace(
            Error=Error,
            init=lambda: self.call("cuInit", False),
            Device=type("Device", (Device,), {"gpu": self, "count": staticmethod(lambda: self.count)}),
            Context=SimpleNamespace(pop=self.pop),
            Stream=lambda flags: Stream(self, flags),
            pagelocked_empty=self.pagelocked_empty,
            mem_alloc=lambda size: Memory(self, size),
            memcpy_htod_async=self.copy,
            memcpy_dtoh_async=self.copy,
        )

    def pop(self) -> None:
        self.call("Context.pop")
        self.stack().pop()
        self.pycuda_stack().pop()
        self.stack().extend(self.pycuda_stack()[-1:])

    def pagelocked_empty(self, shape: tuple, dtype: type) -> np.ndarray:
        self.call("pagelocked_empty")
        return np.asarray(Locked(self, shape, np.dtype(dtype)))

    def copy(self, target: object, source: object, stream: Stream) -> None:
        self.call("memcpy_async")
        (host, address, up) = (source, target, True) if isinstance(target, int) else (target, source, False)
        assert isinstance(host, np.ndarray) and isinstance(address, int)
        device = np.frombuffer((ctypes.c_uint8 * host.nbytes).from_address(address), host.dtype)
        device = device.reshape(host.shape)
        pair = (device, host) if up else (host, device)
        stream.enqueue(lambda: np.copyto(*pair))


class Device:
    gpu: Gpu

    def __init__(self, ordinal: int) -> None:
        self.gpu.call("Device", False)

    def name(self) -> str:
        return self.gpu.name

    def compute_capability(self) -> tuple[int, int]:
        return self.gpu.capability

    def retain_primary_context(self) -> Context:
        self.gpu.call("retain_primary_context", False)
        return Context(self.gpu)


class Context:
    def __init__(self, gpu: Gpu) -> None:
        self.gpu, self.name, self.valid = gpu, f"context {id(self)}", True
        # stricter than PyCUDA, which knows threads by a number that is used again
        self.thread = threading.local()
        self.thread.is_this_one = True
        gpu.open.append(self.name)

    def push(self) -> None:
        self.gpu.call("Context.push", False)
        assert self.name in self.gpu.open, "a released context was pushed"
        if self.gpu.pycuda_stack():
            self.gpu.stack().pop()
        self.gpu.stack().append(self)
        self.gpu.pycuda_stack().append(self)

    def detach(self) -> None:
        """As PyCUDA 2026.1 does it: what is current for it is released, and stays on the driver's stack; what is not
        is pushed there first, on the thread that retained it; on another thread nothing is released."""
        assert self.valid, "detached twice"
        self.valid = False
        stack = self.gpu.pycuda_stack()
        if stack and stack[-1] is self:
            self.release()
            stack.pop()
            self.gpu.stack().extend(stack[-1:])
        elif hasattr(self.thread, "is_this_one"):
            self.gpu.stack().append(self)
            self.release()

    def release(self) -> None:
        rest = [name for name in self.gpu.open if not name.startswith("context")]
        assert self.gpu.fail_at or not rest, f"the context goes before {rest}"
        self.gpu.open.remove(self.name)


class Stream:
    handles = itertools.count(1000)

    def __init__(self, gpu: Gpu, flags: int) -> None:
        assert flags == 1, "a stream that waits for the default stream breaks other libraries' captures"
        self.gpu, self.handle, self.queue = gpu, next(self.handles), []
        self._name = ""
        gpu.call("Stream")
        self.capturing: list | None = None
        gpu.streams[self.handle] = self
        gpu.open.append(f"stream {self.handle}")
        self._name = f"stream {self.handle}"

    def enqueue(self, work: Callable[[], None]) -> None:
        (self.queue if self.capturing is None else self.capturing).append(work)

    def synchronize(self) -> None:
        assert self.capturing is None, "a capturing stream was synchronised"
        self.gpu.call("synchronize")
        time.sleep(self.gpu.seconds)
        queue, self.queue = self.queue, []
        for work in queue:
            work()

    def __del__(self) -> None:
        if self._name in self.gpu.open:
            self.gpu.open.remove(self._name)


class Memory:
    """Device memory; int() is its address."""

    kind = "memory"

    def __init__(self, gpu: Gpu, size: int) -> None:
        gpu.call("mem_alloc")
        gpu.allocations += 1
        self.gpu, self.data = gpu, (ctypes.c_uint8 * size)()
        self.name = f"{self.kind} {ctypes.addressof(self.data)}"
        gpu.open.append(self.name)

    def __int__(self) -> int:
        return ctypes.addressof(self.data)

    def free(self) -> None:
        self.gpu.call("free")
        assert self.name in self.gpu.open, f"{self.name} is freed twice"
        assert not any(stream.queue for stream in self.gpu.streams.values()), (
            f"{self.name} is freed while in use"
        )
        self.gpu.open.remove(self.name)


class Locked(Memory):
    """Page-locked host memory: the base of an array."""

    kind = "page-locked"

    def __init__(self, gpu: Gpu, shape: tuple, dtype: np.dtype) -> None:
        super().__init__(gpu, int(np.prod(shape)) * dtype.itemsize)
        self.__array_interface__ = {
            "shape": shape, "typestr": dtype.str, "version": 3, "data": (int(self), False),
        }  # fmt: skip
