"""Loading and running networks: what fits runs, what does not is refused with a reason."""

import hashlib
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from face3d import _core, runtime
from face3d.runtime import NetworkError, prior_points, processor
from tests.core.networks import metadata, write_network


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (3, 9, 200, 200), dtype=np.uint8)


def test_infer_runs_batches(model, tmp_path, batch) -> None:
    network = runtime.load(
        write_network(tmp_path / "n.onnx", metadata(model), confidence=0.7, expression=0.2), model
    )
    coefficients, confidence = network.infer(batch)
    assert coefficients.shape == (3, 290) and coefficients.dtype == np.float32
    assert confidence.shape == (3,) and confidence.dtype == np.float32
    assert np.allclose(coefficients[:, 5], batch[:, 0].mean((1, 2)) / 255, atol=1e-4)
    assert np.allclose(coefficients[:, 200], 0.2) and np.allclose(confidence, 0.7)
    for row in range(3):  # a batch gives what its rows give alone
        assert np.allclose(network.infer(batch[row : row + 1])[0][0], coefficients[row], atol=1e-6)
    assert network.metadata["face_model"] == model.hash


def test_wrong_batches_are_refused(model, tmp_path, batch) -> None:
    network = runtime.load(write_network(tmp_path / "n.onnx", metadata(model)), model)
    for wrong in (batch[0], batch[:0], batch[:, :8], batch.astype(np.float32), batch[..., ::-1]):
        with pytest.raises(ValueError, match="network"):
            network.infer(wrong)
    network.close()
    network.close()
    with pytest.raises(RuntimeError, match="closed"):
        network.infer(batch)


def test_a_network_gets_the_prior_s_points_that_it_asks_for(model, tmp_path, batch) -> None:
    """Its confidence is their mean; without a description of the points it is refused."""
    path = write_network(tmp_path / "n.onnx", metadata(model))
    network = onnx.load(path)
    network.graph.input.append(
        helper.make_tensor_value_info("prior_points", TensorProto.FLOAT, ["batch", 3, 2])
    )
    last = network.graph.node[-1]
    network.graph.node.append(
        helper.make_node("ReduceMean", ["prior_points", "space_of_points"], ["points"], keepdims=0)
    )
    network.graph.initializer.append(numpy_helper.from_array(np.array([1, 2]), "space_of_points"))
    network.graph.node.append(helper.make_node("Add", ["silent", "points"], ["confidence"]))
    network.graph.node.remove(last)
    onnx.save(network, path)
    with pytest.raises(NetworkError, match=r"prior_points.*make it again"):
        runtime.load(path, model)
    weights = np.array([[5, 0, 0, -0.01], [0, 5, 0, -0.01], [0, 0, 5, -0.01]], np.float32)
    described = metadata(model) | {prior_points.NAME: prior_points.describe(weights, 8)}
    helper.set_model_props(network, described)
    onnx.save(network, path)
    expected = _core.PriorPoints(weights, 200, 8).find(batch).mean((1, 2))
    np.testing.assert_allclose(runtime.load(path, model).infer(batch)[1], expected, atol=1e-6)


def test_missing_file_says_where_and_what_to_do(model, tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.onnx.*make train"):
        runtime.load(tmp_path / "nothing.onnx", model)


def test_a_run_that_fails_is_a_runtime_error(model, tmp_path, batch) -> None:
    network = runtime.load(write_network(tmp_path / "n.onnx", metadata(model)), model)
    network._input = "another"  # ONNX Runtime's own errors have no public base class
    with pytest.raises(RuntimeError, match="could not run the network"):
        network.infer(batch)


@pytest.mark.parametrize("content", [b"", b"hello, I am a text file\n" * 50])
def test_foreign_files_are_refused(model, tmp_path, content) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"text\.onnx is not a network"):
        runtime.load(path, model)


def test_truncated_network_is_refused(model, tmp_path) -> None:
    path = write_network(tmp_path / "n.onnx", metadata(model))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(NetworkError, match="is not a network"):
        runtime.load(path, model)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"shape": ("batch", 9, 224, 224)},
            r"uint8 \(batch, 9, 224, 224\), expected uint8 \(batch, 9, 200, 200\)",
        ),
        ({"shape": ("batch", 3, 200, 200)}, r"expected uint8 \(batch, 9, 200, 200\)"),
        ({"shape": (1, 9, 200, 200)}, r"\(1, 9, 200, 200\)"),
        ({"dtype": TensorProto.FLOAT}, "float32"),
        ({"outputs": 257}, r"float32 \(batch, 257\), expected float32 \(batch, 290\)"),
        ({"names": ("coefficients", "score")}, "no output 'confidence'"),
    ],
)
def test_other_signatures_are_refused(model, tmp_path, change, words) -> None:
    path = write_network(tmp_path / "n.onnx", metadata(model), **change)
    with pytest.raises(NetworkError, match=words):
        runtime.load(path, model)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("face_model", "0" * 64, "0000.*this installation's is {hash}"),
        ("crop_metres", "0.3", "crop_metres is 0.3, this installation's is 0.25"),
        ("crop_metres", "wide", "crop_metres is wide"),
        ("image_size", "128", "image_size is 128"),
        ("face_model", None, "does not say its 'face_model'"),
    ],
)
def test_networks_for_another_model_or_crop_are_refused(model, tmp_path, key, value, words) -> None:
    meta = metadata(model)
    meta[key] = value
    if value is None:
        del meta[key]
    path = write_network(tmp_path / "n.onnx", meta)
    with pytest.raises(NetworkError, match=words.format(hash=model.hash)):
        runtime.load(path, model)


