"""What every benchmark's JSON file says of the machine, and where it goes."""

from __future__ import annotations

import datetime
import json
import os
import platform
import resource
from pathlib import Path

FOLDER = Path("out/bench")
"""Where the files go when nobody says otherwise."""


def machine() -> dict[str, object]:
    """Processor, cores that this process may use, load, and the date."""
    processor = platform.processor() or "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for text in cpuinfo.read_text().splitlines():
            if text.startswith("model name"):
                processor = text.partition(":")[2].strip()
                break
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "date": datetime.datetime.now().isoformat(timespec="seconds"),
    }


def memory() -> float:
    """MB that this process has had resident at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def save(path: Path, data: dict) -> None:
    """Write a result whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(data, indent=1) + "\n")
    partial.replace(path)
