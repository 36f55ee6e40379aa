"""What the programs of this room say of files that are none of theirs: one line, no traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="synthetic faces need the packages of training")
pytest.importorskip("torch", reason="the exporter needs torch")

from engines import check_parity, export, quantize


@pytest.mark.parametrize(
    ("program", "arguments", "words"),
    [
        (quantize, ["--network", "{file}"], "is not an ONNX file"),
        (quantize, ["--network", "{file}.gone"], "no network at"),
        (check_parity, ["--network", "{file}"], "is not a network"),
        (export, ["{file}"], "holds no weights of a training run"),
        (export, ["{file}.gone"], "No such file"),
    ],
)
def test_a_foreign_file_is_one_line(tmp_path: Path, monkeypatch, program, arguments, words) -> None:
    file = tmp_path / "file"
    file.write_text("no network")
    monkeypatch.setattr(sys, "argv", ["program", *(text.format(file=file) for text in arguments)])
    with pytest.raises(SystemExit) as stop:
        program.main()
    assert words in str(stop.value) and "\n" not in str(stop.value)
    assert sorted(tmp_path.iterdir()) == [file], "nothing is written"


def test_a_checkpoint_is_not_what_is_shipped(tmp_path: Path, monkeypatch) -> None:
    """It lies beside best.pt, and its network is that of the last step."""
    import torch

    file = tmp_path / "checkpoint.pt"
    torch.save({"network": {}, "average": {}, "state": {}, "config": {}}, file)
    monkeypatch.setattr(sys, "argv", ["export", str(file), "--out", str(tmp_path / "face3d.onnx")])
    with pytest.raises(SystemExit, match="no weights of a training run"):
        export.main()
    assert sorted(tmp_path.iterdir()) == [file]