def test_unknown_backends_and_threads_are_refused(model, tmp_path) -> None:
    path = write_network(tmp_path / "n.onnx", metadata(model))
    with pytest.raises(NetworkError, match=r"abacus.*onnxruntime"):
        runtime.load(path, model, backend="abacus")
    with pytest.raises(NetworkError, match="thread"):
        runtime.load(path, model, threads=0)


def test_other_backends_come_in_by_name(model, tmp_path, monkeypatch) -> None:
    class Echo:
        metadata = metadata(model)

        def close(self) -> None: ...

    monkeypatch.setitem(runtime.BACKENDS, "echo", lambda path, threads: Echo())
    path = write_network(tmp_path / "n.onnx", metadata(model))
    assert isinstance(runtime.load(path, model, backend="echo"), Echo)


def test_network_is_closed_when_refused(model, tmp_path, monkeypatch) -> None:
    closed = []

    class Foreign:
        metadata: dict = {}

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setitem(runtime.BACKENDS, "foreign", lambda path, threads: Foreign())
    path = write_network(tmp_path / "n.onnx", {})
    with pytest.raises(NetworkError):
        runtime.load(path, model, backend="foreign")
    assert closed and "tensorrt" not in sys.modules


def with_int8(folder, model, source: bytes | None):
    """A network whose jaw answers 0, and an int8 form beside it, told apart by a jaw of 0.5; made of `source`."""
    path = write_network(folder / "n.onnx", metadata(model))
    made_of = hashlib.sha256(path.read_bytes() if source is None else source).hexdigest()
    write_network(folder / "n.int8.onnx", metadata(model) | {"source_sha256": made_of}, expression=0.5)
    return path


def jaw(network, batch) -> float:
    return float(network.infer(batch)[0][0, 200])


def test_auto_takes_the_int8_form_where_the_processor_is_made_for_it(
    model, tmp_path, batch, monkeypatch
) -> None:
    path = with_int8(tmp_path, model, None)
    plain = jaw(runtime.load(path, model, "onnxruntime"), batch)
    monkeypatch.setattr(processor, "multiplies_bytes", lambda: True)
    assert jaw(runtime.load(path, model, "auto"), batch) == pytest.approx(plain + 0.5, abs=1e-4)
    assert jaw(runtime.load(path, model, "onnxruntime"), batch) == plain, (
        "who names a backend gets the file named"
    )
    monkeypatch.setattr(processor, "multiplies_bytes", lambda: False)
    said: list[str] = []
    assert jaw(runtime.load(path, model, "auto", say=said.append), batch) == plain
    assert "no instructions that multiply bytes" in said[-1]


def test_an_int8_form_that_does_not_fit_is_named_and_left(model, tmp_path, batch, monkeypatch) -> None:
    monkeypatch.setattr(processor, "multiplies_bytes", lambda: True)
    path, said = with_int8(tmp_path, model, b"another network"), []
    plain = jaw(runtime.load(path, model, "onnxruntime"), batch)
    assert jaw(runtime.load(path, model, "auto", say=said.append), batch) == plain
    assert "n.int8.onnx is not used: it was made of another network than n.onnx" in said[-1]
    (tmp_path / "n.int8.onnx").write_bytes(b"damaged")
    assert jaw(runtime.load(path, model, "auto", say=said.append), batch) == plain
    assert "n.int8.onnx is not a network" in said[-1]


@pytest.mark.parametrize(
    ("machine", "text", "expected"),
    [
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512_vnni\n", True),
        ("x86_64", "flags\t\t: fpu avx2 avx_vnni\n", True),
        ("x86_64", "flags\t\t: fpu avx2 avx512f\n", False),
        ("aarch64", "Features\t: fp asimd asimddp\n", True),
        ("aarch64", "Features\t: fp asimd\n", False),
        ("riscv64", "isa\t: rv64gc\n", False),
    ],
)
def test_which_processors_are_made_for_int8(monkeypatch, tmp_path, machine, text, expected) -> None:
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{text}")
    assert processor.multiplies_bytes(cpuinfo) is expected
    assert processor.multiplies_bytes(tmp_path / "missing") is False
