"""Train the coarse network on synthetic faces.

    python -m training.train                                    three hours, on from the committed network
    python -m training.train my.toml --warm-start none          an experiment from scratch

Stop it with Ctrl-C and start the same line again: it goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from face3d.model import FaceModel
from face3d.resources import cache_folder
from training.batches import BatchSource
from training.checkpoint import log, save
from training.config import TrainConfig
from training.evaluate import TestSet, evaluate, format_report
from training.faces import FaceConfig
from training.lifting import LiftLoss, LiftSource, teach
from training.losses import FaceLoss
from training.network import FaceNetwork
from training.points import point_codes
from training.schedule import Schedule
from training.weights import read_weights

ROOT = Path(__file__).parents[1]


def inference_of(network: torch.nn.Module):
    """An `infer` for training.evaluate from a torch network."""

    @torch.no_grad()
    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        network.eval()
        with torch.autocast("cpu", torch.bfloat16):
            coefficients, confidence = network.answer(torch.from_numpy(batch))
        return coefficients.numpy(), confidence.sigmoid().numpy()

    return infer


def averaging(decay: float):
    """Exponential moving average of the weights that forgets the first steps quickly."""

    def average(old: torch.Tensor, new: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        keep = min(decay, (1 + float(count)) / (10 + float(count)))
        return new + keep * (old - new)

    return average


def train(
    config: TrainConfig, out: Path, hours: float, samples: int, warm_start: Path | None, threads: int
) -> dict:
    """Run until `hours` or `samples` are spent, or the schedule stops early; returns the last evaluation."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a killed run keeps its checkpoint, too
    torch.set_num_threads(threads)
    torch.manual_seed(config.data.seed)
    out.mkdir(parents=True, exist_ok=True)
    model = FaceModel.load()
    loss_of = FaceLoss(model, config.loss)
    points, lift_loss = LiftSource(model, loss_of, config.prior, seed=config.data.seed), LiftLoss(loss_of)
    network = FaceNetwork(config.network, point_codes(model)).to(memory_format=torch.channels_last)
    average = AveragedModel(network, avg_fn=averaging(config.average), use_buffers=True)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.schedule.rate, weight_decay=config.weight_decay, fused=True
    )
    schedule = Schedule(config.schedule, limited=hours > 0 or samples > 0)
    state = {"samples": 0, "seconds": 0.0, "best": float("inf"), "starts": 0}
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        state = saved["state"]
        if 0 < hours <= state["seconds"] / 3600:
            raise SystemExit(f"{checkpoint} has trained its {hours:g} hours: give more --hours, or another --out")
        print(f"resumed {checkpoint} at {state['samples']:,} samples")
    elif warm_start:
        weights = read_weights(warm_start)
        network.load_state_dict(weights["network"])
        average.module.load_state_dict(weights["network"])
        state["samples"] = weights["samples"]
        print(f"warm start from {warm_start}, which has seen {state['samples']:,} samples")
    else:
        teach(network.lift, points, lift_loss, config.lift_steps)
        average.module.load_state_dict(network.state_dict())
    state["starts"] += 1
    first, begun, spent = state["samples"], time.monotonic(), state["seconds"]
    test = TestSet.draw(config.test_faces)
    report: dict = {}
    running, next_evaluation = None, first + config.evaluate_every
    seed = config.data.seed + 1000 * state["starts"]
    torch.manual_seed(seed)
    bar = tqdm(
        initial=first, total=first + samples if samples else None, unit="face", smoothing=0.02, mininterval=2
    )

    def keep() -> None:
        save(
            checkpoint,
            {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "state": state,
                "config": config.network.as_dict(),
            },
        )

    with BatchSource(config, FaceConfig(), seed) as source:
        try:
            while True:
                state["seconds"] = spent + time.monotonic() - begun
                low, high = config.data.ramp
                difficulty = float(np.clip((state["samples"] - low) / (high - low), 0, 1))
                source.set_difficulty(difficulty)
                seen = state["samples"] - first
                share = max(state["seconds"] / 3600 / (hours or np.inf), seen / (samples or np.inf))
                rate = schedule.rate(seen // config.batch, share)
                if schedule.finished:
                    break
                for group in optimizer.param_groups:
                    group["lr"] = rate

                slot, batch = source.take()
                tensors = {name: torch.from_numpy(batch[name]) for name in batch if name != "output"}
                network.train()
                with torch.autocast("cpu", torch.bfloat16):
                    output = network(tensors.pop("image"))
                loss, terms = loss_of(output, **tensors)
                if not torch.isfinite(loss):
                    raise FloatingPointError(
                        f"the loss is {loss.item()} at {state['samples']:,} samples: {terms}"
                    )
                drawn = points.draw(config.lift_batch)  # keeps what points mean while images are still hard to read
                lifted = lift_loss(network.lift(drawn.points, drawn.prior_points), drawn.target)
                optimizer.zero_grad(set_to_none=True)
                (loss + config.loss.lift * sum(lifted.values())).backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
                optimizer.step()
                average.update_parameters(network)
                source.release(slot, output.coefficients.detach().numpy())

                state["samples"] += config.batch
                terms["loss"] = loss.detach()
                terms["lift"] = lifted["shape"].detach()
                now = {name: value.item() for name, value in terms.items()}
                running = now if running is None else {k: 0.98 * running[k] + 0.02 * now[k] for k in now}
                bar.update(config.batch)
                shown = ("loss", "points", "projection", "geometry", "expression", "identity", "pose", "lift")
                bar.set_postfix_str(
                    " ".join(f"{name[:5]} {running[name]:.4f}" for name in shown), refresh=False
                )

                if state["samples"] >= next_evaluation:
                    next_evaluation += config.evaluate_every
                    report = evaluate(inference_of(average.module), test, model)
                    score = report["pass 3"]["vertices"]
                    schedule.observe(score)
                    log(
                        out / "curve.csv",
                        {**state, **report["pass 3"], "rendered": source.rendered, "rate": rate}
                        | {
                            "hours": state["seconds"] / 3600,
                            "difficulty": difficulty,
                            "loss": running["loss"],
                        },
                    )
                    bar.write(
                        f"\n{state['samples']:,} samples, {source.rendered:,} images\n{format_report(report)}"
                    )
                    keep()
                    if score < state["best"]:
                        state["best"] = score
                        weights = {"network": average.module.state_dict(), "config": config.network.as_dict()}
                        save(
                            out / "best.pt",
                            {**weights, "samples": state["samples"], "face_model": model.hash},
                        )
                        (out / "best.json").write_text(
                            json.dumps({**report, "samples": state["samples"]}, indent=1)
                        )
        except KeyboardInterrupt:
            bar.write("interrupted: the checkpoint is being kept; start the same line again to go on")
        finally:
            keep()
            bar.close()
    return report


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
        type=float,
        default=3.0,
        help="stop after this time over all starts (default 3; 0: no limit)",
    )
    parser.add_argument(
        "--samples", type=int, default=0, help="stop after this many more samples (default 0: no limit)"
    )
    parser.add_argument(
        "--warm-start",
        default=str(ROOT / "engines" / "face3d.onnx"),
        metavar="ONNX",
        help='network that a new run begins with (default: the committed one; "none": from scratch)',
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="threads of the network (default 1; rendering has its own process)",
    )
    arguments = parser.parse_args()
    config = TrainConfig.load(arguments.config)
    out = arguments.out or cache_folder() / "runs" / arguments.config.stem
    warm_start = None if arguments.warm_start == "none" else Path(arguments.warm_start)
    train(config, out, arguments.hours, arguments.samples, warm_start, max(1, arguments.threads))


if __name__ == "__main__":
    main()
