"""Whether a face still looks like itself: a coarse picture of it, compared from frame to frame.

The network says whether there is a face; beside a prior that shows one it may believe in a wall. That the picture in
the crop is another one from one frame to the next (a cut, a hand before the face, somebody else) needs no network.
"""

from __future__ import annotations

import numpy as np

from face3d import _core

CELLS = 15  # along each side: 8 pixels of the crop each, coarser than noise and than what tracking is off by
_BORDER = 40  # pixels of the crop left out: hair and background
_GAIN = 0.2  # of a new picture: what turns or changes its light slowly stays itself
_TURN = 0.1  # radians between two frames from which the picture is followed at once: another side of the face
_FLAT = 2.0  # grey levels of contrast below which there is nothing to compare


def look_of(tensor: np.ndarray) -> np.ndarray:
    """How the middle of a crop looks: (3, CELLS, CELLS) float32, without brightness and contrast.

    tensor  the network's input (9, 200, 200) uint8, whose first three planes are the crop. A plain wall is all zeros.
    """
    return _core.look(tensor, _BORDER, CELLS, _FLAT)


def is_alike(look: np.ndarray, before: np.ndarray, least: float) -> bool:
    """Whether two looks correlate by `least` (-1 to 1) or more. Nothing is known of one that shows nothing `before`."""
    return _core.dot(look, before) >= least or not before.any()


def remember(look: np.ndarray, new: np.ndarray, turn: float) -> np.ndarray:
    """A look that follows another one: slowly, or as fast as the head turned by `turn` radians in between."""
    return _core.mixed_looks(look, new, min(1.0, _GAIN + (1.0 - _GAIN) * turn / _TURN))
