"""The filter of a whole face: its defaults on a head as a webcam sees it, and the identity that it shows."""

import itertools
import math

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.face_filter import FaceFilter

DT = 1 / 30

# A head as a webcam's network sees it: 640 x 480, 700 pixels per metre, 30 frames/s. What a network makes of camera
# noise was measured on clips: 0.03 to 0.1 degrees about each axis, 0.1 mm at the face, 0.0005 in log scale.
TURN_NOISE, PLACE_NOISE, SIZE_NOISE = math.radians(0.1), 0.07, 0.0005


def smooth(
    poses: list[Pose], expressions: np.ndarray | None = None, rule: FaceFilter | None = None
) -> list[Geometry]:
    rule, memory, found = rule or FaceFilter(), None, []
    for index, pose in enumerate(poses):
        expression = np.zeros(84) if expressions is None else expressions[index]
        geometry = Geometry(np.zeros(200), expression, pose)
        memory = rule.start(geometry) if memory is None else rule.follow(memory, geometry, DT)
        found.append(memory.geometry)
    return found


def measured(truth: list[Pose], noise: float, seed: int) -> list[Pose]:
    """The poses as a network finds them, with `noise` times what was measured."""
    rng, found = np.random.default_rng(seed), []
    for pose in truth:
        shake = so3.exp(noise * TURN_NOISE * rng.normal(size=3))
        scale = pose.scale * math.exp(noise * SIZE_NOISE * rng.normal())
        found.append(
            Pose(shake @ pose.rotation, scale, pose.translation + noise * PLACE_NOISE * rng.normal(size=2))
        )
    return found


def moving_head(frequency: float, degrees: float, seconds: float = 12.0) -> list[Pose]:
    """A head that shakes by +-degrees and sways by +-8 cm per 25 of them."""
    truth = []
    for time in np.arange(0, seconds, DT):
        phase, size = 2 * math.pi * frequency * time, degrees / 25
        turn = np.array([0.1 * size * math.sin(phase), math.radians(degrees) * math.sin(phase), 0.0])
        place = np.array([320 + 56 * size * math.cos(phase), 240 + 10 * size * math.sin(phase)])
        truth.append(Pose(so3.exp(turn) @ FRONTAL, 700 * math.exp(0.05 * size * math.sin(phase)), place))
    return truth


def turn_errors(poses: list[Pose], truth: list[Pose]) -> np.ndarray:
    return np.array([so3.angle(a.rotation, b.rotation) for a, b in zip(poses, truth)])[15:]


def place_errors(poses: list[Pose], truth: list[Pose]) -> np.ndarray:
    return np.array([math.dist(a.translation, b.translation) for a, b in zip(poses, truth)])[15:]


