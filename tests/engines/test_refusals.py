"""What a machine without a GPU, or with the wrong engine, is told; one by one."""

from __future__ import annotations

import ctypes
import importlib
import json
import shutil
import types
from pathlib import Path

import numpy as np
import pytest

from face3d import runtime
from face3d.codec import PLANES
from face3d.commands import engine as command
from face3d.model import FaceModel
from face3d.runtime import NetworkError, nvidia, tensorrt
from face3d.runtime.nvidia import TensorRT
from face3d.runtime.onnxruntime import OnnxRuntime
from face3d.runtime.sidecar import Sidecar, sha256
from tests.engines.fake_cuda import Gpu
from tests.engines.fake_tensorrt import Fake
from tests.engines.stand_ins import CONTENT, check_answers, nothing_left, use, write_engine


@pytest.fixture
def onnx(network, tmp_path) -> Path:
    """The committed network, in a folder of its own where an engine can lie beside it."""
    return Path(shutil.copy(network, tmp_path / "face3d.onnx"))


@pytest.fixture
def engine(onnx, model, monkeypatch) -> Path:
    """The stand-in's engine, which fits the network; its TensorRT is installed, GPU and driver are not."""
    monkeypatch.setattr(tensorrt, "find_tensorrt", lambda: TensorRT(Fake(None), nvidia.TENSORRT))
    monkeypatch.setattr(nvidia, "has_driver", lambda: False)
    found = sha256(onnx.read_bytes())
    metadata = dict(OnnxRuntime(onnx, 1).metadata)
    return write_engine(
        onnx.parent, onnx_sha256=found, network_sha256=found, metadata=metadata, face_model=model.hash
    )


def change(engine: Path, **values: object) -> None:
    """Another value in the sidecar."""
    path = Sidecar.path(engine)
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def refused(onnx: Path, model: FaceModel, words: str) -> None:
    with pytest.raises((NetworkError, FileNotFoundError), match=words) as caught:
        runtime.load(onnx, model, "tensorrt")
    assert "Traceback" not in str(caught.value)


def test_what_fits_is_refused_only_for_the_driver(onnx, engine, model) -> None:
    refused(onnx, model, "no NVIDIA driver")


def test_no_engine(onnx, model) -> None:
    refused(
        onnx, model, r"TensorRT engine is missing; build one with `face3d engine build`(.|\n)*face3d\.engine"
    )


def test_no_sidecar(onnx, engine, model) -> None:
    Sidecar.path(engine).unlink()
    refused(onnx, model, r"no description beside it \(face3d\.engine\.json\); build it again")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 7}', "\udce4"])
def test_foreign_sidecars(onnx, engine, model, text) -> None:
    Sidecar.path(engine).write_bytes(text.encode(errors="surrogateescape"))
    refused(onnx, model, r"face3d\.engine\.json (cannot be read|is not an engine's description)")


def test_incomplete_sidecar(onnx, engine, model) -> None:
    path = Sidecar.path(engine)
    values = json.loads(path.read_text())
    del values["precision"], values["size"]
    path.write_text(json.dumps(values))
    refused(onnx, model, "does not say precision, size")


@pytest.mark.parametrize(
    "values",
    [{"max_batch": 0}, {"max_batch": "8"}, {"inputs": {"image": 3}}, {"size": None}, {"metadata": []}],
)
def test_damaged_sidecar(onnx, engine, model, values) -> None:
    change(engine, **values)
    refused(onnx, model, "damaged|other tensors|not a network")


def test_other_tensors(onnx, engine, model) -> None:
    change(engine, inputs={"image": ["float32", [None, 9, 224, 224]]})
    refused(
        onnx, model, r"input 'image' is float32 \(batch, 9, 224, 224\), expected uint8 \(batch, 9, 200, 200\)"
    )


def test_other_face_model(onnx, engine, model) -> None:
    values = json.loads(Sidecar.path(engine).read_text())["metadata"] | {"face_model": "1" * 64}
    change(engine, metadata=values)
    refused(onnx, model, f"face_model is 1111.*this installation's is {model.hash}")


def test_other_network(onnx, engine, model) -> None:
    change(engine, onnx_sha256="2" * 64, network_sha256="3" * 64, onnx="older.onnx")
    refused(onnx, model, r"built from another network \(older\.onnx, SHA-256 222222222222")


def test_quantised_form_of_the_network_fits(onnx, engine, model) -> None:
    change(engine, onnx_sha256="2" * 64)
    refused(onnx, model, "no NVIDIA driver")


