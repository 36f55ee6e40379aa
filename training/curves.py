"""Curves of runs: what evaluations of the held-back synthetic faces gave, over the samples seen.

    python -m training.curves RUN_FOLDER [RUN_FOLDER ...] --out docs/images/training.svg

A run draws its own (curve.svg in its folder) at every evaluation. A point's set of test faces is that of its
day: where the generator was changed between two runs, the second one's faces are other faces.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

PANELS = (
    ("nme", 100.0, "landmarks, NME %"),
    ("vertices", 1.0, "vertices after alignment, mm"),
    ("rotation", 1.0, "rotation, degrees"),
    ("loss", 1.0, "training loss"),
    ("rate", 1.0, "learning rate"),
)


def read(folder: Path) -> list[dict[str, float]]:
    """Rows of a run's curve.csv as numbers. Raises FileNotFoundError when the run was never evaluated."""
    with open(folder / "curve.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def draw(runs: Sequence[tuple[str, list[dict[str, float]]]]) -> Figure:
    """One panel a measure, one line a run; runs are names with their rows."""
    figure = Figure(figsize=(3.3 * len(PANELS), 3.2), layout="constrained")  # no pyplot: it may want a screen
    axes = figure.subplots(1, len(PANELS))
    for panel, (name, scale, title) in zip(axes, PANELS):
        for label, rows in runs:
            thousands = [row["samples"] / 1000 for row in rows]
            panel.plot(thousands, [scale * row[name] for row in rows], marker=".", label=label)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("thousand samples", fontsize=9)
        panel.grid(alpha=0.3)
    if len(runs) > 1:
        axes[0].legend(fontsize=8)
    return figure


def plot(runs: Sequence[tuple[str, list[dict[str, float]]]], out: Path) -> None:
    """Write the picture of `draw`, whole or not at all; its kind follows the name of `out`."""
    figure, part = draw(runs), out.with_name(f".{out.name}")
    with rc_context({"svg.fonttype": "none"}):  # text stays text
        figure.savefig(part, format=out.suffix[1:] or "svg")
    os.replace(part, out)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.curves", description="Plot the curves of training runs into one picture."
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs, each with its curve.csv")
    parser.add_argument(
        "--out", type=Path, default=Path("out/training.svg"), help="svg or png (default: %(default)s)"
    )
    options = parser.parse_args()
    try:
        runs = [(folder.name, read(folder)) for folder in options.runs]
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not there: the run has not been evaluated yet") from None
    options.out.parent.mkdir(parents=True, exist_ok=True)
    plot(runs, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
