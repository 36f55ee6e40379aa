"""scripts/check_machine.sh names what is missing, tried on machines faked by PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = ("sh", "uname", "head", "c++", "cc", "g++", "gcc", "cmake", "make")


class Machine:
    """A folder that is the whole PATH: real tools, and a `python3` that behaves as told."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.script = root / "scripts" / "check_machine.sh"
        for tool in TOOLS:
            # Stand-ins for compilers: only their presence counts here.
            real = shutil.which(tool) or shutil.which("true")
            (folder / tool).symlink_to(real)
        self.python("python3", f'exec "{sys.executable}" "$@"')

    def python(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def remove(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink()

    def check(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        shell = shutil.which("sh")
        environment = {key: value for key, value in os.environ.items() if key not in ("CC", "CXX")}
        return subprocess.run(
            [shell, str(self.script), *arguments],
            env=environment | {"PATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return Machine(tmp_path, root)


def only_line(result: subprocess.CompletedProcess[str]) -> str:
    """The single line of complaint of a failed check."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_complete_machine_gets_its_interpreter(machine: Machine) -> None:
    result = machine.check()
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).samefile(sys.executable)


def test_missing_compiler_and_cmake_are_named_in_one_line(machine: Machine) -> None:
    machine.remove("c++", "g++", "cmake")
    line = only_line(machine.check())
    assert "a C++ compiler" in line
    assert line.endswith("sudo apt install g++ cmake")


def test_unsupported_python_says_which_versions_are(machine: Machine) -> None:
    machine.python("python3", 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac')
    line = only_line(machine.check())
    assert "Python 3.9.2 is not supported, Python 3.10 to 3.13 is needed" in line
    assert "python3.12-venv" in line


def test_a_later_interpreter_is_found(machine: Machine) -> None:
    machine.python("python3", "exit 1")
    machine.python("python3.11", f'exec "{sys.executable}" "$@"')
    assert machine.check().returncode == 0


def test_no_python_at_all(machine: Machine) -> None:
    machine.remove("python3")
    assert only_line(machine.check()).endswith("sudo apt install python3 python3-venv python3-dev")


def test_debian_python_without_venv_and_headers(machine: Machine) -> None:
    machine.python(
        "python3",
        'case "$2" in *ensurepip*|*Python.h*) exit 1;; esac\n' + f'exec "{sys.executable}" "$@"',
    )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    line = only_line(machine.check())
    assert line.endswith(f"sudo apt install python{version}-venv python{version}-dev")


def test_chosen_python_is_checked(machine: Machine) -> None:
    assert "PYTHON=nowhere was not found" in only_line(machine.check("nowhere"))
    machine.python("old", 'case "$1" in --version) echo "Python 3.8.10";; *) exit 1;; esac')
    assert "PYTHON=old is Python 3.8.10, but 3.10 to 3.13 is needed" in only_line(machine.check("old"))


def test_other_processors_are_told_about_colcon(machine: Machine) -> None:
    machine.remove("uname")
    machine.python("uname", 'case "$1" in -s) echo Linux;; -m) echo aarch64;; esac')
    assert "Linux on aarch64" in only_line(machine.check())