def root(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize(("frequency", "degrees"), [(0.3, 5.0), (0.5, 25.0), (1.5, 35.0)])
def test_defaults_lag_less_than_a_frame_and_do_no_harm(frequency, degrees) -> None:
    truth = moving_head(frequency, degrees)
    noisy = measured(truth, 1.0, seed=5)
    found = [geometry.pose for geometry in smooth(noisy)]
    # No worse than unsmoothed, up to a tenth of a degree and of a pixel in the wildest shaking.
    assert root(turn_errors(found, truth)) <= root(turn_errors(noisy, truth)) + math.radians(0.1)
    assert root(place_errors(found, truth)) <= root(place_errors(noisy, truth)) + 0.1
    clean = [geometry.pose for geometry in smooth(truth)]
    for series in (
        [np.array([pose.translation[0] for pose in poses]) for poses in (truth, clean)],
        [np.array([math.asin(-pose.rotation[0, 2]) for pose in poses]) for poses in (truth, clean)],
    ):
        speed = np.gradient(series[0])[30:]
        lag = (speed @ (series[0] - series[1])[30:]) / (speed @ speed)
        assert -0.1 < lag < 0.5


def test_defaults_halve_the_jitter_of_a_still_head() -> None:
    still = [Pose(FRONTAL, 700.0, (320.0, 240.0))] * 300
    for noise, rule, share in (
        (0.5, None, 0.5),
        (1.0, None, 0.6),
        (5.0, FaceFilter.named("one_euro", steadiness=5), 0.6),
    ):
        noisy = measured(still, noise, seed=6)
        found = [geometry.pose for geometry in smooth(noisy, rule=rule)]
        assert root(turn_errors(found, still)) < share * root(turn_errors(noisy, still))
        assert root(place_errors(found, still)) < share * root(place_errors(noisy, still))
    noisy = measured(still, 10.0, seed=7)
    found = [geometry.pose for geometry in smooth(noisy)]
    assert root(turn_errors(found, still)) < 1.1 * root(turn_errors(noisy, still)), (
        "it never makes noise louder"
    )


@pytest.mark.parametrize("height", [1.0, 0.3])
@pytest.mark.parametrize("times", [[1.0, 1.07, 1.10, 1.23], [1.0, 1.05, 1.05, 1.1]])
def test_defaults_keep_blinks(height, times) -> None:
    """Blinks of 0.23 s and of 0.1 s keep 80 % of what a camera at 30 frames/s sees of them, beside a still mouth."""
    for phase in (0.0, 0.25, 0.5, 0.75):
        time = np.arange(0, 3.0, DT) + phase * DT
        expressions = np.zeros((len(time), 84))
        expressions[:, 0] = np.interp(time, times, [0, height, height, 0])
        expressions[:, 1] = 0.3 + 0.008 * np.random.default_rng(7).normal(size=len(time))
        pose = Pose(FRONTAL, 700.0, (320.0, 240.0))
        found = np.array([g.expression for g in smooth([pose] * len(time), expressions)])
        assert found[:, 0].max() >= 0.8 * expressions[:, 0].max()
        assert found[:, 0].min() >= 0.0, "lids do not fly past open"
        assert found[:, 0][time > 1.4].max() < 0.06
        assert found[20:, 1].std() < 0.6 * expressions[20:, 1].std()


def test_no_drift_in_ten_thousand_frames() -> None:
    rng = np.random.default_rng(12)
    turn = so3.exp(np.array([0.2, -0.5, 0.1])) @ FRONTAL
    truth = Geometry(rng.normal(size=200), rng.uniform(0, 1, 84), Pose(turn, 700.0, (320.0, 240.0)))
    rule = FaceFilter()
    memory = rule.start(truth)
    for _ in range(10_000):  # a second or two
        memory = rule.follow(memory, truth, DT)
    found = memory.geometry
    assert so3.angle(found.pose.rotation, turn) < 1e-9
    assert np.abs(found.pose.rotation @ found.pose.rotation.T - np.eye(3)).max() < 1e-12
    assert np.allclose(
        found.pose.translation, (320.0, 240.0), atol=1e-9
    ) and found.pose.scale == pytest.approx(700.0)
    assert np.array_equal(found.identity, truth.identity) and np.array_equal(
        found.expression, truth.expression
    )


def test_the_shown_identity_stays_until_the_mean_has_moved_away() -> None:
    rng, rule = np.random.default_rng(13), FaceFilter()
    truth, pose = rng.normal(size=200), Pose(FRONTAL, 700.0, (320.0, 240.0))
    memory, shown = None, []
    for _ in range(300):
        seen = Geometry(truth + 0.1 * rng.normal(size=200), np.zeros(84), pose)
        memory = rule.start(seen) if memory is None else rule.follow(memory, seen, DT)
        away = memory.geometry.identity - memory.identity.value
        assert root(away) <= rule.identity_step + 1e-6
        shown.append(memory.geometry.identity)
    changed = [a is not b for a, b in itertools.pairwise(shown)]
    assert all(changed[:5]) and sum(changed[-100:]) < 60, "at first with every look, in the end seldom"
    assert all(np.array_equal(a, b) != new for (a, b), new in zip(itertools.pairwise(shown), changed))


def test_without_smoothing_identity_comes_as_it_is() -> None:
    rng, rule, memory = np.random.default_rng(14), FaceFilter.named("none"), None
    for _ in range(5):
        seen = Geometry(rng.normal(size=200), np.zeros(84), Pose(FRONTAL, 700.0, (320.0, 240.0)))
        memory = rule.start(seen) if memory is None else rule.follow(memory, seen, DT)
        assert np.array_equal(memory.geometry.identity, seen.identity)


def test_wrong_names_and_steadiness_are_refused() -> None:
    for steadiness in (0.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="steadiness"):
            FaceFilter.named("one_euro", steadiness=steadiness)
    with pytest.raises(ValueError, match="one_euro"):
        FaceFilter.named("median")
