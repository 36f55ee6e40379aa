"""`tracker.step` and its stages, timed inside of it: by size of the image, number of faces and threads of the network.

Faces are tracked, one network pass each; what starts them (detector, first passes) is outside. The whole step is timed
by the clock, and its note has the CPU time of all threads; stages are CPU time of one thread, the sum over all faces of
a frame.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks import results
from benchmarks.scenes import FACES, SIZES, Clip, named
from benchmarks.stopwatch import Stopwatch
from benchmarks.table import Row, summarised
from face3d import codec, runtime
from face3d.camera import Camera
from face3d.face_filter import FaceFilter
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.track import TrackerState
from face3d.tracker import Tracker

_LIMIT = 15.0  # ms for one face at 640 x 480, one thread
_PERIOD = 33_333_333  # ns
_WARM_UP = 3  # frames after the one that starts the faces
STAGES = (
    "encode: crop and prior",
    "network",
    "decode",
    "smoothing",
    "mesh: basis and subdivision",
    "landmarks",
    "the rest",
)


def rows(quick: bool) -> Iterator[Row]:
    """All sizes, numbers of faces and threads; the stages for one face on one thread, and for eight."""
    model, clip = FaceModel.load(), Clip(20 if quick else 100)
    for threads in (1, 2):
        network = runtime.load(None, model, runtime.AUTO, threads)
        for size in SIZES[:1] if quick else SIZES:
            for faces in FACES:
                yield from _steps(model, network, clip, size, faces, threads)
        network.close()
    yield Row("memory of this process, at most", results.memory(), "MB")


def _steps(
    model: FaceModel, network: Runtime, clip: Clip, size: tuple[int, int], faces: int, threads: int
) -> Iterator[Row]:
    images, boxes = clip.scene(size, faces)
    what = (
        f"{faces} face{'s' if faces > 1 else ''}, {named(size)}, {threads} thread{'s' if threads > 1 else ''}"
    )
    whole, cpu, stages, tracked = track(Tracker(model, network), Camera.from_fov(*size), images, boxes)
    limit = _LIMIT if (faces, size, threads) == (1, SIZES[0], 1) else None
    note = f"CPU {np.median(cpu):.2f}" + ("" if tracked == faces else f", only {tracked:.1f} tracked")
    yield summarised(f"tracker.step, {what}", whole, limit, note)
    if threads == 1 and size == SIZES[0] and faces in (1, 8):
        for stage in STAGES:
            yield summarised(f"  {stage} ({faces})", stages[stage])


def track(
    tracker: Tracker, camera: Camera, images: list[np.ndarray], boxes: list
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], float]:
    """Clock and CPU times of a step in frames without a detection, CPU times of its stages, all in ms; and the mean
    number of tracked faces. The network has to run in the calling thread for its stage to be right."""
    watch = Stopwatch(
        {
            "encode: crop and prior": (codec, "encode"),
            "network": (tracker.runtime, "infer"),
            "decode": (codec, "decode"),
            "smoothing": (FaceFilter, "follow"),
            "mesh: basis and subdivision": (FaceModel, "shape"),
            "landmarks": (FaceModel, "landmarks_of"),
        }
    )
    state, spent, tracked = TrackerState(), [], []
    with watch:
        for index, image in enumerate(images):
            start = np.array([time.perf_counter(), time.process_time(), time.thread_time()])
            faces, state = tracker.step(image, camera, None if index else boxes, state, index * _PERIOD)
            now = np.array([time.perf_counter(), time.process_time(), time.thread_time()])
            watch.lap()
            if index > _WARM_UP:
                spent.append(1e3 * (now - start))
                tracked.append(len(faces))
    if not any(tracked):
        raise RuntimeError("no face was tracked")
    whole, cpu, thread = np.array(spent).T
    stages = {stage: watch.times(stage)[-len(whole) :] for stage in STAGES[:-1]}
    stages[STAGES[-1]] = thread - np.sum(list(stages.values()), axis=0)
    return whole, cpu, stages, float(np.mean(tracked))
