"""`python -m benchmarks`: run all benchmarks and print one table (`make bench`).

A benchmark is a module `benchmarks/bench_<name>.py` with `rows(quick) -> iterator of Row`. One that cannot run here
says why and does not keep the others from running. The exit code is 0 whatever the numbers are: speed depends on
the machine, and a missed demand is to be read, not to break a build.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
from pathlib import Path

# One thread per library, as in the nodes; before numpy and OpenCV are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ORDER = ("renderer", "tracker", "ros")  # from the inside out; others follow by name


def names() -> list[str]:
    """Names of the benchmarks that are there."""
    found = {path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")}
    return [name for name in ORDER if name in found] + sorted(found - set(ORDER))


def processor() -> str:
    """The processor's name, and how many cores this process may use."""
    model = platform.processor() or "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for text in cpuinfo.read_text().splitlines():
            if text.startswith("model name"):
                model = text.partition(":")[2].strip()
                break
    return f"{model}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    from benchmarks.table import HEADER, line

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print the speed table.")
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(names())} (default: all)")
    parser.add_argument("--quick", action="store_true", help="few runs: to try the benchmarks, not to compare")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    print(f"{processor()}\n\n{HEADER}")
    missed = failed = 0
    for name in arguments.names or names():
        try:
            for row in importlib.import_module(f"benchmarks.bench_{name}").rows(arguments.quick):
                print(line(row), flush=True)
                missed += row.verdict == "MISSED"
        except Exception as error:  # whatever it is, the other benchmarks still have something to say
            failed += 1
            print(f"{name}: could not run: {type(error).__name__}: {error}", flush=True)
    print(f"\n{missed} demands missed, {failed} benchmarks could not run" if missed + failed else "\nall demands met")


if __name__ == "__main__":
    main()
