"""What happens to an image before the tracker sees it: decoding, conversion, detection; by its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import cv2

from benchmarks.scenes import SIZES, Clip, named
from benchmarks.table import Row, timed
from face3d.detector import Detector


def rows(quick: bool) -> Iterator[Row]:
    """The detector runs only while a face is missing, and in a process of its own."""
    clip, detector, runs = Clip(1), Detector(), 5 if quick else 100
    for size in SIZES:
        (image,), _ = clip.scene(size, 1)
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        jpeg = cv2.imencode(".jpg", bgr)[1]
        calls: dict[str, Callable[[], object]] = {
            "decode, JPEG to RGB": partial(cv2.imdecode, jpeg, cv2.IMREAD_COLOR_RGB),
            "decode, bgr8 to RGB": partial(cv2.cvtColor, bgr, cv2.COLOR_BGR2RGB),
        }
        for name, call in calls.items():
            yield timed(f"{name}, {named(size)}", call, runs)
        yield timed(f"detect, {named(size)}", partial(detector.detect, image), max(3, runs // 5))
