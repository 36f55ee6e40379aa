"""The scenes and measures of the confidence: what is known of them without a network."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import confidence
from evaluation.chapters_tracks import confidence as chapter
from evaluation.confidence import _FACE, SIZE, Outcome, _area, _late, _scene, measure
from evaluation.pictures import Picture
from evaluation.walk import Walk


def outcome(kind: str, face: str, shown: str, wrong: str = "", ids: tuple = (1,)) -> Outcome:
    """From strings of # and ., one per frame."""
    flags = [[mark == "#" for mark in text.ljust(len(face), ".")] for text in (face, shown, wrong)]
    first = face.find(".", 1)
    said = [(0.95 if shows else 0.1, there) for shows, there in zip(flags[1], flags[0])]
    return Outcome(kind, kind, *flags, set(ids), first, said)


def test_a_tracker_without_fault_has_full_marks() -> None:
    found = measure(
        [
            outcome("cut", "######......", "######......"),
            outcome("hidden", "####....####", "####....####"),
            outcome("false box", "............", "............", ids=()),
        ]
    )
    for name in ("precision", "recall", "ended soon", "kept through"):
        assert found[name].value == 100.0, name
    assert found["false starts"].value == 0.0 and found["longest"] == 0
    assert found["area"].value == 1.0 and not found["wrong"]
    assert "precision" in "\n".join(chapter(found))


def test_faults_are_counted() -> None:
    found = measure(
        [
            outcome("cut", "######..........", "################", "......##########"),
            outcome("hidden", "####....####", "####........"),
            outcome("false box", "........", "..######", "..######"),
        ]
    )
    assert found["precision"].value == pytest.approx(100 * 10 / 26)
    assert found["recall"].value == pytest.approx(100 * 10 / 14)
    assert found["ended soon"].value == 50.0 and found["longest"] == 10
    assert found["kept through"].value == 0.0 and found["false starts"].value == 100.0
    assert found["wrong"] == ["cut: cut", "false box: false box"]


def test_a_face_that_comes_back_is_not_late() -> None:
    assert _late(outcome("hidden", "####....####", "#####...####")) == 1
    assert _late(outcome("cut", "####....", "####....")) == 0
    assert _late(outcome("cut", "####....", "####..#.")) == 3, "shown again counts until then"


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    said = np.column_stack([rng.integers(0, 20, 60) / 20, rng.integers(0, 2, 60)]).astype(float)
    face, other = said[said[:, 1] > 0, 0], said[said[:, 1] == 0, 0]
    pairs = (face[:, None] > other) + 0.5 * (face[:, None] == other)
    assert _area(said) == pytest.approx(pairs.mean())


def test_the_box_goes_with_the_picture() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[138:163, 188:213] = 255  # a square around (200, 150)
    picture = Picture("square", image, (188.0, 138.0, 25.0, 25.0))
    rng = np.random.default_rng(1)
    walk = Walk(picture, rng, SIZE, _FACE)
    for index in range(0, 40, 8):
        frame, (x, y, width, height) = walk.frame(index, rng)
        row, column = np.nonzero(frame[..., 0] > 128)
        assert (
            abs(column.mean() - (x + (width - 1) / 2)) < 1.5
            and abs(row.mean() - (y + (height - 1) / 2)) < 1.5
        )
        assert np.ptp(column) == pytest.approx(width, rel=0.2)


def test_scenes_are_what_they_say() -> None:
    rng = np.random.default_rng(2)
    face = Picture("face", np.full((300, 300, 3), 200, np.uint8), (100.0, 100.0, 100.0, 100.0))
    wall = Picture("wall", np.full((240, 320, 3), 20, np.uint8))
    for kind in confidence.KINDS:
        frames = list(_scene(kind, None if kind == "false box" else face, wall, rng))
        dark = [image[110:130, 150:170].mean() < 100 for image, _, _ in frames]
        assert dark == [box is None for _, box, _ in frames], kind
        given = [box is not None for _, _, box in frames]
        assert given[0] and (kind == "false box" or not any(given[1:]))
