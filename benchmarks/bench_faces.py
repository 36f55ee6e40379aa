"""CPU time of one synthetic face on one core, by difficulty, and of its largest stages.

CPU time, not wall time, so that a training run beside it matters little; it still inflates when cores are shared.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.table import NotHere, Row, line

LIMIT = 9.0  # ms a sample with everything switched on
STAGES = {
    "head shape": ("training.head", "HeadAssets", "shape"),
    "figure (hair, clothes, things)": ("training.faces.figure", "Wardrobe", "dress"),
    "painting": ("training.faces.paint", "Painter", "paint"),
    "background": ("training.faces.background", "Backgrounds", "draw"),
}


def rows(quick: bool = False) -> Iterator[Row]:
    """Milliseconds a sample; `quick` draws fewer. Raises NotHere without what training needs."""
    try:
        import cv2

        from training.faces import FaceGenerator
    except ImportError as error:
        raise NotHere(f"the synthetic faces need requirements/training.txt ({error})") from error
    cv2.setNumThreads(1)
    generator = FaceGenerator(seed=1)
    count = 60 if quick else 300
    for _ in range(200):  # fills the pool of backgrounds, as in a long run
        generator.backgrounds.draw(generator.rng, 1.0)
    for difficulty in (0.0, 0.5, 1.0):
        times = np.array([_cpu(generator, difficulty) for _ in range(count)])
        yield Row(
            f"synthetic face, difficulty {difficulty:g}",
            float(times.mean()),
            "ms",
            LIMIT if difficulty == 1.0 else None,
            note=f"fastest tenth {np.percentile(times, 10):.1f}",
        )
    spent = _stages(generator, count)
    for name, total in spent.items():
        yield Row(f"  of which {name}", total / count, "ms")


def _cpu(generator: Any, difficulty: float) -> float:
    start = time.thread_time()
    generator.draw(difficulty)
    return (time.thread_time() - start) * 1e3


def _stages(generator: Any, count: int) -> dict[str, float]:
    """Milliseconds that `count` samples of difficulty 1 spend in each stage."""
    import importlib

    spent: dict[str, float] = defaultdict(float)
    originals = []
    for name, (module, owner, method) in STAGES.items():
        holder = getattr(importlib.import_module(module), owner)
        original = getattr(holder, method)
        originals.append((holder, method, original))

        def timed(*args: Any, _name: str = name, _call: Any = original, **kwargs: Any) -> Any:
            start = time.thread_time()
            result = _call(*args, **kwargs)
            spent[_name] += (time.thread_time() - start) * 1e3
            return result

        setattr(holder, method, timed)
    try:
        for _ in range(count):
            generator.draw(1.0)
    finally:
        for holder, method, original in originals:
            setattr(holder, method, original)
    return dict(spent)


if __name__ == "__main__":
    for row in rows():
        print(line(row))
