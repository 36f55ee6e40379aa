"""What the commands share: their common arguments and the loading of model, network and tracker."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from face3d import runtime
from face3d.model import FaceModel
from face3d.overlay import STYLES
from face3d.source import IMAGE_SUFFIXES
from face3d.tracker import Tracker, TrackerSettings

Number = TypeVar("Number", int, float)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """--network, --model, --backend, --threads."""
    group = parser.add_argument_group("model and network")
    group.add_argument(
        "--network",
        type=Path,
        metavar="ONNX",
        help="network (or TensorRT engine) instead of the one that comes along",
    )
    group.add_argument(
        "--model", type=Path, metavar="NPZ", help="face model instead of the one that comes along"
    )
    group.add_argument(
        "--backend",
        choices=runtime.CHOICES,
        default=runtime.AUTO,
        help="what runs the network; auto: TensorRT where an engine fits, else ONNX Runtime; default: %(default)s",
    )
    group.add_argument(
        "--threads",
        type=number(int, 1, 64),
        default=1,
        metavar="N",
        help="of the network; default: %(default)s",
    )


def add_overlay_arguments(parser: argparse.ArgumentParser) -> None:
    """--overlay."""
    parser.add_argument(
        "--overlay", choices=STYLES, default="mesh", help="what is drawn over the image; default: %(default)s"
    )


def add_fov_argument(parser: argparse.ArgumentParser, text: str) -> None:
    """--fov, with what it is for."""
    parser.add_argument(
        "--fov", type=number(float, 1, 170), default=60.0, metavar="DEG", help=f"{text}; default: %(default)s"
    )


def load_tracker(arguments: argparse.Namespace, settings: TrackerSettings | None = None) -> Tracker:
    """The tracker that the common arguments describe."""
    model = FaceModel.load(arguments.model)

    def say(text: str) -> None:
        print(f"face3d: {text}", file=sys.stderr)

    network = runtime.load(arguments.network, model, arguments.backend, arguments.threads, say)
    return Tracker(model, network, settings)


def number(kind: type[Number], least: float, most: float = math.inf) -> Callable[[str], Number]:
    """For argparse: a text -> a number from `least` to `most`, int or float; what is no number is not between them."""

    def parse(text: str) -> Number:
        value: Number | None = None
        with contextlib.suppress(ValueError):
            value = kind(text)
        if value is None or not least <= value <= most:
            wanted = f"{least:g} or more" if math.isinf(most) else f"from {least:g} to {most:g}"
            raise argparse.ArgumentTypeError(
                f"expected a {'whole ' if kind is int else ''}number, {wanted}, got {text!r}"
            )
        return value

    return parse


def parse_box(text: str) -> tuple[float, float, float, float]:
    """'x,y,w,h' -> four floats, for argparse."""
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"a box is x,y,width,height in pixels, got {text!r}") from None
    if not (width > 0 and height > 0 and all(map(math.isfinite, (x, y, width, height)))):
        raise argparse.ArgumentTypeError(
            f"a box needs finite numbers, width and height positive, got {text!r}"
        )
    return (x, y, width, height)


def protect(source: str | Path, outputs: Iterable[Path | None]) -> None:
    """Raise ValueError when a file to be written is read: the source, or an image in the folder that it is."""
    source = Path(source).expanduser()
    read = [source]
    if source.is_dir():
        read = [entry for entry in source.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES]
    for out in outputs:
        if out is None or not out.is_file():
            continue
        if any(path.is_file() and out.samefile(path) for path in read):
            raise ValueError(f"{out} would overwrite what is read; choose another output")
