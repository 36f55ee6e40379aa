"""Drawn expressions: every unit occurs, sides agree, brows move as far as people move them."""

import numpy as np

from training.faces import FaceConfig
from training.faces.expressions import HIGHEST, RAISERS, ExpressionSampler, plain


def test_expressions_cover_every_unit_and_stay_plausible(generator):
    names = generator.head.expression_names
    sampler = ExpressionSampler(names, FaceConfig())
    rng = np.random.default_rng(1)
    values = np.stack([sampler.draw(rng, 1.0).coefficients for _ in range(3000)])
    raisers = [plain(name) in {plain(raiser) for raiser in RAISERS} for name in names]
    assert values.min() >= 0 and (values.max(0) <= np.where(raisers, HIGHEST, 1.1) + 1e-6).all()
    strong = (values > 0.3).mean(0)
    missing = [name for name, share in zip(names, strong, strict=True) if share == 0]
    assert not missing
    column = {plain(name): k for k, name in enumerate(names)}
    for side in ("left", "right"):
        units = [column[f"eyeblink{side}"], column[f"eye{side}closure"], column[f"eye{side}slit"]]
        closers = values[:, units]
        assert ((closers > 0).sum(1) <= 1).all()
    assert (values[:, column["mouthclose"]] <= values[:, column["jawopen"]] + 1e-6).all()
    left, right = values[:, column["mouthsmileleft"]], values[:, column["mouthsmileright"]]
    assert np.corrcoef(left, right)[0, 1] > 0.7
    units = [column["eyeblinkleft"], column["eyeleftclosure"], column["eyeleftslit"]]
    closed = values[:, units].max(1) > 0.75
    assert 0.06 < closed.mean() < 0.3


def test_brows_move_together_and_by_as_much_as_people_move_them(generator, model):
    sampler, rng = ExpressionSampler(generator.head.expression_names, FaceConfig()), np.random.default_rng(3)
    brows = np.arange(17, 27)
    neutral = model.landmarks(np.zeros(200, np.float32), np.zeros(84, np.float32))[brows, 1]
    heights = []
    for _ in range(400):
        expression = sampler.draw(rng, 1.0).coefficients
        heights.append(1e3 * (model.landmarks(np.zeros(200, np.float32), expression)[brows, 1] - neutral))
    left, right = np.array(heights)[:, 5:].mean(1), np.array(heights)[:, :5].mean(1)
    assert np.corrcoef(left, right)[0, 1] > 0.8
    both = 0.5 * (left + right)
    # millimetres
    assert (both > 2.0).mean() > 0.15 and (both > 5.0).mean() > 0.03 and (both < -2.0).mean() > 0.05
