"""Clips through the tracker, as the product runs it: is the face kept, do lids and mouth follow, does identity rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from evaluation.development import Clip
from evaluation.examples import REFERENCE_STEP, frames
from evaluation.measures import (
    Interval,
    bootstrap,
    correlation_interval,
    eyelid_opening,
    mean_interval,
    mouth_opening,
    nme,
    slope_interval,
)
from evaluation.references import Reference, reference_of
from face3d.camera import Camera
from face3d.codec import EXPRESSION
from face3d.commands.video import follow
from face3d.detector import Detector
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.search import Search
from face3d.track import Face, TrackerSettings, TrackerState
from face3d.tracker import Tracker

_DETECT_EVERY = 15  # as `face3d video`
_PERIOD = 40_000_000  # ns between frames
_BLOCK = 25  # frames, a second, that count as one piece
_WARM_UP = 25  # frames until identity and filters have settled
_NOISE = 3.0  # camera noise on stills, standard deviation of 255
STRIP = 8  # frames that are kept for the figures


@dataclass
class Run:
    """What the tracker made of a clip: per frame its largest face, and all ids that it ever gave."""

    clip: Clip
    faces: list[Face | None] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)
    strip: list[tuple[np.ndarray, Face | None]] = field(default_factory=list)


def track(
    clip: Clip, path: Path, model: FaceModel, network: Runtime, limit: int, smoothing: str = "one_euro"
) -> Run:
    """The first `limit` frames of a clip's part, as `face3d video` follows them."""
    tracker = Tracker(model, network, TrackerSettings(smoothing=smoothing))
    search, state, run = Search(), TrackerState(), Run(clip)
    count = min(limit, clip.frames)
    kept = set(np.linspace(_WARM_UP, count - 1, STRIP).astype(int))
    title = f"{clip.name}{', raw' if smoothing == 'none' else ''}"
    for index, image in tqdm(frames(clip, path), title, count, unit="frame", leave=False, disable=None):
        if index >= count:
            break
        camera = Camera.from_fov(image.shape[1], image.shape[0])
        due = index % _DETECT_EVERY == 0
        faces, state = follow(image, index * _PERIOD, camera, tracker, search, state, due)
        face = max(faces, key=lambda face: face.geometry.pose.scale, default=None)
        run.faces.append(face)
        run.ids |= {face.id for face in faces}
        if index in kept:
            run.strip.append((image, face))
    return run


