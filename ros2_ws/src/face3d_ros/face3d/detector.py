"""Face detection with dlib's HOG detector: starts tracks, is not needed while a face is tracked."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from face3d.crop import check_image
from face3d.looks import UPRIGHT, Look
from face3d.parts import WINDOW, Part


@dataclass(frozen=True)
class Detection:
    """A face that may be there.

    box         (x, y, width, height) in image pixels, inside the image
    confidence  0..1
    roll        tilt of the face, radians clockwise
    sure        whether the score reached the detector's threshold
    """

    box: tuple[float, float, float, float]
    confidence: float
    roll: float = 0.0
    sure: bool = True

    @property
    def start(self) -> tuple[float, float, float, float, float]:
        """(x, y, width, height, roll): what `Tracker` starts a face from."""
        return (*self.box, self.roll)


@dataclass(frozen=True)
class DetectorSettings:
    """min_face    smallest face that is to be found, in image pixels: smaller than 80 enlarges the image
    max_pixels  the detector works on at most so many pixels: larger images are shrunk, or searched in parts
    threshold   dlib's score from which a hit counts: higher is stricter, 0 is dlib's own
    """

    min_face: float = 70.0
    max_pixels: int = 500_000
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.min_face <= 0.0 or self.max_pixels < WINDOW**2:
            raise ValueError(f"the detector needs min_face > 0 and max_pixels >= {WINDOW**2}, got {self}")


STILL = DetectorSettings(min_face=36.0, max_pixels=2_000_000)
"""For photographs, where a second does not matter and faces may be small."""


class Detector:
    """Finds frontal to half-profile faces; about 20 ms for 640 x 480 on one core."""

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self._detector = _frontal_face_detector()

    def detect(
        self, image: np.ndarray, look: Look = UPRIGHT, doubt: float = 0.0, part: Part | None = None
    ) -> list[Detection]:
        """Faces in an RGB image (H, W, 3) uint8, or a part of it, the most certain first.

        doubt  how far a score may be below the threshold, but never further than the look allows: profiles, covered
               and dark faces, and more that is none
        """
        check_image(image)
        left, top, width, height = part or (0, 0, image.shape[1], image.shape[0])
        view = image[top : top + height, left : left + width]
        seen, border = look.prepare(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY))
        tall, wide = seen.shape
        pixels = width * height
        zoom = min(WINDOW / self.settings.min_face, math.sqrt(self.settings.max_pixels / pixels))
        zoom *= math.sqrt(pixels / (wide * tall))  # a margin makes no look dearer: what it is for is large
        size = (max(1, round(wide * zoom)), max(1, round(tall * zoom)))
        if size != (wide, tall):
            seen = cv2.resize(seen, size, interpolation=cv2.INTER_AREA if zoom < 1.0 else cv2.INTER_LINEAR)
        threshold = self.settings.threshold
        hits, scores, _ = self._detector.run(seen, 0, threshold - min(doubt, look.doubt))
        across, down = wide / size[0], tall / size[1]
        found = []
        for hit, score in sorted(zip(hits, scores), key=lambda pair: -pair[1]):
            box = (hit.left() * across, hit.top() * down, hit.width() * across, hit.height() * down)
            x, y, w, h = _turned_back(box, look.quarters, wide, tall)
            inside = _clip((left + x - border, top + y - border, w, h), image.shape[1], image.shape[0])
            if inside is not None:
                confidence = 1.0 / (1.0 + math.exp(-3.0 * score))
                found.append(Detection(inside, confidence, look.roll, score >= threshold))
        return found


def with_few_doubts(detections: list[Detection], most: int) -> list[Detection]:
    """The sure ones of some detections, the most certain first, and at most so many doubtful ones."""
    return detections[: sum(detection.sure for detection in detections) + most]


@functools.cache
def _frontal_face_detector():
    """dlib's detector, made once (it takes most of a second). Sharing it is safe: dlib keeps the GIL in `run`."""
    import dlib  # late: who only tracks does not pay for it

    return dlib.get_frontal_face_detector()


def _turned_back(box: tuple[float, float, float, float], quarters: int, width: float, height: float) -> tuple:
    """A box in an image of width x height pixels that was turned counter-clockwise, in the image before the turns."""
    for _ in range(quarters):
        x, y, w, h = box
        box, width, height = (height - y - h, x, h, w), height, width
    return box


def _clip(box: tuple[float, float, float, float], width: int, height: int) -> tuple | None:
    """The part inside of the image; None when that is less than half of the box."""
    x, y, w, h = box
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(float(width), x + w), min(float(height), y + h)
    if right <= left or bottom <= top or (right - left) * (bottom - top) < 0.5 * w * h:
        return None
    return (left, top, right - left, bottom - top)
