"""A stand-in for the module tensorrt: one engine whose answers are known, run on memory addresses like the real one.

Coefficient k of a row is the mean of its first plane / 255; its confidence is 0.5.
"""

from __future__ import annotations

import ctypes
from enum import Enum
from typing import Any

import numpy as np

__version__ = "10.0.0.1"

SHAPES = {"image": (-1, 9, 200, 200), "coefficients": (-1, 290), "confidence": (-1,)}


class Fake:
    """The module, for a Gpu (fake_cuda); with None work is done at once. `refuse` names the call that fails."""

    __version__ = __version__
    Builder = object
    DataType = Enum("DataType", "UINT8 FLOAT HALF")
    TensorIOMode = Enum("TensorIOMode", "INPUT OUTPUT")

    class ILogger:
        Severity = Enum("Severity", "INTERNAL_ERROR ERROR WARNING INFO VERBOSE")

    def __init__(self, gpu: Any, refuse: str = "", max_batch: int = 8) -> None:
        self.gpu, self.refuse, self.max_batch = gpu, refuse, max_batch
        self.alive: list[str] = []

    def Runtime(self, logger: Any) -> Runtime:
        return Runtime(self, logger)

    def need_context(self) -> None:
        if self.gpu is not None:
            assert self.gpu.stack(), (
                "TensorRT is called, or its objects are destroyed, without a current context"
            )


class _Object:
    def __init__(self, fake: Fake, parent: Any = None) -> None:
        fake.need_context()
        self.fake, self.parent = fake, parent  # like pybind11's keep_alive
        self.name = type(self).__name__
        fake.alive.append(self.name)

    def __del__(self) -> None:
        self.fake.need_context()
        self.fake.alive.remove(self.name)


class Runtime(_Object):
    def __init__(self, fake: Fake, logger: Any) -> None:
        super().__init__(fake)
        self.logger = logger

    def deserialize_cuda_engine(self, content: bytes) -> Engine | None:
        if self.fake.refuse == "deserialize":
            for text in ("the plan is\n  from elsewhere", "deserialisation failed", "deserialisation failed"):
                self.logger.log(Fake.ILogger.Severity.ERROR, text)
            return None
        return Engine(self.fake, self)


class Engine(_Object):
    num_io_tensors = 3

    def get_tensor_name(self, index: int) -> str:
        return list(SHAPES)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return SHAPES[name]

    def get_tensor_dtype(self, name: str) -> Any:
        if self.fake.refuse == "dtype":
            return Fake.DataType.HALF
        return Fake.DataType.UINT8 if name == "image" else Fake.DataType.FLOAT

    def get_tensor_mode(self, name: str) -> Any:
        return Fake.TensorIOMode.INPUT if name == "image" else Fake.TensorIOMode.OUTPUT

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        rest = SHAPES[name][1:]
        return [(1, *rest), (1, *rest), (self.fake.max_batch, *rest)]

    def create_execution_context(self) -> Context | None:
        return None if self.fake.refuse == "context" else Context(self.fake, self)


class Context(_Object):
    def __init__(self, fake: Fake, parent: Engine) -> None:
        super().__init__(fake, parent)
        self.addresses: dict[str, int] = {}
        self.rows, self.ran = 0, False

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return not (self.fake.refuse == "address" and name == "confidence")

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self.fake.need_context()
        if self.fake.refuse == "shape" or not 1 <= shape[0] <= self.fake.max_batch:
            return False
        self.rows, self.ran = shape[0], False
        return True

    def execute_async_v3(self, stream: int) -> bool:
        self.fake.need_context()
        capturing = self.fake.gpu is not None and self.fake.gpu.streams[stream].capturing is not None
        if self.fake.refuse == ("capture" if capturing else "execute"):
            return False
        assert self.ran or not capturing, "captured before an ordinary run of this shape"
        self.ran = True
        addresses, rows = dict(self.addresses), self.rows

        def work() -> None:
            image = _at(addresses["image"], (rows, 9, 200, 200), np.uint8)
            _at(addresses["coefficients"], (rows, 290), np.float32)[:] = (
                image[:, :1].mean((1, 2, 3))[:, None] / 255
            )
            _at(addresses["confidence"], (rows,), np.float32)[:] = 0.5

        if self.fake.gpu is None:
            work()
        else:
            self.fake.gpu.streams[stream].enqueue(work)
        return True


def _at(address: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer((ctypes.c_uint8 * size).from_address(address), dtype).reshape(shape)
