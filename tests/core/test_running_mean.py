"""The running mean: an average first, then one that follows; what it says of its own error."""

import math

import numpy as np
import pytest

from face3d.running_mean import RunningMean


def test_running_mean_averages_then_follows_the_floor() -> None:
    values = np.random.default_rng(4).normal(size=(40, 5))
    mean = RunningMean(values[0])
    for value in values[1:]:
        mean = mean.follow(value, 0.0)
    assert np.allclose(mean.value, values.mean(0)) and mean.weight == 40
    for _ in range(500):
        mean = mean.follow(np.ones(5), 0.02)
    assert np.allclose(mean.value, 1.0, atol=1e-3)


def test_running_mean_says_how_uncertain_it_is() -> None:
    """Independent errors: the standard error is the real one, falls as 1/sqrt(n), and stays at the floor's."""
    rng = np.random.default_rng(10)
    truth, scatter = rng.normal(size=200), 0.3
    mean = RunningMean(truth + scatter * rng.normal(size=200))
    assert mean.deviation == 1.0, "one look alone says nothing of its error"
    for count in range(2, 2001):
        mean = mean.follow(truth + scatter * rng.normal(size=200), 0.01)
        if count in (50, 100, 2000):
            error = np.sqrt(np.mean((mean.value - truth) ** 2))
            assert mean.deviation == pytest.approx(error, rel=0.2)
    assert mean.deviation == pytest.approx(scatter * math.sqrt(0.01 / 1.99), rel=0.1)


def test_running_mean_weighs_its_looks() -> None:
    mean = RunningMean(np.zeros(3), 1.0)
    mean = mean.follow(np.ones(3), 0.0, weight=0.5)
    assert np.allclose(mean.value, 0.5 / 1.5)
    for _ in range(1000):
        mean = mean.follow(np.zeros(3), 0.01)
    assert np.allclose(mean.follow(np.ones(3), 0.01, weight=0.2).value, 0.002, atol=1e-4)
    assert np.allclose(mean.follow(np.ones(3), 1.0).value, 1.0), "no averaging"
