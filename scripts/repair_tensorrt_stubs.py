"""Copy the type stubs of tensorrt-stubs to build/typings, repaired, for `make lint`.

The package lacks py.typed, so mypy does not look at it where it is installed, and a few of its functions are no
Python: a parameter named `in`, and one without a default after some that have one.
"""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "build" / "typings"


def main() -> None:
    source = Path(sysconfig.get_path("purelib"))
    for package in ("tensorrt", "tensorrt_bindings"):
        for path in sorted((source / package).glob("*.pyi")):
            out = TARGET / package / path.name
            text = re.sub(r"\bin: list\[", "in_: list[", path.read_text(encoding="utf-8"))
            text = re.sub(r"(= None, channel_axis: int)\)", r"\1 = ...)", text)
            out.parent.mkdir(parents=True, exist_ok=True)
            if not out.is_file() or out.read_text(encoding="utf-8") != text:
                out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
