"""Filters: steady at rest, prompt in motion, on rotations as on vectors, whatever the frame rate."""

import math

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL
from face3d.smoothing import Exponential, OneEuro, follow, follow_rotation, start
from tests.core import naive_filters

DT = 1 / 30


def run(rule, signal: np.ndarray, dt: float = DT, unit=None) -> np.ndarray:
    memory, out = start(signal[0]), [signal[0]]
    for value in signal[1:]:
        memory = follow(rule, memory, value, dt, unit)
        out.append(memory.value)
    return np.array(out)


def test_exponential_is_the_textbook_sum() -> None:
    signal = np.random.default_rng(0).normal(size=(20, 3))
    expected = signal[0]
    for value, found in zip(signal, run(Exponential(0.3), signal)):
        expected = 0.3 * value + 0.7 * expected
        assert np.allclose(found, expected)
    assert np.allclose(run(Exponential(1.0), signal), signal)


@pytest.mark.parametrize("unit", [None, 3.0])
@pytest.mark.parametrize(
    "rule", [OneEuro(1.0, 5.0), OneEuro(0.7, 30.0, 2.5, lead=0.3, slack=0.05), Exponential(0.4)], ids=str
)
def test_filters_are_what_they_are_by_definition(rule, unit) -> None:
    rng = np.random.default_rng(11)
    memory = start(rng.normal(size=5))
    value, speed = memory.value, memory.speed
    for dt in rng.uniform(0.005, 0.1, 200):
        measured = value + rng.normal(size=5) * rng.choice([0.01, 0.3])
        value, speed = naive_filters.follow(rule, value, speed, measured, dt, unit)
        memory = follow(rule, memory, measured, dt, unit)
        np.testing.assert_allclose(memory.value, value, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(memory.speed, speed, rtol=1e-9, atol=1e-7)


def test_one_euro_is_steady_at_rest_and_prompt_in_motion() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(300, 1)) * 0.01
    rule = OneEuro(1.0, 5.0)
    assert run(rule, noise)[30:].std() < 0.5 * noise.std()
    step = np.r_[np.zeros((10, 1)), np.ones((20, 1))]
    assert run(rule, step)[12, 0] > 0.9
    assert run(OneEuro(1.0, 0.0), step)[12, 0] < 0.5


def test_one_euro_does_not_depend_on_the_frame_rate() -> None:
    seconds = np.linspace(0, 2, 241)[:, None]
    signal = np.sin(2 * math.pi * seconds)
    fine, coarse = run(OneEuro(1.5, 1.0), signal, 2 / 240), run(OneEuro(1.5, 1.0), signal[::2], 4 / 240)
    assert np.abs(fine[::2] - coarse).max() < 0.06


def test_positions_share_one_gain_and_scale_with_their_unit() -> None:
    signal = np.cumsum(np.random.default_rng(2).normal(size=(50, 2)), axis=0)
    small = run(OneEuro(1.0, 2.0), signal, unit=1.0)
    large = run(OneEuro(1.0, 2.0), signal * 500, unit=500.0)
    assert np.allclose(large, small * 500)
    turned = signal @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    expected = small @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    assert np.allclose(run(OneEuro(1.0, 2.0), turned, unit=1.0), expected)


def test_rotation_filter_stays_a_rotation_and_acts_like_a_vector_about_one_axis() -> None:
    rng = np.random.default_rng(3)
    angles = np.cumsum(rng.normal(size=80) * 0.05)
    rule = OneEuro(1.5, 2.0)
    vectors = np.zeros((80, 3))
    vectors[:, 1] = angles
    expected = run(rule, vectors, unit=1.0)[:, 1]
    memory = start(so3.exp(vectors[0]) @ FRONTAL)
    for vector, angle in zip(vectors[1:], expected[1:]):
        memory = follow_rotation(rule, memory, so3.exp(vector) @ FRONTAL, DT)
        assert np.allclose(memory.value, so3.exp(np.array([0, angle, 0])) @ FRONTAL, atol=1e-9)
    for _ in range(2000):
        memory = follow_rotation(rule, memory, so3.exp(rng.normal(size=3)) @ memory.value, DT)
    assert np.abs(memory.value @ memory.value.T - np.eye(3)).max() < 1e-12


def test_looking_ahead_leaves_steady_motion_without_lag() -> None:
    ramp = np.arange(90)[:, None] / 30.0  # one unit a second
    behind = run(OneEuro(1.0, 0.0), ramp)[-1] - ramp[-1]
    ahead = run(OneEuro(1.0, 0.0, lead=0.1), ramp)[-1] - ramp[-1]
    assert abs(behind) > 0.1 and abs(ahead) < 0.02
    stop = np.r_[ramp, np.full((60, 1), ramp[-1, 0])]
    out = run(OneEuro(1.0, 10.0, lead=0.1), stop)
    assert out.max() - ramp[-1, 0] < 1 / 30, "it flies past a sudden stop by less than a frame's motion"
    assert abs(out[-1, 0] - ramp[-1, 0]) < 1e-3


def test_slack_tells_a_surprise_from_noise() -> None:
    rule = OneEuro(1.0, 5.0, speed_cutoff=2.0, slack=0.05)
    step = np.r_[np.zeros((10, 1)), np.ones((5, 1))]
    assert run(rule, step)[10, 0] > 0.9, "in the very frame"
    noise = 0.02 * np.random.default_rng(9).normal(size=(300, 1))
    assert run(rule, noise)[30:].std() < 0.6 * noise.std()
    assert run(rule.steadier(2.0), 2 * noise)[30:].std() == pytest.approx(2 * run(rule, noise)[30:].std())


@pytest.mark.parametrize("wrong", [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
def test_wrong_cutoffs_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="cutoffs"):
        OneEuro(*wrong)


def test_wrong_weights_and_leads_are_refused() -> None:
    with pytest.raises(ValueError, match="weight"):
        Exponential(0.0)
    for wrong in ({"lead": 0.0}, {"slack": -1.0}):
        with pytest.raises(ValueError, match="lead"):
            OneEuro(1.0, 1.0, **wrong)
