"""Settings of a training run. Each experiment is a TOML file in training/configs and a row in docs/TRAINING.md."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.network import NetworkConfig
from training.priors import PriorConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class LossConfig:
    """Weights of the loss terms, each chosen so that its term is of order one at the start of training.

    geometry_norm: "l1" or "l2" on the model-space vertices (the report: L1 is better).
    lips, eyelids, brows: weight of a point of these regions in geometry and projection; elsewhere it is 1.
    spans: weight of how far eyes and mouth are open and brows raised; 0 leaves that to the projection.
    triplet: weight of the triplet term with the perturbed prior as the negative; 0 switches it off.
    lift: weight of the loss of faces that are points alone; lift_shape, lift_expression, lift_pose: its own terms,
    beside identity, whose weight is 1.
    """

    projection: float = 15.0
    spans: float = 0.0
    geometry: float = 80.0
    geometry_norm: str = "l1"
    lips: float = 2.5
    eyelids: float = 8.0
    brows: float = 3.0
    pose: float = 1.0
    identity: float = 0.3
    expression: float = 40.0
    points: float = 8.0
    heat: float = 0.15
    lift: float = 0.3
    lift_shape: float = 0.2
    lift_expression: float = 40.0
    lift_pose: float = 10.0
    dense: float = 1.0
    confidence: float = 0.3
    triplet: float = 0.0


@dataclass(frozen=True)
class DataConfig:
    """Synthetic samples and their reuse.

    pool: images kept for replay; replays: batches are held back until every image is used at most this often on
    average; easiest: each face is drawn at a difficulty from this share of the current one to all of it, as most
    photographs are kinder than the hardest; ramp: (start, end) in samples seen, between which the generator's
    difficulty rises from 0 to 1.
    """

    pool: int = 8000
    first: int = 1500
    replays: float = 6.0
    easiest: float = 0.4
    ramp: tuple[int, int] = (8_000, 80_000)
    workers: int = 1
    seed: int = 1


@dataclass(frozen=True)
class VariationConfig:
    """How a replayed image differs from the time before (`training/variation.py`), beside its tones.

    texture: share that is blended with a random filter of itself; shade: share with uneven light over it.
    """

    texture: float = 0.0
    shade: float = 0.0


@dataclass(frozen=True)
class ScheduleConfig:
    """Learning rate and its end.

    kind: "plateau" multiplies the rate by `factor` after `patience` evaluations without a better vertex error;
    "exponential" by `factor` every `patience` evaluations; "budget" keeps the rate and lowers it linearly to zero
    over the last fifth of `--hours` or `--samples`. Training stops early when the rate has fallen below `stop`.
    """

    kind: str = "plateau"
    rate: float = 1.5e-3
    warmup: int = 300
    factor: float = 0.4
    patience: int = 6
    stop: float = 1e-5


@dataclass(frozen=True)
class TrainConfig:
    """A whole run. lift_steps: batches of points that the lifting learns from before a run from scratch begins;
    lift_batch: faces as points alone that it sees beside every batch of images, so that it keeps what it knows;
    average: decay of the weights' moving average; evaluate_every: samples."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    prior: PriorConfig = field(default_factory=PriorConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    data: DataConfig = field(default_factory=DataConfig)
    variation: VariationConfig = field(default_factory=VariationConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    batch: int = 32
    weight_decay: float = 0.01
    average: float = 0.999
    lift_steps: int = 6000
    lift_batch: int = 128
    evaluate_every: int = 48_000
    test_faces: int = 192

    @staticmethod
    def load(path: Path) -> TrainConfig:
        """Settings from a TOML file whose tables carry the names above. An unknown name is an error."""
        with open(path, "rb") as file:
            return _build(TrainConfig, tomllib.load(file), str(path))


def _build(kind: Any, values: dict, where: str) -> Any:
    known = {item.name: item for item in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"{where}: unknown setting {unknown[0]!r}; known here: {', '.join(sorted(known))}")
    defaults = kind()
    built = {}
    for name, value in values.items():
        default = getattr(defaults, name)
        if dataclasses.is_dataclass(default):
            value = _build(type(default), value, f"{where} [{name}]")
        elif isinstance(default, tuple):
            value = tuple(value)
        elif not isinstance(value, type(default)) and not (
            isinstance(default, float) and isinstance(value, int)
        ):
            raise ValueError(f"{where}: {name} must be {type(default).__name__}, got {value!r}")
        built[name] = value
    return dataclasses.replace(defaults, **built)
