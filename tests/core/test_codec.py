"""Decode and target are each other's inverse, and encode keeps its promises."""

import numpy as np
import pytest

from face3d import codec
from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.crop import Crop, crop_of
from tests.core.faces import assert_close, face_at
from tests.core.pictures import photograph_black


def random_geometry(rng: np.random.Generator) -> Geometry:
    pose = Pose(so3.exp(rng.normal(size=3) * 0.5) @ FRONTAL, rng.uniform(300, 2000), rng.uniform(50, 600, 2))
    return Geometry(rng.normal(size=200), rng.uniform(0, 1, 84), pose)


def assert_same(a: Geometry, b: Geometry) -> None:
    assert np.allclose(a.identity, b.identity, atol=1e-6)
    assert np.allclose(a.expression, b.expression, atol=1e-6)
    assert np.allclose(a.pose.rotation, b.pose.rotation, atol=1e-6)
    assert a.pose.scale == pytest.approx(b.pose.scale, rel=1e-6)
    assert np.allclose(a.pose.translation, b.pose.translation, atol=1e-3)


def test_decode_inverts_target() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        truth, prior = random_geometry(rng), random_geometry(rng)
        for crop in (crop_of(prior.pose), Crop(*rng.uniform(0, 600, 2), rng.uniform(50, 400))):
            assert_same(codec.decode(codec.target(truth, prior, crop), prior, crop), truth)


def test_truth_as_prior_needs_no_motion() -> None:
    truth = random_geometry(np.random.default_rng(6))
    assert np.allclose(codec.target(truth, truth, crop_of(truth.pose))[284:], 0.0, atol=1e-7)


def test_decode_clips_expression_and_reports_non_finite() -> None:
    prior = Geometry.mean(Pose(FRONTAL, 800.0, (100.0, 100.0)))
    crop = crop_of(prior.pose)
    output = np.zeros(290, np.float32)
    output[200], output[201] = -3.0, 7.0
    decoded = codec.decode(output, prior, crop)
    assert decoded.expression[0] == 0.0 and decoded.expression[1] == pytest.approx(codec.EXPRESSION_MAX)
    assert decoded.is_finite()
    for index in (0, 210, 285, 287, 289):
        for value in (np.nan, np.inf):
            bad = output.copy()
            bad[index] = value
            broken = codec.decode(bad, prior, crop)
            assert not broken.is_finite() or (index == 210 and value == np.inf)  # the clip makes inf finite
    with pytest.raises(ValueError, match=r"\(290,\)"):
        codec.decode(output[:-1], prior, crop)


def test_decode_moves_the_prior() -> None:
    rng = np.random.default_rng(7)
    prior, crop = random_geometry(rng), Crop(250.0, 130.0, 222.0)
    output = rng.normal(size=290).astype(np.float32)
    found = codec.decode(output, prior, crop)
    np.testing.assert_array_equal(found.identity, output[:200])
    np.testing.assert_array_equal(
        found.expression, np.clip(output[200:284], 0.0, np.float32(codec.EXPRESSION_MAX))
    )
    np.testing.assert_allclose(
        found.pose.rotation, so3.exp(output[284:287]) @ prior.pose.rotation, atol=1e-12
    )
    assert found.pose.scale == pytest.approx(prior.pose.scale * np.exp(float(output[287])))
    np.testing.assert_allclose(
        found.pose.translation, prior.pose.translation + output[288:].astype(float) * 222.0
    )


def test_geometry_is_read_only_and_checked() -> None:
    geometry = Geometry.mean(Pose(FRONTAL, 800.0, (0.0, 0.0)))
    with pytest.raises(ValueError, match="read-only"):
        geometry.identity[0] = 1.0
    with pytest.raises(ValueError, match="identity must have shape"):
        Geometry(np.zeros(199), np.zeros(84), geometry.pose)


def test_a_moving_crop_does_not_change_the_result(model) -> None:
    """A synthetic face, its prior and its crop moved together give the same tensor and the moved result."""
    truth, prior = face_at(300, 230, 700, 0.3), face_at(305, 226, 690, 0.2)
    still = codec.encode(photograph_black(model, truth), prior, model)
    shift = np.array([37.0, -21.0])
    moved_truth, moved_prior = shifted(truth, shift), shifted(prior, shift)
    moving = codec.encode(photograph_black(model, moved_truth), moved_prior, model)
    assert np.abs(still[0].astype(int) - moving[0].astype(int)).max() <= 1
    output = codec.target(truth, prior, still[1])
    a, b = codec.decode(output, prior, still[1]), codec.decode(output, moved_prior, moving[1])
    assert_close(shifted(a, shift), b, atol=1e-7)


def test_any_crop_of_one_prior_gives_the_same_face(model) -> None:
    """The pose lives in image coordinates: seen in other crops, prior and face stay on top of each other."""
    truth = face_at(300, 230, 700, 0.3)
    image = photograph_black(model, truth)
    for crop in (Crop(300, 230, 175), Crop(290.3, 241.7, 200), Crop(320, 215, 260.5)):
        tensor, _ = codec.encode(image, truth, model, crop)
        face, prior = tensor[:3].any(0), tensor[6:].any(0)
        union = (face | prior).sum()
        assert (face & prior).sum() > 0.97 * union  # up to the outline's pixels
        output = codec.target(truth, face_at(310, 220), crop)
        assert_close(codec.decode(output, face_at(310, 220), crop), truth, atol=1e-5)


def shifted(face: Geometry, shift: np.ndarray) -> Geometry:
    pose = face.pose
    return Geometry(face.identity, face.expression, Pose(pose.rotation, pose.scale, pose.translation + shift))


def test_a_prior_shows_half_of_the_identity_and_all_of_the_expression(model) -> None:
    """Whether its own vertices are known or not: the same to a micrometre."""
    rng = np.random.default_rng(5)
    for _ in range(3):
        face = random_geometry(rng)
        whole = model.shape(face.identity, face.expression)
        mean, zero = model.shape(0 * face.identity, 0 * face.expression), 0 * face.expression
        expected = whole - 0.5 * (model.shape(face.identity, zero) - mean)
        for known in (None, whole):
            found = codec.prior_shape(face, model, known)
            np.testing.assert_allclose(found, expected[: model.control_count], atol=1e-6)


def test_a_displacement_is_kept_and_cannot_be_changed(model) -> None:
    rng = np.random.default_rng(6)
    identity = random_geometry(rng).identity
    found = model.displacement(identity)
    assert model.displacement(identity.copy()) is found
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0.0
    np.testing.assert_allclose(model.displacement(2 * identity), 2 * found, atol=1e-6)
