"""The 68 landmarks: where annotators of photographs put them on the model's face.

`training.head_mesh.ANCHORS` are *anchors*: control vertices placed by hand, 5 to 8 mm apart. Make-up, lids and the
points that the network locates hang on them. The landmarks themselves are fine vertices beside them, moved by OFFSETS:
so far from the projected anchors two landmark detectors put their points on 217 rendered faces, whose geometry is
known exactly (`python -m evaluation.landmark_offsets`). No photograph had a say in it.
"""

from __future__ import annotations

import numpy as np

OFFSETS = {
    0: (1.6, 7.3), 1: (5.4, 6.1), 2: (5.5, 8.7), 3: (0.9, -3.3), 4: (-2.6, -2.1), 5: (-6.6, -2.8), 6: (-0.9, 3.1),
    7: (-4.2, -0.1), 8: (0.0, 0.8), 17: (3.2, 4.7), 18: (0.3, 3.4), 19: (3.8, 1.1), 20: (0.3, 4.3), 21: (-2.7, 1.5),
    27: (0.0, 1.0), 28: (0.0, -2.9), 29: (0.0, -2.3), 30: (0.0, -2.2), 31: (-0.9, -0.5), 32: (-0.2, -1.2),
    33: (0.0, -0.3), 36: (-0.7, 0.2), 37: (1.2, 0.0), 38: (-0.7, 0.2), 39: (-0.5, -0.4), 40: (-1.5, 0.2),
    41: (0.4, 0.6), 48: (-0.2, -0.2), 49: (0.6, -1.2), 50: (1.8, 0.0), 51: (0.0, -1.1), 57: (0.0, 0.6),
    58: (1.0, 0.8), 59: (-2.7, -1.2), 60: (-2.9, -0.3), 61: (-2.2, 0.5), 62: (0.0, 0.3), 66: (0.0, 0.1), 67: (0.7, 0.4),
}
"""Millimetres (outwards, up) from the anchors of one side and the middle; the other side is their mirror image."""
TRUST = 0.75
"""Share of the offsets that is gone: detectors err on rendered faces, too."""
OTHER_SIDE = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)
"""The landmark on the other side of the face, by number."""
STEEP = 0.3
"""Weight of the distance in depth: where the cheek falls away, many vertices are near in front view."""


def place_landmarks(points: np.ndarray, allowed: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """(68,) vertices that are the landmarks.

    points (N, 3) the mean face's fine vertices in metres, allowed (N,) bool those of the skin, anchors (68,) vertices.
    Of the allowed ones the closest to anchor plus offset, in front view; a landmark of the middle stays there.
    """
    landmarks = np.empty(68, int)
    middle = np.abs(points[:, 0]) < 1e-5
    for number, (outwards, up) in OFFSETS.items():
        anchor, mirror = points[anchors[number]], OTHER_SIDE[number]
        side = 0.0 if number == mirror else np.sign(anchor[0])
        goal = anchor[:2] + 1e-3 * TRUST * np.array([side * outwards, up])
        pool = np.flatnonzero(allowed & middle if number == mirror else allowed)
        away = np.column_stack([points[pool, :2] - goal, STEEP * (points[pool, 2] - anchor[2])])
        landmarks[number] = pool[np.linalg.norm(away, axis=1).argmin()]
        if number != mirror:
            reflected = points[landmarks[number]] * [-1, 1, 1]
            landmarks[mirror] = np.linalg.norm(points - reflected, axis=1).argmin()
    return landmarks
