"""Shared memory of processes that were killed is removed, that of living ones is not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from face3d.ros import shared_memory
from face3d.ros.node_group import NodeGroup
from tests.ros.probe import PATIENCE

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/shm is Linux's")


def segment(folder: Path, number: int) -> Path:
    path = folder / f"fastrtps_{number:016x}"
    for name in (path, path.with_name(path.name + "_el")):
        name.write_bytes(bytes(10))
    return path


def test_only_what_nobody_holds_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead, alive, bare = (segment(tmp_path, number) for number in range(3))
    bare.with_name(bare.name + "_el").unlink()
    (tmp_path / "fastrtps_port7411").touch()
    with open(alive.with_name(alive.name + "_el")) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert shared_memory.remove_leftovers(tmp_path) == [], "all of them are new"
        monkeypatch.setattr(shared_memory, "_NEW", -1.0)
        assert shared_memory.remove_leftovers(tmp_path) == [dead.name]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [alive.name, alive.name + "_el", bare.name, "fastrtps_port7411"]
    )
    assert shared_memory.remove_leftovers(tmp_path / "nowhere") == []


def test_a_killed_node_s_segment_is_found_and_a_living_one_s_is_not(
    domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Fast DDS really does with its locks."""
    monkeypatch.setattr(shared_memory, "_NEW", 0.5)
    locks: dict[str, set[str]] = {}
    with NodeGroup() as nodes:
        nodes.start("detection_node", {})
        nodes.start("camera_node", {"source": "/nowhere"})
        deadline = time.monotonic() + PATIENCE
        for name in ("detection_node", "camera_node"):
            while not locks.get(name):
                assert time.monotonic() < deadline
                locks[name] = held(nodes.process_id(name))
                time.sleep(0.1)
        os.kill(nodes.process_id("camera_node"), signal.SIGKILL)
        while nodes.running("camera_node"):
            time.sleep(0.02)
        removed: set[str] = set()
        while not locks["camera_node"] <= removed:
            assert time.monotonic() < deadline, "the dead one's"
            removed |= {name + "_el" for name in shared_memory.remove_leftovers()}
            time.sleep(0.1)
        assert not locks["detection_node"] & removed, "the living one's"
        assert nodes.running("detection_node")


def held(process: int) -> set[str]:
    """Names of the segments' lock files that a process has open."""
    names = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            link = os.readlink(entry)
            if link.startswith("/dev/shm/"):
                names.add(Path(link).name)
    return {name for name in names if shared_memory._SEGMENT.fullmatch(name.removesuffix("_el"))}
