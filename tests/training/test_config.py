"""Every experiment file in the repository is valid, and mistakes are named."""

from pathlib import Path

import pytest

from training.config import ScheduleConfig, TrainConfig
from training.schedule import Schedule

CONFIGS = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_load(path):
    assert TrainConfig.load(path).batch > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bach = 3", "unknown setting 'bach'"),
        ("[loss]\npoze = 1.0", r"\[loss\].*poze"),
        ('batch = "a"', "batch must be int"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        TrainConfig.load(path)


def test_plateau_waits_and_falls():
    config = ScheduleConfig(kind="plateau", rate=1.0, warmup=1, factor=0.5, patience=2)
    schedule = Schedule(config, limited=False)
    for score in (3, 2, 1):
        schedule.observe(score)
    assert schedule.rate(10, 0) == 1.0
    for score in (1.5, 1.2):
        schedule.observe(score)
    assert schedule.rate(10, 0) == 0.5


def test_exponential_falls_whatever_comes():
    schedule = Schedule(
        ScheduleConfig(kind="exponential", rate=1.0, warmup=1, factor=0.5, patience=1), limited=False
    )
    for score in (3, 2, 1):
        schedule.observe(score)
    assert schedule.rate(10, 0) == pytest.approx(0.125)


def test_budget_descends_to_zero_and_finishes():
    schedule = Schedule(ScheduleConfig(kind="budget", rate=1.0, warmup=1), limited=True)
    assert schedule.rate(5, 0.5) == 1.0
    assert schedule.rate(5, 0.9) == pytest.approx(0.5)
    schedule.rate(5, 1.01)
    assert schedule.finished


def test_early_stop_when_the_rate_is_spent():
    schedule = Schedule(ScheduleConfig(rate=1.0, warmup=1, factor=0.1, patience=1, stop=0.05), limited=False)
    for score in (1, 2, 3):
        schedule.observe(score)
    schedule.rate(5, 0)
    assert schedule.finished


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="plateau, exponential, budget"):
        Schedule(ScheduleConfig(kind="cosine"), limited=True)
