"""Single pictures: every face from several boxes and mirrored, pass by pass, as `face3d image` would see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from evaluation.examples import Example
from evaluation.measures import (
    PARTS,
    PASSES,
    Interval,
    bootstrap,
    mean_interval,
    mirrored,
    nme,
)
from face3d.codec import Geometry
from face3d.crop import crop_of, pose_from_box
from face3d.model import FaceModel
from face3d.runtime import Runtime
from training.evaluate import iterate

YAW_BINS = ((0, 30), (30, 60), (60, 90))
_INSIDE = 0.8  # of the crop must be in the picture for the face to count as whole
_SHIFT, _ZOOM = 0.05, 0.08  # of jittered boxes: standard deviations in sides and in log size


@dataclass(frozen=True, eq=False)
class Trials:
    """Every face from every box.

    examples    the faces; `owner` (T,) says which one each trial is of
    points      (T, PASSES + 1, 68, 2) estimates in the picture's own pixels, the start first
    confidence  (T,) after the last pass
    geometries  per example all passes from the detector's own box, in the picture as it is
    """

    examples: list[Example]
    owner: np.ndarray
    points: np.ndarray
    confidence: np.ndarray
    geometries: list[list[Geometry]]

    def errors(self, part: str, against: str = "mean") -> np.ndarray:
        """(T, PASSES + 1) NME of a part of the points against 'mean', 'mediapipe' or 'dlib'."""
        result = np.empty(self.points.shape[:2])
        for trial, index in enumerate(self.owner):
            reference = self.examples[index].reference
            target = getattr(reference, against)[:, :2]
            result[trial] = [nme(points, target, reference.size, part) for points in self.points[trial]]
        return result

    def clusters(self) -> list[str]:
        """(T,) the piece that each trial is of."""
        return [self.examples[index].cluster for index in self.owner]


def run(
    examples: list[Example], model: FaceModel, network: Runtime, jitters: int = 2, seed: int = 3
) -> Trials:
    """Each example from the detector's box and `jitters` shaken ones, and all of that mirrored."""
    rng = np.random.default_rng(seed)
    owner, points, confidence, geometries = [], [], [], []
    for index, example in enumerate(tqdm(examples, "photographs", unit="face", leave=False, disable=None)):
        width = example.image.shape[1]
        images = [example.image, np.ascontiguousarray(example.image[:, ::-1])]
        cases = [
            (side, _mirrored_box(box, width) if side else box)
            for box in [example.box, *(shaken(example.box, rng) for _ in range(jitters))]
            for side in (0, 1)
        ]
        starts = [Geometry.mean(pose_from_box(box)) for _, box in cases]
        shown = [images[side] for side, _ in cases]
        history, sure = iterate(network.infer, shown, starts, model, PASSES)
        steps = [starts, *history]
        for trial, (side, _) in enumerate(cases):
            found = [landmarks(step[trial], model) for step in steps]
            points.append([mirrored(p, width) if side else p for p in found])
        owner += [index] * len(cases)
        confidence += list(sure)
        geometries.append([step[0] for step in steps])
    shape = (-1, PASSES + 1, 68, 2)
    return Trials(
        examples, np.array(owner, int), np.array(points).reshape(shape), np.array(confidence), geometries
    )


def run_passes(image: np.ndarray, start: Geometry, model: FaceModel, network: Runtime) -> list[Geometry]:
    """The start and the estimates after each pass for one face."""
    history, _ = iterate(network.infer, [image], [start], model, PASSES)
    return [start, *(step[0] for step in history)]


def landmarks(geometry: Geometry, model: FaceModel) -> np.ndarray:
    """(68, 2) in image pixels."""
    points = model.landmarks(geometry.identity, geometry.expression, geometry.pose.rotation)
    return geometry.pose.project(points)[:, :2].astype(float)


