"""Rotations: exponential and logarithm of SO(3), and the way back onto it after many products.

A rotation vector `w` (3,) is the axis times the angle in radians; `exp(w)` is the matrix that turns by it.
"""

import numpy as np


def exp(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix (3, 3) float64 of a rotation vector (3,) in radians (Rodrigues' formula)."""
    x, y, z = (float(component) for component in vector)
    angle2 = x * x + y * y + z * z
    if angle2 < 1e-8:  # Taylor series: sin(a)/a and (1-cos(a))/a^2 lose all digits near zero
        a, b = 1.0 - angle2 / 6.0, 0.5 - angle2 / 24.0
    else:
        angle = np.sqrt(angle2)
        a, b = np.sin(angle) / angle, (1.0 - np.cos(angle)) / angle2
    hat = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + a * hat + b * (hat @ hat)


def log(rotation: np.ndarray) -> np.ndarray:
    """Rotation vector (3,) float64 with angle in [0, pi] of a rotation matrix (3, 3).

    Goes through the quaternion with its largest component as the pivot, so that angles near 0 and near pi
    keep full precision.
    """
    m = np.asarray(rotation, dtype=np.float64)
    trace = m[0, 0] + m[1, 1] + m[2, 2]
    pivot = int(np.argmax((m[0, 0], m[1, 1], m[2, 2], trace)))
    quaternion = np.empty(4)  # x, y, z, w, not normalised
    if pivot == 3:
        quaternion[:] = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 1.0 + trace
    else:
        i, j, k = pivot, (pivot + 1) % 3, (pivot + 2) % 3
        quaternion[i] = 1.0 - trace + 2.0 * m[i, i]
        quaternion[j] = m[j, i] + m[i, j]
        quaternion[k] = m[k, i] + m[i, k]
        quaternion[3] = m[k, j] - m[j, k]
    if quaternion[3] < 0.0:
        quaternion = -quaternion
    imaginary = quaternion[:3]
    sine = np.sqrt(imaginary @ imaginary)
    if sine < 1e-12 * quaternion[3]:
        return 2.0 * imaginary / quaternion[3]
    return imaginary * (2.0 * np.arctan2(sine, quaternion[3]) / sine)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle in radians between two rotations (3, 3)."""
    vector = log(a @ b.T)
    return float(np.sqrt(vector @ vector))


def orthonormal(matrix: np.ndarray) -> np.ndarray:
    """Nearest rotation (3, 3) to a nearly orthonormal matrix: products of thousands of increments drift."""
    # One Newton step of the polar decomposition; the error of a float64 product is far inside its basin.
    return matrix @ (1.5 * np.eye(3) - 0.5 * (matrix.T @ matrix))
