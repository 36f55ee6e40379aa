"""Does the tracker know when it has no face? Short scenes in which the truth is known for every frame.

A picture with a face moves as before a hand-held camera, then it is cut to a picture without one, or something is held
before the face for a while; and pictures without a face get boxes, as from a detector that is wrong. Faces: held-back
synthetic ones and real stills; without: photographs, walls, noise and a film that training does not use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from evaluation.measures import Interval, bootstrap, mean_interval
from evaluation.pictures import Box, Picture
from evaluation.walk import Walk
from face3d.camera import Camera
from face3d.crop import box_of_pose, overlap
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker

SIZE = (320, 240)
KINDS = ("cut", "hidden", "false box")
SOON = 5  # frames within which a face that is gone must be given up
_PERIOD = 33_333_333  # ns
_SEEN, _GONE, _HIDDEN, _AGAIN = 24, 20, 8, 10  # frames
_FACE = 95.0  # pixels of a detection box in a scene, about
_SAME = 0.3  # overlap of boxes from which a reported face is the one that is there
BINS = ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01))
"""Of the network's confidence, for its calibration."""


@dataclass(eq=False)
class Outcome:
    """What the tracker made of a scene, by frame.

    face        whether there is one
    shown       whether the tracker gave it; `wrong`: whether it gave a face where there is none
    first       first frame without the face, or -1
    confidence  (confidence, face) of each pass of the network on a face that was tracked
    """

    kind: str
    name: str
    face: list[bool] = field(default_factory=list)
    shown: list[bool] = field(default_factory=list)
    wrong: list[bool] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)
    first: int = -1
    confidence: list[tuple[float, bool]] = field(default_factory=list)


class _Listening:
    """A runtime that keeps what the network said last."""

    def __init__(self, network: Runtime) -> None:
        self._network, self.last = network, np.zeros(0)
        self.metadata = network.metadata

    def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs, self.last = self._network.infer(batch)
        return outputs, self.last

    def close(self) -> None:
        self._network.close()


def run(
    faces: Sequence[Picture], empty: Sequence[Picture], model: FaceModel, network: Runtime
) -> list[Outcome]:
    """Every face is cut to a picture without one, and hidden behind another; every empty picture gets false boxes."""
    rng, outcomes = np.random.default_rng(12), []
    order = rng.permutation(len(empty))
    jobs: list[tuple[str, Picture | None, Picture]] = []
    jobs += [("cut", face, empty[order[k % len(empty)]]) for k, face in enumerate(faces)]
    jobs += [("hidden", face, empty[order[(k + 7) % len(empty)]]) for k, face in enumerate(faces)]
    jobs += [("false box", None, picture) for picture in empty]
    for kind, face, other in tqdm(jobs, "confidence", unit="scene", leave=False, disable=None):
        name = (face or other).name
        outcomes.append(_follow(Outcome(kind, name), _scene(kind, face, other, rng), model, network))
    return outcomes


