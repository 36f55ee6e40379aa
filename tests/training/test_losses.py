"""The loss agrees with the core's own projection and vanishes exactly at the truth."""

import numpy as np
import pytest
import torch

from face3d import codec
from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from training.config import LossConfig
from training.heat_maps import MAP, POINTS, cell_positions
from training.losses import FaceLoss, rotation_matrix
from training.network import Output
from training.points import choose_points


def random_geometry(rng, spread=1.0):
    pose = Pose(
        so3.exp(spread * 0.3 * rng.normal(size=3)) @ FRONTAL,
        700 * np.exp(0.1 * rng.normal()),
        rng.normal(100, 5, 2),
    )
    return Geometry(rng.normal(size=200), rng.random(84) * (rng.random(84) < 0.1), pose)


def tensors(truth, prior):
    crop = codec.crop_of(prior.pose)
    pose = prior.pose.to_crop(crop)
    return (
        torch.tensor(codec.target(truth, prior, crop))[None],
        torch.tensor(np.array([*pose.rotation.ravel(), pose.scale, *pose.translation], np.float32))[None],
        torch.tensor(np.concatenate([prior.identity, prior.expression]))[None],
        torch.zeros(1, 4, 28, 28, dtype=torch.uint8),
    )


def output_of(coefficients):
    count = len(coefficients)
    heat = torch.zeros(count, POINTS, MAP * MAP)
    return Output(
        coefficients.clone().requires_grad_(),
        torch.zeros(count, requires_grad=True),
        torch.zeros(count, POINTS, 3),
        heat,
        heat.logsumexp(2),
        torch.zeros(count, 4, 28, 28),
    )


def test_rotation_matrix_is_the_core_exponential():
    vectors = np.concatenate([np.random.default_rng(0).normal(size=(20, 3)), np.zeros((1, 3))])
    found = rotation_matrix(torch.tensor(vectors)).numpy()
    np.testing.assert_allclose(found, [so3.exp(v) for v in vectors], atol=1e-6)


def test_rotation_matrix_has_a_gradient_at_zero():
    vector = torch.zeros(1, 3, requires_grad=True)
    rotation_matrix(vector)[0, 2, 1].backward()
    np.testing.assert_allclose(vector.grad.numpy(), [[1.0, 0.0, 0.0]], atol=1e-5)


def test_truth_costs_nothing_but_the_auxiliary_heads(model):
    rng = np.random.default_rng(1)
    target, *rest = tensors(random_geometry(rng), random_geometry(rng))
    _, terms = FaceLoss(model, LossConfig())(output_of(target), target, *rest, torch.tensor([True]))
    for name in ("geometry", "projection", "pose", "identity", "expression"):
        assert terms[name].item() == pytest.approx(0, abs=1e-5), name


def test_projection_is_the_core_projection(model):
    rng = np.random.default_rng(2)
    truth, prior = random_geometry(rng), random_geometry(rng)
    target, pose, *_ = tensors(truth, prior)
    loss = FaceLoss(model, LossConfig())
    shape = (target[:, :284] @ loss.basis).view(1, -1, 3) + loss.mean
    found = loss._project(shape, target[:, 284:], pose)[0, :68].numpy()
    crop = codec.crop_of(prior.pose)
    vertices = model.shape(truth.identity, truth.expression)[model.anchors68]
    np.testing.assert_allclose(found, truth.pose.to_crop(crop).project(vertices), atol=0.05)


