"""`python -m benchmarks`: run all benchmarks, print one table and write it to a JSON file (`make bench`).

A benchmark is a module `benchmarks/bench_<name>.py` with `rows(quick) -> iterator of Row`. One that cannot run here
says why and does not keep the others from running. The exit code is 0 whatever the numbers are: speed depends on
the machine, and a missed demand is to be read, not to break a build.
"""

from __future__ import annotations

import argparse
import importlib
import os
import time
from dataclasses import asdict
from pathlib import Path

# One thread per library, as in the nodes; before numpy and OpenCV are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

LINUX = Path("/proc/stat").exists()
# From the inside out; others follow by name
ORDER = ("images", "tracker", "renderer", "backends", "messages", "ros")


def names() -> list[str]:
    """Names of the benchmarks that are there."""
    found = {path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")}
    return [name for name in ORDER if name in found] + sorted(found - set(ORDER))


def main() -> None:
    from benchmarks import results
    from benchmarks.table import HEADER, NotHere, line
    from benchmarks.usage import others

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print the speed table.")
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(names())} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="few runs: to try the benchmarks, not to compare"
    )
    parser.add_argument("--out", type=Path, metavar="JSON", help="default: out/bench/ and the date")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    machine = results.machine()
    print(f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}\n\n{HEADER}")
    out = arguments.out or results.FOLDER / f"{str(machine['date']).replace(':', '')}.json"
    rows: list[dict] = []
    missed = failed = 0
    began = time.monotonic()
    disturbed = others() if LINUX else 0.0
    for name in arguments.names or names():
        try:
            for row in importlib.import_module(f"benchmarks.bench_{name}").rows(arguments.quick):
                print(line(row), flush=True)
                rows.append({"benchmark": name, **asdict(row)})
                missed += row.verdict == "MISSED"
        except NotHere as error:
            print(f"{name}: left out: {error}", flush=True)
        except Exception as error:  # whatever it is, the other benchmarks still have something to say
            failed += 1
            print(f"{name}: could not run: {type(error).__name__}: {error}", flush=True)
        results.save(out, {"machine": machine, "quick": arguments.quick, "rows": rows})
    seconds = time.monotonic() - began
    print(f"\n{out}, after {seconds / 60.0:.1f} minutes")
    if LINUX:
        print(f"other programs took {(others() - disturbed) / seconds:.2f} cores meanwhile")
    print("compare two runs with `python -m benchmarks.compare BEFORE.json AFTER.json`")
    print(
        f"{missed} demands missed, {failed} benchmarks could not run"
        if missed + failed
        else "all demands met"
    )


if __name__ == "__main__":
    main()
