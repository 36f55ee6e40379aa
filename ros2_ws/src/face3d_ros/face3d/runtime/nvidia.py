"""NVIDIA's packages and driver: imported late, by what they are, with the sentence that says what is missing.

TensorRT comes as one of several Python packages with one API: `tensorrt` (robots, servers), `tensorrt_rtx`
(TensorRT for RTX: graphics cards) and the bindings of the latter alone, whose libraries another wheel carries.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from face3d.runtime import NetworkError

TENSORRT = "TensorRT"
TENSORRT_RTX = "TensorRT for RTX"

_PACKAGES = {"tensorrt": TENSORRT, "tensorrt_rtx": TENSORRT_RTX, "tensorrt_rtx_bindings": TENSORRT_RTX}
_CARRIER = "onnxruntime_ep_nv_tensorrt_rtx"  # its wheel holds the libraries that the bindings need
_LIBRARIES = ("libcudart.so.*", "libtensorrt_rtx.so.*", "libtensorrt_onnxparser_rtx.so.*")  # in this order

_ERRORS_KEPT = 5

INSTALL = (
    "`pip install tensorrt` (robots and servers; on a Jetson it comes with JetPack), or for TensorRT for RTX "
    "`pip install tensorrt-rtx-cu12-bindings==1.7.1.116 onnxruntime-ep-nv-tensorrt-rtx-cu12==0.5.0`"
)


@dataclass(frozen=True)
class TensorRT:
    """A TensorRT that is installed: its module and its name."""

    module: Any
    product: str

    @property
    def version(self) -> str:
        return str(self.module.__version__)

    @property
    def rtx(self) -> bool:
        return self.product == TENSORRT_RTX

    def logger(self) -> Messages:
        """A new logger; it must outlive everything that was made with it."""
        return _logger_class(self.module)()


class Messages:
    """What TensorRT's logger has collected. `_logger_class` makes it a tensorrt.ILogger."""

    errors: list[str]
    listener: Callable[[str, str], None] | None
    """Called with ("error" | "warning" | "info" | "verbose", text), when set."""

    def reasons(self) -> str:
        """The errors since the last call, in one line. All of them: the first is the cause, the last often says no
        more than that it failed."""
        errors, self.errors = self.errors, []
        return "; ".join(dict.fromkeys(errors)) or "TensorRT gave no reason"


@cache
def _logger_class(module: Any) -> Any:
    """A subclass of this module's ILogger: TensorRT accepts nothing else."""
    severities = module.ILogger.Severity
    names = {severities.INTERNAL_ERROR: "error", severities.ERROR: "error"}
    names |= {severities.WARNING: "warning", severities.INFO: "info", severities.VERBOSE: "verbose"}

    class Logger(module.ILogger, Messages):
        def __init__(self) -> None:
            module.ILogger.__init__(self)  # pybind11 wants its own constructor called by name
            self.errors = []
            self.listener = None

        def log(self, severity: Any, message: str) -> None:
            kind, text = names.get(severity, "error"), " ".join(message.split())
            if kind == "error":
                self.errors = [*self.errors[: _ERRORS_KEPT - 1], text]
            if self.listener is not None:
                self.listener(kind, text)

    return Logger


def find_tensorrt() -> TensorRT:
    """The TensorRT of this installation. Raises NetworkError with what to install."""
    problems = []
    for name, product in _PACKAGES.items():
        if importlib.util.find_spec(name) is None:
            continue
        try:
            if name == "tensorrt_rtx_bindings":
                _preload()
            module: ModuleType = importlib.import_module(name)
            if not hasattr(module, "Builder"):  # a namespace folder of that name, or stubs
                continue
            return TensorRT(module, product)
        except (ImportError, OSError, RuntimeError) as error:  # what a half installed package raises
            problems.append(f"{name}: {' '.join(str(error).split())}")
    if problems:
        raise NetworkError(f"TensorRT is installed but does not load ({'; '.join(problems)}); {INSTALL}")
    raise NetworkError(f"the Python package of TensorRT is missing: {INSTALL}")


def _preload() -> None:
    """Load the libraries that the bare bindings look for by name; what is loaded already is found so."""
    found = importlib.util.find_spec(_CARRIER)
    for folder in (found.submodule_search_locations or []) if found else []:
        for pattern in _LIBRARIES:
            for library in sorted(Path(folder).glob(pattern))[:1]:
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def has_driver() -> bool:
    """Whether NVIDIA's driver is on this machine. Initialises nothing."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def find_cuda() -> Any:
    """`pycuda.driver`, initialised, with at least one GPU there. Raises NetworkError with what is missing."""
    if not has_driver():
        raise NetworkError(
            "no NVIDIA driver on this machine (libcuda.so.1 does not load): install the driver, or in a "
            "container give it the GPU (`docker run --gpus all`)"
        )
    try:
        cuda = importlib.import_module("pycuda.driver")
    except ModuleNotFoundError as error:
        raise NetworkError(
            f"the Python package {(error.name or 'pycuda').split('.')[0]} is missing: `pip install pycuda` (it is "
            "compiled, which needs g++ and the CUDA toolkit, its nvcc on the PATH)"
        ) from None
    except ImportError as error:
        raise NetworkError(
            f"pycuda does not load ({error}): it was compiled for another CUDA; "
            "`pip install --force-reinstall --no-cache-dir --no-binary pycuda pycuda`"
        ) from error
    try:
        cuda.init()
        count = cuda.Device.count()
    except cuda.Error as error:
        raise NetworkError(f"no GPU can be used: {error}; does `nvidia-smi` list one?") from error
    if not count:
        raise NetworkError("the NVIDIA driver finds no GPU: does `nvidia-smi` list one?")
    return cuda
