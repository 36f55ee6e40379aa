"""`python -m benchmarks.against_mediapipe`: MediaPipe FaceMesh and `tracker.step` on the same frames, in turn.

Both run in a process of their own on one and the same core, with one thread each for their network. Every frame goes to
MediaPipe, then to the tracker (the next one in the other order), so that whatever else the machine does meets both.
What counts are frames in which both track a face that they had in the frame before: no detector runs in them. The ratio
is the median of the frames' own ratios, with a 95 % bootstrap interval over pieces of a second.

Clips come out of published packages (evaluation/development.py), MediaPipe from the environment that the references of
`make eval` have. The results go to a JSON file; its exit code is 0 whatever the numbers are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy is loaded
    os.environ.setdefault(_variable, "1")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks import results  # noqa: E402

_ROOT = Path(__file__).resolve().parent.parent
_PIECE = 25  # neighbouring frames that are drawn together
_PERIOD = 33_333_333  # ns between frames


class MediaPipe:
    """FaceMesh in its process."""

    points = 0

    def __init__(self, python: Path) -> None:
        quiet = {"GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "agg"}
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | quiet
        command = [str(python), "-m", "benchmarks.mediapipe_worker"]
        self._process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # both are pipes
        self._images, self._answers = self._process.stdin, self._process.stdout
        if self._answers.readline() != b"ready\n":
            raise RuntimeError(
                f"MediaPipe does not start with {python}; what `python -m mediapipe` says helps"
            )

    def run(self, image: np.ndarray) -> tuple[float, float, bool]:
        """Milliseconds on the clock, of CPU time, and whether there is a face."""
        self._images.write(np.array(image.shape[:2], np.int32).tobytes() + image.tobytes())
        self._images.flush()
        answer = self._answers.read(24)
        if len(answer) != 24:
            raise RuntimeError("MediaPipe's process ended unexpectedly")
        wall, cpu, points = np.frombuffer(answer)
        self.points = max(self.points, int(points))
        return float(wall), float(cpu), points > 0

    def close(self) -> None:
        """End the process."""
        self._images.close()
        self._process.wait(10)


class Face3d:
    """`tracker.step`, with a detector that runs outside of the clock while there is no face."""

    def __init__(self, network: Path | None) -> None:
        from face3d import runtime
        from face3d.detector import Detector
        from face3d.model import FaceModel
        from face3d.track import TrackerState
        from face3d.tracker import Tracker

        self.model = FaceModel.load()
        self.network = runtime.load(network, self.model, "onnxruntime" if network else runtime.AUTO)
        self._tracker = Tracker(self.model, self.network)
        self._detector, self._state = Detector(), TrackerState()
        self._stamp = 0

    def restart(self) -> None:
        """Another clip begins: no face is known."""
        self._state = type(self._state)()

    def run(self, image: np.ndarray) -> tuple[float, float, bool]:
        """Milliseconds on the clock, of CPU time, and whether a face was tracked and still is."""
        from face3d.camera import Camera

        tracked = bool(self._state.tracked)
        boxes = None if tracked else [hit.box for hit in self._detector.detect(image)[:1]]
        camera = Camera.from_fov(image.shape[1], image.shape[0])
        self._stamp += _PERIOD
        wall, cpu = time.perf_counter(), time.process_time()
        faces, self._state = self._tracker.step(image, camera, boxes, self._state, self._stamp)
        spent = (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3
        return *spent, tracked and bool(faces)


def measure(theirs: MediaPipe, ours: Face3d, images: list[np.ndarray]) -> np.ndarray:
    """(F, 4) ms of the frames that count: MediaPipe's clock and CPU time, then ours."""
    rows, before = [], False
    ours.restart()
    for index, image in enumerate(images):
        if index % 2:
            mine, other = ours.run(image), theirs.run(image)
        else:
            other, mine = theirs.run(image), ours.run(image)
        found = other[2]
        if before and found and mine[2]:
            rows.append([*other[:2], *mine[:2]])
        before = found
    return np.array(rows).reshape(-1, 4)


