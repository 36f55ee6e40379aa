"""Batches for training, made by worker processes while the trainer computes.

Each worker owns a pool of synthetic images with their truth. It fills free slots of a shared ring with samples
drawn from the pool, each time with a new prior, a new crop and new light, half of them mirrored; while no slot is
free it renders fresh faces into the pool. Rendering a face costs far more than reusing one, so a slow trainer sees
fresher data and a fast one is held back at `replays` uses of an image.

The trainer writes the network's outputs back into the slot, so that the network's own last estimate of an image
can be its next prior (unrolled passes, at no extra cost).
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing as mp
import os
import queue
import signal

import cv2
import numpy as np

from face3d.model import FaceModel
from training.config import TrainConfig
from training.drafts import FIELDS
from training.faces import FaceConfig, FaceGenerator
from training.pool import Pool


class BatchSource:
    """Iterates over batches, dicts of numpy views (B, ...) of `FIELDS`; hand each back with `release`.

    `difficulty` may be set at any time. Use as a context manager: leaving it ends the workers.
    """

    SLOTS = 6
    """Slots of the ring for each worker; a slot always goes back to the worker that filled it."""

    def __init__(self, config: TrainConfig, faces: FaceConfig, first_seed: int):
        context = mp.get_context("spawn")
        self.views, self._memory = [], []
        for _ in range(self.SLOTS * config.data.workers):
            memory = {}
            for name, (shape, dtype) in FIELDS.items():
                size = config.batch * math.prod(shape) * np.dtype(dtype).itemsize
                memory[name] = context.RawArray("b", size)
            self._memory.append(memory)
            self.views.append(_view(memory, config.batch))
        self._free = [context.Queue() for _ in range(config.data.workers)]
        self._full = context.Queue()
        self._difficulty = context.Value("d", 0.0)
        self._rendered = context.Value("q", 0)
        self._workers = [
            context.Process(
                target=_work,
                args=(
                    self._memory,
                    free,
                    self._full,
                    self._difficulty,
                    self._rendered,
                    config,
                    faces,
                    seed,
                ),
                daemon=True,
            )
            for seed, free in enumerate(self._free, first_seed)
        ]
        for slot in range(len(self.views)):
            self._free_of(slot).put(slot)

    def __enter__(self) -> BatchSource:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # read by the workers' libraries when they start
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join()

    @property
    def rendered(self) -> int:
        """Images rendered so far by all workers."""
        return self._rendered.value

    def set_difficulty(self, value: float) -> None:
        self._difficulty.value = value

    def take(self) -> tuple[int, dict[str, np.ndarray]]:
        """The next full slot and its arrays. Raises RuntimeError when a worker has died: the others could go on."""
        while True:
            dead = [worker.exitcode for worker in self._workers if not worker.is_alive()]
            if dead:
                raise RuntimeError(f"a data worker ended with exit code {dead[0]}; its error is above")
            with contextlib.suppress(queue.Empty):
                slot = self._full.get(timeout=5.0)
                return slot, self.views[slot]

    def release(self, slot: int, output: np.ndarray) -> None:
        """Give a slot back, with the network's outputs (B, 290) for its samples."""
        self.views[slot]["output"][:] = output
        self._free_of(slot).put(slot)

    def _free_of(self, slot: int):
        return self._free[slot % len(self._free)]


def _view(slot: dict, batch: int) -> dict[str, np.ndarray]:
    return {
        name: np.frombuffer(slot[name], dtype).reshape((batch, *shape))
        for name, (shape, dtype) in FIELDS.items()
    }


def _work(
    memory, free, full, difficulty, rendered, config: TrainConfig, faces: FaceConfig, seed: int
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's to handle
    cv2.setNumThreads(1)  # the other cores are the trainer's
    pool = Pool(FaceGenerator(faces, seed), FaceModel.load(), config, np.random.default_rng(seed))
    views = [_view(slot, config.batch) for slot in memory]
    remembered: list[list | None] = [None] * len(views)
    used, trainer = 0, os.getppid()
    while os.getppid() == trainer:  # a worker whose trainer was killed ends by itself
        level = difficulty.value
        short = len(pool.kept) < config.data.first or used > config.data.replays * pool.rendered
        try:
            slot = None if short else free.get_nowait()
        except queue.Empty:
            slot = None
        if slot is None:
            pool.render(level)
            with rendered.get_lock():
                rendered.value += 1
            continue
        if remembered[slot]:
            pool.remember(remembered[slot], views[slot]["output"])
        remembered[slot] = pool.fill(views[slot], level)
        used += config.batch
        full.put(slot)
