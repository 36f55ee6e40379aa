"""The helpers of the set-up: a failing step, the patched CMake files, the choice of OpenCV."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


def load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def step(root: Path, log: Path, *command: str) -> subprocess.CompletedProcess[str]:
    script = ["sh", str(root / "scripts" / "step.sh"), str(log), "Trying", *command]
    return subprocess.run(script, capture_output=True, text=True, timeout=300)


def test_a_step_that_works_is_one_line(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    date = tmp_path / "date"  # a clock on which every look at it takes seven seconds
    date.write_text('#!/bin/sh\necho x >> "$0s"\necho $((7 * $(wc -l < "$0s")))\n')
    date.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    result = step(root, tmp_path / "logs" / "log.txt", "echo", "hello")
    assert result.returncode == 0
    assert result.stdout.splitlines() == ["  Trying ... 7 s"]
    assert (tmp_path / "logs" / "log.txt").read_text() == "hello\n"


def test_a_step_that_fails_shows_its_log_and_how_to_retry(root: Path, tmp_path: Path) -> None:
    result = step(root, tmp_path / "log.txt", "sh", "-c", "echo 'Name resolution failed' >&2; exit 7")
    assert result.returncode == 7
    assert "FAILED" in result.stdout
    assert "Name resolution failed" in result.stderr
    assert "index could not be reached" in result.stderr
    assert "run the same make command again" in result.stderr


def test_foreign_header_folders_are_replaced(root: Path, tmp_path: Path) -> None:
    setup_ros = load(root / "scripts" / "setup_ros.py")
    export = tmp_path / "share" / "std_msgs" / "cmake" / "export.cmake"
    export.parent.mkdir(parents=True)
    baked = "/opt/python/cp312-cp312"
    export.write_text(
        f'DIRS "{baked}/include/python3.12;{baked}/lib/python3.12/site-packages/numpy/_core/include"'
    )
    assert setup_ros.patch_headers(tmp_path) == 1
    assert export.read_text() == f'DIRS "{sysconfig.get_paths()["include"]};{np.get_include()}"'
    assert setup_ros.patch_headers(tmp_path) == 0


def test_the_environment_replaces_a_sourced_ros(root: Path, tmp_path: Path) -> None:
    setup_ros = load(root / "scripts" / "setup_ros.py")
    (tmp_path / "env.sh").write_text(setup_ros.environment_script(tmp_path))
    shell = f'. "{tmp_path}/env.sh"; echo "$AMENT_PREFIX_PATH|${{PYTHONPATH-unset}}|$LD_LIBRARY_PATH"'
    result = subprocess.run(
        ["sh", "-eu", "-c", shell],
        env={
            "PATH": "/bin:/usr/bin",
            "PYTHONPATH": "/opt/ros/jazzy/lib",
            "AMENT_PREFIX_PATH": "/opt/ros/jazzy",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    ament, python, libraries = result.stdout.strip().split("|")
    assert (ament, python) == (str(tmp_path), "unset")
    assert libraries.split(":")[0] == f"{tmp_path}/lib"


def test_opencv_without_windows_where_libraries_are_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = load(root / "scripts" / "choose_opencv.py")

    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(choose.ctypes, "CDLL", absent)
    assert choose.missing_libraries() == list(choose.SYSTEM_LIBRARIES)
    monkeypatch.setattr(choose.ctypes, "CDLL", lambda name: None)
    assert choose.missing_libraries() == []


def test_every_requirement_is_pinned(root: Path) -> None:
    files = sorted((root / "requirements").glob("*.txt"))
    assert files
    for path in files:
        for line in path.read_text().splitlines():
            line = line.partition("#")[0].strip()
            assert not line or "==" in line.partition(";")[0], f"{path.name}: {line} is not pinned"