def measure(outcomes: Sequence[Outcome]) -> dict:
    """Precision and recall over frames, how fast lost faces end, false starts, calibration."""
    columns = {
        "face": np.array([float(sum(outcome.face)) for outcome in outcomes]),
        "shown": np.array([float(sum(outcome.shown)) for outcome in outcomes]),
        "good": np.array([float(sum(o.shown) - sum(o.wrong)) for o in outcomes]),
    }
    every = range(len(outcomes))

    def share(over: str) -> Interval:
        return bootstrap(
            lambda rows: float(100 * columns["good"][rows].sum() / max(1.0, columns[over][rows].sum())), every
        )

    lost = [o for o in outcomes if o.first > 0 and o.face[o.first - 1] and o.shown[o.first - 1]]
    late = [_late(outcome) for outcome in lost]
    false = [outcome for outcome in outcomes if outcome.kind == "false box"]
    hidden = [outcome for outcome in outcomes if outcome.kind == "hidden" and outcome in lost]
    said = np.array([row for outcome in outcomes for row in outcome.confidence], float).reshape(-1, 2)
    return {
        "scenes": len(outcomes),
        "frames": int(sum(len(outcome.face) for outcome in outcomes)),
        "precision": share("shown"),
        "recall": share("face"),
        "ended soon": mean_interval([100.0 * (frames <= SOON) for frames in late]),
        "longest": int(max(late, default=0)),
        "kept through": mean_interval([100.0 * (o.shown[-1] and len(o.ids) == 1) for o in hidden]),
        "false starts": mean_interval([100.0 * any(outcome.shown) for outcome in false]),
        "area": bootstrap(lambda rows: _area(said[rows]), np.arange(len(said)) // _SEEN, rounds=200),
        "calibration": [
            {
                "from": low,
                "to": min(high, 1.0),
                "passes": int(inside.sum()),
                "face": float(100 * said[inside, 1].mean()),
            }
            for low, high in BINS
            if (inside := (said[:, 0] >= low) & (said[:, 0] < high)).any()
        ],
        "wrong": sorted({f"{o.kind}: {o.name}" for o in outcomes if sum(o.wrong) > SOON}),
    }


def _late(outcome: Outcome) -> int:
    """Frames for which the face is still shown after it has gone."""
    gone = [shown and not face for shown, face in zip(outcome.shown, outcome.face)][outcome.first :]
    return next((index for index in range(len(gone), 0, -1) if gone[index - 1]), 0)


def _area(said: np.ndarray) -> float:
    """Area under the ROC curve: how often the network is surer of a face than of something else."""
    face, other = said[said[:, 1] > 0, 0], said[said[:, 1] == 0, 0]
    if not len(face) or not len(other):
        return float("nan")
    order = np.sort(other)
    below = np.searchsorted(order, face, "left") + np.searchsorted(order, face, "right")
    return float(0.5 * below.mean() / len(order))


def _follow(
    outcome: Outcome,
    scene: Iterator[tuple[np.ndarray, Box | None, Box | None]],
    model: FaceModel,
    network: Runtime,
) -> Outcome:
    listening = _Listening(network)
    tracker, state = Tracker(model, listening, TrackerSettings()), TrackerState()
    camera = Camera.from_fov(*SIZE)
    for index, (image, truth, given) in enumerate(scene):
        tracked = bool(state.tracks)
        faces, state = tracker.step(image, camera, [given] if given else None, state, index * _PERIOD)
        if tracked and len(listening.last):
            outcome.confidence.append((float(listening.last[0]), truth is not None))
        right = [truth is not None and overlap(box_of_pose(f.geometry.pose), truth) >= _SAME for f in faces]
        outcome.face.append(truth is not None)
        outcome.shown.append(bool(faces))
        outcome.wrong.append(bool(faces) and not any(right))
        outcome.ids |= {face.id for face in faces}
        if truth is None and outcome.first < 0 and index:
            outcome.first = index
    return outcome


def _scene(
    kind: str, face: Picture | None, other: Picture, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, Box | None, Box | None]]:
    """Frames: image, the face's box if there is one, and the box that the detector gives."""
    walk, away = Walk(face or other, rng, SIZE, _FACE), Walk(other, rng, SIZE, _FACE)
    if face is None:
        for index in range(_GONE):
            image, _ = away.frame(index, rng)
            size = rng.uniform(60, 140)
            false = (rng.uniform(0, SIZE[0] - size), rng.uniform(0, SIZE[1] - size), size, size)
            yield image, None, false if index % 5 == 0 else None
        return
    for index in range(_SEEN):
        image, box = walk.frame(index, rng)
        yield image, box, box if index == 0 else None
    if kind == "cut":
        for index in range(_GONE):
            yield away.frame(index, rng)[0], None, None
        return
    for index in range(_HIDDEN + _AGAIN):
        image, box = walk.frame(_SEEN + index, rng)
        if index < _HIDDEN:
            assert box is not None  # a picture with a face knows where it is
            cover, _ = away.frame(index, rng)
            x, y, side, _ = box
            left, top = (max(0, round(value - 0.5 * side)) for value in (x, y))
            area = (slice(top, round(y + 1.5 * side)), slice(left, round(x + 1.5 * side)))
            image[area] = cover[area]
        yield image, None if index < _HIDDEN else box, None
