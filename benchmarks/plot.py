"""`python -m benchmarks.plot RESULT.json`: where the milliseconds of a frame go, as a picture.

Draws the stages of `tracker.step` for one face out of a result of `python -m benchmarks`: medians, and the fastest run,
which other work on the machine disturbs least. matplotlib is in requirements/training.txt.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

PICTURE = Path("docs/images/performance.svg")
_COLOUR, _NETWORK = "#4878a8", "#c8813c"


def stages(result: dict) -> list[tuple[str, float, float]]:
    """(name, median, fastest) in ms of the stages of one face, in the order of the table."""
    found = []
    for row in result["rows"]:
        match = re.fullmatch(r"  (.+) \(1\)", row["what"])
        if match:
            fastest = re.search(r"fastest ([\d.]+)", row["note"])
            found.append((match[1], row["value"], float(fastest[1]) if fastest else row["value"]))
    return found


def draw(bars: list[tuple[str, float, float]], title: str) -> Figure:
    """A bar to the median, its dark part to the fastest run."""
    # No pyplot: it may want a screen.
    figure = Figure(figsize=(9.0, 1.2 + 0.34 * len(bars)), layout="constrained")
    axes = figure.subplots()
    names, medians, fastest = zip(*bars)
    colours = [_NETWORK if name.startswith("network") else _COLOUR for name in names]
    drawn = axes.barh(names, medians, color=colours, alpha=0.55)
    axes.barh(names, fastest, color=colours)
    axes.bar_label(drawn, [f"{median:.2f} ({least:.2f})" for _, median, least in bars], padding=6)
    axes.invert_yaxis()  # the first stage on top
    axes.margins(x=0.15)
    axes.set_title(title, fontsize=11)
    axes.set_xlabel("CPU time in milliseconds; bar: median; dark part: fastest run")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURE, help="svg or png; default: %(default)s")
    options = parser.parse_args()
    result = json.loads(options.result.read_text())
    bars = stages(result)
    if not bars:
        raise SystemExit(
            f"{options.result} has no stages of tracker.step: run `python -m benchmarks tracker`"
        )
    machine = result["machine"]
    title = f"tracker.step, one face, 640 x 480, one thread: {machine['processor']}, load {machine['load']}"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.fonttype": "none"}):  # text stays text
        draw(bars, title).savefig(options.out)
    print(options.out)


if __name__ == "__main__":
    main()
