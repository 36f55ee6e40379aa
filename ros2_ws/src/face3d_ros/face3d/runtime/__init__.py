"""The one contract by which the network is run, whatever runs it.

    network = runtime.load(path, model)
    coefficients, confidence = network.infer(batch)

A backend is a function (path, threads) -> Runtime in BACKENDS; `load` has already checked that the file
exists, and checks the network against the face model, the same way for all of them. The backend `auto` is TensorRT
where an engine fits, and where not ONNX Runtime with the network's int8 form, if it has one and this processor is made
for it; every other backend runs the file that it is given.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from face3d import resources
from face3d.camera import IMAGE_SIZE
from face3d.codec import OUTPUTS, PLANES
from face3d.crop import CROP_METRES

if TYPE_CHECKING:
    from face3d.model import FaceModel


class NetworkError(ValueError):
    """A network that cannot be used; the message says which, why and what to do."""


class Runtime(Protocol):
    """A loaded network."""

    metadata: Mapping[str, str]
    """What the network says of itself: face_model (hash), crop_metres, image_size, samples, date ..."""

    def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run one batch.

        batch    uint8 (B, 9, 200, 200), C-contiguous, 1 <= B
        returns  coefficients (B, 290) float32 and confidence (B,) float32 in 0..1
        Raises ValueError for another shape or type, RuntimeError when it cannot be run. The results belong to
        the caller.
        """
        ...

    def close(self) -> None:
        """Release everything; a second call does nothing, `infer` afterwards raises RuntimeError."""
        ...


def _onnxruntime(*providers: str) -> Callable[[Path, int], Runtime]:
    def start(path: Path, threads: int) -> Runtime:
        # Late: only what is named needs to be installed.
        from face3d.runtime.onnxruntime import CPU, OnnxRuntime

        return OnnxRuntime(path, threads, (*providers, CPU))

    return start


def _tensorrt(cuda_graph: bool) -> Callable[[Path, int], Runtime]:
    def start(path: Path, threads: int) -> Runtime:
        from face3d.runtime.tensorrt import TensorRTRuntime

        if path.suffix == ENGINE:
            return TensorRTRuntime(path, None, cuda_graph)
        return TensorRTRuntime(resources.engine(path), path, cuda_graph)

    return start


ENGINE = ".engine"
"""Suffix of TensorRT engines; other files are ONNX."""

INT8 = ".int8.onnx"
"""Suffix of a network's int8 form for processors, beside the network; `engines/quantize.py` writes it."""

BACKENDS: dict[str, Callable[[Path, int], Runtime]] = {
    "onnxruntime": _onnxruntime(),
    "onnxruntime-cuda": _onnxruntime("CUDAExecutionProvider"),
    "onnxruntime-tensorrt": _onnxruntime("TensorrtExecutionProvider", "CUDAExecutionProvider"),
    "tensorrt": _tensorrt(cuda_graph=False),
    "tensorrt-graph": _tensorrt(cuda_graph=True),
}
"""Backends by name. Those of TensorRT take an engine, or an ONNX file whose engine `face3d engine build` has made."""

AUTO = "auto"
CHOICES = (AUTO, *BACKENDS)
"""What `load` takes as a backend."""


def load(
    path: str | Path | None,
    model: FaceModel,
    backend: str = "onnxruntime",
    threads: int = 1,
    say: Callable[[str], None] | None = None,
) -> Runtime:
    """The network at `path` (default: the one that comes with the package), checked against `model`.

    say  called with one line when `auto` does not use what is there: a GPU, the int8 network; default: the log
    Raises FileNotFoundError (with where it looked) or NetworkError: not a network, other inputs or outputs
    than `infer` needs, trained for another face model, crop or image size; or the backend cannot run it here.
    """
    if backend not in CHOICES and backend not in BACKENDS:  # tests and plug-ins add to BACKENDS
        raise NetworkError(f"unknown backend {backend!r}; this build has: {', '.join(CHOICES)}")
    if not 1 <= threads <= 64:  # ONNX Runtime would make any number of them, and the machine stand still
        raise NetworkError(f"a network takes 1 to 64 threads, got {threads}")
    path = resources.network(path)
    if backend == AUTO:
        return _load_best(path, model, threads, say or logging.getLogger(__name__).info)
    if path.suffix == ENGINE and not backend.startswith("tensorrt"):
        raise NetworkError(f"{path} is a TensorRT engine, which {backend} cannot run; name the ONNX file")
    if backend.startswith("tensorrt"):
        # What an engine is for is in the file beside it: refused before a GPU is asked for.
        from face3d.runtime.sidecar import Sidecar

        engine = path if path.suffix == ENGINE else resources.engine(path)
        check_metadata(Sidecar.read(engine).metadata, model, engine)
    network = BACKENDS[backend](path, threads)
    try:
        check_metadata(network.metadata, model, path)
    except NetworkError:
        network.close()
        raise
    return network


