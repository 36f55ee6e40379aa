"""The kernels give the same bits with every instruction set that they were compiled for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from face3d import _core, renderer, shape
from tests.core.scene import lighting, sphere


def assert_the_same_with_every_set(compute: Callable[[], list[np.ndarray]]) -> None:
    """Compare what `compute` returns; the best instruction set is in use again afterwards."""
    first, *others = names = _core.instruction_sets()
    if not others:
        pytest.skip(f"this processor has one instruction set, {first}")
    try:
        results = []
        for name in names:
            _core.select_instruction_set(name)
            results.append(compute())
    finally:
        _core.select_instruction_set(names[-1])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_results_are_identical_for_all_instruction_sets() -> None:
    raster, triangles, model = sphere(30)
    codes = ((model * 0.5 + 0.5) * 255).astype(np.uint8)
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert_the_same_with_every_set(
        lambda: [
            *renderer.rasterize(raster, triangles, 100, 90),
            renderer.render_prior(raster, triangles, codes, 100),
            renderer.crop(image, 70.3, 60.2, 130.0, 100),
            *renderer.shade(raster, triangles, np.ones_like(raster), *lighting(), 100, 90),
        ]
    )


def test_the_prepared_shape_is_the_same_for_all_instruction_sets(model) -> None:
    coefficients = np.random.default_rng(0).normal(size=284).astype(np.float32)

    def compute() -> list[np.ndarray]:
        fresh = shape.FaceShape(model.mean, model.basis, model.indptr, model.indices, model.data, 200)
        return [fresh.evaluate(coefficients)]

    assert_the_same_with_every_set(compute)
