"""Drawn poses, and weak perspective fitted to true perspective."""

import numpy as np

from face3d import rotation as so3
from face3d.camera import Pose
from training.faces import FaceConfig
from training.faces.poses import View, draw_view, fit_weak_perspective, rotation


def test_poses_reach_the_profiles_and_keep_the_crop_inside():
    config = FaceConfig()
    rng = np.random.default_rng(2)
    views = [draw_view(rng, config, 1.0) for _ in range(2000)]
    forward = np.stack([view.pose.rotation[:, 2] for view in views])
    yaw = np.degrees(np.arctan2(forward[:, 0], -forward[:, 2]))
    assert 0.4 < (np.abs(yaw) < 30).mean() < 0.75
    assert (np.abs(yaw) > 60).mean() > 0.05
    for view in views[:200]:
        half = 0.125 * view.pose.scale
        assert (view.pose.translation - half > -45).all() and (view.pose.translation + half < 288 + 45).all()
    plain_views = [draw_view(rng, config, 0.0) for _ in range(300)]
    assert all(view.distance is None for view in plain_views)
    assert min(-view.pose.rotation[2, 2] for view in plain_views) > 0.8


def test_weak_perspective_fit_finds_the_pose_and_halves_the_error_of_perspective(model):
    points = model.mean[::20].astype(np.float64)
    pose = Pose(rotation(30, 10, -5), 760.0, np.array([140.0, 150.0]))
    start = Pose(so3.exp(np.array([0.1, -0.1, 0.05])) @ pose.rotation, 700.0, np.array([130.0, 160.0]))
    found = fit_weak_perspective(points, pose.project(points)[:, :2].astype(float), start, steps=8)
    assert np.abs(found.rotation - pose.rotation).max() < 1e-4
    view = View(pose, 0.35)
    seen = view.project(points.astype(np.float32))[:, :2].astype(float)
    fitted = fit_weak_perspective(points, seen, pose)
    before = np.abs(pose.project(points)[:, :2] - seen).mean()
    after = np.abs(fitted.project(points)[:, :2] - seen).mean()
    assert after < before and after < 4.0
