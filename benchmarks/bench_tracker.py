"""The tracker on the demo clip, on one thread: the whole step and its parts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.table import Row, timed
from face3d import codec, demo, runtime
from face3d.camera import Camera
from face3d.detector import Detector
from face3d.model import FaceModel
from face3d.source import open_source
from face3d.track import TrackerState
from face3d.tracker import Tracker

_STEP_LIMIT = 15.0  # ms
_DETECT_EVERY = 15  # frames, as the command `face3d video` does


def rows(quick: bool) -> Iterator[Row]:
    """Step, model evaluation, network, detector; the network is the committed one."""
    model = FaceModel.load()
    network = runtime.load(None, model, threads=1)
    with open_source(demo.demo_clip()) as source:
        frames = [frame for _, frame in zip(range(60 if quick else 300), source)]
    height, width = frames[0].image.shape[:2]
    camera, tracker, detector = Camera.from_fov(width, height), Tracker(model, network), Detector()

    state, steps, geometry, found = TrackerState(), [], None, 0
    for index, frame in enumerate(frames):
        tracked = bool(state.tracks)
        boxes = None
        if not tracked or index % _DETECT_EVERY == 0:
            boxes = [detection.box for detection in detector.detect(frame.image)]
        start = time.perf_counter()
        faces, state = tracker.step(frame.image, camera, boxes, state, frame.stamp)
        if tracked and faces:  # the first frame of a track takes several passes
            steps.append((time.perf_counter() - start) * 1e3)
        found += bool(faces)
        geometry = faces[0].geometry if faces else geometry
    size = f"{width} x {height}"
    if geometry is None or not steps:
        raise RuntimeError("no face was tracked in the demo clip")
    note = f"95 %: {np.percentile(steps, 95):.2f}, a face in {found} of {len(frames)} frames"
    yield Row(f"tracker.step, one face, {size}", float(np.median(steps)), "ms", _STEP_LIMIT, note=note)

    image, runs = frames[-1].image, 10 if quick else 100
    tensor, _ = codec.encode(image, geometry, model)
    yield timed("  encode: crop and prior", lambda: codec.encode(image, geometry, model), runs)
    yield timed("  network, one face", lambda: network.infer(tensor[None]), runs)
    coefficients = (geometry.identity, geometry.expression)
    yield timed(f"  face model, {model.vertex_count} vertices", lambda: model.shape(*coefficients), runs)
    yield timed(f"detector, {size}", lambda: detector.detect(image), max(5, runs // 4))
