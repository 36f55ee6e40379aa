"""What the processor can do that decides which network it should run."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

# Dot products of bytes, summed in 32 bits. Processors without them have another way, but its sums of unsigned times
# signed bytes saturate at 16 bits: wrong answers, not slow ones.
_FLAGS = {"x86_64": {"avx512_vnni", "avx_vnni"}, "aarch64": {"asimddp"}}


@functools.cache
def multiplies_bytes(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether an int8 network is exact, and faster than a float one, on this processor (VNNI, or Arm's dot product)."""
    wanted = _FLAGS.get(platform.machine(), set())
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    return any(
        wanted & set(text.partition(":")[2].split())
        for text in lines
        if text.startswith(("flags", "Features"))
    )
