"""Engines built for real, without a GPU, where TensorRT for RTX is installed; and what cannot be built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from face3d import cli, runtime
from face3d.engine import builder, graph
from face3d.engine.builder import BuildSettings, build
from face3d.runtime import NetworkError, nvidia
from face3d.runtime.sidecar import Sidecar, sha256
from tests.core.networks import metadata, write_network

TARGETS = ("8.6", "8.9")


@pytest.fixture(scope="session")
def rtx(tensorrt) -> nvidia.TensorRT:
    if not tensorrt.rtx:
        pytest.skip(f"{tensorrt.product} builds only on a GPU; TensorRT for RTX builds without one")
    return tensorrt


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_committed_network_builds(rtx, network, model, tmp_path, precision) -> None:
    out, said = tmp_path / "deep" / "face3d.engine", []
    settings = BuildSettings(precision, max_batch=8, capabilities=TARGETS)
    sidecar = build(network, out, settings, lambda kind, text: said.append((kind, text)))
    assert not [text for kind, text in said if kind == "error"]
    assert sidecar == Sidecar.read(out)
    assert (sidecar.precision, sidecar.max_batch, sidecar.compute_capabilities) == (
        precision,
        8,
        list(TARGETS),
    )
    assert sidecar.gpu is None and sidecar.product == rtx.product and sidecar.tensorrt_version == rtx.version
    assert sidecar.onnx_sha256 == sidecar.network_sha256 == sha256(network.read_bytes())
    assert sidecar.face_model == model.hash and sidecar.inputs == {"image": ["uint8", [None, 9, 200, 200]]}
    content = out.read_bytes()
    assert sidecar.size == len(content) and sidecar.engine_sha256 == sha256(content)
    # Read back as far as this machine can: everything fits, only the GPU may be missing.
    reason = "runs"
    try:
        runtime.load(out, model, "tensorrt").close()
    except NetworkError as error:
        reason = str(error)
    assert reason == "runs" or any(words in reason for words in ("driver", "GPU", "pycuda"))


def test_tensorrt_reads_back_what_it_wrote(rtx, network, tmp_path) -> None:
    """Its own parser of engines runs without a GPU: a sound one stops only at the driver, a damaged one before."""
    out = tmp_path / "x.engine"
    build(network, out, BuildSettings(capabilities=("8.9",)))
    content = out.read_bytes()
    logger = rtx.logger()
    runtime_of_rtx = rtx.module.Runtime(logger)
    for damaged in (content[: len(content) // 2], b"no engine" * 100):
        assert runtime_of_rtx.deserialize_cuda_engine(damaged) is None
        assert "Serialization assertion" in logger.reasons()
    engine = runtime_of_rtx.deserialize_cuda_engine(content)
    reasons = logger.reasons()
    if engine is None:
        assert "Serialization" not in reasons and any(word in reasons for word in ("driver", "device", "GPU"))
    else:
        assert engine.num_io_tensors == 3


@pytest.mark.filterwarnings("ignore:.*Timing cache:DeprecationWarning")
def test_timing_cache_of_another_machine_is_left(rtx, tmp_path) -> None:
    """The calls are those of every TensorRT; the one for RTX has nothing to time, so its builds do without."""
    creator = rtx.module.Builder(rtx.logger())
    path = tmp_path / "x.timing"
    assert builder._timing_cache(creator.create_builder_config(), None) is None
    for content in (None, b"of another machine" * 50):
        if content is not None:
            path.write_bytes(content)
        config = creator.create_builder_config()
        cache = builder._timing_cache(config, path)
        assert cache is not None
        assert bytes(memoryview(config.get_timing_cache().serialize()))


def test_half_the_precision_is_half_the_size(rtx, network, tmp_path) -> None:
    sizes = [
        build(network, tmp_path / "x.engine", BuildSettings(precision, capabilities=("8.9",))).size
        for precision in ("fp32", "fp16")
    ]
    assert sizes[1] < 0.7 * sizes[0]


def test_command_builds_and_finds(rtx, tmp_path, capsys, monkeypatch) -> None:
    assert cli.main(["engine", "build", "--compute-capability", "8.6, 8.9", "--max-batch", "2"]) == 0
    printed = capsys.readouterr().out
    assert "compute capability 8.6, 8.9" in printed and "batches of 1 to 2" in printed
    assert (tmp_path / "cache" / "face3d.engine.json").is_file()
    code = cli.main(["engine", "info"])
    printed = capsys.readouterr().out
    assert printed.count("batches of 1 to 2") == 1 and ("runs here" in printed) == (code == 0)


def test_every_error_of_the_parser_is_shown(rtx, model, tmp_path) -> None:
    path = write_network(tmp_path / "n.onnx", metadata(model))
    network = onnx.load(path)
    network.graph.initializer.append(numpy_helper.from_array(np.eye(2, dtype=np.float32), "square"))
    for number in range(2):  # ONNX Runtime knows Det, TensorRT does not
        network.graph.node.append(
            helper.make_node("Det", ["square"], [f"det{number}"], f"determinant {number}")
        )
        network.graph.output.append(helper.make_tensor_value_info(f"det{number}", TensorProto.FLOAT, []))
    onnx.save(network, path)
    out = tmp_path / "n.engine"
    out.write_bytes(b"the engine before")
    with pytest.raises(NetworkError, match=r"cannot parse it, \d+ error(.|\n)*Det") as caught:
        builder._compile(
            rtx,
            rtx.logger(),
            network.SerializeToString(),
            path,
            BuildSettings(capabilities=("8.9",)),
            ("8.9",),
            False,
        )
    assert str(caught.value).count("Det") >= 2, caught.value
    assert out.read_bytes() == b"the engine before"


def test_unknown_capability(rtx, network, tmp_path) -> None:
    with pytest.raises(NetworkError, match=r"does not know compute capability 3\.5, only .*8\.9"):
        build(network, tmp_path / "x.engine", BuildSettings(capabilities=("3.5",)))
    assert not list(tmp_path.glob("*x.engine*"))


def test_without_gpu_the_target_must_be_named(rtx, network, tmp_path, monkeypatch) -> None:
    def none() -> None:
        raise NetworkError("no NVIDIA driver on this machine")

    monkeypatch.setattr(nvidia, "find_cuda", none)
    with pytest.raises(NetworkError, match=r"no NVIDIA driver.*--compute-capability"):
        build(network, tmp_path / "x.engine", BuildSettings())


@pytest.mark.parametrize(
    "wrong",
    [
        {"precision": "fp8"},
        {"max_batch": 0},
        {"max_batch": 65},
        {"capabilities": ("sm89",)},
        {"workspace": -1},
    ],
)
def test_wrong_settings(wrong) -> None:
    with pytest.raises(ValueError, match=str(next(iter(wrong)))[:9].replace("capabilit", "capability")):
        BuildSettings(**wrong)


def test_int8_wants_a_quantised_network(network, tmp_path) -> None:
    with pytest.raises(NetworkError, match=r"is not quantised.*engines\.build_engine --precision int8"):
        build(network, tmp_path / "x.engine", BuildSettings("int8", capabilities=("8.9",)))


def test_no_network(tmp_path, capsys) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing" * 100)
    assert cli.main(["engine", "build", "--network", str(tmp_path / "x.onnx")]) == 1
    assert "is not a network" in capsys.readouterr().err


def test_half_precision_network_computes_the_same(network, tmp_path) -> None:
    half = graph.to_half(graph.fold(network))
    kinds = {tensor.data_type for tensor in half.graph.initializer}
    assert TensorProto.FLOAT16 in kinds
    batch = np.random.default_rng(0).integers(0, 255, (2, 9, 200, 200), dtype=np.uint8)
    answers = [
        onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"]).run(None, {"image": batch})
        for source in (network.read_bytes(), half.SerializeToString())
    ]
    for exact, found in zip(*answers):
        assert found.dtype == np.float32 and np.abs(found - exact).max() < 0.05


def test_files_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "x.engine"
    builder._replace(path, b"first")

    def full(self: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        builder._replace(path, b"second")
    assert path.read_bytes() == b"first" and list(tmp_path.iterdir()) == [path]
