"""Faces as coefficients, heads as rotations, and both as geometries, for the core's tests."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
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


def face_at(u: float, v: float, scale: float = 700.0, yaw: float = 0.0, seed: int = 0) -> Geometry:
    """Somebody at the pixel (u, v), `scale` pixels per metre, turned by `yaw` radians."""
    rng = np.random.default_rng(seed)
    rotation = FRONTAL @ so3.exp(np.array([0.0, yaw, 0.0]))
    expression = np.zeros(84)
    expression[rng.integers(0, 84, 3)] = 0.4
    return Geometry(rng.normal(size=200) * 0.5, expression, Pose(rotation, scale, (u, v)))


def assert_close(found: Geometry, truth: Geometry, atol: float = 1e-4) -> None:
    assert np.allclose(found.pose.rotation, truth.pose.rotation, atol=atol)
    assert found.pose.scale == pytest.approx(truth.pose.scale, rel=atol)
    assert np.allclose(found.pose.translation, truth.pose.translation, atol=200 * atol)
    assert np.allclose(found.identity, truth.identity, atol=10 * atol)
    assert np.allclose(found.expression, truth.expression, atol=10 * atol)
