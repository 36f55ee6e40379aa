"""What only a GPU can show: engines that are built here, run, agree with ONNX Runtime and free their memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from face3d import runtime
from face3d.engine.builder import BuildSettings, build
from face3d.runtime import NetworkError, nvidia

pytestmark = pytest.mark.gpu

# Largest difference of a coefficient to ONNX Runtime on random bytes; TensorRT may use TF32 in fp32.
LARGEST = {"fp32": 0.05, "fp16": 0.1}


@pytest.fixture(scope="module", params=list(LARGEST))
def built(request, network, tmp_path_factory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp(request.param) / "face3d.engine"
    build(network, path, BuildSettings(request.param, timing_cache=path.with_suffix(".timing")))
    return path, request.param


@pytest.mark.parametrize("backend", ["tensorrt", "tensorrt-graph"])
def test_every_batch_agrees_with_onnxruntime(built, network, model, backend) -> None:
    path, precision = built
    reference = runtime.load(network, model)
    engine = runtime.load(path, model, backend)
    rng = np.random.default_rng(0)
    for rows in (1, 2, 8, 3, 8, 1, 19):
        batch = rng.integers(0, 256, (rows, 9, 200, 200), dtype=np.uint8)
        for found, expected in zip(engine.infer(batch), reference.infer(batch)):
            assert np.abs(found - expected).max() < LARGEST[precision]
    engine.close()


def test_memory_comes_back(built, model) -> None:
    path, _ = built
    cuda = nvidia.find_cuda()
    context = cuda.Device(0).retain_primary_context()  # so that the context's own memory does not count

    def free() -> int:
        context.push()
        try:
            return cuda.mem_get_info()[0]
        finally:
            cuda.Context.pop()

    runtime.load(path, model, "tensorrt-graph").close()  # what the libraries keep, they keep from here on
    before = free()
    for _ in range(5):
        network = runtime.load(path, model, "tensorrt-graph")
        network.infer(np.zeros((8, 9, 200, 200), np.uint8))
        network.close()
    assert before - free() < 8 << 20


def test_a_tampered_engine_is_refused(built, model, tmp_path) -> None:
    path = tmp_path / "face3d.engine"
    path.write_bytes(built[0].read_bytes()[:-1] + b"\0")
    path.with_name("face3d.engine.json").write_bytes(built[0].with_name("face3d.engine.json").read_bytes())
    with pytest.raises(NetworkError, match="damaged"):
        runtime.load(path, model, "tensorrt")


def test_auto_takes_it(built, network, model, monkeypatch) -> None:
    from face3d.runtime.tensorrt import TensorRTRuntime

    monkeypatch.setenv("FACE3D_ENGINE", str(built[0]))
    lines: list[str] = []
    engine = runtime.load(network, model, "auto", say=lines.append)
    assert isinstance(engine, TensorRTRuntime) and not lines
    engine.close()
