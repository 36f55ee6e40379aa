"""Faces as coefficients, and heads as rotations, for the core's tests."""

from __future__ import annotations

import numpy as np

from face3d.model import FaceModel

NO_IDENTITY, NEUTRAL = np.zeros(200, np.float32), np.zeros(84, np.float32)


def unit(model: FaceModel, **weights: float) -> np.ndarray:
    expression = NEUTRAL.copy()
    for name, weight in weights.items():
        expression[model.expression_names.index(f"arkit/{name}")] = weight
    return expression


def random_face(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    expression = rng.random(84) * (rng.random(84) < 0.2)
    return rng.standard_normal(200).astype(np.float32), expression.astype(np.float32)


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Model to camera, degrees; positive yaw turns the subject's left cheek away from the camera's left."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ np.diag([1.0, -1, -1]) @ about_x @ about_y
