"""A hand-held camera before a picture: it sways, turns and comes nearer, with noise."""

from __future__ import annotations

import math

import cv2
import numpy as np

from evaluation.pictures import Box, Picture

_NOISE = 3.0  # of 255


class Walk:
    """Frames of one picture, in which a face, if it has one, is about `face` pixels wide, by its detection box."""

    def __init__(
        self, picture: Picture, rng: np.random.Generator, size: tuple[int, int], face: float
    ) -> None:
        height, width = picture.image.shape[:2]
        if picture.box is None:
            self._centre = (width / 2, height / 2)
            self._zoom = 1.3 * max(size[0] / width, size[1] / height)
        else:
            x, y, side, tall = picture.box
            self._centre = (x + (side - 1) / 2, y + (tall - 1) / 2)
            self._zoom = face / side
        self._picture, self._size = picture, size
        self._phase, self._speed = rng.uniform(0, 2 * math.pi, 4), rng.uniform(0.03, 0.12, 4)

    def frame(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, Box | None]:
        """The image at a time, and the box of the face in it."""
        sway = np.sin(self._phase + self._speed * index)
        zoom, roll = self._zoom * (1 + 0.1 * sway[0]), math.radians(6) * sway[1]
        turn = zoom * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
        far = np.array([self._size[0] / 12.8, self._size[1] / 16])
        goal = 0.5 * np.array(self._size) + far * sway[2:]
        matrix = np.hstack([turn, (goal - turn @ self._centre)[:, None]])
        way = cv2.INTER_AREA if zoom < 0.7 else cv2.INTER_LINEAR
        # No mirrored copies of a face beside it.
        border = cv2.BORDER_REFLECT if self._picture.box is None else cv2.BORDER_REPLICATE
        still = cv2.warpAffine(self._picture.image, matrix, self._size, flags=way, borderMode=border)
        noisy = still + np.float32(_NOISE) * rng.standard_normal(still.shape, np.float32)
        image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        if self._picture.box is None:
            return image, None
        side = zoom * self._picture.box[2]
        left, top = goal - (side - 1) / 2
        return image, (float(left), float(top), side, side)
