"""Creases follow the expression."""

import numpy as np

from training.faces import FaceGenerator
from training.faces.creases import Creases, draw_creases
from training.faces.expressions import plain
from training.faces.skin import SkinLook, skin_colour
from training.head import HeadAssets


def _expression(names, **units):
    values = np.zeros(len(names), np.float32)
    for number, name in enumerate(names):
        values[number] = units.get(plain(name), 0.0)
    return values


def test_each_side_folds_with_its_own_units():
    names = HeadAssets.load().expression_names
    creases = Creases(names)
    assert not creases.depths(_expression(names), 1.0).any()
    left, right = creases.depths(_expression(names, browouterupleft=1.0, browinnerup=1.0), 0.5)
    assert left[0] > right[0] > 0 and not left[1:].any() and not right[1:].any()
    left, right = creases.depths(_expression(names, mouthsmileright=1.0), 0.5)
    assert right[3] > 0.3 and right[2] > 0.1 and not left.any()
    frown = _expression(names, browdownleft=1.0, browdownright=1.0)
    assert creases.depths(frown, 1.0)[0, 1] > 2 * creases.depths(frown, 0.1)[0, 1] > 0


def test_forehead_lines_lie_above_the_brows_and_cheek_folds_beside_the_mouth():
    points = FaceGenerator(seed=0).maps.points
    found = np.stack([draw_creases(np.random.default_rng(seed), points) for seed in range(6)]).astype(float)
    deep = [2.0 * np.argwhere((found[..., kind] < 90).any(0))[:, ::-1] for kind in range(4)]
    assert deep[0][:, 1].max() < points[[19, 24], 1].mean()
    assert (np.abs(deep[1][:, 0] - points[27, 0]) < 25).all()
    outer = np.minimum(*(np.linalg.norm(deep[2] - points[corner], axis=1) for corner in (36, 45)))
    assert outer.max() < 60
    mouth = np.minimum(*(np.linalg.norm(deep[3] - points[corner], axis=1) for corner in (48, 54)))
    assert mouth.max() < 85 and (np.abs(deep[3][:, 0] - points[27, 0]) > 15).all()


def test_skin_is_darker_in_a_crease():
    generator = FaceGenerator(seed=0)
    maps, rng = generator.maps, np.random.default_rng(1)
    look = SkinLook.draw(rng, generator.config, maps, np.full(3, 0.02, np.float32), 0.0)
    crease = maps.creases[look.wrinkle_map][..., 0].astype(float)
    row, column = np.unravel_index(crease.argmin(), crease.shape)
    fields = np.array([2.0 * column, 2.0 * row, 1, 0, 0, 0], np.float32)[:, None]
    seen = []
    for depth in (0.0, 1.0):
        colour, other = np.empty((3, 1), np.float32), np.empty((2, 1), np.float32)
        depths = np.full((2, 4), depth, np.float32)
        creased, row = SkinLook(**{**vars(look), "creases": depths}), slice(0, 1)
        skin_colour(creased, maps, generator.bank, fields, row, colour, other[0], other[1])
        seen.append(colour.copy())
    assert (seen[1] < 0.9 * seen[0]).all()
