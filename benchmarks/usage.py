"""What a process holds of the machine (Linux)."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """memory: the process's own, MB; resident: with libraries and memory shared with others, MB; files: open ones;
    shared: names in /dev/shm; cpu: seconds of processor time so far.

    Segments of shared memory become resident page by page, as they are used for the first time: that goes on for
    minutes, and ends where the segments do.
    """

    memory: float
    resident: float
    threads: int
    files: int
    shared: tuple[str, ...]
    cpu: float

    @staticmethod
    def of(process: int | str) -> Usage:
        """Read it from /proc. Raises OSError when the process is gone."""
        folder = Path("/proc") / str(process)
        status = dict(
            line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
        )
        maps = (folder / "maps").read_text().splitlines()
        shared = {line.rpartition("/dev/shm/")[2] for line in maps if "/dev/shm/" in line}
        ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        memory, resident = (int(status[name].split()[0]) / 1024.0 for name in ("RssAnon", "VmRSS"))
        return Usage(
            memory,
            resident,
            int(status["Threads"]),
            len(os.listdir(folder / "fd")),
            tuple(sorted(name for name in shared if not name.endswith("(deleted)"))),
            sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"),
        )


def others() -> float:
    """Seconds of processor time that programs have spent which are neither this one nor its ended children."""
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return busy() - sum(usage.ru_utime + usage.ru_stime for usage in own)


def busy() -> float:
    """Seconds of processor time that the whole machine has spent since it started, its kernel and its host included."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq, stolen = map(int, fields[:8])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")
