"""The line that a run keeps up to date: in a terminal one that is replaced, elsewhere lines below each other."""

from __future__ import annotations

import pytest

from face3d.ros.status_line import StatusLine


def test_in_a_terminal_it_stays_one_line(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the text is; what else is said goes above it."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    line = StatusLine()
    line.update("30.0 images/s  latency 12 ms  dropped 0")
    line.say("a text of a node")
    line.update("short")
    line.close()
    rows = capsys.readouterr().out.replace("\r\x1b[K", "\r").split("\n")
    assert rows == ["\r30.0 images/s  late\ra text of a node", "\rshort", ""]


def test_elsewhere_nothing_is_cut_or_replaced(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    line = StatusLine()
    line.update("30.0 images/s  latency 12 ms  dropped 0")
    line.close()
    assert capsys.readouterr().out == "30.0 images/s  latency 12 ms  dropped 0\n"
