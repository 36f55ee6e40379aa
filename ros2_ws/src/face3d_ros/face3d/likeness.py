"""Whether a face still looks like itself: a coarse picture of it, compared from frame to frame.

The network says whether there is a face; beside a prior that shows one it may believe in a wall. That the picture in
the crop is another one from one frame to the next (a cut, a hand before the face, somebody else) needs no network.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from face3d import _core

CELLS = 15  # along each side: 8 pixels of the crop each, coarser than noise and than what tracking is off by
_BORDER = 40  # pixels of the crop left out: hair and background
_GAIN = 0.2  # of a new picture: what turns or changes its light slowly stays itself
_TURN = 0.1  # radians between two frames from which the picture is followed at once: another side of the face
_ROUND = np.hypot(*(np.mgrid[:CELLS, :CELLS] - 0.5 * (CELLS - 1))) <= 0.5 * CELLS
_FLAT = 2.0  # grey levels of contrast below which there is nothing to compare


def look_of(tensor: np.ndarray) -> np.ndarray:
    """How the middle of a crop looks: (3, CELLS, CELLS) float32, without brightness and contrast.

    tensor  the network's input (9, 200, 200) uint8, whose first three planes are the crop. A plain wall is all zeros.
    """
    return _core.look(tensor, _BORDER, CELLS, _FLAT)


def is_alike(look: np.ndarray, before: np.ndarray, least: float) -> bool:
    """Whether two looks correlate by `least` (-1 to 1) or more. Nothing is known of one that shows nothing `before`."""
    return _core.dot(look, before) >= least or not before.any()


def is_alike_turned(look: np.ndarray, before: np.ndarray, roll: float, least: float) -> bool:
    """The same of the round middle of two looks, of which the one before is turned by `roll` radians clockwise: a head
    that tilts fast is a picture that turns."""
    middle = (0.5 * (CELLS - 1), 0.5 * (CELLS - 1))
    matrix = cv2.getRotationMatrix2D(middle, -math.degrees(roll), 1.0)
    turned = cv2.warpAffine(np.ascontiguousarray(before.transpose(1, 2, 0)), matrix, (CELLS, CELLS))
    one, other = (cells[_ROUND] - cells[_ROUND].mean(0) for cells in (look.transpose(1, 2, 0), turned))
    return float(np.vdot(one, other)) >= least * float(np.linalg.norm(one) * np.linalg.norm(other))


def remember(look: np.ndarray, new: np.ndarray, turn: float) -> np.ndarray:
    """A look that follows another one: slowly, or as fast as the head turned by `turn` radians in between."""
    return _core.mixed_looks(look, new, min(1.0, _GAIN + (1.0 - _GAIN) * turn / _TURN))
