"""Hard conditions: the pictures of `photographs` again, spoiled as cameras and rooms spoil them.

The question is not how exact an answer is but how far it moves: the distance of the 68 points from what the same
program says of the picture as it is. That needs no truth, and MediaPipe can be asked the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from evaluation.examples import Example
from evaluation.measures import PASSES, Interval, face_size, mean_interval, nme
from evaluation.photographs import landmarks
from evaluation.references import References
from evaluation.spoiling import CONDITIONS, SURROUNDINGS
from face3d.codec import Geometry
from face3d.crop import Crop, crop_of, extract, pose_from_box
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.track import TrackerSettings
from training.evaluate import iterate

SIDE = 320  # pixels: every face's surroundings are brought to this size first
_LOST = TrackerSettings().keep_confidence  # below it a face counts as lost
_SHOWN = 8  # faces in the figure, about


@dataclass(frozen=True, eq=False)
class Found:
    """By condition.

    moved  how far answers move, ours and MediaPipe's: (E,) NME to the program's own answer on the picture as it is, NaN
           where it finds no face any more
    shown  for the figure, some spoiled pictures with our faces
    """

    moved: dict[str, tuple[np.ndarray, np.ndarray]]
    shown: dict[str, list[tuple[np.ndarray, Geometry]]]


def surroundings(example: Example) -> tuple[np.ndarray, Geometry]:
    """(SIDE, SIDE, 3) uint8 picture around a face, black outside of its own, and the mean face on its box there."""
    pose = pose_from_box(example.box)
    crop = crop_of(pose)
    wide = Crop(crop.cx, crop.cy, SURROUNDINGS * crop.size)
    return extract(example.image, wide, SIDE), Geometry.mean(pose.to_crop(wide, SIDE))


def run(
    examples: Sequence[Example], model: FaceModel, network: Runtime, references: References, seed: int = 5
) -> Found:
    """Every face in every condition, for both programs the same spoiled pictures. MediaPipe looks for the face by
    itself; ours starts from the box of the picture as it is."""
    starts = [surroundings(example) for example in examples]
    pictures = [picture for picture, _ in starts]
    ours, _ = _answers(pictures, starts, model, network)
    theirs = _mediapipe(pictures, references)
    found = Found({}, {})
    for number, (name, spoil) in enumerate(tqdm(CONDITIONS.items(), "conditions", leave=False, disable=None)):
        rng = np.random.default_rng((seed, number))
        spoiled = [np.ascontiguousarray(spoil(picture, rng)) for picture in pictures]
        points, geometries = _answers(spoiled, starts, model, network)
        found.moved[name] = _moved(ours, points), _moved(theirs, _mediapipe(spoiled, references))
        found.shown[name] = list(zip(spoiled, geometries))[:: max(1, len(examples) // _SHOWN)]
    return found


def measure(found: Found, clusters: Sequence[str]) -> dict[str, dict]:
    """Per condition and program: mean distance of the faces kept, and share kept, both in percent."""
    return {
        condition: {
            program: _measured(moved, np.array(clusters))
            for program, moved in zip(("ours", "MediaPipe"), programs)
        }
        for condition, programs in found.moved.items()
    }


def _measured(moved: np.ndarray, clusters: np.ndarray) -> dict[str, Interval]:
    kept = np.isfinite(moved)
    return {
        "distance": mean_interval(100 * moved[kept], clusters[kept]),
        "kept": mean_interval(100.0 * kept, clusters),
    }


def _answers(
    pictures: list[np.ndarray], starts: list[tuple[np.ndarray, Geometry]], model: FaceModel, network: Runtime
) -> tuple[np.ndarray, list[Geometry]]:
    """(E, 68, 2) of our network after all passes, NaN where it does not believe in a face; and its faces."""
    history, confidence = iterate(network.infer, pictures, [start for _, start in starts], model, PASSES)
    points = np.array([landmarks(geometry, model) for geometry in history[-1]])
    points[confidence < _LOST] = np.nan
    return points, history[-1]


def _mediapipe(pictures: list[np.ndarray], references: References) -> np.ndarray:
    """(E, 68, 2) of MediaPipe; NaN where it finds no face."""
    key = hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    return references.compute(key, pictures)[:, :, :2].astype(float)


def _moved(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.array([nme(now, then, face_size(then)) for then, now in zip(before, after)])
