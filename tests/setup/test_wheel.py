"""The package for people without ROS: `pip install ros2_ws/src/face3d_ros` brings all that a photograph needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import pytest

from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.model import FaceModel
from tests.core.pictures import photograph

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


def run(*command: str | Path, **more) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, as a user's clone is before anything was compiled in it."""
    clone = tmp_path_factory.mktemp("clone")
    for part in ("ros2_ws/src/face3d_ros", "engines"):
        shutil.copytree(
            ROOT / part, clone / part, ignore=shutil.ignore_patterns("build", "*.so", "__pycache__")
        )
    plain = "--config-settings", "cmake.define.CMAKE_CXX_FLAGS_RELEASE=-O0"  # compiles in a third of the time
    source = clone / "ros2_ws" / "src" / "face3d_ros"
    run(*PIP, "wheel", "-q", "--no-deps", "--no-build-isolation", *plain, "-w", clone, source, cwd=clone)
    (found,) = clone.glob("face3d-*.whl")
    return found


def test_it_holds_core_model_and_both_networks(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "data/face_model.npz",
        "data/face3d.onnx",
        "data/face3d.int8.onnx",
        "py.typed",
        "_core.pyi",
    ):
        assert f"face3d/{needed}" in names
    assert sum(name.startswith("face3d/_core.") and name.endswith(".so") for name in names) == 1


def test_it_reconstructs_a_photograph_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    site, picture = tmp_path / "site", tmp_path / "photo.png"
    run(*PIP, "install", "-q", "--no-deps", "--target", site, wheel)
    image = photograph(FaceModel.load(), [Geometry.mean(Pose(FRONTAL, 1000.0, (330.0, 240.0)))])
    cv2.imwrite(str(picture), image[..., ::-1])
    bare = {name: value for name, value in os.environ.items() if "AMENT" not in name and "FACE3D" not in name}
    here = bare | {"PYTHONPATH": str(site)}
    said = run(sys.executable, "-c", "import face3d; print(face3d.__file__)", cwd=tmp_path, env=here)
    assert Path(said.strip()).is_relative_to(site)
    run(sys.executable, "-m", "face3d", "image", picture, "--out", tmp_path / "out", cwd=tmp_path, env=here)
    (face,) = json.loads((tmp_path / "out" / "photo.json").read_text())["faces"]
    assert face["confidence"] > 0.5
    assert (tmp_path / "out" / "photo.glb").stat().st_size > 100_000
