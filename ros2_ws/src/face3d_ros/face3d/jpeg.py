"""Whether a JPEG is whole: OpenCV 4.6, of Ubuntu 24.04, smears the last row of one that is not, and says nothing."""

from __future__ import annotations

import re

_BEGIN, _END = b"\xff\xd8", 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""What ends a stretch of pixels: among them an escaped 0xff, filling and restarts may stand."""


def is_cut_off(data: bytes) -> bool:
    """Whether data that begin as a JPEG lack its end; False for every other format.

    Goes from segment to segment (ITU T.81, B.1.1): a thumbnail in front of the pixels has an end of its own, and
    what a telephone appends, a film say, may look like anything.
    """
    if not data.startswith(_BEGIN):
        return False
    place = len(_BEGIN)
    while found := _MARKER.search(data, place):
        if data[found.start() + 1] == _END:
            return False
        place = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return True
