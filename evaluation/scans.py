"""A head whose shape is known: from pictures of its scan, how exact are points, rotation, and the shape itself?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import product

import numpy as np
from tqdm import tqdm

from evaluation.examples import box_of_points
from evaluation.measures import PASSES, face_size, mean_interval, nme
from evaluation.photographs import YAW_BINS, landmarks, shaken
from evaluation.references import References, reference_of
from evaluation.scan import Scan
from evaluation.scan_views import LIGHTS, SIZE, Shot, View, shoot
from evaluation.surface import Surface
from face3d import rotation as so3
from face3d.camera import Camera
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.crop import pose_from_box
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker
from training.alignment import Similarity
from training.evaluate import iterate

YAWS = (0, 15, -15, 30, -30, 45, -45, 60, -60, 75, -75, 90, -90)
PITCHES = (0, 20, -20)
REFERENCE_BINS = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 100))
TRACK_FRAMES = (1, 5, 15, 45, 90)
_HEIGHTS = (90, 220)  # pixels of the 25 cm around the face
_DISTANCES = (0.7, 2.0)  # metres
_POINTS = 900  # of the scan's face that distances are taken from
_COMMON_UNDER = 60.0  # degrees of yaw: what all estimates have in common is taken from these
_PERIOD = 33_333_333  # ns
_NEUTRAL = np.zeros(EXPRESSION, np.float32)


@dataclass(frozen=True, eq=False)
class Trials:
    """Every picture from one shaken box; `history` is [pass][picture], the start first."""

    shots: list[Shot]
    history: list[list[Geometry]]

    def pairs(self, step: int) -> list[tuple[Geometry, Shot]]:
        """The estimates after a pass, each with its picture."""
        return list(zip(self.history[step], self.shots))


def run(
    scan: Scan, model: FaceModel, network: Runtime, backgrounds: list[np.ndarray], rounds: int = 2
) -> Trials:
    """`rounds` pictures from each of 39 sides; light, size, distance, tilt, background differ each time."""
    rng = np.random.default_rng(21)
    shots, starts = [], []
    sides = list(product(YAWS, PITCHES)) * rounds
    for index, (yaw, pitch) in enumerate(tqdm(sides, "scan", unit="picture", leave=False, disable=None)):
        view = View(
            yaw + rng.uniform(-5, 5),
            pitch + rng.uniform(-5, 5),
            10 * rng.normal(),
            list(LIGHTS)[index % len(LIGHTS)],
            rng.uniform(*_HEIGHTS),
            rng.uniform(*_DISTANCES),
            tuple(rng.uniform(-12, 12, 2)),
        )
        shots.append(shoot(scan, view, model, backgrounds[index % len(backgrounds)], rng))
        starts.append(Geometry.mean(pose_from_box(shaken(box_of_points(shots[-1].landmarks), rng))))
    history, _ = iterate(network.infer, [shot.image for shot in shots], starts, model, PASSES)
    return Trials(shots, [starts, *history])


def measure(trials: Trials, scan: Scan, model: FaceModel) -> dict:
    """Points (%), rotation (degrees) and shape (mm) by pass and by yaw; shape of the mean face and of the best fit."""
    ruler = Ruler(scan, model)
    angle = np.abs([shot.view.yaw for shot in trials.shots])
    values = {
        part: np.array(
            [[_nme(g, shot, model, part) for g, shot in trials.pairs(k)] for k in range(PASSES + 1)]
        )
        for part in ("all 68", "without the jaw")
    }
    turns = np.array([[_turn(g, shot) for g, shot in trials.pairs(k)] for k in range(PASSES + 1)])
    values["rotation"] = np.degrees(np.linalg.norm(turns, axis=2))
    common = turns[PASSES, angle < _COMMON_UNDER].mean(0)
    rest = np.degrees([so3.angle(so3.exp(turn), so3.exp(common)) for turn in turns[PASSES]])
    shape = np.array([ruler.error(model.shape(g.identity, g.expression)) for g, _ in trials.pairs(PASSES)])
    bins = {}
    for low, high in YAW_BINS:
        chosen = (low <= angle) & (angle < (high if high < 90 else 180))
        bins[f"{low}-{high}"] = {
            "pictures": int(chosen.sum()),
            **{name: mean_interval(rows[PASSES, chosen]) for name, rows in values.items()},
            "rest": mean_interval(rest[chosen]),
            "shape": mean_interval(shape[chosen]),
        }
    return {
        "name": scan.name,
        "pictures": len(trials.shots),
        "vertices": int(scan.face.sum()),
        "mean face": ruler.error(model.shape(np.zeros(IDENTITY, np.float32), _NEUTRAL)),
        "best fit": ruler.error(scan.best.shape),
        "shape": mean_interval(shape),
        "passes": {name: [mean_interval(row) for row in rows] for name, rows in values.items()},
        "common": dict(zip(("pitch", "yaw", "roll"), np.degrees(common).tolist())),
        "yaw": bins,
    }


def others(trials: Trials, references: References) -> dict:
    """What MediaPipe and dlib make of the same pictures, against the scan's own points: where they can be believed.

    By yaw the share of pictures in which MediaPipe finds the face, and in those the NME of both, and of ours there.
    """
    images = [shot.image for shot in trials.shots]
    key = hashlib.sha256(b"".join(image.tobytes() for image in images)).hexdigest()
    rows = references.compute(f"scan {key}", images)
    angle = np.abs([shot.view.yaw for shot in trials.shots])
    result = {}
    for low, high in REFERENCE_BINS:
        chosen = np.flatnonzero((low <= angle) & (angle < high))
        errors: dict[str, list[float]] = {"MediaPipe": [], "dlib": [], "MediaPipe - dlib": []}
        found = [(trials.shots[index], reference_of(rows[index].astype(float))) for index in chosen]
        for shot, reference in found:
            if reference is not None:
                size, seen = face_size(shot.landmarks), reference.mediapipe[:, :2]
                pairs = (seen, shot.landmarks), (reference.dlib, shot.landmarks), (seen, reference.dlib)
                for name, (one, other) in zip(errors, pairs):
                    errors[name].append(100 * nme(one, other, size, "without the jaw"))
        result[f"{low}-{high}"] = {
            "pictures": len(chosen),
            "found": mean_interval([100.0 * (reference is not None) for _, reference in found]),
            **{name: mean_interval(values) for name, values in errors.items()},
        }
    return result


class Ruler:
    """Distance of the scan's face from a mesh, mm: after the similarity that brings them closest to each other."""

    def __init__(self, scan: Scan, model: FaceModel) -> None:
        self._scan = scan
        face = scan.vertices[scan.face]
        self._points = face[:: max(1, len(face) // _POINTS)]
        self._landmarks = scan.landmarks[17:]
        self._where = model.landmarks68[17:]
        parts = ("skin", "eye_left", "eye_right")
        self._triangles = np.concatenate([model.triangles[model.parts[part]] for part in parts])

    def error(self, vertices: np.ndarray) -> float:
        """Mean over the scan's face of the distance to the mesh (N, 3), in the scan's own millimetres."""
        return float(self.distances(vertices).mean())

    def distances(self, vertices: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
        """(P,) millimetres, of points (P, 3) of the scan; by default of a thinned-out face."""
        points = self._points if points is None else points
        surface = Surface(vertices, self._triangles)
        start = Similarity.between(self._landmarks, vertices[self._where])
        found = surface.similarity(points, start)
        return 1e3 * surface.distances(found.apply(points)) / found.scale

    def map(self, vertices: np.ndarray) -> tuple[Scan, np.ndarray]:
        """The scan, and (V,) millimetres at each of its vertices; NaN where it is not the face."""
        distances = np.full(len(self._scan.vertices), np.nan)
        distances[self._scan.face] = self.distances(vertices, self._scan.vertices[self._scan.face])
        return self._scan, distances


def track(scan: Scan, model: FaceModel, network: Runtime, background: np.ndarray) -> dict:
    """A turning head through the tracker: error of the shape of its identity, and how sure it says to be, over time.

    single  every fifth frame's own identity; tracked: the identity of the track after some frames, and its deviation
    """
    ruler, rng = Ruler(scan, model), np.random.default_rng(4)
    ways = [Tracker(model, network, TrackerSettings(smoothing=way)) for way in ("one_euro", "none")]
    states = [TrackerState(), TrackerState()]
    single, tracked = [], {}
    for index in tqdm(range(max(TRACK_FRAMES)), "scan, turning", unit="frame", leave=False, disable=None):
        view = View(45 * np.sin(0.07 * index), 12 * np.sin(0.05 * index), light="left", height=150.0)
        shot = shoot(scan, view, model, background, rng)
        boxes = [box_of_points(shot.landmarks)] if index == 0 else None
        camera, found = Camera.from_fov(*SIZE), []
        for way, tracker in enumerate(ways):
            faces, states[way] = tracker.step(shot.image, camera, boxes, states[way], index * _PERIOD)
            found.append(faces[0] if faces else None)
        smooth, raw = found
        if raw is not None and index % 5 == 0:
            single.append(ruler.error(model.shape(raw.geometry.identity, _NEUTRAL)))
        if smooth is not None and index + 1 in TRACK_FRAMES:
            error = ruler.error(model.shape(smooth.geometry.identity, _NEUTRAL))
            tracked[index + 1] = {"error": error, "deviation": smooth.identity_deviation}
    return {"single": mean_interval(single), "tracked": tracked}


def _nme(geometry: Geometry, shot: Shot, model: FaceModel, part: str) -> float:
    return 100 * nme(landmarks(geometry, model), shot.landmarks, face_size(shot.landmarks), part)


def _turn(geometry: Geometry, shot: Shot) -> np.ndarray:
    """(3,) rotation vector in the head's own axes from the estimate to the truth: pitch, yaw, roll."""
    return so3.log(geometry.pose.rotation.T @ shot.pose.rotation)
