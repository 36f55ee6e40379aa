"""Points for the lifting are the core's projection of what the target decodes to, and the lifting learns from them."""

import numpy as np
import pytest
import torch

from face3d import codec
from face3d.camera import FRONTAL, IMAGE_SIZE, Pose
from face3d.codec import Geometry
from face3d.crop import CROP_METRES, crop_of
from training import lifting
from training.config import LossConfig
from training.lifting import LiftLoss, LiftSource, teach
from training.losses import FaceLoss
from training.network import Lift
from training.points import choose_points
from training.priors import PriorConfig


@pytest.fixture(scope="module")
def loss(model):
    return FaceLoss(model, LossConfig())


def test_points_are_what_the_target_decodes_to(model, loss, monkeypatch):
    monkeypatch.setattr(lifting, "NOISE", (1e-9, 1e-9))
    source = LiftSource(model, loss, PriorConfig(start=1, mixed=0, near=0, own=0), bank=50)
    drawn = source.draw(20)
    prior = Geometry.mean(Pose(FRONTAL, IMAGE_SIZE / CROP_METRES, np.full(2, 0.5 * (IMAGE_SIZE - 1))))
    crop = crop_of(prior.pose)
    index = choose_points(model)
    for points, target in zip(drawn.points.numpy(), drawn.target.numpy()):
        truth = codec.decode(target, prior, crop)
        shape = model.shape(target[:200], target[200:284], lod=True)[index]
        expected = truth.pose.project(shape)[:, :2]
        np.testing.assert_allclose(100 * points[:, :2] + 99.5, expected, atol=0.05)


def test_priors_are_shown_as_the_encoder_shows_them(model, loss, monkeypatch):
    """At away = 0 the prior is the truth: the pose stays, and the prior's points are those of `codec.prior_shape`."""
    monkeypatch.setattr(lifting, "NOISE", (1e-9, 1e-9))
    monkeypatch.setattr(lifting.torch, "rand", lambda *shape: torch.zeros(*shape) + 1e-7)
    monkeypatch.setattr(lifting.torch, "randn_like", torch.zeros_like)  # no noise on what is shown
    source = LiftSource(model, loss, PriorConfig(start=0, mixed=1, near=0, own=0), bank=50)
    source.rotations[:] = torch.tensor(FRONTAL)
    drawn = source.draw(10)
    assert drawn.target[:, 284:].abs().max() < 1e-4
    pose = Pose(FRONTAL, IMAGE_SIZE / CROP_METRES, np.full(2, 0.5 * (IMAGE_SIZE - 1)))
    index = choose_points(model)
    for points, target in zip(drawn.prior_points.numpy(), drawn.target.numpy()):
        truth = codec.decode(target, Geometry.mean(pose), crop_of(pose))
        expected = pose.project(codec.prior_shape(truth, model)[index])[:, :2]
        np.testing.assert_allclose(100 * points + 99.5, expected, atol=0.05)


def test_the_truth_as_prior_of_a_turned_face_lies_on_it(model, loss, monkeypatch):
    """Were all of its identity shown, the points of the prior would be the face's."""
    monkeypatch.setattr(lifting, "NOISE", (1e-9, 1e-9))
    monkeypatch.setattr(lifting, "SHOWN_IDENTITY", 1.0)
    monkeypatch.setattr(lifting.torch, "rand", lambda *shape: torch.zeros(*shape) + 1e-7)
    drawn = LiftSource(model, loss, PriorConfig(start=0, mixed=1, near=0, own=0), bank=50).draw(10)
    assert (drawn.points[:, :, :2] - drawn.prior_points).abs().max() < 0.06  # the prior's own noise
    assert drawn.target[:, 284:].abs().max() < 1e-4


def test_the_gram_matrix_measures_millimetres_of_the_vertices(loss):
    """The loss of a wrong shape is the weighted mean square of its vertices' error."""
    difference = torch.randn(4, 290, generator=torch.Generator().manual_seed(0))
    moved = 1e3 * (difference[:, :284] @ loss.basis).view(4, -1, 3)
    expected = 0.2 * (moved.square().sum(2) @ loss.weight).mean()
    found = LiftLoss(loss)(difference, torch.zeros(4, 290))["shape"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_lifting_learns(model, loss):
    source = LiftSource(model, loss, PriorConfig(), bank=300)
    lift, measure, check = Lift(64, 8, 0.0), LiftLoss(loss), source.draw(500)
    with torch.no_grad():
        before = measure(lift(check.points, check.prior_points), check.target)
    teach(lift, source, measure, steps=60, batch=64)
    with torch.no_grad():
        after = measure(lift(check.points, check.prior_points), check.target)
    assert after["pose"] < 0.5 * before["pose"]
    assert after["shape"] < before["shape"]
