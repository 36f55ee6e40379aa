"""A training run: the network and what changes with it, one step, one evaluation, and the files that keep them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from face3d.model import FaceModel
from training.checkpoint import log, save
from training.config import TrainConfig
from training.curves import plot, read
from training.evaluate import TestSet, evaluate, format_report
from training.lifting import LiftLoss, LiftSource, teach
from training.losses import FaceLoss
from training.network import FaceNetwork
from training.points import point_codes
from training.schedule import Schedule
from training.weights import grow, read_weights


class State(TypedDict):
    """What a checkpoint counts: samples seen, seconds trained, starts of the run."""

    samples: int
    seconds: float
    starts: int


class Run:
    """State of a run in the folder `out`; resumes by itself when a checkpoint lies there.

    hours: end after this time over all starts; samples: after this many more samples; 0: no limit.
    warm_start: network file that a new run begins with, None: from scratch.
    Attributes: seen, samples over all runs before and this one; first, judged: what it was at this start and at the
    last evaluation; rate; difficulty, 0..1; terms, the loss and its
    terms, averaged over some 50 steps; report, the last evaluation.
    Raises SystemExit when the run's hours are already over.
    """

    def __init__(self, config: TrainConfig, out: Path, hours: float, samples: int, warm_start: Path | None):
        torch.manual_seed(config.data.seed)
        out.mkdir(parents=True, exist_ok=True)
        self.config, self.out, self.hours, self.samples = config, out, hours, samples
        self.model = FaceModel.load()
        self.loss = FaceLoss(self.model, config.loss)
        self.points = LiftSource(self.model, self.loss, config.prior, seed=config.data.seed)
        self.lift_loss = LiftLoss(self.loss)
        self.network = FaceNetwork(config.network, point_codes(self.model)).to(
            memory_format=torch.channels_last
        )
        self.average = AveragedModel(self.network, avg_fn=averaging(config.average), use_buffers=True)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.schedule.rate, weight_decay=config.weight_decay, fused=True
        )
        self.schedule = Schedule(config.schedule, limited=hours > 0 or samples > 0)
        self.state = State(samples=0, seconds=0.0, starts=0)
        self._begin(warm_start)
        self.state["starts"] += 1
        self.seed = config.data.seed + 1000 * self.state["starts"]
        torch.manual_seed(self.seed)
        # the test faces are those of today's generator, so what an earlier start found best is not compared with
        self.best = float("inf")
        self.test = TestSet.draw(config.test_faces)
        self.first = self.judged = self.seen
        self._begun, self._spent = time.monotonic(), self.state["seconds"]
        self.rate = 0.0
        self.terms: dict[str, float] = {}
        self.report: dict[str, Any] = {}

    @property
    def seen(self) -> int:
        return self.state["samples"]

    @property
    def difficulty(self) -> float:
        low, high = self.config.data.ramp
        return float(np.clip((self.seen - low) / (high - low), 0, 1))

    def _begin(self, warm_start: Path | None) -> None:
        checkpoint = self.out / "checkpoint.pt"
        if checkpoint.exists():
            saved = torch.load(checkpoint, weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(saved[name])
            state = saved["state"]
            self.state = State(samples=state["samples"], seconds=state["seconds"], starts=state["starts"])
            if 0 < self.hours <= self.state["seconds"] / 3600:
                raise SystemExit(
                    f"{checkpoint} has trained its {self.hours:g} hours: give more --hours, or another --out"
                )
            print(f"resumed {checkpoint} at {self.seen:,} samples")
        elif warm_start:
            weights = read_weights(warm_start)
            self.network.load_state_dict(grow(weights["network"], self.network))
            self.average.module.load_state_dict(self.network.state_dict())
            self.state["samples"] = weights["samples"]
            print(f"warm start from {warm_start}, which has seen {self.seen:,} samples")
        else:
            teach(self.network.lift, self.points, self.lift_loss, self.config.lift_steps)
            self.average.module.load_state_dict(self.network.state_dict())

    def _parts(self) -> dict:
        return {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }

    def advance(self) -> bool:
        """Set the learning rate of the next step; False when the run is over."""
        self.state["seconds"] = self._spent + time.monotonic() - self._begun
        seen = self.seen - self.first
        spent = max(self.state["seconds"] / 3600 / (self.hours or np.inf), seen / (self.samples or np.inf))
        self.rate = self.schedule.rate(seen // self.config.batch, spent)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        return not self.schedule.finished

    def step(self, batch: dict[str, np.ndarray]) -> np.ndarray:
        """One optimiser step on a batch of `drafts.FIELDS`; returns the network's outputs (B, 290) before it.

        Raises FloatingPointError, and leaves the weights alone, when the loss is not finite.
        """
        tensors = {name: torch.from_numpy(batch[name]) for name in batch if name != "output"}
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16):
            output = self.network(tensors.pop("image"))
        loss, terms = self.loss(output, **tensors)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at {self.seen:,} samples: {terms}")
        # keeps what points mean while images are hard to read
        drawn = self.points.draw(self.config.lift_batch)
        lifted = self.lift_loss(self.network.lift(drawn.points, drawn.prior_points), drawn.target)
        self.optimizer.zero_grad(set_to_none=True)
        (loss + self.config.loss.lift * sum(lifted.values())).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.state["samples"] += self.config.batch
        now = {name: value.item() for name, value in terms.items()}
        now |= {"loss": loss.item(), "lift": lifted["shape"].item()}
        self.terms = {name: 0.98 * self.terms.get(name, value) + 0.02 * value for name, value in now.items()}
        return output.coefficients.detach().numpy()

    def judge(self, rendered: int) -> str:
        """Evaluate the averaged weights on the held-back faces; curve, checkpoint and, if it is better than what
        this start has seen, best.pt are written. Returns the report as text; `rendered` images go into the curve."""
        self.judged = self.seen
        self.report = evaluate(inference_of(self.average.module), self.test, self.model)
        measured = self.report["pass 3"]
        self.schedule.observe(measured["vertices"])
        now = {"rendered": rendered, "rate": self.rate, "difficulty": self.difficulty}
        now |= {"hours": self.state["seconds"] / 3600, "loss": self.terms["loss"]}
        log(self.out / "curve.csv", {**self.state, **measured, **now})
        plot([(self.out.name, read(self.out))], self.out / "curve.svg")
        self.keep()
        if measured["vertices"] < self.best:
            self.best = measured["vertices"]
            weights = {"network": self.average.module.state_dict(), "config": self.config.network.as_dict()}
            save(self.out / "best.pt", {**weights, "samples": self.seen, "face_model": self.model.hash})
            (self.out / "best.json").write_text(json.dumps({**self.report, "samples": self.seen}, indent=1))
        return f"\n{self.seen:,} samples, {rendered:,} images\n{format_report(self.report)}"

    def keep(self) -> None:
        """Write the checkpoint."""
        saved = {name: part.state_dict() for name, part in self._parts().items()}
        save(
            self.out / "checkpoint.pt",
            {**saved, "state": self.state, "config": self.config.network.as_dict()},
        )


def inference_of(network: torch.nn.Module) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """An `infer` for training.evaluate from a torch network: batch (B, 9, 200, 200) uint8 to coefficients (B, 290)
    and confidence (B,)."""

    @torch.no_grad()
    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        network.eval()
        with torch.autocast("cpu", torch.bfloat16):
            coefficients, confidence = network.answer(torch.from_numpy(batch))
        return coefficients.numpy(), confidence.sigmoid().numpy()

    return infer


def averaging(decay: float):
    """Exponential moving average of the weights; until `decay` holds, a mean in which the n-th step counts n times."""

    def average(old: torch.Tensor, new: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        keep = min(decay, (1 + float(count)) / (3 + float(count)))
        return new + keep * (old - new)

    return average
