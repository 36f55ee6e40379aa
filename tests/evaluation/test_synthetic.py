"""Measures on synthetic faces of lower difficulties are those of their own faces."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("scipy", reason="faces are drawn with the packages of training")

from evaluation.synthetic import KINDER, measure_kinder
from face3d.codec import OUTPUTS
from face3d.model import FaceModel
from training.evaluate import TestSet, landmark_error, truth_of
from training.priors import PriorConfig, start_prior


def test_a_network_that_stays_where_it_is_has_the_error_of_the_detectors_boxes():
    model = FaceModel.load()
    still = SimpleNamespace(
        infer=lambda images: (np.zeros((len(images), OUTPUTS), np.float32), np.ones(len(images)))
    )
    found = measure_kinder(3, model, still)
    assert list(found) == [f"{difficulty:g}" for difficulty in KINDER]
    for difficulty in KINDER:
        truths = [truth_of(sample) for sample in TestSet.draw(3, difficulty=difficulty).faces]
        rng = np.random.default_rng(7)
        errors = [landmark_error(start_prior(truth, PriorConfig(), rng), truth, model) for truth in truths]
        assert found[f"{difficulty:g}"]["nme"].value == pytest.approx(100 * np.mean(errors), rel=1e-5)
