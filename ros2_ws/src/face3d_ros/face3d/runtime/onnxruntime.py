"""ONNX Runtime on the CPU: the embedded default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from face3d.runtime import NetworkError, check_batch, check_signature

_TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxRuntime:
    """A network in ONNX Runtime; see `face3d.runtime.Runtime` for the contract."""

    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Waiting threads must not burn the cores that camera and middleware need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's exceptions share no public base class
            raise NetworkError(
                f"{path} is not a network that ONNX Runtime {onnxruntime.__version__} can load: "
                f"{_first_line(error)}"
            ) from error
        check_signature(
            {tensor.name: _tensor(tensor) for tensor in session.get_inputs()},
            {tensor.name: _tensor(tensor) for tensor in session.get_outputs()},
            path,
        )
        self.metadata: Mapping[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        self._input = session.get_inputs()[0].name
        self._session: onnxruntime.InferenceSession | None = session

    def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._session is None:
            raise RuntimeError("this network is closed")
        check_batch(batch)
        coefficients, confidence = self._session.run(["coefficients", "confidence"], {self._input: batch})
        return coefficients, confidence

    def close(self) -> None:
        self._session = None


def _tensor(tensor: onnxruntime.NodeArg) -> tuple[str, tuple]:
    return _TYPES.get(tensor.type, tensor.type), tuple(tensor.shape)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
