"""Distances, means and projections in one call each: what numpy gives, and a word for what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import _core


@pytest.mark.parametrize(
    "kinds", [(np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float32)]
)
@pytest.mark.parametrize("shape", [(84,), (3, 3), (1,)])
def test_distance_and_product_are_those_of_algebra(kinds, shape) -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=shape).astype(kind) for kind in kinds)
    expected = np.linalg.norm((a.astype(np.float64) - b).ravel())
    assert _core.distance(a, b) == pytest.approx(expected, rel=1e-12) and _core.distance(a, a) == 0.0
    assert _core.dot(a, b) == pytest.approx(
        float(np.vdot(a.astype(np.float64), b.astype(np.float64))), rel=1e-12
    )
    a[...] = np.nan
    assert np.isnan(_core.distance(a, b)) and np.isnan(_core.dot(a, b))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_towards_goes_a_part_of_the_way(kind) -> None:
    rng = np.random.default_rng(2)
    value, measured = rng.normal(size=200), rng.normal(size=200).astype(kind)
    for gain in (0.0, 0.01, 0.5, 1.0):
        found = _core.towards(value, measured, gain)
        np.testing.assert_allclose(
            found, (1 - gain) * value + gain * measured.astype(np.float64), rtol=0, atol=1e-15
        )
        assert not found.flags.writeable


def test_a_mixed_look_lies_between_two_and_has_their_norm() -> None:
    looks = np.random.default_rng(4).normal(size=(2, 3, 5, 5)).astype(np.float32)
    look, other = looks / np.sqrt(np.square(looks).sum((1, 2, 3), keepdims=True))
    for gain in (0.0, 0.2, 1.0):
        mixed = (1 - gain) * look.astype(np.float64) + gain * other
        found = _core.mixed_looks(look, other, gain)
        np.testing.assert_allclose(found, mixed / np.linalg.norm(mixed), rtol=0, atol=1e-6)
    assert not _core.mixed_looks(look, -look, 0.5).any(), "nothing stays nothing"


def test_a_projection_is_scale_times_rotation_and_a_shift() -> None:
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    expected = np.column_stack([812.5 * rotation, [17.25, -3.5, 0.0]]).astype(np.float32)
    np.testing.assert_array_equal(
        _core.projection(np.ascontiguousarray(rotation), 812.5, 17.25, -3.5), expected
    )


@pytest.mark.parametrize(
    ("kind", "message", "call"),
    [
        (ValueError, r"b: .* found float64 \(2,\)", lambda: _core.distance(np.zeros(3), np.zeros(2))),
        (ValueError, "a: expected a C-contiguous", lambda: _core.distance(np.zeros(6)[::2], np.zeros(3))),
        (
            TypeError,
            "a: expected float32 or float64, found int",
            lambda: _core.distance(np.arange(3), np.zeros(3)),
        ),
        (TypeError, "b: expected a numpy array", lambda: _core.distance(np.zeros(3), [0.0, 0.0, 0.0])),
        (
            TypeError,
            "value: expected float64",
            lambda: _core.towards(np.zeros(3, np.float32), np.zeros(3), 0.5),
        ),
        (ValueError, "measured: ", lambda: _core.towards(np.zeros(3), np.zeros(4), 0.5)),
        (ValueError, "b: ", lambda: _core.dot(np.zeros(3), np.zeros(4))),
        (
            ValueError,
            "other: ",
            lambda: _core.mixed_looks(np.zeros((3, 4, 4), "f4"), np.zeros((3, 5, 5), "f4"), 0.5),
        ),
        (ValueError, "rotation: ", lambda: _core.projection(np.zeros((2, 3)), 1.0, 0.0, 0.0)),
    ],
)
def test_what_does_not_fit_is_refused(kind, message, call) -> None:
    with pytest.raises(kind, match=message):
        call()
