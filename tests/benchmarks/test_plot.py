"""The picture of the stages of a frame; it needs matplotlib, which training brings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")

from benchmarks import plot

ROWS = [
    {"what": "tracker.step, 1 face, 640 x 480, 1 thread", "value": 5.0, "note": "CPU 5.00"},
    {"what": "  network (1)", "value": 3.0, "note": "fastest 2.25"},
    {"what": "  decode & clip (1)", "value": 2.0, "note": "fastest 1.50"},
    {"what": "  decode & clip (8)", "value": 4.0, "note": ""},
]
MACHINE = {"processor": "Some <processor>", "load": 0.1}


def test_bars_are_the_stages_of_one_face() -> None:
    bars = plot.stages({"rows": ROWS})
    assert bars == [("network", 3.0, 2.25), ("decode & clip", 2.0, 1.5)]
    (axes,) = plot.draw(bars, "title").axes
    medians, fastest = axes.containers
    assert [bar.get_width() for bar in medians] == [3.0, 2.0]
    assert [bar.get_width() for bar in fastest] == [2.25, 1.5]
    assert fastest[0].get_facecolor() != fastest[1].get_facecolor(), "the network stands out"


def test_the_command_draws_a_result_and_refuses_one_without_stages(tmp_path: Path, monkeypatch) -> None:
    source, picture = tmp_path / "result.json", tmp_path / "images" / "picture.svg"
    monkeypatch.setattr(sys, "argv", ["plot", str(source), "--out", str(picture)])
    source.write_text(json.dumps({"rows": ROWS, "machine": MACHINE}))
    plot.main()
    words = " ".join(element.text or "" for element in ElementTree.parse(picture).iter())
    assert "2.00 (1.50)" in words and "decode & clip" in words and "Some <processor>" in words
    source.write_text(json.dumps({"rows": ROWS[:1], "machine": MACHINE}))
    with pytest.raises(SystemExit, match="no stages"):
        plot.main()
