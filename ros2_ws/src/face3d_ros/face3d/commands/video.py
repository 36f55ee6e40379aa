"""Track the faces of a video: each frame starts from the geometry of the frame before.

Writes a video with the meshes drawn over it and a CSV table with one row per face and frame: frame, stamp
(s), id, confidence, box, pose (rotation, scale, translation), 200 identity and 84 expression coefficients.

Exit codes: 0 done; 1 the video could not be read or an output not written; 2 wrong arguments; 3 no face in
it.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path

from tqdm import tqdm

from face3d.camera import Camera
from face3d.cli import NO_FACE, OK, USAGE
from face3d.commands import common
from face3d.movie import FaceTable, Movie
from face3d.overlay import Overlay
from face3d.search import Search
from face3d.source import open_source
from face3d.track import TrackerSettings, TrackerState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="IN", help="video file, folder of images, or index of a webcam (Ctrl-C ends)"
    )
    parser.add_argument("--out", type=Path, metavar="OUT.mp4", help="overlay video to write")
    parser.add_argument("--csv", type=Path, metavar="OUT.csv", help="table to write")
    parser.add_argument(
        "--fov", type=float, default=60.0, metavar="DEG", help="field of view; default: %(default)s"
    )
    parser.add_argument(
        "--detect-every",
        type=int,
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
    if arguments.out is None and arguments.csv is None:
        print("face3d video: nothing to write: name --out OUT.mp4, --csv OUT.csv or both", file=sys.stderr)
        return USAGE
    if arguments.detect_every < 1:
        print("face3d video: --detect-every must be at least 1", file=sys.stderr)
        return USAGE
    with open_source(arguments.input) as source, contextlib.ExitStack() as outputs:
        tracker = common.load_tracker(arguments, TrackerSettings(smoothing=arguments.smoothing))
        search = Search()
        overlay = Overlay(tracker.model, arguments.overlay)
        movie = outputs.enter_context(Movie(arguments.out, source.fps)) if arguments.out else None
        table = outputs.enter_context(FaceTable(arguments.csv)) if arguments.csv else None
        state, camera, spent, found, index = TrackerState(), None, 0.0, 0, -1
        with contextlib.suppress(KeyboardInterrupt), tqdm(total=source.count, unit="frame") as progress:
            for index, frame in enumerate(source):
                height, width = frame.image.shape[:2]
                if camera is None or (camera.width, camera.height) != (width, height):
                    camera = Camera.from_fov(width, height, arguments.fov)
                boxes = None
                if index % arguments.detect_every == 0 or not state.tracked:
                    boxes = [hit.start for hit in search.look(frame.image, state.tracked > 0)]
                before = time.perf_counter()
                faces, state = tracker.step(frame.image, camera, boxes, state, frame.stamp)
                spent += time.perf_counter() - before
                found += bool(faces)
                if table is not None:
                    table.write(index, faces)
                if movie is not None:
                    movie.write(overlay.draw(frame.image, faces))
                progress.set_postfix_str(
                    f"{len(faces)} faces, {1e3 * spent / (index + 1):.1f} ms/frame", False
                )
                progress.update()
    if not found:
        print(f"face3d video: {arguments.input}: no face found in {index + 1} frames", file=sys.stderr)
        return NO_FACE
    outputs_named = ", ".join(str(path) for path in (arguments.out, arguments.csv) if path)
    print(
        f"frames: {index + 1}, with faces: {found}, faces tracked: {state.counters.started} -> {outputs_named}"
    )
    return OK
