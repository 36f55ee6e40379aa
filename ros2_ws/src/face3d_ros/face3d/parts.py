"""Parts of a large image. The detector shrinks a whole one, and with it small faces below what it can see."""

from __future__ import annotations

import functools
import itertools
import math

WINDOW = 80
"""Pixels of dlib's detector window: smaller faces are invisible to it."""

_FINER = 1.2  # by which parts must be larger in the detector's eyes than the whole, to be worth it

Part = tuple[int, int, int, int]
"""x, y, width and height in pixels, inside the image."""


@functools.lru_cache(maxsize=8)
def parts_of(width: int, height: int, face: float, pixels: int) -> tuple[Part, ...]:
    """Where to look in an image for faces that are too small in the whole one; empty when none is.

    face    side of the smallest face that is to be found, pixels
    pixels  that the detector looks at, at most
    Larger faces come first, and what is in the middle. Every face that is visible in the parts and not before lies
    wholly inside one of them.
    """
    goal = WINDOW / face
    zoom, cells, found = _zoom(width, height, goal, pixels), 1, []
    while zoom < goal:
        seen, before = WINDOW / zoom, zoom
        for count in (2 * cells, 3 * cells):
            wide = min(width, math.ceil((width + (count - 1) * seen) / count))
            tall = min(height, math.ceil((height + (count - 1) * seen) / count))
            zoom = _zoom(wide, tall, goal, pixels)
            if zoom == goal:
                break
        if zoom < _FINER * before:
            break
        cells = count
        corners = itertools.product(_starts(width, wide, count), _starts(height, tall, count))
        grid = [(x, y, wide, tall) for x, y in dict.fromkeys(corners)]
        found += sorted(
            grid, key=lambda part: math.hypot(part[0] + (wide - width) / 2, part[1] + (tall - height) / 2)
        )
    return tuple(found)


def _zoom(width: float, height: float, goal: float, pixels: int) -> float:
    return min(goal, math.sqrt(pixels / (width * height)))


def _starts(whole: int, part: int, count: int) -> list[int]:
    """Where `count` parts of a length begin that cover a whole one evenly."""
    return [(whole - part) * index // (count - 1) for index in range(count)]
