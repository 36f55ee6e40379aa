"""Which reference belongs to which face, and what happens without the references' environment."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from evaluation import references
from evaluation.examples import box_of_points
from evaluation.references import Reference, References, ReferencesError, reference_of
from face3d.codec import EXPRESSION, IDENTITY
from face3d.crop import overlap, pose_from_box
from face3d.model import FaceModel

BOX = (200.0, 150.0, 140.0, 140.0)


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Both references on the mean face in BOX, dlib's two pixels to the right."""
    neutral = FaceModel.load().landmarks(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32))
    points = pose_from_box(BOX).project(neutral).astype(float)
    return Reference(points, points[:, :2] + (2.0, 0.0))


def test_mean_size_and_disagreement(reference):
    assert np.allclose(reference.mean, reference.dlib - (1.0, 0.0))
    assert reference.disagreement == pytest.approx(2.0 / reference.size)
    assert reference.agrees
    wrong = Reference(reference.mediapipe, reference.dlib + 0.2 * reference.size)
    assert not wrong.agrees
    assert wrong.both and not wrong.alone().both
    assert np.allclose(wrong.alone().mean, reference.mediapipe[:, :2])


def test_a_reference_matches_its_own_box_and_no_neighbours(reference):
    assert reference.matches(BOX)
    assert reference.matches((190, 160, 150, 150))
    assert not reference.matches((500, 150, 140, 140)), "another face beside it"
    assert not reference.matches((100, 50, 340, 340)), "a much larger face around it"
    assert not reference.matches((240, 200, 50, 50)), "a small thing on it"


def test_a_box_made_of_the_points_is_the_detectors(reference):
    assert overlap(box_of_points(reference.mediapipe[:, :2]), BOX) > 0.8


def test_no_face_is_no_reference(reference):
    assert reference_of(np.full((68, 5), np.nan, np.float32)) is None
    row = np.hstack([reference.mediapipe, reference.dlib]).astype(np.float32)
    assert np.allclose(reference_of(row).mean, reference.mean, atol=1e-3)


FAKE = """
import os, sys, numpy as np
sys.stdout.write("ready\\n"); sys.stdout.flush()
while len(header := sys.stdin.buffer.read(8)) == 8:
    height, width = np.frombuffer(header, np.int32)
    data = np.frombuffer(sys.stdin.buffer.read(int(height) * int(width) * 3), np.uint8)
    sys.stdout.buffer.write(np.full((68, 5), data.mean(), np.float32).tobytes()); sys.stdout.flush()
"""


def test_references_are_computed_once_and_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("FACE3D_CACHE", str(tmp_path))
    worker = tmp_path / "worker.py"
    worker.write_text(FAKE)
    starter = tmp_path / "python"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{worker}"\n')
    starter.chmod(0o755)
    images = [np.full((4, 6, 3), value, np.uint8) for value in (7, 9)]
    with References(starter) as first:
        assert np.allclose(first.compute("two", images)[:, 0, 0], [7, 9])
    with References(Path("/nonexistent")) as second:
        assert np.allclose(second.compute("two", [])[:, 0, 0], [7, 9])
        assert second.cached("others") is None


def test_an_environment_without_the_packages_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("FACE3D_CACHE", str(tmp_path))
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho \"No module named 'mediapipe'\" >&2; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ReferencesError, match="mediapipe"), References(broken) as asked:
        asked.compute("one", [np.zeros((4, 4, 3), np.uint8)])


def test_the_points_of_the_mesh_are_68_different_ones():
    from evaluation.reference_worker import MESH_68

    assert len(MESH_68) == len(set(MESH_68)) == 68
    assert references._WRONG > 0.05
