"""The line that a run keeps up to date in a terminal, or writes now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time

_TERMINAL, _ELSEWHERE = 0.5, 5.0  # seconds between updates


class StatusLine:
    """Text for people on standard output; other texts go above the line, never through it."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._period = _TERMINAL if self._terminal else _ELSEWHERE
        self._next = time.monotonic() + self._period
        self._shown = False

    def due(self) -> bool:
        """Whether it is time for an update."""
        return time.monotonic() >= self._next

    def update(self, text: str) -> None:
        """Replace the line; a terminal that is too narrow for it shows its beginning."""
        self._next = time.monotonic() + self._period
        if self._terminal:
            room = shutil.get_terminal_size().columns - 1  # a line that wraps could not be replaced
            print(f"\r\x1b[K{text[:room]}", end="", flush=True)
            self._shown = True
        else:
            print(text, flush=True)

    def say(self, text: str) -> None:
        """Print a text on lines of its own."""
        if self._shown:
            print("\r\x1b[K", end="")
            self._shown = False
        print(text, flush=True)

    def close(self) -> None:
        """Leave the last line standing."""
        if self._shown:
            print(flush=True)
            self._shown = False
