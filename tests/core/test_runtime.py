"""Loading and running networks: what fits runs, what does not is refused with a reason."""

import sys

import numpy as np
import pytest
from onnx import TensorProto

from face3d import runtime
from face3d.runtime import NetworkError
from tests.core.networks import metadata, write_network


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (3, 9, 200, 200), dtype=np.uint8)


def test_infer_runs_batches(model, tmp_path, batch) -> None:
    network = runtime.load(
        write_network(tmp_path / "n.onnx", metadata(model), confidence=0.7, jaw=0.2), model
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
