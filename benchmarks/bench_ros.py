"""The nodes over real topics between a camera and a subscriber that are programs of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.ros_run import MARKER, OVERLAY, Result, Setting, measure
from benchmarks.scenes import Clip
from benchmarks.table import NotHere, Row
from face3d import resources
from face3d.movie import Movie
from face3d.ros import environment

_RATE = 60.0  # images per second, 640 x 480
_LATENCY, _LATENCY_HIGH = 15.0, 25.0  # ms from the image's stamp to the mesh in the subscriber's callback
_MEMORY = 400.0  # MB of the reconstruction node
_LARGE, _LARGE_RATE = (1920, 1080), 30.0
# Images per second to try beyond the usual; twice what goes are too many
_RATES = (90.0, 120.0, 150.0, 180.0, 240.0)
_HICCUP = 0.06  # seconds
_SUSTAINED = 0.02  # of the images may get lost
_NOISE = 0.05  # of a rate, between two runs
_FRAMES = 40  # of the clips that camera_node plays


def rows(quick: bool) -> Iterator[Row]:
    """Rate, losses and latency with the committed network. Raises RuntimeError when the nodes give nothing, NotHere
    without ROS 2 or a network."""
    try:
        environment.check()
        resources.network()
    except (environment.NoRos, FileNotFoundError) as error:
        raise NotHere(str(error)) from None
    seconds = 6.0 if quick else 15.0
    usual = measure(Setting(rate=_RATE), seconds)
    yield Row("640 x 480 at 60/s: meshes lost", usual.lost, "", 0, note=f"of {usual.sent} images")
    median, high = np.percentile(usual.latencies, (50, 95))
    yield Row("640 x 480 at 60/s: stamp to received", median, "ms", _LATENCY, note=_longest(usual))
    yield Row("640 x 480 at 60/s: the same, 95 %", high, "ms", _LATENCY_HIGH)
    memory = usual.usage["reconstruction_node"].resident
    yield Row("640 x 480 at 60/s: reconstruction node's memory", memory, "MB", _MEMORY, note="resident")
    hiccups = measure(Setting(hiccup=_HICCUP), seconds)
    what = f"640 x 480 at 60/s, the node stopped for {1e3 * _HICCUP:g} ms once a second: meshes lost"
    yield Row(what, hiccups.lost, "", 0, note=f"of {hiccups.sent} images")
    ears = ("--best-effort", "--depth", "1")
    yield from _rows("60/s, subscriber with best effort, depth 1", measure(Setting(ears=ears), seconds))
    marker = Setting(topic=MARKER, ears=("--raw",), parameters={"marker_rate": 0.0})
    yield from _rows("60/s, marker instead, serialised", measure(marker, seconds))
    for rate in (0.0, 10.0):  # rclpy makes 20,000 objects of a marker
        plain = measure(Setting(topic=MARKER, parameters={"marker_rate": rate}), seconds)
        median, high = np.percentile(plain.latencies, (50, 95))
        name = f"60/s, marker as rclpy reads it, {f'{rate:g} a second' if rate else 'one for every image'}"
        yield Row(f"{name}: latency", median, "ms", high=high, note=f"{plain.rate:.1f}/s")
    yield from _rows("60/s, and somebody watches the overlay", measure(Setting(others=(OVERLAY,)), seconds))
    yield from _rows("60/s, camera without our Fast DDS profile", measure(Setting(profile=False), seconds))
    yield from _rows("1920 x 1080 at 30/s", measure(Setting(size=_LARGE, rate=_LARGE_RATE), seconds))
    yield from _overload(usual, seconds)
    yield from _together(seconds)


def _overload(usual: Result, seconds: float) -> Iterator[Row]:
    """Twice the images that the machine can take: throughput must not fall, and latency stays bounded."""
    rate, best = _RATE, usual
    for faster in _RATES:
        result = measure(Setting(rate=faster), seconds)
        if result.lost_share > _SUSTAINED:
            break
        rate, best = faster, result
    note = f"{best.rate:.1f} meshes/s; {_longest(best)}"
    if best.lost_share > _SUSTAINED:
        note = f"not even that: {note}"
    yield Row("highest rate tried with less than 2 % lost", rate, "/s", note=note)
    if best is not result:
        yield from _rows(f"the next one, {faster:g}/s", result)
    twice = measure(Setting(rate=2 * rate), seconds)
    floor = round((1.0 - _NOISE) * best.rate, 1)
    yield Row(
        "twice the highest rate: meshes", twice.rate, "/s", floor=floor, note=f"camera at {2 * rate:g}/s"
    )
    yield from _rows("twice the highest rate", twice)


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
