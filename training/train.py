"""Train the coarse network on synthetic faces.

    python -m training.train                                    three hours, on from the committed network
    python -m training.train my.toml --warm-start none          an experiment from scratch

Stop it with Ctrl-C and start the same line again: it goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

import torch
from tqdm import tqdm

from face3d.commands.common import number
from face3d.resources import cache_folder
from training.batches import BatchSource
from training.config import TrainConfig
from training.faces import FaceConfig
from training.run import Run

ROOT = Path(__file__).parents[1]
SHOWN = ("loss", "points", "projection", "geometry", "expression", "identity", "pose", "lift")
"""Terms of the loss in the progress bar."""


def train(run: Run, threads: int = 1) -> dict:
    """Go on until the run's hours or samples are spent, or its schedule stops early; returns the last evaluation."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a killed run keeps its checkpoint, too
    torch.set_num_threads(threads)
    total = run.first + run.samples if run.samples else None
    bar = tqdm(initial=run.first, total=total, unit="face", smoothing=0.02, mininterval=2)
    with BatchSource(run.config, FaceConfig(), run.seed) as source:
        try:
            while run.advance():
                source.set_difficulty(run.difficulty)
                slot, batch = source.take()
                source.release(slot, run.step(batch))
                bar.update(run.config.batch)
                bar.set_postfix_str(
                    " ".join(f"{name[:5]} {run.terms[name]:.4f}" for name in SHOWN), refresh=False
                )
                if run.seen >= run.judged + run.config.evaluate_every:
                    bar.write(run.judge(source.rendered))
            if run.seen > run.judged:
                bar.write(run.judge(source.rendered))  # what the run ends with
        except KeyboardInterrupt:
            bar.write("interrupted: the checkpoint is being kept; start the same line again to go on")
        finally:
            run.keep()
            bar.close()
    return run.report


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Train the coarse network on synthetic faces. Stopped and started again, a run resumes by itself."
    )
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=ROOT / "training" / "configs" / "coarse.toml",
        help="TOML file with the settings (default: training/configs/coarse.toml)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        help="folder of the run: checkpoint, curve, best network (default: ~/.cache/face3d/runs/<name of the config>)",
    )
    parser.add_argument(
        "--hours",
        type=number(float, 0),
        default=3.0,
        help="stop after this time over all starts (default 3; 0: no limit)",
    )
    parser.add_argument(
        "--samples",
        type=number(int, 0),
        default=0,
        help="stop after this many more samples (default 0: no limit)",
    )
    parser.add_argument(
        "--warm-start",
        default=str(ROOT / "engines" / "face3d.onnx"),
        metavar="ONNX",
        help='network that a new run begins with (default: the committed one; "none": from scratch)',
    )
    parser.add_argument(
        "--threads",
        type=number(int, 1, 64),
        default=1,
        help="threads of the network (default 1; rendering has its own process)",
    )
    arguments = parser.parse_args()
    out = arguments.out or cache_folder() / "runs" / arguments.config.stem
    warm_start = None if arguments.warm_start == "none" else Path(arguments.warm_start)
    try:
        config = TrainConfig.load(arguments.config)
        run = Run(config, out, arguments.hours, arguments.samples, warm_start)
    except (OSError, ValueError) as error:
        raise SystemExit(f"train: {error}") from None
    train(run, arguments.threads)


if __name__ == "__main__":
    main()
