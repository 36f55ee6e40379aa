"""Quaternions from their definition, for the tests."""

import numpy as np


def turn(x: float, y: float, z: float, w: float) -> np.ndarray:
    """The rotation matrix of a unit quaternion, from its definition: v -> q v q*."""
    axis, cross = np.array([x, y, z]), np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return (w * w - axis @ axis) * np.eye(3) + 2.0 * np.outer(axis, axis) + 2.0 * w * cross
