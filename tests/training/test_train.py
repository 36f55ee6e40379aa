"""A tiny training run end to end: rendering, training, checkpoint, resume, export, warm start, use by the core."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.export import export
from face3d import runtime
from face3d.model import FaceModel
from training.config import TrainConfig
from training.evaluate import TestSet, evaluate, format_report
from training.run import Run, averaging
from training.train import main, train
from training.weights import build_network, grow, read_weights

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


def test_a_run_resumes_where_it_was(run, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "run")  # the other tests look at it as it was
    train(Run(TrainConfig.load(TINY), tmp_path / "run", hours=0, samples=32, warm_start=None))
    assert "resumed" in capsys.readouterr().out
    assert (tmp_path / "run" / "curve.csv").read_text().splitlines()[-1].startswith("96,")


def test_a_new_run_starts_from_the_network_file(network_file, tmp_path, capsys):
    train(Run(TrainConfig.load(TINY), tmp_path / "next", hours=0, samples=8, warm_start=network_file))
    assert "warm start" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more", [{"blocks": [2, 3, 2]}, {"widths": [12, 20, 28, 36]}, {"squeeze": 60, "hidden": 600}]
)
def test_a_larger_network_begins_with_the_same_answers(network_file, more):
    weights = read_weights(network_file)
    larger, known = build_network(weights["config"] | more), build_network(weights["config"])
    larger.load_state_dict(grow(weights["network"], larger))
    known.load_state_dict(weights["network"])
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 9, 200, 200), dtype=np.uint8))
    size = [sum(weight.numel() for weight in network.parameters()) for network in (larger, known)]
    assert size[0] > size[1]
    with torch.no_grad():
        torch.testing.assert_close(larger.eval()(image)[0], known.eval()(image)[0])


@pytest.mark.parametrize("less", [{"hidden": 16}, {"widths": [8, 8, 8, 4]}])
def test_a_smaller_network_does_not_take_the_weights(network_file, less):
    weights = read_weights(network_file)
    smaller = build_network(weights["config"] | less)
    with pytest.raises(ValueError, match="smaller"):
        grow(weights["network"], smaller)


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


def test_the_average_counts_late_steps_more_and_then_forgets():
    def average(decay: float, steps: int) -> float:
        mean = torch.tensor(0.0)
        for step in range(1, steps + 1):
            mean = averaging(decay)(mean, torch.tensor(float(step)), torch.tensor(step - 1))
        return mean.item()

    steps = np.arange(1, 501)
    assert average(1.0, 500) == pytest.approx(np.average(steps, weights=steps), rel=0.01)
    assert average(0.9, 500) == pytest.approx(
        500 - 0.9 / 0.1, rel=1e-3
    )  # the mean age under an exponential window
