"""Head poses: where the head looks, how large it is, and how close the camera stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.crop import CROP_METRES
from training.faces.config import FaceConfig


@dataclass(frozen=True)
class View:
    """A camera on a head: a weak-perspective pose, and the distance in metres (None: infinite)."""

    pose: Pose
    distance: float | None

    def project(self, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) metres -> (V, 3) float32 raster vertices (u, v, depth) in pixels.

        At a finite distance z0 points are enlarged by z0 / (z0 + z), so that the origin keeps the pose's scale;
        the depth stays in pixels and keeps its order.
        """
        matrix = (self.pose.scale * self.pose.rotation).T.astype(np.float32)
        raster = vertices @ matrix
        if self.distance is not None:
            far = np.float32(self.distance * self.pose.scale)
            gain = far / np.maximum(far + raster[:, 2], 0.2 * far)
            raster[:, 0] *= gain
            raster[:, 1] *= gain
        raster[:, 0] += np.float32(self.pose.translation[0])
        raster[:, 1] += np.float32(self.pose.translation[1])
        return raster


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) model to camera, from degrees: yaw about the head's vertical, then pitch, then roll in the image."""
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return tilt @ FRONTAL @ nod @ turn


def draw_angles(
    rng: np.random.Generator, config: FaceConfig, difficulty: float
) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees; the tails open with the difficulty."""
    if rng.random() > difficulty:
        small = config.plain_yaw * (1 + difficulty)
        return tuple(np.clip(rng.normal(0, (small, 0.6 * small, 0.4 * small)), -2.5 * small, 2.5 * small))
    near, middle, _ = config.yaw_mix
    kind = rng.random()
    if kind < near:
        yaw = np.clip(rng.normal(0, 16), -30, 30)
    elif kind < near + middle:
        yaw = rng.uniform(30, 60) * rng.choice((-1, 1))
    else:
        yaw = rng.uniform(60, 96) * rng.choice((-1, 1))
    if rng.random() < config.pitch_tail:
        pitch = rng.uniform(-config.pitch_limit, config.pitch_limit)
    else:
        pitch = np.clip(rng.normal(0, config.pitch_deviation), -config.pitch_limit, config.pitch_limit)
    if rng.random() < config.roll_tail:
        roll = rng.uniform(-config.roll_limit, config.roll_limit)
    else:
        roll = np.clip(rng.normal(0, config.roll_deviation), -config.roll_limit, config.roll_limit)
    return float(yaw), float(pitch), float(roll)


def draw_view(rng: np.random.Generator, config: FaceConfig, difficulty: float) -> View:
    """One view; the crop of the face stays mostly inside the image."""
    size = rng.uniform(*config.crop_size)
    slack = 0.5 * (config.image_size - size)
    centre = 0.5 * (config.image_size - 1) + rng.uniform(-0.6, 0.6, 2) * slack
    pose = Pose(rotation(*draw_angles(rng, config, difficulty)), size / CROP_METRES, centre)
    distance = None
    if rng.random() < config.ramp(config.perspective, difficulty):
        low, high = np.log(config.distance)
        distance = float(np.exp(rng.uniform(low, high)))
    return View(pose, distance)


def fit_weak_perspective(vertices: np.ndarray, points: np.ndarray, start: Pose, steps: int = 4) -> Pose:
    """The pose whose projection of `vertices` (V, 3) comes closest to the image `points` (V, 2), least squares.

    Gauss-Newton over rotation vector, log scale and translation from `start`.
    """
    rotated, scale = start.rotation, start.scale
    centre = vertices.mean(0)
    model = vertices - centre
    target = points.mean(0)
    for _ in range(steps):
        camera = model @ rotated.T
        residual = points - target - scale * camera[:, :2]
        # the rows of a point are (0, z, -y, x) for u and (-z, 0, x, y) for v, times the scale; their sums of products:
        (xx, _, xz), (_, yy, yz), (_, _, zz) = (camera.T @ camera).tolist()
        (xu, xv), (yu, yv), (zu, zv) = (camera.T @ residual).tolist()
        flat = xx + yy
        square = np.array([[zz, 0, -xz, -yz], [0, zz, -yz, xz], [-xz, -yz, flat, 0], [-yz, xz, 0, flat]])
        w = np.linalg.solve(square * scale, np.array([-zv, zu, xv - yu, xu + yv]))
        rotated = so3.exp(w[:3]) @ rotated
        scale *= float(np.exp(w[3]))
    translation = target - scale * (rotated @ centre)[:2]
    return Pose(rotated, scale, translation)
