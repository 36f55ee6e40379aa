"""Pictures to be measured on: faces in stills and frames of clips, each with our detector's box and its reference."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from evaluation.development import Clip, clips, stills
from evaluation.measures import face_size, head_yaw
from evaluation.references import Reference, References, reference_of
from face3d.codec import EXPRESSION, IDENTITY
from face3d.detector import STILL, Detector
from face3d.model import FaceModel
from face3d.source import VideoFile, read_image

REFERENCE_STEP = 2  # of a clip every second frame has a reference
_TURNED = 25.0  # degrees from which MediaPipe's word alone counts: see the scan's table of references by yaw
_BLOCK = 2.0  # seconds of a clip that count as one piece
_WINDOW = 2.4  # sides of the square, in boxes, that the references are shown
_MOST = 512  # pixels of its side


@dataclass(frozen=True, eq=False)
class Example:
    """One face in one picture.

    source    file or clip it is from, and `cluster` the piece of it: pieces are independent, their pictures are not
    yaw       degrees, from MediaPipe's three-dimensional points: the network has no say in it
    box       (x, y, width, height) of our detector; where that finds nothing, made from the reference (`detected`)
    """

    name: str
    source: str
    cluster: str
    image: np.ndarray
    box: tuple[float, float, float, float]
    detected: bool
    reference: Reference
    yaw: float = 0.0


@dataclass
class Collection:
    """All examples, and what was left out and why. neutral: the model's landmarks (68, 3)."""

    neutral: np.ndarray
    examples: list[Example] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)

    def add(self, example: Example | None, reason: str = "") -> None:
        if example is None:
            self.left_out[reason] += 1
            return
        yaw = head_yaw(example.reference.mediapipe, self.neutral)
        if abs(yaw) >= _TURNED:
            self.examples.append(replace(example, yaw=yaw, reference=example.reference.alone()))
        elif example.reference.agrees:
            self.examples.append(replace(example, yaw=yaw))
        else:
            self.left_out["the references disagree by more than 10 %"] += 1


def collect(references: References, model: FaceModel, per_clip: int, quick: bool = False) -> Collection:
    """Examples from all stills (`quick`: every second) and `per_clip` frames of every clip with a face."""
    collection = collect_stills(stills()[:: 2 if quick else 1], references, model)
    detector = Detector()
    for clip, path in clips():
        if clip.face:
            _from_clip(clip, path, detector, references, per_clip, collection)
    return collection


def collect_stills(paths: Sequence[Path], references: References, model: FaceModel) -> Collection:
    """Examples from single pictures."""
    neutral = model.landmarks(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32))
    collection, detector = Collection(neutral.astype(float)), Detector(STILL)
    for path in tqdm(paths, "stills", unit="picture", leave=False, disable=None):
        _from_still(path, detector, references, collection)
    return collection


def clip_references(clip: Clip, path: Path, references: References) -> np.ndarray:
    """(F, 68, 5) of every REFERENCE_STEP-th frame of the clip's part."""
    key = f"{_digest(path)} {clip.start} {clip.frames} {REFERENCE_STEP}"
    known = references.cached(key)
    if known is not None:
        return known
    images = (image for index, image in frames(clip, path) if index % REFERENCE_STEP == 0)
    total = -(-clip.frames // REFERENCE_STEP)
    return references.compute(
        key, tqdm(images, f"references of {clip.name}", total, unit="frame", leave=False, disable=None)
    )


def frames(clip: Clip, path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Number within the part, and image, of the clip's part."""
    with VideoFile(path) as video:
        for index, frame in enumerate(video):
            if index >= clip.start + clip.frames:
                return
            if index >= clip.start:
                yield index - clip.start, frame.image


def box_of_points(points: np.ndarray) -> tuple[float, float, float, float]:
    """The box that our detector would give to a face with these points (68, 2); see the worker's constants."""
    low, high = points.min(0), points.max(0)
    side = 1.10 * face_size(points)
    x, y = 0.5 * (low + high) - 0.5 * side
    return (float(x), float(y - 0.09 / 1.10 * side), side, side)


def _from_still(path: Path, detector: Detector, references: References, collection: Collection) -> None:
    image = read_image(path)
    boxes = [detection.box for detection in detector.detect(image)]
    found = False
    for number, box in enumerate(boxes):
        reference = _windowed(image, _window(box, image), f"{_digest(path)}", references)
        name = path.stem if len(boxes) == 1 else f"{path.stem} {number + 1}"
        if reference is None or not reference.matches(box):
            collection.add(None, "a detection without a reference")
            continue
        found = True
        collection.add(Example(name, path.stem, path.stem, image, box, True, reference))
    if not found:
        whole = (0, 0, image.shape[1], image.shape[0])
        reference = _windowed(image, whole, f"{_digest(path)}", references)
        if reference is None:
            collection.add(None, "neither detector nor MediaPipe finds a face")
            return
        box = box_of_points(reference.mean)
        collection.add(Example(path.stem, path.stem, path.stem, image, box, False, reference))


def _from_clip(
    clip: Clip, path: Path, detector: Detector, references: References, count: int, collection: Collection
) -> None:
    rows = clip_references(clip, path, references)
    wanted = {REFERENCE_STEP * int(row): int(row) for row in np.linspace(0, len(rows) - 1, count)}
    for index, image in frames(clip, path):
        if index not in wanted:
            continue
        reference = reference_of(rows[wanted[index]])
        if reference is None:
            collection.add(None, "a frame in which MediaPipe finds no face")
            continue
        matching = [hit.box for hit in detector.detect(image) if reference.matches(hit.box)]
        box = matching[0] if matching else box_of_points(reference.mean)
        cluster = f"{clip.name} {int(index / 25 / _BLOCK)}"
        name = f"{clip.name} {clip.start + index}"
        collection.add(Example(name, clip.name, cluster, image, box, bool(matching), reference))


def _window(box: tuple[float, float, float, float], image: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom around a detection."""
    centre = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])
    half = 0.5 * _WINDOW * max(box[2], box[3])
    left, top = np.maximum(0, np.rint(centre - half)).astype(int)
    right, bottom = np.minimum(image.shape[1::-1], np.rint(centre + half)).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _windowed(
    image: np.ndarray, window: tuple[int, int, int, int], key: str, references: References
) -> Reference | None:
    left, top, right, bottom = window
    part = image[top:bottom, left:right]
    zoom = min(1.0, _MOST / max(part.shape[:2]))
    if zoom < 1.0:
        part = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    row = references.compute(f"{key} {window} {_MOST}", [np.ascontiguousarray(part)])[0].astype(float)
    scale = np.array([(right - left) / part.shape[1], (bottom - top) / part.shape[0]])
    for columns in (slice(0, 2), slice(3, 5)):  # pixel centres at integers, before and after
        row[:, columns] = (row[:, columns] + 0.5) * scale - 0.5 + (left, top)
    row[:, 2] *= scale[0]
    return reference_of(row)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
