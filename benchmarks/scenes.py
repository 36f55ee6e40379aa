"""Frames of any size with any number of faces: the face of the demo clip, once or as a mosaic."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from face3d import demo
from face3d.detector import Detector
from face3d.source import open_source

SIZES = ((640, 480), (1280, 720), (1920, 1080))
FACES = (1, 2, 4, 8)

Box = tuple[float, float, float, float]
_GRIDS = {1: (1, 1), 2: (2, 1), 4: (2, 2), 8: (4, 2)}


class Clip:
    """The first frames of the demo clip, and the box of the face in the first one."""

    def __init__(self, frames: int) -> None:
        with open_source(demo.demo_clip()) as source:
            self.images = [frame.image for _, frame in zip(range(frames), source)]
        found = Detector().detect(self.images[0])
        if not found:
            raise RuntimeError("no face is found in the demo clip")
        self.box: Box = found[0].box

    def scene(self, size: tuple[int, int], faces: int) -> tuple[list[np.ndarray], list[Box]]:
        """Images (H, W, 3) of a size (W, H) with so many faces, and the boxes of all faces in the first one."""
        columns, rows = _GRIDS[faces]
        width, height = size[0] // columns, size[1] // rows
        left, top, zoom = self._cut(width, height)
        x, y, w, h = self.box
        # A box begins at its first pixel's edge.
        box = ((x - left) * zoom, (y - top) * zoom, w * zoom, h * zoom)
        boxes = [
            (box[0] + c * width, box[1] + r * height, *box[2:]) for r in range(rows) for c in range(columns)
        ]
        cells = (self._cell(image, left, top, zoom, width, height) for image in self.images)
        return [np.ascontiguousarray(np.tile(cell, (rows, columns, 1))) for cell in cells], boxes

    def _cut(self, width: int, height: int) -> tuple[int, int, float]:
        """Left, top and zoom of the largest part of the clip in the shape of a cell, around the face."""
        image_height, image_width = self.images[0].shape[:2]
        x, y, w, h = self.box
        part_height = min(image_height, image_width * height / width)
        part_width = part_height * width / height
        left = int(np.clip(x + 0.5 * w - 0.5 * part_width, 0, image_width - part_width))
        top = int(np.clip(y + 0.5 * h - 0.5 * part_height, 0, image_height - part_height))
        return left, top, height / part_height

    @staticmethod
    def _cell(image: np.ndarray, left: int, top: int, zoom: float, width: int, height: int) -> np.ndarray:
        part = image[top : top + round(height / zoom), left : left + round(width / zoom)]
        return cv2.resize(
            part, (width, height), interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
        )


def named(size: Sequence[int]) -> str:
    """The size as in "640 x 480"."""
    return f"{size[0]} x {size[1]}"
