"""Synthetic faces as the network sees them: for calibrating int8 and for comparing runtimes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from face3d import codec
from face3d.codec import Geometry
from face3d.crop import Crop
from face3d.model import FaceModel
from training.faces import FaceConfig, FaceGenerator
from training.priors import PriorConfig, draw_prior

CALIBRATION_SEED, PARITY_SEED = 40_001, 50_001  # neither training nor its evaluation draws from these
DIFFICULTY = 0.8


@dataclass
class Faces:
    """Network inputs (N, 9, 200, 200) uint8, and for each row the prior and the crop that it was encoded with."""

    tensors: np.ndarray
    priors: list[Geometry]
    crops: list[Crop]


def draw_faces(count: int, model: FaceModel, seed: int, progress: bool = False) -> Faces:
    """`count` inputs with the priors of training, some of them without a face. The same seed gives the same.

    progress  show a progress bar on stderr
    """
    generator, rng = FaceGenerator(FaceConfig(), seed), np.random.default_rng(seed)
    tensors, priors, crops = [], [], []
    for _ in tqdm(range(count), desc="synthetic faces", unit="face", leave=False, disable=not progress):
        sample = generator.draw(DIFFICULTY)
        truth = Geometry(sample.identity, sample.expression, sample.pose)
        prior = draw_prior(truth, None, PriorConfig(), rng)
        tensor, crop = codec.encode(sample.image, prior, model)
        tensors.append(tensor)
        priors.append(prior)
        crops.append(crop)
    return Faces(np.stack(tensors), priors, crops)
