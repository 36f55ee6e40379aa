"""A tiny training run end to end: rendering, training, checkpoint, resume, export, warm start, use by the core."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.export import export
from face3d import runtime
from face3d.model import FaceModel
from training.config import TrainConfig
from training.evaluate import TestSet, evaluate, format_report
from training.run import Run
from training.train import main, train
from training.weights import build_network, deepen, read_weights

TINY = Path(__file__).parents[2] / "training" / "configs" / "tiny.toml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    train(Run(TrainConfig.load(TINY), out, hours=0, samples=64, warm_start=None))
    return out


@pytest.fixture(scope="module")
def network_file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    export(torch.load(run / "best.pt", weights_only=True), path)
    return path


def test_a_run_leaves_curve_checkpoint_and_best_network(run):
    lines = (run / "curve.csv").read_text().splitlines()
    assert lines[0].startswith("samples,") and len(lines) == 3
    assert [int(line.split(",")[0]) for line in lines[1:]] == [32, 64]
    assert (run / "checkpoint.pt").exists() and (run / "best.json").exists()


def test_the_exported_network_runs_in_the_core_and_in_the_evaluation(network_file):
    model = FaceModel.load()
    network = runtime.load(network_file, model)
    coefficients, confidence = network.infer(np.zeros((3, 9, 200, 200), np.uint8))
    assert coefficients.shape == (3, 290) and confidence.shape == (3,)
    report = evaluate(network.infer, TestSet.draw(3), model, passes=2)
    assert report["faces"] == 3 and np.isfinite(report["pass 2"]["vertices"])
    assert "pass 2" in format_report(report)


def test_weights_read_back_from_onnx_give_the_same_outputs(network_file):
    weights = read_weights(network_file)
    network = build_network(weights["config"]).eval()
    network.load_state_dict(weights["network"])
    batch = np.random.default_rng(0).integers(0, 256, (2, 9, 200, 200), dtype=np.uint8)
    with torch.no_grad():
        expected = network(torch.from_numpy(batch))[0].numpy()
    found, _ = runtime.load(network_file, FaceModel.load()).infer(batch)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert weights["samples"] == 32 or weights["samples"] == 64


def test_a_run_resumes_where_it_was(run, capsys):
    train(Run(TrainConfig.load(TINY), run, hours=0, samples=32, warm_start=None))
    assert "resumed" in capsys.readouterr().out
    assert (run / "curve.csv").read_text().splitlines()[-1].startswith("96,")


def test_a_new_run_starts_from_the_network_file(network_file, tmp_path, capsys):
    train(Run(TrainConfig.load(TINY), tmp_path / "next", hours=0, samples=8, warm_start=network_file))
    assert "warm start" in capsys.readouterr().out


def test_a_deeper_network_begins_with_the_same_answers(network_file):
    weights = read_weights(network_file)
    deeper = build_network(weights["config"] | {"blocks": [2, 3, 2]})
    deeper.load_state_dict(deepen(weights["network"], deeper))
    shallow = build_network(weights["config"])
    shallow.load_state_dict(weights["network"])
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 9, 200, 200), dtype=np.uint8))
    with torch.no_grad():
        torch.testing.assert_close(deeper.eval()(image)[0], shallow.eval()(image)[0])


def test_a_wider_network_does_not_take_the_weights(network_file):
    weights = read_weights(network_file)
    wider = build_network(weights["config"] | {"squeeze": weights["config"]["squeeze"] + 4})
    with pytest.raises(RuntimeError, match="squeeze"):
        wider.load_state_dict(deepen(weights["network"], wider))


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["none.toml"], "none.toml"),
        (["--warm-start", str(TINY)], "not an ONNX file"),
        (["--hours", "0"], "needs --hours or --samples"),
    ],
)
def test_what_it_cannot_use_is_one_line(arguments, said, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["train", *arguments, "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=said):
        main()
