"""`python -m benchmarks.compare BEFORE.json AFTER.json`: two runs of `make bench` side by side."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def compare(before: dict, after: dict) -> list[str]:
    """One line for each row that both have, in the order of the first, and what only one of them has."""
    old, new = ({row["what"]: row for row in run["rows"]} for run in (before, after))
    lines = [f"{'what':<58} {'before':>9} {'after':>9} {'after / before':>15}"]
    for what, row in old.items():
        if what in new and row["value"] > 0:
            value = new[what]["value"]
            lines.append(
                f"{what:<58} {row['value']:9.2f} {value:9.2f} {value / row['value']:15.2f} {row['unit']}"
            )
    for name, only in (("before", old.keys() - new.keys()), ("after", new.keys() - old.keys())):
        lines += [f"only {name}: {what}" for what in sorted(only)]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args()
    runs = []
    for path in (options.before, options.after):
        try:
            runs.append(json.loads(path.read_text()))
            machine = runs[-1]["machine"]
        except (OSError, ValueError, KeyError) as error:
            raise SystemExit(f"{path} is not a result of `python -m benchmarks`: {error}") from None
        print(
            f"{path}: {machine['processor']}, {machine['cores']} cores, load {machine['load']}, {machine['date']}"
        )
    print()
    print("\n".join(compare(*runs)))


if __name__ == "__main__":
    main()
