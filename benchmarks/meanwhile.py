"""What the machine did to some processes in the meantime (Linux)."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

# From where on something explains that images got lost in a second:
_STOOD = 0.02  # seconds without a processor, beyond the usual
_TAKEN = 0.3  # seconds of processor time of other programs
_WAITED = 2.0  # times the usual waiting for a processor


@dataclass(frozen=True)
class Meanwhile:
    """Totals since some moment, or what lies between two of them.

    stood        seconds that processors stood still, all of them together (benchmarks.standstill)
    stolen       seconds of it that the kernel knows of
    others       seconds of processor time of programs that are no part of the run
    waited       seconds that threads of the processes were ready and had no processor
    switched     how often one had to make room for another thread
    read         pages that had to be read from a file (major faults)
    touched      pages that were used for the first time (minor faults)
    collections  garbage collections of the reconstruction node's older generations
    """

    stood: float = 0.0
    stolen: float = 0.0
    others: float = 0.0
    waited: float = 0.0
    switched: float = 0.0
    read: float = 0.0
    touched: float = 0.0
    collections: float = 0.0

    def __add__(self, other: Meanwhile) -> Meanwhile:
        return Meanwhile(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def since(self, before: Meanwhile) -> Meanwhile:
        """What lies between two totals; never negative, as a thread that ends takes its numbers along."""
        return Meanwhile(*(max(0.0, getattr(self, f.name) - getattr(before, f.name)) for f in fields(self)))

    def cause(self, usual: Meanwhile) -> str:
        """Who is to blame for images that got lost in this second, when `usual` is what a second without losses has."""
        if max(self.stood - usual.stood, self.stolen - usual.stolen) >= _STOOD:
            return "the host stopped the processors"
        if self.others >= _TAKEN:
            return "other programs"
        if self.read > usual.read:
            return "pages were read from files"
        if self.collections > usual.collections:
            return "garbage collection"
        if self.waited > _WAITED * usual.waited + _STOOD:
            return "the run's programs were in each other's way"
        return "not known"

    def text(self) -> str:
        """All of it in words."""
        return (
            f"processors stood still for {1e3 * self.stood:.0f} ms ({1e3 * self.stolen:.0f} counted as stolen), other "
            f"programs took {1e3 * self.others:.0f}, the nodes waited {1e3 * self.waited:.0f} for a processor, "
            f"{self.switched:.0f} switches, {self.read:.0f} pages read, {self.touched:.0f} touched, "
            f"{self.collections:.0f} collections"
        )


def median(many: Sequence[Meanwhile]) -> Meanwhile:
    """Of each number by itself; zeros of nothing."""
    return Meanwhile(
        *(statistics.median([getattr(each, f.name) for each in many] or [0.0]) for f in fields(Meanwhile))
    )


def stolen() -> float:
    """Seconds that the host has taken from this machine, as far as its kernel knows."""
    return int(Path("/proc/stat").read_text().split(None, 9)[8]) / 100.0


def of(processes: Iterable[int]) -> Meanwhile:
    """What their kernel says of processes, all their threads together; those that are gone do not count."""
    total = Meanwhile()
    for process in processes:
        folder = Path("/proc") / str(process)
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            total += Meanwhile(touched=float(stat[7]), read=float(stat[9]))
            for task in (folder / "task").iterdir():
                with contextlib.suppress(OSError):
                    total += _of_thread(task)
    return total


def _of_thread(task: Path) -> Meanwhile:
    waited = int((task / "schedstat").read_text().split()[1]) * 1e-9
    line = (task / "status").read_text().rpartition("nonvoluntary_ctxt_switches:")[2]
    return Meanwhile(waited=waited, switched=float(line.split()[0]))
