"""The network on every backend that is present: one face, and eight in one batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.table import Row, timed
from face3d import resources, runtime
from face3d.model import FaceModel


def rows(quick: bool) -> Iterator[Row]:
    """Time of `infer`, with all copies. A backend that is not here has no row, and is named at the end."""
    model, network = FaceModel.load(), resources.network()
    faces = np.random.default_rng(0).integers(0, 256, (8, 9, 200, 200), dtype=np.uint8)
    runs = 10 if quick else 200
    files = [(backend, network) for backend in runtime.BACKENDS]
    files += [("onnxruntime", path) for path in sorted(network.parent.glob("*.int8.onnx"))]
    missing = []
    for backend, path in files:
        try:
            loaded = runtime.load(path, model, backend)
        except (OSError, ValueError) as error:
            missing.append(f"{backend} ({' '.join(str(error).split())})")
            continue
        for count in (1, 8):
            name = f"{backend}, {path.name}, {count} face{'s' if count > 1 else ''}"
            yield timed(name, lambda: loaded.infer(faces[:count]), runs)  # noqa: B023 - called before the next turn
        loaded.close()
    for reason in missing:
        print(f"  not here: {reason}")
