"""Batches for training, made by worker processes while the trainer computes.

Each worker owns a pool of synthetic images with their truth. It fills free slots of a shared ring with samples
drawn from the pool, each time with a new prior, a new crop and new light, half of them mirrored; while no slot is
free it renders fresh faces into the pool. Rendering a face costs far more than reusing one, so a slow trainer sees
fresher data and a fast one is held back at `replays` uses of an image.

The trainer writes the network's outputs back into the slot, so that the network's own last estimate of an image
can be its next prior (unrolled passes, at no extra cost).
"""

from __future__ import annotations

import multiprocessing as mp
import os
import queue
import signal
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from face3d import codec, renderer
from face3d.camera import IMAGE_SIZE, Pose
from face3d.codec import EXPRESSION, IDENTITY, OUTPUTS, PLANES, Geometry
from face3d.crop import Crop, crop_of
from face3d.model import FaceModel
from training.config import DataConfig, TrainConfig
from training.faces import FaceConfig, FaceGenerator, Sample
from training.mirror import Mirror
from training.network import DENSE
from training.priors import draw_prior, lost_prior

FIELDS: dict[str, tuple[tuple[int, ...], Any]] = {
    "image": ((PLANES, IMAGE_SIZE, IMAGE_SIZE), np.uint8),
    "target": ((OUTPUTS,), np.float32),
    "prior_pose": ((12,), np.float32),
    "prior": ((IDENTITY + EXPRESSION,), np.float32),
    "dense": ((4, DENSE, DENSE), np.uint8),
    "face": ((), np.bool_),
    "output": ((OUTPUTS,), np.float32),
}


@dataclass
class Draft:
    """One training sample: network input, target (290,), the prior's pose in the crop (12,) and coefficients, and
    the truth's PNCC and mask (4, 28, 28) uint8 in the crop."""

    image: np.ndarray
    target: np.ndarray
    prior_pose: np.ndarray
    prior: np.ndarray
    dense: np.ndarray
    face: bool


def draft(sample: Sample, prior: Geometry, model: FaceModel) -> Draft:
    """Encode a sample with a prior, through the core's one input path."""
    image, crop = codec.encode(sample.image, prior, model)
    pose = prior.pose.to_crop(crop)
    truth = Geometry(sample.identity, sample.expression, sample.pose)
    return Draft(
        image,
        codec.target(truth, prior, crop),
        np.array([*pose.rotation.ravel(), pose.scale, *pose.translation], np.float32),
        np.concatenate([prior.identity, prior.expression]),
        dense_map(truth, crop, model),
        sample.face,
    )


def dense_map(truth: Geometry, crop: Crop, model: FaceModel) -> np.ndarray:
    """(4, 28, 28) uint8: PNCC of the true face in the crop, and its mask, 0 or 255."""
    vertices = truth.pose.to_crop(crop, DENSE).project(
        model.shape(truth.identity, truth.expression, lod=True)
    )
    planes = renderer.render_prior(vertices, model.lod_triangles, model.codes[: model.control_count], DENSE)
    mask = planes[3:].any(0, keepdims=True).astype(np.uint8) * 255
    return np.concatenate([planes[:3], mask])


def vary_light(image: np.ndarray, rng: np.random.Generator, strength: float) -> None:
    """Random gain, offset and gamma per channel on the three colour planes, in place: a replayed image is new."""
    grey = np.linspace(0.0, 1.0, 256)
    common = rng.normal(0.0, 0.12 * strength, 3)
    for plane in image[:3]:
        gamma, gain, offset = common + rng.normal(0.0, 0.04 * strength, 3)
        table = np.clip(grey ** np.exp(gamma) * np.exp(gain) + 0.4 * offset, 0.0, 1.0)
        table[0] = 0.0  # what lies outside the image stays black, as it is for the tracker
        np.take((table * 255).astype(np.uint8), plane, out=plane)


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
            slot = {}
            for name, (shape, dtype) in FIELDS.items():
                shape = (config.batch, *shape)
                raw = context.RawArray("b", int(np.prod(shape)) * np.dtype(dtype).itemsize)
                slot[name] = raw
            self._memory.append(slot)
            self.views.append(_view(slot, config.batch))
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
        """The next full slot and its arrays. Raises RuntimeError when a worker has died."""
        while True:
            try:
                slot = self._full.get(timeout=5.0)
                return slot, self.views[slot]
            except queue.Empty:
                dead = [worker.exitcode for worker in self._workers if not worker.is_alive()]
                if dead:
                    raise RuntimeError(
                        f"a data worker ended with exit code {dead[0]}; its error is above"
                    ) from None

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
        short = len(pool.samples) < config.data.first or used > config.data.replays * pool.rendered
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


class Pool:
    """Samples kept for reuse, each with the network's last estimate of it."""

    def __init__(
        self, generator: FaceGenerator, model: FaceModel, config: TrainConfig, rng: np.random.Generator
    ):
        self.generator, self.model, self.config, self.rng = generator, model, config, rng
        self.data: DataConfig = config.data
        self.mirror = Mirror(model)
        self.samples: list[Sample] = []
        self.own: list[Geometry | None] = []
        self.rendered = 0

    def render(self, difficulty: float) -> None:
        """Render one face; it replaces the oldest when the pool is full."""
        sample = self.generator.draw(difficulty * self.rng.uniform(self.data.easiest, 1.0))
        if len(self.samples) < self.data.pool:
            self.samples.append(sample)
            self.own.append(None)
        else:
            index = self.rendered % self.data.pool
            self.samples[index], self.own[index] = sample, None
        self.rendered += 1

    def fill(self, batch: dict[str, np.ndarray], difficulty: float) -> list:
        """Fill a batch with random samples; returns what `remember` needs to place the outputs."""
        drawn = []
        for row, index in enumerate(self.rng.integers(len(self.samples), size=len(batch["face"]))):
            original, own = self.samples[index], self.own[index]
            mirrored = self.rng.random() < 0.5
            sample = self.mirror.sample(original) if mirrored else original
            if mirrored and own is not None:
                own = self.mirror.geometry(own, sample.image.shape[1])
            truth = Geometry(sample.identity, sample.expression, sample.pose)
            lost = self.rng.random() < self.config.prior.lost * difficulty
            if lost:
                prior = lost_prior(truth, self.config.prior, self.rng)
                sample = replace(sample, face=False)
            else:
                prior = draw_prior(truth, own, self.config.prior, self.rng, difficulty)
            made = draft(sample, prior, self.model)
            vary_light(made.image, self.rng, difficulty)
            for name in ("image", "target", "prior_pose", "prior", "dense", "face"):
                batch[name][row] = getattr(made, name)
            drawn.append((index, original, mirrored, None if lost else prior))
        return drawn

    def remember(self, drawn: list, outputs: np.ndarray) -> None:
        """Keep the network's estimates as priors, unless they have run so far away that no tracker would go on."""
        for (index, sample, mirrored, prior), output in zip(drawn, outputs):
            if prior is not None and sample.face and self.samples[index] is sample:
                guess = codec.decode(output, prior, crop_of(prior.pose))
                if mirrored:
                    guess = self.mirror.geometry(guess, sample.image.shape[1])
                self.own[index] = guess if _near(guess, sample.pose) else None


def _near(guess: Geometry, truth: Pose) -> bool:
    if not guess.is_finite():
        return False
    off = np.linalg.norm(guess.pose.translation - truth.translation) / truth.scale
    return off < 0.08 and 0.6 < guess.pose.scale / truth.scale < 1.6
