"""Is a face better known from many pictures than from one? Synthetic people, several pictures of each, who are known.

What stays the same from picture to picture, identity, is averaged as the tracker averages it over a track; light, hair,
pose and expression differ in each picture, so that this shows what averaging can do at best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from evaluation.measures import correlation, mean_interval
from evaluation.scan import face_area
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.face_filter import FaceFilter
from face3d.model import FaceModel
from face3d.runtime import Runtime
from training.alignment import align
from training.evaluate import TEST_SEED, iterate, truth_of
from training.faces import FaceConfig, FaceGenerator, Sample
from training.faces.population import Population
from training.priors import PriorConfig, start_prior

PASSES = 3
_PERIOD = 1 / 30
_NEUTRAL = np.zeros(EXPRESSION, np.float32)


@dataclass(frozen=True, eq=False)
class People:
    """truths: identity (200,) of each person; per person the estimates and the network's confidence by picture."""

    truths: list[np.ndarray]
    estimates: list[list[Geometry]]
    confidence: list[np.ndarray]


class _Portraits(FaceGenerator):
    """Draws one person only."""

    def __init__(self, identity: np.ndarray, seed: int) -> None:
        super().__init__(FaceConfig(), seed)
        self._who = identity

    def _identity(self, difficulty: float) -> np.ndarray:
        return self._who

    def draw_face(self) -> Sample:
        while not (sample := self.draw(1.0)).face:
            pass
        return sample


def run(people: int, pictures: int, model: FaceModel, network: Runtime) -> People:
    """`pictures` of each of `people`, always the same ones, from a detector's box."""
    found, population = People([], [], []), Population.of(model)
    for person in tqdm(range(people), "people", unit="person", leave=False, disable=None):
        seed = TEST_SEED + 100_000 + person
        rng = np.random.default_rng(seed)
        identity = population.draw(rng, 1.0, 3.0)
        portraits = _Portraits(identity, seed)
        samples = [portraits.draw_face() for _ in range(pictures)]
        starts = [start_prior(truth_of(sample), PriorConfig(), rng) for sample in samples]
        images = [sample.image for sample in samples]
        history, confidence = iterate(network.infer, images, starts, model, PASSES)
        found.truths.append(identity)
        found.estimates.append(history[-1])
        found.confidence.append(confidence)
    return found


def measure(people: People, model: FaceModel) -> dict:
    """Error of the neutral face (mm) and of its coefficients (in spreads) by how many pictures were seen.

    said  the deviation that the tracker would state; what errors have in common over the pictures is not in it.
    """
    area = np.flatnonzero(face_area(model))
    zero = np.zeros(IDENTITY, np.float32)

    def shape(identity: np.ndarray) -> np.ndarray:
        return model.shape(identity.astype(np.float32), _NEUTRAL)[area].astype(np.float64)

    def error(identity: np.ndarray, truth: np.ndarray) -> float:
        return float(1e3 * np.linalg.norm(align(shape(identity), shape(truth)) - shape(truth), axis=1).mean())

    every = [follow(*person) for person in zip(people.estimates, people.confidence)]
    counts = [n for n in (1, 2, 4, 8, 16, 32) if n <= len(every[0])]
    single = [
        float(np.mean([error(g.identity, truth) for g in estimates]))
        for estimates, truth in zip(people.estimates, people.truths)
    ]
    return {
        "people": len(people.truths),
        "pictures": len(every[0]),
        "mean face": mean_interval([error(zero, truth) for truth in people.truths]),
        "one picture": mean_interval(single),
        "averaged": {
            n: {
                "error": mean_interval([error(means[n - 1][0], t) for means, t in zip(every, people.truths)]),
                "is": mean_interval([_rms(means[n - 1][0] - t) for means, t in zip(every, people.truths)]),
                "said": float(np.mean([means[n - 1][1] for means in every])),
            }
            for n in counts
        },
        "gain": _gain(people, model, area),
    }


def follow(estimates: list[Geometry], confidence: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Identity (200,) and stated deviation after each picture, as a track of them would have it."""
    rule = FaceFilter.named("one_euro")
    memory = rule.start(estimates[0], confidence=float(confidence[0]))
    found = [(memory.identity.value, memory.identity.deviation)]
    for geometry, sure in zip(estimates[1:], confidence[1:]):
        memory = rule.follow(memory, geometry, _PERIOD, float(sure))
        found.append((memory.identity.value, memory.identity.deviation))
    return found


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def _gain(people: People, model: FaceModel, area: np.ndarray) -> dict[str, float]:
    """Of the averages' displacements from the mean face: correlation with the truth's, and how far they go."""
    mean, modes = (array.astype(np.float64) for array in model.basis_at(area)[:2])
    moved = []
    for identities in (people.truths, [np.mean([g.identity for g in e], axis=0) for e in people.estimates]):
        shapes = [align(mean + np.tensordot(identity, modes, 1), mean) for identity in identities]
        moved.append((np.stack(shapes) - mean).ravel())
    truth, found = moved
    return {"correlation": correlation(found, truth), "slope": float(found @ truth / (truth @ truth))}
