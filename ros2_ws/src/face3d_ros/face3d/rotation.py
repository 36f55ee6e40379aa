"""Rotations: exponential and logarithm of SO(3), and the way back onto it after many products.

A rotation vector `w` (3,) is the axis times the angle in radians; `exp(w)` is the matrix that turns by it. All take and
give float64; results are read-only.
"""

import numpy as np

from face3d import _core


def exp(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix (3, 3) of a rotation vector (3,) in radians. NaN and infinity give NaN."""
    return _core.rotation_exp(np.ascontiguousarray(vector, np.float64))


def log(rotation: np.ndarray) -> np.ndarray:
    """Rotation vector (3,) with angle in [0, pi] of a rotation matrix (3, 3), precise near 0 and near pi, too."""
    return _core.rotation_log(np.ascontiguousarray(rotation, np.float64))


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle in radians between two rotations (3, 3)."""
    return _core.angle(np.ascontiguousarray(a, np.float64), np.ascontiguousarray(b, np.float64))


def orthonormal(matrix: np.ndarray) -> np.ndarray:
    """Nearest rotation (3, 3) to a nearly orthonormal matrix: products of thousands of increments drift."""
    return _core.orthonormal(np.ascontiguousarray(matrix, np.float64))
