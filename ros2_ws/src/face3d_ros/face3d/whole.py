"""What Ctrl-C must not cut in two: a frame that is in one file and not in the next."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Ctrl-C meanwhile is raised (KeyboardInterrupt) when what is inside has been done."""
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C never comes here
        yield
        return
    told: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: told.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if told:
        raise KeyboardInterrupt
