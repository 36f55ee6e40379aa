"""TensorRT on an NVIDIA GPU: an engine built by `face3d engine build`, run through PyCUDA.

Everything that a frame needs is allocated when the engine is loaded: page-locked host memory and device memory for
the largest batch, one stream, one execution context. A frame copies into the page-locked input, enqueues copy,
network and copies back on the stream, and waits for the stream once.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from face3d.codec import OUTPUTS
from face3d.runtime import NetworkError, check_batch
from face3d.runtime.cuda import Buffer, Device
from face3d.runtime.cuda_graph import CudaGraph
from face3d.runtime.nvidia import TensorRT, find_tensorrt
from face3d.runtime.sidecar import REBUILD, Sidecar

if TYPE_CHECKING:
    import tensorrt as trt

_LOG = logging.getLogger(__name__)
_OUTPUTS = ("coefficients", "confidence")
_NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: neither waits for the default stream of another library of this process, nor that for us."""


class TensorRTRuntime:
    """A network in TensorRT; see `face3d.runtime.Runtime` for the contract. Any thread may call it.

    path        the engine file; its sidecar is beside it
    network     ONNX file that the engine must have been built from; None: not checked
    cuda_graph  launch a recorded graph, which another batch size replaces: less work for the CPU
    Raises NetworkError with what is missing or does not fit; then nothing stays allocated.
    """

    def __init__(self, path: Path, network: Path | None = None, cuda_graph: bool = False) -> None:
        # From here on in the order of cost: what needs no GPU is refused without one.
        sidecar = Sidecar.read(path)
        sidecar.check_tensors(path)
        if network is not None:
            sidecar.check_network(path, network)
        found = find_tensorrt()
        sidecar.check_version(path, found.product, found.version)
        content = path.read_bytes()
        sidecar.check_content(path, content)
        self.metadata: Mapping[str, str] = dict(sidecar.metadata)
        self.max_batch = sidecar.max_batch
        self._lock = threading.Lock()  # stream, buffers and context serve one batch at a time
        device = Device()
        try:
            sidecar.check_gpu(path, device.name, device.capability)
            with device.current():
                self._engine = _Engine(device.cuda, found, path, content, sidecar, cuda_graph)
        except BaseException:
            device.close()
            raise
        self._device = device
        # Also runs when this object is forgotten, and at the end of the program: PyCUDA's own destructors would
        # come in no order and on any thread. Only once, whoever calls it.
        self._release = weakref.finalize(self, _release, self._lock, device, self._engine)

    def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Runtime.infer`; batches above `max_batch` run in parts. RuntimeError when the GPU fails."""
        check_batch(batch)
        count = len(batch)
        coefficients, confidence = np.empty((count, OUTPUTS), np.float32), np.empty(count, np.float32)
        with self._lock:
            if not self._release.alive:
                raise RuntimeError("this network is closed")
            try:
                with self._device.current():
                    for first in range(0, count, self.max_batch):
                        part = slice(first, first + self.max_batch)
                        self._engine.run(batch[part], coefficients[part], confidence[part])
            except self._device.cuda.Error as error:
                raise RuntimeError(
                    f"the GPU failed: {error}; if it stays so, start the program again"
                ) from error
        return coefficients, confidence

    def close(self) -> None:
        self._release()


def _release(lock: threading.Lock, device: Device, engine: _Engine) -> None:
    """Free everything once no frame is under way: at the end of the program another thread may be in one."""
    with lock:
        try:
            try:
                with device.current():
                    engine.close()
            finally:
                device.close()
        except (
            RuntimeError,
            device.cuda.Error,
        ) as error:  # a GPU that failed before; its process can only end
            _LOG.warning("the GPU's memory could not be freed: %s", error)


class _Engine:
    """Engine, execution context, stream and buffers. Made, used and closed while the device's context is current.

    TensorRT's objects and the stream are only held by attributes: a local variable would live on in the traceback
    of an error, and be destroyed when the context is gone.
    """

    _runtime: trt.Runtime
    _engine: trt.ICudaEngine
    _context: trt.IExecutionContext

    def __init__(
        self, cuda: Any, found: TensorRT, path: Path, content: bytes, sidecar: Sidecar, cuda_graph: bool
    ) -> None:
        self._cuda = cuda
        self._logger = found.logger()
        self._input = next(iter(sidecar.inputs))
        self._buffers: dict[str, Buffer] = {}
        self._rows = 0  # of the input shape that is set
        self._use_graph = cuda_graph
        self._graph: CudaGraph | None = None  # of this input shape
        # Each line that makes something says how it is undone; half way, `cleanup` undoes what there is.
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self._drop)
            self._runtime = found.module.Runtime(self._logger)
            self._engine = self._runtime.deserialize_cuda_engine(content)
            if self._engine is None:
                raise NetworkError(f"{path} cannot be loaded: {self._logger.reasons()}; {REBUILD}")
            self._check_tensors(found, path, sidecar)
            self._context = self._engine.create_execution_context()
            if self._context is None:
                raise NetworkError(
                    f"{path} cannot be run: {self._logger.reasons()}; is the GPU's memory full?"
                )
            try:
                self._stream = cuda.Stream(_NON_BLOCKING)
                for name, (dtype, shape) in {**sidecar.inputs, **sidecar.outputs}.items():
                    self._buffers[name] = Buffer(cuda, (sidecar.max_batch, *shape[1:]), np.dtype(dtype))
                    cleanup.callback(self._buffers[name].free)
                    if not self._context.set_tensor_address(name, self._buffers[name].address):
                        raise NetworkError(
                            f"{path}: TensorRT refuses the memory of {name!r}: {self._logger.reasons()}"
                        )
            except cuda.Error as error:  # out of memory, mostly
                raise NetworkError(f"{path} cannot be run: {error}") from error
            cleanup.callback(self._free_graph)
            cleanup.callback(self._settle)
            self._cleanup = cleanup.pop_all()

    def run(self, batch: np.ndarray, coefficients: np.ndarray, confidence: np.ndarray) -> None:
        """One batch of at most `max_batch` rows into the caller's arrays. Raises RuntimeError, or PyCUDA's Error."""
        rows = len(batch)
        # The host memory is not in use: every run ends with an idle stream.
        np.copyto(self._buffers[self._input].host[:rows], batch)
        try:
            if rows != self._rows:
                self._set_rows(rows)
            if self._graph is not None:
                self._graph.launch()
            else:
                self._enqueue(rows)
            self._stream.synchronize()
        except BaseException:
            self._settle()  # copies that are still under way must meet neither the next frame nor freed memory
            raise
        np.copyto(coefficients, self._buffers["coefficients"].host[:rows])
        np.copyto(confidence, self._buffers["confidence"].host[:rows])

    def close(self) -> None:
        """Free everything, the last made first."""
        self._cleanup.close()

    def _enqueue(self, rows: int) -> None:
        """Copy, network and copies back, in this order, on the one stream."""
        self._buffers[self._input].upload(rows, self._stream)
        if not self._context.execute_async_v3(self._stream.handle):
            raise RuntimeError(f"TensorRT could not run the network: {self._logger.reasons()}")
        for name in _OUTPUTS:
            self._buffers[name].download(rows, self._stream)

    def _set_rows(self, rows: int) -> None:
        """Make the context ready for so many rows, and record their graph if there is to be one."""
        self._rows = 0
        self._free_graph()  # of the shape before: TensorRT wants a new one after each change
        shape = self._buffers[self._input].host.shape[1:]
        if not self._context.set_input_shape(self._input, (rows, *shape)):
            raise RuntimeError(f"TensorRT refuses a batch of {rows}: {self._logger.reasons()}")
        if self._use_graph:
            # TensorRT wants one ordinary run before: it updates what depends on the shape, which a capture may not.
            self._enqueue(rows)
            self._stream.synchronize()
            self._graph = CudaGraph(self._stream, partial(self._enqueue, rows))
        self._rows = rows

    def _settle(self) -> None:
        """Wait until nothing is under way. A GPU that failed says so in every call: that is known by then."""
        with contextlib.suppress(self._cuda.Error):
            self._stream.synchronize()

    def _free_graph(self) -> None:
        graph, self._graph = self._graph, None
        if graph is not None:
            graph.free()

    def _drop(self) -> None:
        """TensorRT's objects free themselves: the context before its engine, the engine before its runtime."""
        for name in ("_context", "_engine", "_runtime", "_stream"):
            vars(self).pop(name, None)

    def _check_tensors(self, found: TensorRT, path: Path, sidecar: Sidecar) -> None:
        """Raise NetworkError unless the engine's tensors are those of its sidecar: buffers are sized after it."""
        names = {found.module.DataType.UINT8: "uint8", found.module.DataType.FLOAT: "float32"}
        inputs: dict[str, list] = {}
        outputs: dict[str, list] = {}
        for index in range(self._engine.num_io_tensors):
            name = self._engine.get_tensor_name(index)
            dims = self._engine.get_tensor_shape(name)
            shape = [None if dims[axis] < 0 else int(dims[axis]) for axis in range(len(dims))]
            dtype = self._engine.get_tensor_dtype(name)
            is_input = self._engine.get_tensor_mode(name) == found.module.TensorIOMode.INPUT
            (inputs if is_input else outputs)[name] = [names.get(dtype, str(dtype)), shape]
        if (inputs, outputs) != (sidecar.inputs, sidecar.outputs):
            raise NetworkError(
                f"{path} has other tensors than its description: {inputs} -> {outputs}; {REBUILD}"
            )
        largest = int(self._engine.get_tensor_profile_shape(self._input, 0)[2][0])
        if largest < sidecar.max_batch:
            raise NetworkError(
                f"{path} takes batches of at most {largest}, not {sidecar.max_batch}; {REBUILD}"
            )
