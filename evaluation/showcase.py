"""The README's pictures: two photographs that may be shown, synthetic faces pass by pass, and a tracked head.

python -m evaluation.showcase       writes results.jpg and tracking.webp into docs/images with the committed network

The photographs are NASA's portrait of Eileen Collins and the US Navy's of Grace Hopper, both in the public domain, out
of published packages (see evaluation.development). Nobody else's face is in a picture that is committed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluation import reel
from evaluation.development import ASTRONAUT, HOPPER, still
from evaluation.figures import Painter, grid, save
from evaluation.measures import PASSES
from evaluation.packages import PackageError
from evaluation.photographs import run_passes
from face3d import runtime
from face3d.codec import Geometry
from face3d.crop import pose_from_box
from face3d.detector import STILL, Detector
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.source import read_image
from training.evaluate import TestSet, truth_of
from training.priors import PriorConfig, start_prior

_PHOTOGRAPH = (
    "photograph",
    "start: mean face",
    f"68 points, {PASSES} passes",
    "mesh",
    "from the side",
    "with its colours",
)
_SYNTHETIC = ("synthetic face", "start: mean face", "pass 1", "pass 2", f"pass {PASSES}", "truth")
_MOST = 400_000  # bytes that a committed picture may have


def photograph(path: Path, painter: Painter, network: Runtime) -> list[np.ndarray]:
    """A row: the first face that the detector finds in a photograph."""
    image = read_image(path)
    start = Geometry.mean(pose_from_box(Detector(STILL).detect(image)[0].box))
    last = run_passes(image, start, painter.model, network)[-1]
    window = painter.window(last)
    return [
        painter.photo(image, window),
        painter.overlay(image, window, start),
        painter.overlay(image, window, last, points=True),
        painter.overlay(image, window, last),
        painter.turned(last, 50.0),
        painter.turned(last, -30.0, image),
    ]


def synthetic(numbers: Sequence[int], painter: Painter, network: Runtime) -> list[list[np.ndarray]]:
    """Rows: faces of the held-back test set by their number."""
    samples = TestSet.draw(max(numbers) + 1).faces
    rows = []
    for number in numbers:
        image, truth = samples[number].image, truth_of(samples[number])
        start = start_prior(truth, PriorConfig(), np.random.default_rng(number))
        steps = run_passes(image, start, painter.model, network)
        window = painter.window(truth)
        shown = [steps[0], steps[1], steps[2], steps[PASSES], truth]
        rows.append([painter.photo(image, window), *(painter.overlay(image, window, g) for g in shown)])
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.showcase", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--network", type=Path, metavar="ONNX", help="default: the committed network")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/images"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--synthetic",
        type=int,
        nargs="+",
        default=[10, 5],
        metavar="N",
        help="test faces; default: %(default)s",
    )
    options = parser.parse_args()
    model = FaceModel.load()
    network = runtime.load(options.network, model)
    painter = Painter(model, 190)
    try:
        photographs = [photograph(still(name), painter, network) for name in (ASTRONAUT, HOPPER)]
    except PackageError as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1
    rows = synthetic(options.synthetic, painter, network)
    sheet = np.vstack([grid(photographs, _PHOTOGRAPH), grid(rows, _SYNTHETIC)])
    for quality in (90, 84, 76):
        results = save(options.out / "results.jpg", sheet, quality)
        if results.stat().st_size <= _MOST:
            break
    tracking = reel.save(reel.track(model, network), options.out / "tracking.webp")
    for path in (results, tracking):
        print(f"{path}: {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
