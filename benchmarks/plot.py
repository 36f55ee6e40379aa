"""`python -m benchmarks.plot RESULT.json`: where the milliseconds of a frame go, as an SVG picture.

Draws the stages of `tracker.step` for one face out of a result of `python -m benchmarks`: medians, and the fastest run,
which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import re
from html import escape
from pathlib import Path

PICTURE = Path("docs/images/performance.svg")
_WIDTH, _LEFT, _BAR, _GAP, _TOP = 860, 300, 22, 12, 56
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


def draw(bars: list[tuple[str, float, float]], title: str) -> str:
    """The picture as SVG: a bar to the median, its dark part to the fastest run."""
    most = max(median for _, median, _ in bars)
    height = _TOP + len(bars) * (_BAR + _GAP) + 20
    scale = (_WIDTH - _LEFT - 130) / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"',
        '     font-family="sans-serif" font-size="14">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="16" y="24" font-size="16">{escape(title)}</text>',
        '<text x="16" y="44" fill="#555">CPU time in milliseconds; bar: median; dark part: fastest run</text>',
    ]
    for index, (name, median, fastest) in enumerate(bars):
        y = _TOP + index * (_BAR + _GAP)
        colour = _NETWORK if name.startswith("network") else _COLOUR
        parts += [
            f'<text x="{_LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{median * scale:.1f}" height="{_BAR}" fill="{colour}" opacity="0.55"/>',
            f'<rect x="{_LEFT}" y="{y}" width="{fastest * scale:.1f}" height="{_BAR}" fill="{colour}"/>',
            f'<text x="{_LEFT + median * scale + 8:.1f}" y="{y + 16}">{median:.2f} ({fastest:.2f})</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURE, help="default: %(default)s")
    options = parser.parse_args()
    result = json.loads(options.result.read_text())
    bars = stages(result)
    if not bars:
        raise SystemExit(f"{options.result} has no stages of tracker.step: run `python -m benchmarks tracker`")
    machine = result["machine"]
    title = f"tracker.step, one face, 640 x 480, one thread: {machine['processor']}, load {machine['load']}"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(draw(bars, title))
    print(options.out)


if __name__ == "__main__":
    main()
