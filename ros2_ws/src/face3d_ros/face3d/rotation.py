"""Rotations: exponential and logarithm of SO(3), and the way back onto it after many products.

A rotation vector `w` (3,) is the axis times the angle in radians; `exp(w)` is the matrix that turns by it.
"""

import math

import numpy as np


def exp(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix (3, 3) float64 of a rotation vector (3,) in radians (Rodrigues' formula)."""
    x, y, z = (float(component) for component in vector)
    angle2 = x * x + y * y + z * z
    if angle2 < 1e-8:  # Taylor series: sin(a)/a and (1-cos(a))/a^2 lose all digits near zero
        a, b = 1.0 - angle2 / 6.0, 0.5 - angle2 / 24.0
    else:
        angle = math.sqrt(angle2)
        # numpy's: of infinity they are NaN, not an exception
        a, b = float(np.sin(angle)) / angle, (1.0 - float(np.cos(angle))) / angle2
    # 1 + a hat + b hat^2, written out: numpy takes ten times as long for so few numbers.
    return np.array(
        [
            [1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y],
            [b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x],
            [b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)],
        ]
    )


def log(rotation: np.ndarray) -> np.ndarray:
    """Rotation vector (3,) float64 with angle in [0, pi] of a rotation matrix (3, 3).

    Goes through the quaternion with its largest component as the pivot, so that angles near 0 and near pi
    keep full precision.
    """
    m = np.asarray(rotation, dtype=np.float64).tolist()
    diagonal = (m[0][0], m[1][1], m[2][2])
    trace = sum(diagonal)
    largest = max(diagonal)
    if trace >= largest:
        x, y, z, w = m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1], 1.0 + trace
    else:
        i = diagonal.index(largest)
        j, k = (i + 1) % 3, (i + 2) % 3
        quaternion = [0.0, 0.0, 0.0]
        quaternion[i] = 1.0 - trace + 2.0 * m[i][i]
        quaternion[j] = m[j][i] + m[i][j]
        quaternion[k] = m[k][i] + m[i][k]
        x, y, z = quaternion
        w = m[k][j] - m[j][k]
        if w < 0.0:
            x, y, z, w = -x, -y, -z, -w
    sine = math.sqrt(x * x + y * y + z * z)
    factor = 2.0 / w if sine < 1e-12 * w else 2.0 * math.atan2(sine, w) / sine
    return np.array([factor * x, factor * y, factor * z])


_HALF_MORE = 1.5 * np.eye(3)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle in radians between two rotations (3, 3)."""
    vector = log(a @ b.T)
    return float(np.sqrt(vector @ vector))


def orthonormal(matrix: np.ndarray) -> np.ndarray:
    """Nearest rotation (3, 3) to a nearly orthonormal matrix: products of thousands of increments drift."""
    # One Newton step of the polar decomposition; the error of a float64 product is far inside its basin.
    return matrix @ (_HALF_MORE - 0.5 * (matrix.T @ matrix))
