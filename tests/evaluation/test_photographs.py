"""Every picture from several boxes and mirrored: what should not matter is told apart."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="faces are drawn with the packages of training")

from evaluation.examples import Example
from evaluation.measures import PASSES
from evaluation.photographs import Trials, shaken, steadiness
from evaluation.references import Reference

BOXES = 3


@pytest.fixture
def examples() -> list[Example]:
    rng = np.random.default_rng(0)
    made = []
    for name in "abcdef":
        points = np.hstack([rng.uniform(50, 150, (68, 2)), np.zeros((68, 1))])
        reference = Reference(points, points[:, :2])
        made.append(Example(name, name, name, np.zeros((4, 4, 3), np.uint8), (0, 0, 9, 9), True, reference))
    return made


def trials(examples: list[Example], by_box: float, by_side: float) -> Trials:
    """Estimates that are the reference, moved right by a share of its size per box, and for mirrored pictures."""
    owner, points = [], []
    for index, example in enumerate(examples):
        for box in range(BOXES):
            for side in (0, 1):
                move = example.reference.size * (by_box * (box - 1) + by_side * side)
                owner.append(index)
                points.append(np.tile(example.reference.mean + np.array([move, 0.0]), (PASSES + 1, 1, 1)))
    return Trials(examples, np.array(owner), np.array(points), np.ones(len(owner)), [])


def test_points_that_do_not_depend_on_the_box_are_steady(examples):
    found = steadiness(trials(examples, by_box=0.0, by_side=0.0))
    assert found["boxes"].value == pytest.approx(0.0, abs=1e-9)
    assert found["mirror"].value == pytest.approx(0.0, abs=1e-9) and found["mirror"].count == 6


def test_boxes_and_mirror_images_are_told_apart(examples):
    boxes = steadiness(trials(examples, by_box=0.03, by_side=0.0))
    assert boxes["boxes"].value == pytest.approx(2.0)  # 3 %, 0 and 3 % from their average
    assert boxes["mirror"].value == pytest.approx(0.0, abs=1e-9)
    mirror = steadiness(trials(examples, by_box=0.0, by_side=0.01))
    assert mirror["boxes"].value == pytest.approx(0.0, abs=1e-9)
    assert mirror["mirror"].value == pytest.approx(1.0)


def test_shaken_boxes_are_squares_about_the_detectors_one():
    rng = np.random.default_rng(1)
    boxes = np.array([shaken((100.0, 60.0, 80.0, 80.0), rng) for _ in range(500)])
    np.testing.assert_allclose(boxes[:, 2], boxes[:, 3])
    centres = boxes[:, :2] + 0.5 * boxes[:, 2:]
    np.testing.assert_allclose(centres.mean(0), [140, 100], atol=1.0)
    np.testing.assert_allclose(centres.std(0), 0.05 * 80, rtol=0.2)
    assert np.log(boxes[:, 2] / 80).std() == pytest.approx(0.08, rel=0.2)
