"""The nodes over real topics between a camera and a subscriber that are programs of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.ros_run import MARKER, OVERLAY, Result, Setting, measure
from benchmarks.scenes import Clip
from benchmarks.table import Row
from face3d import resources
from face3d.movie import Movie

_RATE = 60.0  # images per second, 640 x 480
_LATENCY, _LATENCY_HIGH = 15.0, 25.0  # ms from the image's stamp to the mesh in the subscriber's callback
_MEMORY = 400.0  # MB of the reconstruction node
_LARGE, _LARGE_RATE = (1920, 1080), 30.0
_FAST = 90.0  # images per second that two cores can just take; twice as many are too many
_FRAMES = 40  # of the clips that camera_node plays


def rows(quick: bool) -> Iterator[Row]:
    """Rate, losses and latency with the committed network. Raises RuntimeError when the nodes give nothing."""
    resources.network()  # says where it looked when it is missing, before anything is started
    seconds = 6.0 if quick else 15.0
    usual = measure(Setting(rate=_RATE), seconds)
    yield Row("640 x 480 at 60/s: meshes lost", usual.lost, "", 0, note=f"of {usual.sent} images")
    median, high = np.percentile(usual.latencies, (50, 95))
    yield Row("640 x 480 at 60/s: stamp to received", median, "ms", _LATENCY, note=_longest(usual))
    yield Row("640 x 480 at 60/s: the same, 95 %", high, "ms", _LATENCY_HIGH)
    memory = usual.usage["reconstruction_node"].resident
    yield Row("640 x 480 at 60/s: reconstruction node's memory", memory, "MB", _MEMORY, note="resident")
    ears = ("--best-effort", "--depth", "1")
    yield from _rows("60/s, subscriber with best effort, depth 1", measure(Setting(ears=ears), seconds))
    marker = Setting(topic=MARKER, ears=("--raw",))
    yield from _rows("60/s, marker instead, serialised", measure(marker, seconds))
    yield from _rows("60/s, and somebody watches the overlay", measure(Setting(others=(OVERLAY,)), seconds))
    yield from _rows("60/s, camera without our Fast DDS profile", measure(Setting(profile=False), seconds))
    yield from _rows("1920 x 1080 at 30/s", measure(Setting(size=_LARGE, rate=_LARGE_RATE), seconds))
    yield from _overload(seconds)
    yield from _together(seconds)


def _overload(seconds: float) -> Iterator[Row]:
    """More images than there is time for: throughput must not fall, and latency stays bounded."""
    once, twice = (measure(Setting(rate=rate), seconds) for rate in (_FAST, 2 * _FAST))
    yield Row(f"camera at {_FAST:g}/s: meshes", once.rate, "/s", note=_longest(once))
    yield Row(
        f"camera at {2 * _FAST:g}/s: meshes",
        twice.rate,
        "/s",
        floor=round(0.9 * once.rate, 1),
        note=_longest(twice),
    )
    yield from _rows(f"camera at {2 * _FAST:g}/s", twice)


def _together(seconds: float) -> Iterator[Row]:
    """camera_node plays a file; all nodes apart, and in one process."""
    with tempfile.TemporaryDirectory() as folder:
        for size, rate in (((640, 480), _RATE), (_LARGE, _LARGE_RATE)):
            clip = _clip(Path(folder), size)
            for together in (False, True):
                result = measure(Setting(source=str(clip), rate=rate, together=together), seconds)
                name = f"{size[1]}p file at {rate:g}/s, {'one process' if together else 'three processes'}"
                yield from _rows(name, result)
                memory = sum(usage.resident for usage in result.usage.values())
                yield Row(f"{name}: processor", 100 * result.cpu, "%", note=f"of a core; {memory:.0f} MB")


def _clip(folder: Path, size: tuple[int, int]) -> Path:
    """The demo clip at this size, forth and back, so that its end fits its beginning."""
    path = folder / f"{size[1]}.mp4"
    images = Clip(_FRAMES).scene(size, 1)[0]
    with Movie(path, 30.0) as movie:
        for image in (*images, *images[-2:0:-1]):
            movie.write(image)
    return path


def _rows(name: str, result: Result) -> Iterator[Row]:
    median, high = np.percentile(result.latencies, (50, 95))
    lost = f"{result.rate:.1f}/s, {result.lost} lost" + (f" of {result.sent}" if result.sent else "")
    yield Row(f"{name}: latency", median, "ms", high=high, note=lost)


def _longest(result: Result) -> str:
    return f"longest {result.latencies.max():.1f}; {result.lost} of {result.sent} lost"
