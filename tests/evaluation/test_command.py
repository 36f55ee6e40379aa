"""`python -m evaluation` with wrong arguments."""

from __future__ import annotations

import sys

import pytest

from evaluation import __main__ as command


def test_a_foreign_network_is_one_line(tmp_path, monkeypatch, capsys) -> None:
    network, out = tmp_path / "text.onnx", tmp_path / "out"
    network.write_text("no network")
    monkeypatch.setattr(sys, "argv", ["evaluation", "--network", str(network), "--out", str(out)])
    assert command.main() == 1
    error = capsys.readouterr().err
    assert error.startswith("evaluation: ") and "is not a network" in error and error.count("\n") == 1
    assert not out.exists()


def test_unknown_parts_are_named(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluation", "scans", "noses"])
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert (
        stop.value.code == 2 and "no part noses; there are synthetic, photographs" in capsys.readouterr().err
    )
