"""ONNX Runtime: on the CPU the embedded default, and its own CUDA and TensorRT providers by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from face3d._core import PriorPoints
from face3d.runtime import NetworkError, check_batch, check_signature, prior_points

CPU = "CPUExecutionProvider"
_TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxRuntime:
    """A network in ONNX Runtime; see `face3d.runtime.Runtime` for the contract.

    providers  execution providers, the wanted one first
    inputs, outputs  name -> (numpy type, shape), without what is made of the image here (prior_points.py)
    Raises NetworkError: not a network, or the first provider is not in this build or cannot run here.
    """

    def __init__(self, path: Path, threads: int, providers: Sequence[str] = (CPU,)) -> None:
        there = onnxruntime.get_available_providers()
        if providers[0] not in there:
            raise NetworkError(
                f"ONNX Runtime {onnxruntime.__version__} has no {providers[0]}, only {', '.join(there)}; "
                "`pip install onnxruntime-gpu` instead of onnxruntime"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Waiting threads must not burn the cores that camera and middleware need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=[name for name in providers if name in there]
            )
        except Exception as error:  # ONNX Runtime's exceptions share no public base class
            raise NetworkError(
                f"{path} is not a network that ONNX Runtime {onnxruntime.__version__} can load: "
                f"{_first_line(error)}"
            ) from error
        if session.get_providers()[0] != providers[0]:  # it falls back to the next one without an error
            raise NetworkError(
                f"ONNX Runtime {onnxruntime.__version__} cannot use its {providers[0]} here: no GPU, or CUDA, cuDNN "
                "or TensorRT of the version that it was built for is missing"
            )
        self.inputs = {tensor.name: _tensor(tensor) for tensor in session.get_inputs()}
        self.outputs = {tensor.name: _tensor(tensor) for tensor in session.get_outputs()}
        self.metadata: Mapping[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        self._points: PriorPoints | None = None
        if self.inputs.pop(prior_points.NAME, None):
            try:
                self._points = prior_points.finder(self.metadata)
            except ValueError as error:
                raise NetworkError(f"{path} cannot be run: {error}; make it again") from error
        check_signature(self.inputs, self.outputs, path)
        self._input = next(iter(self.inputs))
        self._session: onnxruntime.InferenceSession | None = session

    def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._session is None:
            raise RuntimeError("this network is closed")
        check_batch(batch)
        feed = {self._input: batch}
        if self._points is not None:
            feed[prior_points.NAME] = self._points.find(batch)
        try:
            coefficients, confidence = self._session.run(["coefficients", "confidence"], feed)
        except Exception as error:  # again without a public base class
            raise RuntimeError(f"ONNX Runtime could not run the network: {_first_line(error)}") from error
        return coefficients, confidence

    def close(self) -> None:
        self._session = None


def _tensor(tensor: onnxruntime.NodeArg) -> tuple[str, tuple]:
    return _TYPES.get(tensor.type, tensor.type), tuple(tensor.shape)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