def test_other_tensorrt_version(onnx, engine, model) -> None:
    change(engine, tensorrt_version="10.0.0.0")
    refused(onnx, model, r"built by TensorRT 10\.0\.0\.0, here is 10\.0\.0\.1; build it again")


def test_other_tensorrt_product(onnx, engine, model) -> None:
    change(engine, product=nvidia.TENSORRT_RTX)
    refused(onnx, model, "built by TensorRT for RTX, here is TensorRT 10")


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT[::-1]])
def test_damaged_engine(onnx, engine, model, content) -> None:
    engine.write_bytes(content)
    refused(onnx, model, "damaged, or not the file that face3d.engine.json describes")


def test_missing_package(onnx, engine, model, monkeypatch) -> None:
    monkeypatch.setattr(tensorrt, "find_tensorrt", nvidia.find_tensorrt)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused(
        onnx, model, r"package of TensorRT is missing: `pip install tensorrt`.*pip install tensorrt-rtx-cu12"
    )


def test_package_that_does_not_load(onnx, engine, model, monkeypatch) -> None:
    def broken(name: str) -> types.ModuleType:
        raise ImportError("libnvinfer.so.10: cannot open shared object file")

    monkeypatch.setattr(tensorrt, "find_tensorrt", nvidia.find_tensorrt)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if "rtx" in name else object())
    monkeypatch.setattr(importlib, "import_module", broken)
    refused(onnx, model, r"does not load \(tensorrt: libnvinfer\.so\.10: cannot open")


def test_no_driver(monkeypatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(NetworkError, match=r"no NVIDIA driver.*libcuda\.so\.1.*--gpus all"):
        nvidia.find_cuda()


def test_missing_pycuda(monkeypatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(nvidia, "has_driver", lambda: True)
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(NetworkError, match="pycuda is missing: `pip install pycuda`"):
        nvidia.find_cuda()


def test_no_gpu(monkeypatch) -> None:
    gpu = Gpu(count=0)
    monkeypatch.setattr(nvidia, "has_driver", lambda: True)
    monkeypatch.setattr(importlib, "import_module", lambda name: gpu.module())
    with pytest.raises(NetworkError, match=r"finds no GPU.*nvidia-smi"):
        nvidia.find_cuda()
    gpu.fail_at = "cuInit"
    with pytest.raises(NetworkError, match="no GPU can be used: cuInit failed"):
        nvidia.find_cuda()


def test_engine_with_another_backend(engine, model) -> None:
    with pytest.raises(
        NetworkError, match="is a TensorRT engine, which onnxruntime cannot run; name the ONNX file"
    ):
        runtime.load(engine, model, "onnxruntime")


@pytest.mark.parametrize("backend", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_providers_that_are_not_there(onnx, model, backend) -> None:
    with pytest.raises(NetworkError, match=r"ExecutionProvider.*(pip install onnxruntime-gpu|cannot use)"):
        runtime.load(onnx, model, backend)


def test_auto_says_in_one_line_why_not(onnx, engine, model, monkeypatch) -> None:
    engine.unlink()
    lines: list[str] = []
    for driver in (False, True):  # who has no GPU wants no line about it
        assert not lines
        monkeypatch.setattr(nvidia, "has_driver", lambda there=driver: there)
        assert isinstance(runtime.load(onnx, model, "auto", say=lines.append), OnnxRuntime)
    assert len(lines) == 1 and "engine is missing" in lines[0] and "\n" not in lines[0]


def test_auto_takes_tensorrt_where_it_fits(onnx, engine, model, monkeypatch) -> None:
    gpu = Gpu()
    use(monkeypatch, gpu, Fake(gpu))
    monkeypatch.setattr(nvidia, "has_driver", lambda: True)
    lines: list[str] = []
    for path in (onnx, engine):
        network = runtime.load(path, model, "auto", say=lines.append)
        assert isinstance(network, tensorrt.TensorRTRuntime) and not lines
        check_answers(network, np.full((2, PLANES, 200, 200), 128, np.uint8))
        network.close()
    nothing_left(gpu)


def test_info_describes_and_says_why_it_does_not_run(engine, capsys) -> None:
    arguments = types.SimpleNamespace(engine=engine, action="info")
    assert command.run(arguments) == 1  # type: ignore[arg-type]
    printed = capsys.readouterr().out
    assert "fp16, batches of 1 to 4" in printed and "does not run here: no NVIDIA driver" in printed
