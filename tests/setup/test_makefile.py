"""The Makefile repeats what a change touches and nothing else, tried on a copy whose steps only say their names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

if shutil.which("make") is None:
    pytest.skip("make is not installed", allow_module_level=True)

VENV, CORE, ROS = "Creating the virtual environment", "Installing the core", "Installing ROS"
FIT, BUILD, DEMO = "Fitting it", "Building the workspace", "Fetching the demo clip"
TEST = "Installing the test tools"
ALL = [VENV, CORE, ROS, FIT, BUILD, DEMO]

# Stands in for scripts/step.sh: notes the step's title; "creating" the environment links this Python.
STEP = """#!/bin/sh
echo "$2" >> steps.txt
case "$2" in Creating*) mkdir -p .venv/bin && ln -s "$TEST_PYTHON" .venv/bin/python;; esac
"""


class Checkout:
    """A copy of what `make setup` looks at, with a source tree of three files."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "requirements", "scripts"):
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name)
            else:
                shutil.copy(root / name, folder / name)
        (folder / "scripts" / "step.sh").write_text(STEP)
        self.source = folder / "ros2_ws" / "src" / "face3d_ros"
        for name in ("face3d/demo.py", "face3d/tracker.py", "src/raster.cpp"):
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (folder / "launch").mkdir()
        (folder / "engines").mkdir()

    def make(self, *arguments: str) -> list[str]:
        """Run make; returns the first words of the steps that it took."""
        log = self.folder / "steps.txt"
        log.write_text("")
        # A make that runs these tests must not hand its own variables down.
        own = ("MAKEFLAGS", "MAKELEVEL", "PYTHON", "SOURCE")
        environment = {name: value for name, value in os.environ.items() if name not in own}
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=environment | {"TEST_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        known = (*ALL, TEST)
        titles = log.read_text().splitlines()
        return [next(name for name in known if title.startswith(name)) for title in titles]

    def touch(self, path: str) -> None:
        later = time.time() + 2  # make compares whole time stamps: be unmistakably later
        (self.folder / path).touch()
        os.utime(self.folder / path, (later, later))
        time.sleep(0.01)


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Checkout:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Checkout(folder, root)


def test_the_second_start_does_nothing(checkout: Checkout) -> None:
    assert checkout.make("setup") == ALL
    assert checkout.make("setup") == []


def test_changes_repeat_what_they_touch(checkout: Checkout) -> None:
    checkout.make("setup")
    (checkout.source / "face3d" / "tracker.py").write_text("edited = True")
    assert checkout.make("setup") == []
    (checkout.source / "face3d" / "added.py").write_text("")
    assert checkout.make("setup") == [BUILD]
    assert checkout.make("setup") == []
    checkout.touch("ros2_ws/src/face3d_ros/src/raster.cpp")
    assert checkout.make("setup") == [BUILD]


def test_changed_requirements_are_installed(checkout: Checkout) -> None:
    checkout.make("setup")
    checkout.touch("requirements/ros.txt")
    assert checkout.make("setup") == [ROS, FIT, BUILD]


def test_a_moved_checkout_is_set_up_anew(checkout: Checkout) -> None:
    checkout.make("setup")
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("elsewhere"))
    assert checkout.make("setup") == ALL


def test_another_python_is_set_up_anew(checkout: Checkout) -> None:
    checkout.make("setup")
    assert checkout.make("setup", f"PYTHON={sys.executable}") == ALL
    assert checkout.make("setup", f"PYTHON={sys.executable}") == []
    assert checkout.make("setup") == []
