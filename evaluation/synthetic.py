"""Held-back synthetic faces, whose truth is known: millimetres, degrees and correlations with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from evaluation.measures import (
    PASSES,
    SYNTHETIC_PASS,
    bootstrap,
    correlation,
    correlation_interval,
    mean_interval,
)
from face3d.codec import Geometry
from face3d.model import FaceModel
from face3d.runtime import Runtime
from training.evaluate import TRACKED_UNITS, YAW_BINS, TestSet, errors_of, iterate, truth_of, yaw_of
from training.faces import Sample
from training.priors import PriorConfig, start_prior

MEASURES = ("nme", "rotation", "vertices")
KINDER = (0.0, 0.5)
"""Lower difficulties that are measured, too: 0 is a plain picture, nearly frontal, with nothing in the way."""
_MODES = 10  # identity coefficients that correlations are averaged over: those that move most


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A test set and what the network makes of it; `history` is [pass][face], the start first."""

    samples: list[Sample]
    truths: list[Geometry]
    history: list[list[Geometry]]
    confidence: np.ndarray
    empty_confidence: np.ndarray
    stay: list[list[Geometry]]


def run(count: int, model: FaceModel, network: Runtime) -> Synthetic:
    """Draw the faces (always the same), iterate from a detector's box, and from the truth."""
    with tqdm(total=5, desc=f"synthetic, {count} faces", unit="step", leave=False, disable=None) as progress:
        test = TestSet.draw(count)
        progress.update()
        rng = np.random.default_rng(7)
        images, truths, starts = _shown(test.faces, rng)
        history, confidence = iterate(network.infer, images, starts, model, PASSES)
        progress.update(2)
        stay, _ = iterate(network.infer, images, truths, model, PASSES)
        progress.update()
        empty = np.zeros(0)
        if test.empty:
            pictures, _, boxes = _shown(test.empty, rng)
            _, empty = iterate(network.infer, pictures, boxes, model, 1)
        progress.update()
    return Synthetic(test.faces, truths, [starts, *history], confidence, empty, stay)


def measure_kinder(count: int, model: FaceModel, network: Runtime) -> dict[str, dict]:
    """Errors as `measure` names them, after SYNTHETIC_PASS passes from a detector's box, on `count` faces of each
    difficulty of KINDER: how much of the error at full difficulty is the picture's."""
    result = {}
    for difficulty in tqdm(KINDER, desc="kinder faces", unit="set", leave=False, disable=None):
        faces = TestSet.draw(count, difficulty=difficulty).faces
        images, truths, starts = _shown(faces, np.random.default_rng(7))
        history, _ = iterate(network.infer, images, starts, model, SYNTHETIC_PASS)
        found = _errors(history[-1], truths, model)
        result[f"{difficulty:g}"] = {"faces": count, **{key: mean_interval(found[key]) for key in MEASURES}}
    return result


def measure(synthetic: Synthetic, model: FaceModel) -> dict:
    """All numbers: NME in percent, rotation in degrees, vertices in millimetres after similarity alignment."""
    truths = synthetic.truths
    errors = [_errors(estimates, truths, model) for estimates in synthetic.history]
    yaw = np.abs([yaw_of(truth.pose) for truth in truths])
    bins = {}
    for low, high in YAW_BINS:
        chosen = (yaw >= low) & (yaw < high)
        bins[f"{low}-{high}"] = {
            "faces": int(chosen.sum()),
            **{key: mean_interval(errors[SYNTHETIC_PASS][key][chosen]) for key in MEASURES},
        }
    last = synthetic.history[-1]
    guess, truth = (np.stack([g.identity for g in group])[:, :_MODES] for group in (last, truths))
    identity = bootstrap(
        lambda rows: float(np.mean([correlation(guess[rows, k], truth[rows, k]) for k in range(_MODES)])),
        range(len(truths)),
        rounds=300,
    )
    stay = [_errors(estimates, truths, model)["nme"] for estimates in synthetic.stay]
    return {
        "faces": len(truths),
        "passes": {key: [mean_interval(error[key]) for error in errors] for key in MEASURES},
        "yaw": bins,
        "fixed point": [mean_interval(values) for values in stay],
        "identity": identity,
        "units": _units(last, truths, model),
        "faces kept": mean_interval(100.0 * (synthetic.confidence > 0.5)),
        "empty refused": mean_interval(100.0 * (synthetic.empty_confidence < 0.5)),
    }


def _shown(
    samples: Sequence[Sample], rng: np.random.Generator
) -> tuple[list[np.ndarray], list[Geometry], list[Geometry]]:
    """Images, truths, and where a shaky detector's boxes would start."""
    truths = [truth_of(sample) for sample in samples]
    starts = [start_prior(truth, PriorConfig(), rng) for truth in truths]
    return [sample.image for sample in samples], truths, starts


def _errors(estimates: list[Geometry], truths: list[Geometry], model: FaceModel) -> dict[str, np.ndarray]:
    """As `training.evaluate.errors_of`, NME in percent."""
    found = errors_of(estimates, truths, model)
    return {**found, "nme": 100 * found["nme"]}


def _units(estimates: list[Geometry], truths: list[Geometry], model: FaceModel) -> dict:
    names = [name.rsplit("/", 1)[-1] for name in model.expression_names]
    result = {}
    for unit in TRACKED_UNITS:
        if unit in names:
            k = names.index(unit)
            a, b = (np.array([g.expression[k] for g in group]) for group in (estimates, truths))
            result[unit] = correlation_interval(a, b, range(len(truths)))
    return result
