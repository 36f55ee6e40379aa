"""The 68 landmarks: where annotators of photographs put them on the model's face.

`training.head_mesh.ANCHORS` are *anchors*: control vertices placed by hand, 5 to 8 mm apart. Make-up, lids and the
points that the network locates hang on them. The landmarks themselves are fine vertices beside them, moved by OFFSETS:
so far from the projected anchors MediaPipe puts its points on 218 rendered faces, whose geometry is known exactly
(`python -m evaluation.landmark_offsets`). The brows' inner ends are those of MediaPipe's canonical face (Apache-2.0).
"""

from __future__ import annotations

import numpy as np

# fmt: off
OFFSETS = {
    0: (0.6, 11.5), 1: (4.6, 2.4), 2: (6.0, 9.0), 3: (0.4, -7.9), 4: (-3.3, -4.9), 5: (-7.1, -4.7), 6: (-2.6, 1.2),
    7: (-7.3, -1.6), 8: (0.0, -0.3), 17: (6.0, 5.3), 18: (2.9, 2.5), 19: (7.5, 0.9), 20: (3.8, 5.1), 21: (-1.0, 4.1),
    27: (0.0, 2.3), 28: (0.0, -3.4), 29: (0.0, -3.9), 30: (0.0, -2.1), 31: (-1.1, -0.2), 32: (0.1, -1.3),
    33: (0.0, 0.3), 36: (0.1, 0.5), 37: (2.7, 0.3), 38: (0.0, 0.9), 39: (-1.3, -0.1), 40: (-1.8, 0.8), 41: (0.8, 1.0),
    48: (0.0, 0.1), 49: (0.1, -0.2), 50: (2.2, 0.4), 51: (0.0, -0.4), 57: (0.0, 0.7), 58: (1.3, 0.8),
    59: (-3.7, -1.9), 60: (-1.8, -0.1), 61: (-2.5, 0.9), 62: (0.0, 0.7), 66: (0.0, 0.1), 67: (0.3, 0.2),
}
# fmt: on
"""Millimetres (outwards, up) from the anchors of one side and the middle; the other side is their mirror image."""
TRUST = 0.5
"""Share of the offsets that is gone: half-way between what was placed by hand and what a detector sees, whose own 68
points are vertices picked by others."""
# fmt: off
OTHER_SIDE = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)
# fmt: on
"""The landmark on the other side of the face, by number."""
BROW = range(17, 22)
"""The markup spaces its points evenly from end to end."""
INNER_END = (13.0, 18.9)
"""Millimetres (outwards, up) from between the eyes' outer corners, on a face that has 88 mm between these, to where a
brow begins: between vertices 55 and 107 of MediaPipe's canonical face. Its landmarker's point is 107, on the edge:
its row in OFFSETS is not followed."""
STEEP = 0.3
"""Weight of the distance in depth: where the cheek falls away, many vertices are near in front view."""


def place_landmarks(points: np.ndarray, allowed: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """(68,) vertices that are the landmarks.

    points (N, 3) the mean face's fine vertices in metres, allowed (N,) bool those of the skin, anchors (68,) vertices.
    Of the allowed ones the closest to their goal, in front view; a landmark of the middle stays there.
    """
    landmarks = np.empty(68, int)
    middle = np.abs(points[:, 0]) < 1e-5
    goals = points[anchors]
    for number, offset in OFFSETS.items():
        side = 0.0 if number == OTHER_SIDE[number] else np.sign(goals[number, 0])
        goals[number, :2] += 1e-3 * TRUST * np.array(offset) * [side, 1.0]
    goals[BROW[-1], :2] = _brow_begins(goals)
    goals[BROW] = space_evenly(goals[BROW])
    for number in OFFSETS:
        mirror = OTHER_SIDE[number]
        pool = np.flatnonzero(allowed & middle if number == mirror else allowed)
        away = (points[pool] - goals[number]) * [1.0, 1.0, STEEP]
        landmarks[number] = pool[np.linalg.norm(away, axis=1).argmin()]
        if number != mirror:
            reflected = points[landmarks[number]] * [-1, 1, 1]
            landmarks[mirror] = np.linalg.norm(points - reflected, axis=1).argmin()
    return landmarks


def _brow_begins(goals: np.ndarray) -> np.ndarray:
    """(2,) x and y of the inner end of the brow that BROW is, from goals (68, 3)."""
    corners = goals[[36, 45], :2]
    unit = np.linalg.norm(corners[1] - corners[0]) / 88.0
    return corners.mean(0) + unit * np.array(INNER_END) * [np.sign(goals[BROW[-1], 0]), 1.0]


def space_evenly(line: np.ndarray) -> np.ndarray:
    """As many points (n, 3) at even distances along the polyline (n, 3), seen from the front; its ends stay."""
    along = np.concatenate([[0.0], np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1).cumsum()])
    even = np.linspace(0.0, along[-1], len(line))
    return np.column_stack([np.interp(even, along, axis) for axis in line.T])
