"""Filters: steady at rest, prompt in motion, on rotations as on vectors, whatever the frame rate."""

import math

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.face_filter import FaceFilter
from face3d.smoothing import Exponential, OneEuro, RunningMean, follow, follow_rotation, start

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


def test_running_mean_averages_then_follows_the_floor() -> None:
    values = np.random.default_rng(4).normal(size=(40, 5))
    mean = RunningMean(values[0])
    for value in values[1:]:
        mean = mean.follow(value, 0.0)
    assert np.allclose(mean.value, values.mean(0)) and mean.count == 40
    for _ in range(500):
        mean = mean.follow(np.ones(5), 0.02)
    assert np.allclose(mean.value, 1.0, atol=1e-3)


@pytest.mark.parametrize("wrong", [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
def test_wrong_cutoffs_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="cutoffs"):
        OneEuro(*wrong)


def test_wrong_names_and_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="weight"):
        Exponential(0.0)
    with pytest.raises(ValueError, match="one_euro"):
        FaceFilter.named("median")


# The defaults, on a head as a webcam's network sees it: 640 x 480, 700 pixels per metre, 30 frames/s.


def smooth(poses: list[Pose], expressions: np.ndarray | None = None) -> list[Geometry]:
    rule, memory, found = FaceFilter(), None, []
    for index, pose in enumerate(poses):
        expression = np.zeros(84) if expressions is None else expressions[index]
        geometry = Geometry(np.zeros(200), expression, pose)
        memory = rule.start(geometry) if memory is None else rule.follow(memory, geometry, DT)
        found.append(memory.geometry)
    return found


def moving_head(seconds: float, noise: float, rng) -> tuple[list[Pose], list[Pose]]:
    """A head that shakes +-25 degrees and sways +-8 cm at 0.5 Hz, without and with measurement noise."""
    truth, measured = [], []
    for time in np.arange(0, seconds, DT):
        phase = 2 * math.pi * 0.5 * time
        turn = np.array([0.1 * math.sin(phase), math.radians(25) * math.sin(phase), 0.0])
        place = np.array([320 + 56 * math.cos(phase), 240 + 10 * math.sin(phase)])
        truth.append(Pose(so3.exp(turn) @ FRONTAL, 700 * math.exp(0.05 * math.sin(phase)), place))
        shake = so3.exp(noise * math.radians(1.0) * rng.normal(size=3))
        measured.append(
            Pose(
                shake @ truth[-1].rotation,
                truth[-1].scale * math.exp(noise * 0.004 * rng.normal()),
                place + noise * 0.7 * rng.normal(size=2),
            )
        )
    return truth, measured


def test_defaults_lag_less_than_a_frame_and_do_no_harm() -> None:
    truth, measured = moving_head(12.0, 1.0, np.random.default_rng(5))
    found = [geometry.pose for geometry in smooth(measured)]
    turn = [
        np.array([so3.angle(a.rotation, b.rotation) for a, b in zip(p, truth)]) for p in (measured, found)
    ]
    place = [
        np.array([math.dist(a.translation, b.translation) for a, b in zip(p, truth)])
        for p in (measured, found)
    ]
    for before, after in (turn, place):
        assert np.sqrt((after[15:] ** 2).mean()) <= 1.05 * np.sqrt((before[15:] ** 2).mean())
    clean = [geometry.pose for geometry in smooth(truth)]
    xs, smoothed = [np.array([pose.translation[0] for pose in p]) for p in (truth, clean)]
    speed = np.gradient(xs)
    lag = (speed[30:] @ (xs - smoothed)[30:]) / (speed[30:] @ speed[30:])
    assert 0 <= lag < 1.0


def test_defaults_halve_the_jitter_of_a_still_head() -> None:
    rng = np.random.default_rng(6)
    still = Pose(FRONTAL, 700.0, (320.0, 240.0))
    measured = [
        Pose(
            so3.exp(math.radians(0.5) * rng.normal(size=3)) @ FRONTAL,
            700.0,
            (320, 240) + 0.4 * rng.normal(size=2),
        )
        for _ in range(300)
    ]
    found = [geometry.pose for geometry in smooth(measured)][30:]
    turns = [so3.angle(pose.rotation, still.rotation) for pose in found]
    assert np.sqrt(np.mean(np.square(turns))) < 0.55 * math.radians(0.5) * math.sqrt(3)
    assert np.std([pose.translation for pose in found], axis=0).max() < 0.55 * 0.4


def test_defaults_keep_blinks() -> None:
    """A blink of 0.2 s (closing 70 ms, opening 130 ms) keeps 80 % of its amplitude, beside a still mouth."""
    time = np.arange(0, 3.0, DT)
    blink = np.interp(time, [1.0, 1.07, 1.10, 1.23], [0, 1, 1, 0])
    expressions = np.zeros((len(time), 84))
    expressions[:, 0] = blink
    expressions[:, 1] = 0.3 + 0.02 * np.random.default_rng(7).normal(size=len(time))
    pose = Pose(FRONTAL, 700.0, (320.0, 240.0))
    found = np.array([g.expression for g in smooth([pose] * len(time), expressions)])
    assert found[:, 0].max() >= 0.8 * blink.max()
    assert found[:, 0][time > 1.4].max() < 0.06
    assert found[20:, 1].std() < 0.75 * expressions[20:, 1].std()
