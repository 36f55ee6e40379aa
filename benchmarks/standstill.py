"""How long the machine's processors stood still.

    python -m benchmarks.standstill PROCESSOR       prints the seconds of each standstill, until its parent is gone

A virtual processor stops when its host has no time for it, or when the machine has used up what it is allowed; the
kernel counts only a part of that as stolen. So a program on each processor sleeps for short times: what is more than
it asked for, and was not spent waiting for another program, was a standstill.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time

_NAP = 0.02  # seconds; with 0.004 the watching itself cost the nodes 3 ms a frame
_LEAST = 0.003  # seconds of a standstill that counts
_WATCHED = 8  # processors at most
_TIMES = "/proc/self/schedstat"
_PRIORITY = 50  # a real-time one, where that is allowed: behind others it would sleep seldom


class Standstill:
    """Watches this machine's processors while it is entered; `seconds` of all of them together so far."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._programs: list[subprocess.Popen] = []

    def __enter__(self) -> Standstill:
        for processor in sorted(os.sched_getaffinity(0))[:_WATCHED]:
            command = [sys.executable, "-S", "-E", __file__, str(processor)]
            program = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            self._programs.append(program)
            threading.Thread(target=self._read, args=(program,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for program in self._programs:
            program.terminate()
            program.wait()

    def _read(self, program: subprocess.Popen) -> None:
        assert program.stdout is not None  # a pipe: see `__enter__`
        for line in program.stdout:
            with self._lock:
                self.seconds += float(line)


def _waited() -> float:
    """Seconds that this program was ready and had no processor."""
    with open(_TIMES, "rb") as file:
        return int(file.read().split()[1]) * 1e-9


def watch(processor: int) -> None:
    """Print the standstills of a processor until the parent is gone; none where the kernel tells no waiting times."""
    if not os.path.exists(_TIMES):
        return
    os.sched_setaffinity(0, {processor})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    parent, before = os.getppid(), _waited()
    while os.getppid() == parent:
        begin = time.monotonic()
        time.sleep(_NAP)
        slept, waited = time.monotonic() - begin, _waited()
        stood = slept - _NAP - (waited - before)
        before = waited
        if stood > _LEAST:
            print(f"{stood:.4f}", flush=True)


if __name__ == "__main__":
    watch(int(sys.argv[1]))
