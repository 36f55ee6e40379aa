"""Batches out of worker processes: what happens when one of these is gone."""

import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest

from training.batches import BatchSource
from training.config import TrainConfig
from training.faces import FaceConfig

TINY = Path(__file__).parents[2] / "training" / "configs" / "tiny.toml"


def test_one_dead_worker_ends_the_run(tmp_path):
    """The others would go on without it: slower, and with fewer faces, and nobody would know."""
    settings = tmp_path / "two.toml"
    settings.write_text(f"{TINY.read_text()}workers = 2\n")
    config = TrainConfig.load(settings)
    with BatchSource(config, FaceConfig(), 1) as source:
        use(source, seconds=0.0)
        multiprocessing.active_children()[0].kill()
        with pytest.raises(RuntimeError, match="exit code -9"):
            use(source, seconds=30.0)


def use(source: BatchSource, seconds: float) -> None:
    """Take batches and give them back, one at least."""
    deadline = time.monotonic() + seconds
    while True:
        slot, batch = source.take()
        source.release(slot, np.zeros_like(batch["output"]))
        if time.monotonic() >= deadline:
            return
