"""Curves of runs as pictures."""

import pytest

from training.checkpoint import COLUMNS, log
from training.curves import draw, main, plot, read

ROWS = [
    {name: value for value, name in enumerate(COLUMNS, 1)} | {"samples": samples, "nme": nme}
    for samples, nme in ((1000, 0.05), (2000, 0.03))
]


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "first"
    folder.mkdir()
    for row in ROWS:
        log(folder / "curve.csv", row)
    return folder


def test_what_is_logged_is_read_back_as_numbers(run):
    assert [(row["samples"], row["nme"]) for row in read(run)] == [(1000, 0.05), (2000, 0.03)]


def test_every_run_is_a_line_of_percent_and_thousand_samples(run):
    figure = draw([("first", read(run)), ("again", read(run)[:1])])
    first, again = figure.axes[0].lines
    assert list(first.get_xdata()) == [1.0, 2.0] and list(first.get_ydata()) == pytest.approx([5.0, 3.0])
    assert list(again.get_xdata()) == [1.0]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["first", "again"]


def test_a_picture_is_written_whole(run, tmp_path):
    plot([("first", read(run))], tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().rstrip().endswith("</svg>")
    assert list(tmp_path.glob(".*")) == []


def test_several_runs_from_the_command_line(run, tmp_path, monkeypatch, capsys):
    out = tmp_path / "both.png"
    monkeypatch.setattr("sys.argv", ["curves", str(run), str(run), "--out", str(out)])
    main()
    assert out.read_bytes().startswith(b"\x89PNG") and str(out) in capsys.readouterr().out


def test_a_run_without_evaluation_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["curves", str(tmp_path)])
    with pytest.raises(SystemExit, match="has not been evaluated"):
        main()