def measure(trials: Trials) -> dict:
    """All tables of the photographs; NME in percent. Keys as the report uses them."""
    clusters = trials.clusters()
    by_part = {part: 100 * trials.errors(part) for part in PARTS}
    last = {part: errors[:, PASSES] for part, errors in by_part.items()}
    yaw = np.abs([example.yaw for example in trials.examples])
    both = np.array([trials.examples[index].reference.both for index in trials.owner], bool)
    result: dict = {
        "faces": len(trials.examples),
        "trials": len(trials.owner),
        "passes": {
            part: [mean_interval(errors[:, step], clusters) for step in range(PASSES + 1)]
            for part, errors in by_part.items()
        },
        "references": {
            against: {
                part: mean_interval(
                    100 * trials.errors(part, against)[both, PASSES], np.array(clusters)[both]
                )
                for part in PARTS
            }
            for against in ("mean", "mediapipe", "dlib")
        },
        "median": bootstrap(lambda rows: float(np.median(last["all 68"][rows])), clusters),
        "whole": mean_interval(
            [last["all 68"][t] for t, i in enumerate(trials.owner) if is_whole(trials.examples[i])],
            [clusters[t] for t, i in enumerate(trials.owner) if is_whole(trials.examples[i])],
        ),
        "steadiness": steadiness(trials),
        "kept": mean_interval(100.0 * (trials.confidence >= 0.3), clusters),
        "detected": mean_interval(
            [100.0 * e.detected for e in trials.examples], [e.cluster for e in trials.examples]
        ),
    }
    result["references"]["MediaPipe - dlib"] = {part: _floor(trials.examples, part) for part in PARTS}
    result["yaw"] = {}
    for low, high in YAW_BINS:
        chosen = [trial for trial, index in enumerate(trials.owner) if low <= yaw[index] < high]
        inside = [example for example, angle in zip(trials.examples, yaw) if low <= angle < high]
        names = [clusters[trial] for trial in chosen]
        result["yaw"][f"{low}-{high}"] = {
            "faces": len(inside),
            **{part: mean_interval(last[part][chosen], names) for part in ("all 68", "without the jaw")},
            "floor": _floor(inside, "all 68"),
        }
    result["sources"] = _by_source(trials, last, yaw)
    return result


def steadiness(trials: Trials) -> dict[str, Interval]:
    """How far the points of one face depend on what should not matter, in % of its size, after the last pass.

    boxes   mean distance of the points from where they are on average over the boxes
    mirror  mean distance between a picture's average and its mirror image's
    """
    boxes, mirror, clusters = [], [], []
    for index, example in enumerate(trials.examples):
        last = 100 * trials.points[trials.owner == index, PASSES] / example.reference.size
        sides = last[0::2], last[1::2]  # as `run` makes them: the picture and its mirror image in turn
        means = [side.mean(0) for side in sides]
        boxes.append(np.mean([np.linalg.norm(side - mean, axis=2) for side, mean in zip(sides, means)]))
        mirror.append(np.linalg.norm(means[0] - means[1], axis=1).mean())
        clusters.append(example.cluster)
    return {"boxes": mean_interval(boxes, clusters), "mirror": mean_interval(mirror, clusters)}


def is_whole(example: Example) -> bool:
    """Whether the picture goes on around the face: most of the network's crop lies inside it."""
    crop = crop_of(pose_from_box(example.box))
    low = np.maximum(0.0, crop.centre - 0.5 * crop.size)
    high = np.minimum(example.image.shape[1::-1], crop.centre + 0.5 * crop.size)
    return bool(np.prod(np.maximum(0.0, high - low)) >= _INSIDE * crop.size**2)


def _by_source(trials: Trials, last: dict[str, np.ndarray], yaw: np.ndarray) -> dict[str, dict]:
    table = {}
    for source in dict.fromkeys(example.source for example in trials.examples):
        chosen = [t for t, index in enumerate(trials.owner) if trials.examples[index].source == source]
        inside = [i for i, example in enumerate(trials.examples) if example.source == source]
        table[source] = {
            "faces": len(inside),
            "yaw": float(np.max(yaw[inside])),
            **{part: float(last[part][chosen].mean()) for part in PARTS},
            "floor": _floor([trials.examples[i] for i in inside], "all 68").value,
        }
    return table


def _floor(examples: list[Example], part: str) -> Interval:
    examples = [example for example in examples if example.reference.both]
    values = [
        100 * nme(e.reference.mediapipe[:, :2], e.reference.dlib, e.reference.size, part) for e in examples
    ]
    return mean_interval(values, [example.cluster for example in examples])


def _mirrored_box(box: tuple[float, ...], width: int) -> tuple[float, ...]:
    return (width - box[0] - box[2], *box[1:])


def shaken(box: tuple[float, ...], rng: np.random.Generator) -> tuple[float, ...]:
    side = box[2] * np.exp(_ZOOM * rng.normal())
    x, y = np.array(box[:2]) + 0.5 * (box[2] - side) + _SHIFT * box[2] * rng.normal(size=2)
    return (float(x), float(y), float(side), float(side))
