"""Runtimes against each other on synthetic faces, within bounds; and the networks that quantisation makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from face3d import cli, runtime
from face3d.engine.builder import BuildSettings, build
from face3d.runtime.onnxruntime import OnnxRuntime
from face3d.runtime.sidecar import Sidecar, sha256

pytest.importorskip("scipy", reason="synthetic faces need the packages of training")

from engines import build_engine, check_parity
from engines.check_parity import BOUNDS, compare, run
from engines.faces import CALIBRATION_SEED, PARITY_SEED, Faces, draw_faces
from engines.quantize import quantize


@pytest.fixture(scope="session")
def faces(model) -> Faces:
    return draw_faces(12, model, PARITY_SEED)


@pytest.fixture(scope="session")
def quantised(network, model, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("int8")
    tensors = draw_faces(32, model, CALIBRATION_SEED).tensors
    paths = {}
    for target in ("cpu", "tensorrt"):
        paths[target] = folder / f"{target}.onnx"
        onnx.save(quantize(network, tensors, target), paths[target])
    return paths


def test_faces_are_the_same_every_time(model, faces) -> None:
    again = draw_faces(2, model, PARITY_SEED)
    assert np.array_equal(again.tensors, faces.tensors[:2])


def test_runtimes_that_are_here_agree(network, model, faces, quantised) -> None:
    expected = run(runtime.load(network, model).infer, faces)
    seen, missing = set(), ""
    for name, kind, infer in check_parity.runtimes(network, model, list(quantised.values()), []):
        if isinstance(infer, str):
            assert infer and "Traceback" not in infer
            missing += f"{name}: {infer}\n"
            continue
        difference = compare(run(infer, faces), expected, faces, model)
        assert difference.vertex[0] <= BOUNDS[kind][0] and difference.landmark[0] <= BOUNDS[kind][1], name
        assert difference.confidence[0] < 0.05, name
        seen.add(kind)
    assert {"fp16", "int8"} <= seen, missing
    if "exact" not in seen:  # between a change of the architecture and its first network
        pytest.skip(missing.partition("\n")[0])


def test_a_wrong_runtime_is_noticed(network, model, faces) -> None:
    expected = run(runtime.load(network, model).infer, faces)
    shifted = (expected[0] + 0.3, expected[1])
    difference = compare(shifted, expected, faces, model)
    assert difference.vertex[0] > BOUNDS["int8"][0] and difference.landmark[0] > BOUNDS["int8"][1]
    assert difference.coefficient == pytest.approx((0.3, 0.3), abs=1e-4)


def test_quantised_networks_say_what_they_are(network, model, quantised) -> None:
    types = {"cpu": onnx.TensorProto.UINT8, "tensorrt": onnx.TensorProto.INT8}
    for target, path in quantised.items():
        metadata = OnnxRuntime(path, 1).metadata
        assert metadata["source_sha256"] == sha256(network.read_bytes())
        assert metadata["face_model"] == model.hash and metadata["precision"] == f"int8 for {target}"
        graph = onnx.load(path).graph
        kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
        activations = [node for node in graph.node if node.op_type == "QuantizeLinear"]
        assert len(activations) > 10
        assert {kinds[node.input[2]] for node in activations} == {types[target]}
        # beside its bytes it keeps some float32, where the network has float16
        assert path.stat().st_size < network.stat().st_size or target == "tensorrt"


def test_int8_engine_builds_and_belongs_to_its_network(tensorrt, network, quantised, tmp_path) -> None:
    if not tensorrt.rtx:
        pytest.skip("only TensorRT for RTX builds without a GPU")
    out = tmp_path / "int8.engine"
    sidecar = build(quantised["tensorrt"], out, BuildSettings("int8", capabilities=("8.9",)))
    assert sidecar.precision == "int8" and sidecar.onnx_sha256 == sha256(quantised["tensorrt"].read_bytes())
    sidecar.check_network(out, network)  # the default network takes it
    sidecar.check_network(out, quantised["tensorrt"])
    with pytest.raises(runtime.NetworkError, match="another network"):
        sidecar.check_network(out, quantised["cpu"])


def test_int8_from_the_command_line(tensorrt, network, tmp_path, monkeypatch, capsys) -> None:
    """Calibration, quantised network, engine and description in one command."""
    if not tensorrt.rtx:
        pytest.skip("only TensorRT for RTX builds without a GPU")
    out = tmp_path / "made" / "small.engine"
    command = (
        f"build_engine --precision int8 --faces 4 --compute-capability 8.6,8.9 --max-batch 2 --out {out}"
    )
    monkeypatch.setattr("sys.argv", command.split())
    assert build_engine.main() == 0
    assert "4 synthetic faces" in capsys.readouterr().out
    sidecar = Sidecar.read(out)
    sidecar.check_content(out, out.read_bytes())
    sidecar.check_network(out, network)
    assert (sidecar.precision, sidecar.max_batch, sidecar.compute_capabilities) == ("int8", 2, ["8.6", "8.9"])
    quantised = out.parent / sidecar.onnx
    assert sidecar.onnx_sha256 == sha256(quantised.read_bytes()) != sidecar.network_sha256
    # The same from the network that says its ranges itself, and without the repository's calibration.
    again = tmp_path / "again.engine"
    arguments = ["engine", "build", "--network", str(quantised), "--precision", "int8", "--out", str(again)]
    assert cli.main([*arguments, "--compute-capability", "8.9"]) == 0
    assert Sidecar.read(again).network_sha256 == sidecar.network_sha256