def ratio(theirs: np.ndarray, ours: np.ndarray) -> tuple[float, float, float]:
    """Median of ours / theirs and its 95 % interval."""
    each = ours / theirs
    pieces = [each[at : at + _PIECE] for at in range(0, len(each), _PIECE)]
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(pieces), (1000, len(pieces)))
    drawn = [np.median(np.concatenate([pieces[i] for i in draw])) for draw in draws]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(np.median(each)), float(low), float(high)


def frames(path: Path, start: int, count: int, width: int, height: int) -> list[np.ndarray]:
    """RGB frames of a clip: its middle in the wanted shape, resized."""
    from face3d.source import open_source

    images = []
    with open_source(path) as source:
        for index, frame in enumerate(source):
            if index >= start + count:
                break
            if index < start:
                continue
            image = frame.image
            zoom = max(width / image.shape[1], height / image.shape[0])
            size = (max(width, round(image.shape[1] * zoom)), max(height, round(image.shape[0] * zoom)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
            left, top = (size[0] - width) // 2, (size[1] - height) // 2
            images.append(np.ascontiguousarray(image[top : top + height, left : left + width]))
    return images


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.against_mediapipe", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--size", default="640x480", metavar="WxH", help="of the frames; default: %(default)s"
    )
    parser.add_argument(
        "--frames", type=int, default=300, metavar="N", help="of each clip; default: %(default)s"
    )
    parser.add_argument("--network", type=Path, metavar="ONNX", help="default: what `auto` takes here")
    parser.add_argument("--out", type=Path, default=results.FOLDER / "against_mediapipe.json", metavar="JSON")
    parser.add_argument(
        "--mediapipe-python", type=Path, metavar="PYTHON", help="default: an environment made in the cache"
    )
    return parser.parse_args()


def main() -> None:
    from evaluation import development, references

    options = arguments()
    width, height = (int(side) for side in options.size.split("x"))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the worker inherits it
    cv2.setNumThreads(1)
    theirs = MediaPipe(options.mediapipe_python or references.environment())
    ours = Face3d(options.network)
    machine = results.machine()
    print(f"{machine['processor']}, one core, load {machine['load']}, {width} x {height}\n")
    print(f"{'milliseconds':<38}{'median':>9}{'95 %':>8}{'CPU':>8}")
    table, parts = {}, []
    for clip, path in development.clips():
        if not clip.face:
            continue
        part = measure(theirs, ours, frames(path, clip.start, options.frames, width, height))
        if len(part) < _PIECE:
            print(f"{clip.name}: only {len(part)} frames in which both track: left out")
            continue
        parts.append(part)
        table[clip.name] = {"frames": len(part), "ms": part.round(3).tolist()}
        _print(clip.name, part, theirs.points, ours.model.vertex_count)
    theirs.close()
    if not parts:
        raise SystemExit("no clip could be measured")
    total = np.concatenate(parts)
    _print("all clips", total, theirs.points, ours.model.vertex_count)
    by_clock, by_cpu = ratio(total[:, 0], total[:, 2]), ratio(total[:, 1], total[:, 3])
    data = {
        "machine": machine,
        "size": [width, height],
        "network": dict(ours.network.metadata),
        "clips": table,
    }
    results.save(options.out, data | {"ratio": {"clock": by_clock, "cpu": by_cpu}})
    print(f"\n{options.out}")


def _print(name: str, rows: np.ndarray, points: int, vertices: int) -> None:
    for who, at in ((f"MediaPipe, {points} points", 0), (f"face3d, {vertices} vertices", 2)):
        clock, cpu = rows[:, at], rows[:, at + 1]
        print(f"  {who:<36} {np.median(clock):8.2f}{np.percentile(clock, 95):8.2f}{np.median(cpu):8.2f}")
    by_clock, by_cpu = ratio(rows[:, 0], rows[:, 2]), ratio(rows[:, 1], rows[:, 3])
    text = "ratio {:.2f} [{:.2f}, {:.2f}], of CPU time {:.2f} [{:.2f}, {:.2f}]".format(*by_clock, *by_cpu)
    print(f"{name}, {len(rows)} frames: {text}", flush=True)


if __name__ == "__main__":
    main()