def _load_best(path: Path, model: FaceModel, threads: int, say: Callable[[str], None]) -> Runtime:
    """TensorRT where it fits; where there is a GPU and it does not, `say` why, and ONNX Runtime."""
    if path.suffix == ENGINE:
        return load(path, model, "tensorrt", threads)
    from face3d.runtime.nvidia import has_driver

    if has_driver():
        try:
            return load(path, model, "tensorrt", threads)
        except (NetworkError, FileNotFoundError) as error:
            say(f"TensorRT is not used, ONNX Runtime is: {' '.join(str(error).split())}")
    return _load_int8(path, model, threads, say) or load(path, model, "onnxruntime", threads)


def _load_int8(path: Path, model: FaceModel, threads: int, say: Callable[[str], None]) -> Runtime | None:
    """The int8 form of a network, None where there is none, or `say` why it is not used."""
    from face3d.runtime.processor import multiplies_bytes
    from face3d.runtime.sidecar import sha256

    quantised = path.with_suffix(INT8)
    if path.name.endswith(INT8) or not quantised.is_file():
        return None
    reason = "this processor has no instructions that multiply bytes"
    if multiplies_bytes():
        try:
            network = load(quantised, model, "onnxruntime", threads)
        except NetworkError as error:
            reason = " ".join(str(error).split())
        else:
            if network.metadata.get("source_sha256") == sha256(path.read_bytes()):
                return network
            network.close()
            reason = f"it was made of another network than {path.name}"
    say(f"{quantised.name} is not used: {reason}")
    return None


def check_metadata(metadata: Mapping[str, str], model: FaceModel, path: Path) -> None:
    """Raise NetworkError unless a network's own description fits this face model and this crop."""
    expected: dict[str, str | float] = {
        "face_model": model.hash,
        "crop_metres": CROP_METRES,
        "image_size": IMAGE_SIZE,
    }
    for key, value in expected.items():
        found = metadata.get(key)
        if found is None:
            raise NetworkError(
                f"{path} does not say its {key!r} in the metadata: it is not a network exported by face3d; "
                "export it with engines/export.py"
            )
        if not _same(found, value):
            raise NetworkError(
                f"{path} does not fit: its {key} is {found}, this installation's is {value}; "
                "take the network and the face model of one release, or train again"
            )


def check_batch(batch: np.ndarray) -> None:
    """Raise ValueError unless `batch` is uint8 (B, 9, 200, 200), C-contiguous, with B >= 1."""
    shape = (PLANES, IMAGE_SIZE, IMAGE_SIZE)
    if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != shape or not len(batch):
        raise ValueError(
            f"the network takes uint8 (B, {', '.join(map(str, shape))}), got {batch.dtype} {batch.shape}"
        )
    if not batch.flags.c_contiguous:
        raise ValueError("the network's batch must be C-contiguous")


def check_signature(
    inputs: Mapping[str, tuple[str, tuple]], outputs: Mapping[str, tuple[str, tuple]], path: Path
) -> None:
    """Raise NetworkError unless tensors {name: (type, shape)} are those of the contract.

    Types are numpy names; a free dimension is None or a string. Shared by all backends.
    """
    image = ("uint8", (None, PLANES, IMAGE_SIZE, IMAGE_SIZE))
    if len(inputs) != 1:
        raise NetworkError(f"{path} has the inputs {sorted(inputs)}, expected one: {_describe(*image)}")
    ((name, found),) = inputs.items()
    _check_tensor(f"input {name!r}", found, image, path)
    for name, expected in {
        "coefficients": ("float32", (None, OUTPUTS)),
        "confidence": ("float32", (None,)),
    }.items():
        if name not in outputs:
            raise NetworkError(f"{path} has no output {name!r}, only {sorted(outputs)}")
        _check_tensor(f"output {name!r}", outputs[name], expected, path)


def _check_tensor(what: str, found: tuple[str, tuple], expected: tuple[str, tuple], path: Path) -> None:
    shape = tuple(None if size is None or isinstance(size, str) else int(size) for size in found[1])
    if (found[0], shape) != expected:
        raise NetworkError(f"{path}: {what} is {_describe(found[0], shape)}, expected {_describe(*expected)}")


def _describe(dtype: str, shape: tuple) -> str:
    return f"{dtype} ({', '.join('batch' if size is None else str(size) for size in shape)})"


def _same(found: str, value: str | float) -> bool:
    if isinstance(value, str):
        return found == value
    try:
        return abs(float(found) - value) < 1e-9
    except ValueError:
        return False
