"""Priors lie where their names say, and the curriculum draws calm ones first."""

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from training.priors import PriorConfig, draw_prior, lost_prior, mixed_prior, start_prior


def truth(seed=0):
    rng = np.random.default_rng(seed)
    pose = Pose(so3.exp(rng.normal(size=3) * 0.4) @ FRONTAL, 640.0, np.array([150.0, 130.0]))
    return Geometry(rng.normal(size=200), rng.random(84), pose)


def test_a_start_is_the_frontal_mean_face_near_the_truth():
    rng = np.random.default_rng(1)
    shifts = []
    for _ in range(300):
        prior = start_prior(truth(), PriorConfig(), rng)
        assert not prior.identity.any() and not prior.expression.any()
        np.testing.assert_array_equal(prior.pose.rotation, FRONTAL)
        shifts.append(prior.pose.translation - truth().pose.translation)
    spread = PriorConfig().start_shift * 0.25 * 640
    np.testing.assert_allclose(np.std(shifts, axis=0), spread, rtol=0.2)
    np.testing.assert_allclose(np.mean(shifts, axis=0), 0, atol=0.3 * spread)


def test_a_calm_start_is_exactly_the_truth_seen_by_a_perfect_detector():
    prior = start_prior(truth(), PriorConfig(), np.random.default_rng(2), noise=0.0)
    np.testing.assert_allclose(prior.pose.translation, truth().pose.translation, atol=1e-9)
    assert prior.pose.scale == pytest.approx(truth().pose.scale)


def test_mixing_goes_from_a_stranger_to_the_truth():
    rng = np.random.default_rng(3)
    exact = mixed_prior(truth(), (1.0, 1.0), PriorConfig(), rng)
    np.testing.assert_allclose(exact.identity, truth().identity, atol=1e-6)
    np.testing.assert_allclose(exact.pose.rotation, truth().pose.rotation, atol=1e-9)
    distance = [
        np.mean(
            [
                np.linalg.norm(mixed_prior(truth(), (p, p), PriorConfig(), rng).identity - truth().identity)
                for _ in range(40)
            ]
        )
        for p in (0.0, 0.5, 0.9)
    ]
    assert distance[0] > distance[1] > distance[2] > 0


def test_own_estimates_are_used_only_when_there_are_some():
    rng = np.random.default_rng(4)
    config = PriorConfig(start=0, mixed=0, near=0, own=1)
    own = truth(9)
    assert draw_prior(truth(), own, config, rng) is own
    config = PriorConfig(start=1, mixed=0, near=0, own=1)
    for _ in range(20):
        assert not draw_prior(truth(), None, config, rng).identity.any()


def test_difficulty_zero_draws_the_mean_face_only():
    rng = np.random.default_rng(5)
    for _ in range(50):
        assert not draw_prior(truth(), truth(9), PriorConfig(), rng, difficulty=0.0).identity.any()


def test_a_lost_prior_does_not_look_at_the_face():
    rng = np.random.default_rng(6)
    for _ in range(200):
        pose = lost_prior(truth(), PriorConfig(), rng).pose
        apart = np.linalg.norm(pose.translation - truth().pose.translation) / (0.25 * 640)
        zoom = abs(np.log(pose.scale / truth().pose.scale))
        assert apart > 0.45 or zoom > 0.4


def test_a_faded_prior_keeps_its_pose_and_lies_between_the_mean_face_and_itself():
    rng = np.random.default_rng(7)
    config = PriorConfig(start=0, mixed=0, near=0, own=1, fade=1.0)
    own, kept = truth(9), []
    for _ in range(200):
        prior = draw_prior(truth(), own, config, rng)
        assert prior.pose is own.pose
        pairs = ((prior.identity, own.identity), (prior.expression, own.expression))
        factors = [np.dot(new, old) / np.dot(old, old) for new, old in pairs]
        np.testing.assert_allclose(prior.identity, factors[0] * own.identity, atol=1e-5)
        np.testing.assert_allclose(prior.expression, factors[1] * own.expression, atol=1e-5)
        kept.append(factors)
    np.testing.assert_allclose(np.mean(kept, axis=0), 0.5, atol=0.08)
    assert np.min(kept) >= 0 and np.max(kept) <= 1 and abs(np.corrcoef(np.transpose(kept))[0, 1]) < 0.25
