"""Face detection with dlib's HOG detector: starts tracks, is not needed while a face is tracked."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from face3d.crop import check_image

_DLIB_FACE = 80  # dlib's detector window: smaller faces are invisible to it


@dataclass(frozen=True)
class Detection:
    """Box (x, y, width, height) in image pixels, inside the image; confidence in 0..1."""

    box: tuple[float, float, float, float]
    confidence: float


@dataclass(frozen=True)
class DetectorSettings:
    """min_face    smallest face that is to be found, in image pixels: smaller than 80 enlarges the image
    max_pixels  the detector works on at most so many pixels: larger images are shrunk, for speed
    threshold   dlib's score from which a hit counts: higher is stricter, 0 is dlib's own
    """

    min_face: float = 70.0
    max_pixels: int = 500_000
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.min_face <= 0.0 or self.max_pixels < _DLIB_FACE**2:
            raise ValueError(f"the detector needs min_face > 0 and max_pixels >= {_DLIB_FACE**2}, got {self}")


STILL = DetectorSettings(min_face=36.0, max_pixels=2_000_000)
"""For photographs, where a second does not matter and faces may be small."""


class Detector:
    """Finds frontal to half-profile faces; about 20 ms for 640 x 480 on one core."""

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self._detector = _frontal_face_detector()

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Faces in an RGB image (H, W, 3) uint8, the most certain first."""
        check_image(image)
        height, width = image.shape[:2]
        zoom = min(
            _DLIB_FACE / self.settings.min_face, math.sqrt(self.settings.max_pixels / (width * height))
        )
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
        if size != (width, height):
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if zoom < 1.0 else cv2.INTER_LINEAR)
        hits, scores, _ = self._detector.run(grey, 0, self.settings.threshold)
        found = []
        for hit, score in sorted(zip(hits, scores), key=lambda pair: -pair[1]):
            box = _clip(
                (hit.left() / size[0], hit.top() / size[1], hit.width() / size[0], hit.height() / size[1]),
                width,
                height,
            )
            if box is not None:
                found.append(Detection(box, 1.0 / (1.0 + math.exp(-3.0 * score))))
        return found


@functools.cache
def _frontal_face_detector():
    """dlib's detector, made once (it takes most of a second). Sharing it is safe: dlib keeps the GIL in `run`."""
    import dlib  # late: who only tracks does not pay for it

    return dlib.get_frontal_face_detector()


def _clip(relative: tuple[float, float, float, float], width: int, height: int) -> tuple | None:
    """Fractions of the image -> pixels inside it; None when less than half of the box is inside."""
    x, y = relative[0] * width, relative[1] * height
    w, h = relative[2] * width, relative[3] * height
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(float(width), x + w), min(float(height), y + h)
    if right <= left or bottom <= top or (right - left) * (bottom - top) < 0.5 * w * h:
        return None
    return (left, top, right - left, bottom - top)