def measure(run: Run, rows: np.ndarray | None) -> dict:
    """One clip's numbers. rows (F, 68, 5): the references of every REFERENCE_STEP-th frame; None without any."""
    blocks = np.arange(len(run.faces)) // _BLOCK
    tracked = np.array([face is not None for face in run.faces])
    result: dict = {
        "about": run.clip.about,
        "frames": len(run.faces),
        "tracks": len(run.ids),
        "tracked": mean_interval(100.0 * tracked, blocks),
    }
    if rows is None:
        return result
    pairs: list[tuple[int, Reference, np.ndarray]] = []
    found: dict[int, bool] = {}
    for row, index in zip(rows, range(0, len(run.faces), REFERENCE_STEP)):
        reference, face = reference_of(row), run.faces[index]
        if reference is not None and reference.agrees:
            found[index] = face is not None
            if face is not None:
                pairs.append((index, reference, face.landmarks[:, :2].astype(float)))
    agreed = [index // _BLOCK for index in found]
    result["tracked of seen"] = mean_interval([100.0 * kept for kept in found.values()], agreed)
    seen = [index // _BLOCK for index, _, _ in pairs]
    result["series"] = {"frame": [index for index, _, _ in pairs]}
    for part in ("all 68", "without the jaw"):
        result[part] = mean_interval([100 * nme(p, r.mean, r.size, part) for _, r, p in pairs], seen)
    result["floor"] = mean_interval([100 * r.disagreement for _, r, _ in pairs], seen)
    for name, opening in (("lids", eyelid_opening), ("mouth", mouth_opening)):
        ours = np.array([opening(p) for _, _, p in pairs])
        mediapipe = np.array([opening(r.mediapipe[:, :2]) for _, r, _ in pairs])
        dlib = np.array([opening(r.dlib) for _, r, _ in pairs])
        mean = 0.5 * (mediapipe + dlib)
        result[name] = correlation_interval(ours, mean, seen)
        result[f"{name}, MediaPipe"] = correlation_interval(ours, mediapipe, seen)
        result[f"{name}, slope"] = slope_interval(ours, mean, seen)
        result[f"{name}, floor"] = correlation_interval(mediapipe, dlib, seen)
        result["series"][name] = {"ours": ours.tolist(), "reference": mean.tolist()}
    return result


def stillness(run: Run, model: FaceModel) -> dict | None:
    """How far identity wanders and the mouth moves, mm: root mean square over time and vertices, after a second.

    identity   of the neutral face's skin; mouth: of the lips by expression alone. None when the face was lost.
    """
    faces = [face for face in run.faces[_WARM_UP:] if face is not None]
    if len(faces) < _BLOCK:
        return None
    rest = np.zeros(EXPRESSION, np.float32)
    every = faces[::3]
    skin = np.unique(model.lod_triangles)
    shapes = np.stack([model.shape(f.geometry.identity, rest, lod=True)[skin] for f in every])
    identity = np.mean([f.geometry.identity for f in every], axis=0)
    lips = np.stack([model.landmarks(identity, f.geometry.expression)[48:] for f in every])
    pieces = np.arange(len(every)) * 3 // _BLOCK
    squares = {
        "identity": ((shapes - shapes.mean(0)) ** 2).sum(2).mean(1),
        "mouth": ((lips - lips.mean(0)) ** 2).sum(2).mean(1),
    }
    return {name: _root(1e6 * values, pieces) for name, values in squares.items()}


def jitter(
    image: np.ndarray, model: FaceModel, network: Runtime, smoothing: str
) -> tuple[Interval, Interval] | None:
    """RMS in pixels of the 68 points of a still photograph at 640 x 480 with fresh camera noise in each frame.

    In the first second after the start and in the second one. None when the face is lost or not found.
    """
    tracker = Tracker(model, network, TrackerSettings(smoothing=smoothing))
    still = _letterboxed(image)
    boxes = [hit.box for hit in Detector().detect(still)][:1]
    rng, state, points = np.random.default_rng(5), TrackerState(), []
    for index in range(2 * _BLOCK):
        noisy = still + np.float32(_NOISE) * rng.standard_normal(still.shape, np.float32)
        frame = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        faces, state = tracker.step(frame, Camera.from_fov(640, 480), boxes, state, index * _PERIOD)
        if not faces:
            return None
        points.append(faces[0].landmarks[:, :2])
    return _motion(np.stack(points[:_BLOCK])), _motion(np.stack(points[_BLOCK:]))


def _motion(points: np.ndarray) -> Interval:
    spread = points - points.mean(0)
    return _root((spread**2).sum(2).mean(1), np.arange(len(points)) // 5)


def _root(squares: np.ndarray, pieces: np.ndarray) -> Interval:
    return bootstrap(lambda rows: float(np.sqrt(squares[rows].mean())), pieces)


def _letterboxed(image: np.ndarray) -> np.ndarray:
    """The picture in 640 x 480, its border repeated to the sides."""
    zoom = min(640 / image.shape[1], 480 / image.shape[0])
    size = (round(image.shape[1] * zoom), round(image.shape[0] * zoom))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    left, top = (640 - size[0]) // 2, (480 - size[1]) // 2
    return cv2.copyMakeBorder(
        small, top, 480 - size[1] - top, left, 640 - size[0] - left, cv2.BORDER_REPLICATE
    )
