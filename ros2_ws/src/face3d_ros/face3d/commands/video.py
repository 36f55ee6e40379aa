"""Track the faces of a video: each frame starts from the geometry of the frame before.

Writes any of
  --out OUT.mp4           the video with the meshes drawn over it
  --blendshapes OUT.csv   for motion capture: per face and frame the head's pose in metres and ARKit's 52 weights
  --glb OUT.glb           the same as an animated face for Blender, Unreal, Unity: morph targets, head and camera
  --csv OUT.csv           the model's own numbers: the same head pose, box, weak-perspective pose, 200 + 84 coefficients
docs/motion_capture.md says what is in them.

Exit codes: 0 done; 1 the video could not be read or an output not written; 2 wrong arguments; 3 no face in
it; 130 Ctrl-C before the end (of a webcam: 0). What was done until then is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from face3d.animation import Performance
from face3d.camera import Camera
from face3d.cli import INTERRUPTED, NO_FACE, OK, USAGE
from face3d.commands import common
from face3d.motion import head_pose
from face3d.movie import FaceTable, MotionTable, Movie
from face3d.overlay import Overlay
from face3d.search import Search
from face3d.source import cut_off, open_source
from face3d.timeline import Timeline
from face3d.track import TrackerSettings, TrackerState
from face3d.whole import whole

if TYPE_CHECKING:
    import numpy as np

    from face3d.model import FaceModel
    from face3d.overlaps import Box
    from face3d.source import Frame, Source
    from face3d.track import Face
    from face3d.tracker import Tracker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="IN", help="video file, folder of images, or index of a webcam (Ctrl-C ends)"
    )
    parser.add_argument("--out", type=Path, metavar="OUT.mp4", help="overlay video to write")
    parser.add_argument("--blendshapes", type=Path, metavar="OUT.csv", help="motion capture table to write")
    parser.add_argument("--glb", type=Path, metavar="OUT.glb", help="animated face to write")
    parser.add_argument("--csv", type=Path, metavar="OUT.csv", help="table of the model's numbers to write")
    common.add_fov_argument(parser, "field of view along the longer side: distances in metres depend on it")
    parser.add_argument(
        "--detect-every",
        type=common.number(int, 1),
        default=15,
        metavar="N",
        help="look for further faces every N frames (without a tracked face: always); default: %(default)s",
    )
    parser.add_argument(
        "--smoothing",
        choices=("one_euro", "exponential", "none"),
        default="one_euro",
        help="over time; default: %(default)s",
    )
    common.add_overlay_arguments(parser)
    common.add_model_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    named = [arguments.out, arguments.blendshapes, arguments.glb, arguments.csv]
    outputs = [path for path in named if path is not None]
    problem = ""
    if not outputs:
        problem = (
            "nothing to write: name --out OUT.mp4, --blendshapes OUT.csv, --glb OUT.glb or --csv OUT.csv"
        )
    elif len({path.resolve() for path in outputs}) < len(outputs):
        problem = "two outputs have the same name"
    else:
        common.protect(arguments.input, outputs)
        if arguments.glb is not None and arguments.glb.suffix.lower() != ".glb":
            problem = f"{arguments.glb}: --glb writes binary glTF; use a name that ends in .glb"
    if problem:
        print(f"face3d video: {problem}", file=sys.stderr)
        return USAGE
    with open_source(arguments.input) as source:
        tracker = common.load_tracker(arguments, TrackerSettings(smoothing=arguments.smoothing))
        with ExitStack() as stack:
            writers = _Writers(arguments, tracker.model, source.fps, stack)
            done = _track(source, tracker, writers, arguments)
    if damage := cut_off(source):
        print(f"face3d video: {damage}", file=sys.stderr)
    if not done.found and not done.interrupted:
        print(f"face3d video: {arguments.input}: no face found in {done.frames} frames", file=sys.stderr)
        return NO_FACE
    # Stopped by Ctrl-C before there was anything to write, it has not written everything.
    files = ", ".join(str(path) for path in outputs if done.frames and path.exists())
    counts = f"frames: {done.frames}, with faces: {done.found}, faces tracked: {done.tracks}"
    print(f"{counts} -> {files}" if files else counts)
    return INTERRUPTED if done.interrupted and not source.live else OK


@dataclass
class _Done:
    """What a run has done so far: frames, those with faces, tracks; whether Ctrl-C ended it."""

    frames: int = 0
    found: int = 0
    tracks: int = 0
    interrupted: bool = False


class _Writers:
    """The outputs that the arguments name; the stack closes them."""

    def __init__(self, arguments: argparse.Namespace, model: FaceModel, fps: float, stack: ExitStack) -> None:
        self._timeline = Timeline(fps)
        self._overlay = Overlay(model, arguments.overlay)
        self._movie = stack.enter_context(Movie(arguments.out, fps)) if arguments.out else None
        self._model = model
        self._tables: list[FaceTable | MotionTable] = []
        if arguments.csv:
            self._tables.append(stack.enter_context(FaceTable(arguments.csv)))
        if arguments.blendshapes:
            self._tables.append(stack.enter_context(MotionTable(arguments.blendshapes, model)))
        self._glb = stack.enter_context(Performance(arguments.glb, model)) if arguments.glb else None

    def write(self, index: int, frame: Frame, faces: list[Face]) -> None:
        heads = [head_pose(face, self._model) for face in faces] if self._tables else []
        for table in self._tables:
            table.write(index, faces, heads)
        if self._glb is not None:
            self._glb.write(frame.image, faces, frame.stamp)
        if self._movie is not None:
            self._movie.write(self._overlay.draw(frame.image, faces), self._timeline.place(frame.stamp))


def follow(
    image: np.ndarray,
    stamp: int,
    camera: Camera,
    tracker: Tracker,
    search: Search,
    state: TrackerState,
    due: bool,
) -> tuple[list[Face], TrackerState]:
    """One frame: `Tracker.step`, with a search where one is due, nobody is tracked, or somebody has just been lost.

    A step is a pure function: after a cut the frame begins again from the state before it, now with boxes, and the
    face that is there instead is not a frame late.
    """

    def found(tracked: bool) -> list[Box]:
        return [hit.start for hit in search.look(image, tracked)]

    boxes = found(state.tracked > 0) if due or not state.tracked else None
    faces, after = tracker.step(image, camera, boxes, state, stamp)
    if boxes is None and after.tracked < state.tracked:
        faces, after = tracker.step(image, camera, found(after.tracked > 0), state, stamp)
    return faces, after


def _track(source: Source, tracker: Tracker, writers: _Writers, arguments: argparse.Namespace) -> _Done:
    """Track the faces of all frames and write them, until the end or Ctrl-C."""
    search, state, camera, spent, done = Search(), TrackerState(), None, 0.0, _Done()
    # On a terminal only: a log file has no use for the bar.
    progress = tqdm(total=source.count, unit="frame", disable=None)
    try:
        for index, frame in enumerate(source):
            height, width = frame.image.shape[:2]
            if camera is None or (camera.width, camera.height) != (width, height):
                camera = Camera.from_fov(width, height, arguments.fov)
            before = time.perf_counter()
            due = index % arguments.detect_every == 0
            faces, state = follow(frame.image, frame.stamp, camera, tracker, search, state, due)
            spent += time.perf_counter() - before
            with whole():
                writers.write(index, frame, faces)
                done.frames, done.tracks = index + 1, state.counters.started
                done.found += bool(faces)
            progress.set_postfix_str(f"{len(faces)} faces, {1e3 * spent / done.frames:.1f} ms/frame", False)
            progress.update()
    except KeyboardInterrupt:
        done.interrupted = True
    finally:
        progress.close()
    return done
