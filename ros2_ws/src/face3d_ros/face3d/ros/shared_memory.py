"""Fast DDS's shared memory that dead processes have left behind.

A process that is killed cannot remove its segment: up to 33 MB with this package's profile, in memory until the
machine restarts. Beside every segment lies a file that its owner holds a lock on as long as it lives, which is how
`fastdds shm clean` finds out, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from pathlib import Path

_FOLDER = Path("/dev/shm")
_SEGMENT = re.compile(r"fastrtps_[0-9a-f]{16}")
_LOCK = "_el"
_NEW = 60.0  # seconds: a segment may be younger than its owner's lock by an instant, and that must not be mistaken


def remove_leftovers(folder: Path = _FOLDER) -> list[str]:
    """Remove the segments whose owners are gone; returns their names. Does nothing where there is no Linux.

    What belongs to other users, or cannot be removed, stays.
    """
    if not sys.platform.startswith("linux"):
        return []
    removed = []
    with contextlib.suppress(OSError):
        for segment in filter(lambda path: _SEGMENT.fullmatch(path.name), folder.iterdir()):
            with contextlib.suppress(OSError):
                if time.time() - segment.stat().st_ctime > _NEW and _abandoned(segment):
                    removed.append(segment.name)
    return removed


def _abandoned(segment: Path) -> bool:
    """Whether nobody held the segment's lock; then it is removed. Raises OSError."""
    import fcntl

    lock = segment.with_name(segment.name + _LOCK)
    with open(os.open(lock, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        segment.unlink()
        lock.unlink()
        return True
