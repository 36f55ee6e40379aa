"""TensorRT and CUDA replaced by their stand-ins, an engine file for them, and what a network on them must answer."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from face3d.runtime import cuda, cuda_graph, nvidia, tensorrt
from face3d.runtime.nvidia import TensorRT
from face3d.runtime.sidecar import Sidecar, sha256
from face3d.runtime.tensorrt import TensorRTRuntime
from tests.engines.fake_cuda import Gpu
from tests.engines.fake_driver import Driver
from tests.engines.fake_tensorrt import Fake

T = TypeVar("T")
CONTENT = b"the engine" * 100


def write_engine(folder: Path, **changes: object) -> Path:
    """An engine file of the stand-in, with its sidecar."""
    path = folder / "face3d.engine"
    path.write_bytes(CONTENT)
    values: dict = {
        "inputs": {"image": ["uint8", [None, 9, 200, 200]]},
        "outputs": {"coefficients": ["float32", [None, 290]], "confidence": ["float32", [None]]},
        "max_batch": 4,
        "precision": "fp16",
        "onnx": "face3d.onnx",
        "onnx_sha256": "0" * 64,
        "network_sha256": "0" * 64,
        "product": nvidia.TENSORRT,
        "tensorrt_version": Fake.__version__,
        "gpu": "Stand-in",
        "compute_capabilities": ["8.9"],
        "engine_sha256": sha256(CONTENT),
        "size": len(CONTENT),
        "face_model": "",
        "metadata": {},
        "created": "2026-01-01",
    }
    Sidecar(**(values | changes)).write(path)
    return path


def use(monkeypatch, gpu: Gpu, fake: Fake) -> Fake:
    """Put the stand-ins where the packages are looked for."""
    driver = Driver(gpu)
    monkeypatch.setattr(nvidia, "find_cuda", gpu.module)
    monkeypatch.setattr(cuda, "driver", lambda: driver)
    monkeypatch.setattr(cuda_graph, "driver", lambda: driver)
    monkeypatch.setattr(tensorrt, "find_tensorrt", lambda: TensorRT(fake, nvidia.TENSORRT))
    return fake


def check_answers(network: TensorRTRuntime, batch: np.ndarray) -> None:
    coefficients, confidence = network.infer(batch)
    assert coefficients.shape == (len(batch), 290) and coefficients.dtype == np.float32
    assert np.allclose(coefficients, batch[:, 0].mean((1, 2))[:, None] / 255, atol=1e-5)
    assert np.allclose(confidence, 0.5)


def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns, called by a thread that ends with it. Its identifier goes to the next one."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def nothing_left(gpu: Gpu) -> None:
    gc.collect()
    assert gpu.open == []
    assert gpu.stack() == gpu.pycuda_stack() == []
