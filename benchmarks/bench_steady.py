"""Steady and prompt: the tracker with the committed network on a rendered head whose true motion is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.table import Row
from face3d import demo_head, runtime
from face3d.camera import Camera
from face3d.codec import Geometry
from face3d.crop import box_of_pose
from face3d.model import FaceModel
from face3d.track import Face, TrackerSettings, TrackerState
from face3d.tracker import Tracker

_FPS = demo_head.FPS
_FRAME = 1_000_000_000 // _FPS  # ns
_WARM_UP = 15  # frames in which a track settles
_NOISE = 3.0  # camera noise, standard deviation of 255
_JITTER = 0.15  # px
_HIDDEN = 9  # frames: 0.3 s
_BACK = 0.2  # seconds
_WAYS = {"as shipped": TrackerSettings(), "not smoothed": TrackerSettings(smoothing="none")}
_LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))  # upper and lower points of the 68


def rows(quick: bool) -> Iterator[Row]:
    """Jitter, lag, error, blinks, drift, occlusion; `quick` looks at fewer frames."""
    model = FaceModel.load()
    network = runtime.load(None, model, runtime.AUTO)
    trackers = {name: Tracker(model, network, settings) for name, settings in _WAYS.items()}
    head, background = demo_head.Head(model), demo_head.room()
    truths = list(demo_head.script(model))[: 4 * _FPS if quick else None]
    still = head.draw(truths[0], background)
    yield from _jitter(trackers, still, truths[0], 40 if quick else 90)
    yield from _motion(trackers, [head.draw(truth, background) for truth in truths], truths)
    yield _drift(trackers["as shipped"], still, truths[0], 1_000 if quick else 10_000)
    yield from _occlusion(trackers["as shipped"], still, truths[0], 2 if quick else 10)


def track(
    tracker: Tracker, images: Sequence[np.ndarray], truth: Geometry, blind: bool = False
) -> list[Face | None]:
    """The face of every frame; the detector gives the box of `truth` while nobody is tracked, `blind` at first only."""
    state, found = TrackerState(), []
    camera = Camera.from_fov(demo_head.WIDTH, demo_head.HEIGHT)
    for index, image in enumerate(images):
        searched = index == 0 or not (blind or state.tracked)
        boxes = [box_of_pose(truth.pose)] if searched else None
        faces, state = tracker.step(image, camera, boxes, state, index * _FRAME)
        found.append(faces[0] if faces else None)
    return found


def _jitter(trackers: dict[str, Tracker], still: np.ndarray, truth: Geometry, count: int) -> Iterator[Row]:
    rng = np.random.default_rng(5)
    images = []
    for _ in range(count):
        noisy = still + np.float32(_NOISE) * rng.standard_normal(still.shape, np.float32)
        images.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    for name, tracker in trackers.items():
        points = np.stack([_points(face) for face in track(tracker, images, truth)[_WARM_UP:] if face])
        value = np.sqrt(((points - points.mean(0)) ** 2).sum(2).mean())
        limit = _JITTER if name == "as shipped" else None
        yield Row(
            f"still head, camera noise {_NOISE:g}: jitter, {name}",
            value,
            "px",
            limit,
            note="RMS of 68 points",
        )


def _motion(trackers: dict[str, Tracker], images: list[np.ndarray], truths: list[Geometry]) -> Iterator[Row]:
    model = next(iter(trackers.values())).model
    true = np.stack(
        [t.pose.project(model.landmarks(t.identity, t.expression, t.pose.rotation))[:, :2] for t in truths]
    )
    blinks, errors = {}, {}
    for name, tracker in trackers.items():
        faces = track(tracker, images, truths[0])
        found = {index: face for index, face in enumerate(faces) if face is not None and index >= _WARM_UP}
        kept, points = list(found), np.stack([_points(face) for face in found.values()])
        errors[name] = float(np.linalg.norm(points - true[kept], axis=2).mean())
        blinks[name] = _blink(points) / _blink(true[kept])
        speed, behind = np.gradient(true, axis=0)[kept], true[kept] - points
        behind -= behind.mean(0)  # what is always off is an error, not a lag
        lag = float((speed * behind).sum() / (speed * speed).sum())
        limit = 1.0 if name == "as shipped" else None
        note = f"{len(kept)} of {len(faces) - _WARM_UP} frames, the network's own lag included"
        yield Row(f"moving head at {_FPS}/s: lag, {name}", lag, "frames", limit, note=note)
    shipped, raw = _WAYS
    yield Row(
        f"moving head: error, {shipped}",
        errors[shipped],
        "px",
        round(1.02 * errors[raw], 2),
        note="2 % margin",
    )
    yield Row(f"moving head: error, {raw}", errors[raw], "px")
    yield Row("blinks: amplitude that smoothing keeps", 100 * blinks[shipped] / blinks[raw], "%", floor=80.0)
    yield Row(
        "blinks: amplitude of the truth", 100 * blinks[shipped], "%", floor=80.0, note="network and smoothing"
    )


def _drift(tracker: Tracker, still: np.ndarray, truth: Geometry, count: int) -> Row:
    """How far the points ever get in a long look at one and the same image from where they were after a tenth of it."""
    state, first, away = TrackerState(), None, 0.0
    camera = Camera.from_fov(demo_head.WIDTH, demo_head.HEIGHT)
    for index in range(count):
        boxes = None if state.tracked else [box_of_pose(truth.pose)]
        faces, state = tracker.step(still, camera, boxes, state, index * _FRAME)
        if index == count // 10:
            first = _points(faces[0])
        if first is not None:
            away = max(away, float(np.linalg.norm(_points(faces[0]) - first, axis=1).max()))
    note = "largest of 68 points at any time after a tenth"
    return Row(f"one image {count} times: drift", away, "px", _JITTER, note=note)


def _occlusion(tracker: Tracker, still: np.ndarray, truth: Geometry, times: int) -> Iterator[Row]:
    """A textured board before the whole face for 0.3 s, again and again; the detector finds nothing meanwhile."""
    rng = np.random.default_rng(6)
    kept, waits, shown = 0, [], 0
    for _ in range(times):
        x, y, size = *truth.pose.translation, 0.3 * truth.pose.scale
        left, top = max(0, round(x - size / 2)), max(0, round(y - size / 2))
        area = (slice(top, round(y + size / 2)), slice(left, round(x + size / 2)))
        coarse = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        hidden = still.copy()
        board = np.kron(coarse, np.ones((64, 64, 1), np.uint8))
        hidden[area] = board[: hidden[area].shape[0], : hidden[area].shape[1]]
        images = [still] * _FPS + [hidden] * _HIDDEN + [still] * (_FPS // 2)
        faces = track(tracker, images, truth, blind=True)
        before, after = faces[_FPS - 1], faces[_FPS + _HIDDEN :]
        shown += sum(face is not None for face in faces[_FPS : _FPS + _HIDDEN])
        back = next(((index, face.id) for index, face in enumerate(after) if face is not None), None)
        kept += before is not None and back is not None and back[1] == before.id
        waits.append(np.inf if back is None else back[0] / _FPS)
    yield Row("hidden for 0.3 s: tracks that go on", 100 * kept / times, "%", floor=100.0)
    yield Row("hidden for 0.3 s: found again after", max(waits), "s", _BACK, note=f"the longest of {times}")
    yield Row("hidden for 0.3 s: frames that show a face", shown / times, "frames", 5.0, note=f"of {_HIDDEN}")


def _points(face: Face) -> np.ndarray:
    return face.landmarks[:, :2].astype(float)


def _blink(points: np.ndarray) -> float:
    """Height of the eyes when open less when closed, px: 90th percentile less the least, over the frames."""
    upper, lower = (points[:, [pair[side] for pair in _LIDS]] for side in (0, 1))
    heights = np.linalg.norm(upper - lower, axis=2).mean(1)
    return float(np.percentile(heights, 90) - heights.min())