def test_points_and_heat_are_lowest_where_the_core_projects_them(model):
    rng = np.random.default_rng(6)
    truth, prior = random_geometry(rng, 0.5), random_geometry(rng, 0.5)
    target, *rest = tensors(truth, prior)
    crop = codec.crop_of(prior.pose)
    vertices = model.shape(truth.identity, truth.expression, lod=True)[choose_points(model)]
    seen = truth.pose.to_crop(crop).project(vertices)[:, :2]
    places = torch.tensor((seen - 99.5) / 100, dtype=torch.float32)
    loss = FaceLoss(model, LossConfig())

    def terms_at(shift):
        apart = (places[:, None] + shift - cell_positions()).square().sum(2)
        heat = (-0.5 * apart / 0.08**2)[None]
        points = torch.cat([places + shift, 0 * places[:, :1]], 1)[None]
        output = output_of(target)._replace(points=points, heat=heat, partition=heat.logsumexp(2))
        return loss(output, target, *rest, torch.tensor([True]))[1]

    there, beside = terms_at(0.0), terms_at(0.1)
    assert there["points"].item() == pytest.approx(0, abs=1e-4)
    assert beside["points"].item() == pytest.approx(0.2, abs=1e-3)
    assert there["heat"] < beside["heat"]


def test_spans_are_how_far_the_core_has_lids_lips_and_brows_apart(model):
    rng = np.random.default_rng(7)
    truth, prior = random_geometry(rng, 0.5), random_geometry(rng, 0.5)
    target, *rest = tensors(truth, prior)
    crop = codec.crop_of(prior.pose)
    pose = truth.pose.to_crop(crop)
    guess = target.clone()
    guess[0, 200:284] = torch.tensor(random_geometry(rng).expression)

    def seen(coefficients):
        x = coefficients[0].numpy()
        return pose.project(model.shape(x[:200], x[200:284])[model.anchors68])

    places = torch.tensor((seen(target)[:, :2] - 99.5) / 100, dtype=torch.float32)
    points = torch.zeros(1, POINTS, 3)
    points[0, :68, :2] = places
    points[0, 37, 1] -= 0.1  # ten pixels up: an upper lid, a twelfth of the pairs
    pairs = [(37, 41), (38, 40), (43, 47), (44, 46), (61, 67), (62, 66), (63, 65)]
    pairs += [(48, 54), (19, 37), (21, 39), (22, 42), (24, 44)]
    off = seen(guess) - seen(target)
    expected = np.mean([np.abs(off[a] - off[b]).sum() for a, b in pairs]) / 200
    assert expected > 0.01
    loss = FaceLoss(model, LossConfig(spans=1.0))
    terms = loss(output_of(guess)._replace(points=points), target, *rest, torch.tensor([True]))[1]
    assert terms["spans"].item() == pytest.approx(expected + 0.05 * 2 / 12, rel=1e-3)


def test_samples_without_a_face_only_teach_the_confidence(model):
    rng = np.random.default_rng(3)
    target, *rest = tensors(random_geometry(rng), random_geometry(rng))
    twice = [torch.cat([t, t]) for t in (target, *rest)]
    output = output_of(twice[0] + torch.tensor([[0.0], [9.0]]))
    total, terms = FaceLoss(model, LossConfig())(output, *twice, torch.tensor([True, False]))
    total.backward()
    assert terms["identity"].item() == pytest.approx(0, abs=1e-9)
    assert not output.coefficients.grad[1].any()
    np.testing.assert_allclose(np.sign(output.confidence.grad.numpy()), [-1, 1])


@pytest.mark.parametrize("triplet", [0.0, 1.0])
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_every_variant_falls_under_gradient_descent(model, norm, triplet):
    rng = np.random.default_rng(4)
    target, *rest = tensors(random_geometry(rng), random_geometry(rng))
    loss = FaceLoss(
        model, LossConfig(geometry_norm=norm, triplet=triplet, points=0, heat=0, confidence=0, dense=0)
    )
    guess = torch.zeros_like(target, requires_grad=True)
    optimizer = torch.optim.Adam([guess], lr=0.02)
    values = []
    for _ in range(80):
        total, _ = loss(output_of(target)._replace(coefficients=guess), target, *rest, torch.tensor([True]))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        values.append(total.item())
    assert values[-1] < 0.3 * values[0]


def test_an_unknown_norm_is_named(model):
    rng = np.random.default_rng(5)
    target, *rest = tensors(random_geometry(rng), random_geometry(rng))
    with pytest.raises(ValueError, match="geometry_norm"):
        FaceLoss(model, LossConfig(geometry_norm="l3"))(
            output_of(target), target, *rest, torch.tensor([True])
        )
