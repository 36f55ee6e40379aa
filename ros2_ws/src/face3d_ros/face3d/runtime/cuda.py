"""One GPU through PyCUDA: its context, a stream, and pairs of page-locked host and device memory.

Rules of PyCUDA that this file keeps: memory and streams are made and freed while their context is current on the
calling thread; whatever thread pushes the context pops it again; and the context is not left to a destructor.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from face3d.runtime import NetworkError, nvidia


class Device:
    """GPU `ordinal` (of those in CUDA_VISIBLE_DEVICES), its primary context retained until `close`.

    The primary context is the one that the CUDA runtime inside TensorRT, and other libraries of this process, use.
    It is current only inside `current()`, so no other code sees it. Raises NetworkError without driver or GPU.
    """

    def __init__(self, ordinal: int = 0) -> None:
        self.cuda = nvidia.find_cuda()
        try:
            device = self.cuda.Device(ordinal)
            self.name: str = device.name()
            self.capability: str = "{}.{}".format(*device.compute_capability())
            self._context: Any = device.retain_primary_context()
        except self.cuda.Error as error:  # in exclusive use by another process, out of memory, broken
            raise NetworkError(f"the GPU cannot be used: {error}") from error

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """The context is current on this thread within `with`; what was current before is so again after it."""
        self._context.push()
        try:
            yield
        finally:
            self.cuda.Context.pop()

    def close(self) -> None:
        """Release the context, on any thread; everything in it must be freed by now. A second call does nothing."""
        context, self._context = self._context, None
        if context is None:
            return
        # PyCUDA 2026.1 leaves what it detaches on the driver's stack, and on a thread that has not retained it
        # detaches only what is current. So: current for PyCUDA, and already gone from the driver's stack.
        try:
            context.push()
            check(driver().cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p())), "cuCtxPopCurrent")
        finally:
            context.detach()


class Buffer:
    """The same array twice: page-locked `host` memory, which copies can run from and to asynchronously, and
    `address` on the device. Made, copied and freed while the device's context is current."""

    def __init__(self, cuda: Any, shape: tuple[int, ...], dtype: Any) -> None:
        self._cuda = cuda
        self.host: np.ndarray = cuda.pagelocked_empty(shape, dtype)
        self._locked: Any = self.host.base  # owns the page-locked memory
        try:
            self._memory: Any = cuda.mem_alloc(self.host.nbytes)
        except BaseException:
            self._locked.free()
            raise
        self.address = int(self._memory)

    def upload(self, rows: int, stream: Any) -> None:
        """Enqueue the copy of the first rows to the device."""
        self._cuda.memcpy_htod_async(self.address, self.host[:rows], stream)

    def download(self, rows: int, stream: Any) -> None:
        """Enqueue the copy of the first rows from the device."""
        self._cuda.memcpy_dtoh_async(self.host[:rows], self.address, stream)

    def free(self) -> None:
        """Nothing may be under way that uses the memory. A second call does nothing."""
        memory, self._memory = self._memory, None
        if memory is None:
            return
        try:
            memory.free()
        finally:
            self._locked.free()
            self.host = np.empty(0)  # nobody reads freed memory through it


@cache
def driver() -> ctypes.CDLL:
    """CUDA's driver API, for the few calls that PyCUDA does not have; the library is loaded already."""
    return ctypes.CDLL("libcuda.so.1")


def check(result: int, call: str) -> None:
    """Raise RuntimeError unless a call of the driver API succeeded."""
    if result:
        text = ctypes.c_char_p()
        driver().cuGetErrorString(result, ctypes.byref(text))
        raise RuntimeError(f"CUDA: {call} failed with error {result}: {(text.value or b'unknown').decode()}")
