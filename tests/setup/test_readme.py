"""What the README tells people to type works: its commands and its Python are run, its links and targets exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from face3d import demo_head
from face3d.model import FaceModel
from face3d.movie import Movie

DOCUMENTS = ("README.md", "docs/README.md")


def blocks(root: Path, language: str) -> list[str]:
    """The README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (root / "README.md").read_text(), re.M | re.S)


def commands(root: Path, program: str) -> list[str]:
    """The README's command lines that start with `program`, without their comments."""
    lines = [line.partition("#")[0].strip() for block in blocks(root, "sh") for line in block.splitlines()]
    return [line for line in lines if line.split()[:1] == [program]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README's examples name: photo.jpg and clip.mp4, rendered."""
    folder = tmp_path_factory.mktemp("desk")
    model = FaceModel.load()
    head, background = demo_head.Head(model), demo_head.room()
    geometries = list(demo_head.script(model))[:20]
    frames = [head.draw(geometry, background) for geometry in geometries]
    cv2.imwrite(str(folder / "photo.jpg"), frames[0][..., ::-1])
    with Movie(folder / "clip.mp4", demo_head.FPS) as movie:
        for frame in frames:
            movie.write(frame)
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Run this Python in `folder`; returns what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_commands_without_ros_run(root: Path, desk: Path) -> None:
    lines = commands(root, "face3d")
    assert {line.split()[1] for line in lines} == {"image", "video"}
    for line in lines:
        run(desk, "-m", "face3d", *shlex.split(line)[1:])
    for name in ("results/photo.png", "results/photo.json", "results/photo.obj", "results/photo.glb"):
        assert (desk / name).stat().st_size > 1000
    assert (desk / "overlay.mp4").stat().st_size > 1000
    assert len((desk / "faces.csv").read_text().splitlines()) > 10


def test_python_example_runs(root: Path, desk: Path) -> None:
    (example,) = blocks(root, "python")
    assert "(32549, 3)" in run(desk, "-c", example)


@pytest.mark.parametrize("command", ["image", "video", "live", "replay", "record"])
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    assert "usage: face3d " + command in run(tmp_path, "-m", "face3d", command, "--help")


def test_make_targets_exist(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    text = "\n".join((root / name).read_text() for name in DOCUMENTS)
    targets = set(re.findall(r"`make ([a-z-]+)`", text))
    targets |= {line.split()[1] for line in commands(root, "make")}
    assert {"live", "test", "setup", "bench", "train", "test-training"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), f"README names make {target}, the Makefile does not"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_paths_exist(root: Path, document: str) -> None:
    path = root / document
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in link:
            assert (path.parent / link).exists(), f"{document} links to {link}"
    if document == "README.md":
        for name in re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_.]+)+/?)`", path.read_text()):
            if name.split("/")[0] in ("ros2_ws", "training", "engines", "launch", "tests", "docs", "scripts"):
                assert (root / name).exists(), f"README names {name}"
