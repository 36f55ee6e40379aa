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


@pytest.mark.parametrize("shape", [(61, 83), (40, 3), (3, 40), (1, 1)])
@pytest.mark.parametrize("size", [0.7, 20.0, 33.0, 60.0, 93.0, 131.0, 170.0, 201.0, 333.3, 2000.0])
def test_crops_of_any_scale_are_identical_for_all_instruction_sets(shape, size) -> None:
    """Any number of weights, rows shorter than a vector; as pixels and as planes."""
    picture = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    square = 0.4 * shape[1], 0.6 * shape[0], size
    nothing = np.zeros((3, 3), np.float32)
    encoders = [
        _core.Encoder(np.array([[0, 1, 2]], np.int32), np.zeros((3, 3), np.uint8), out) for out in (33, 16, 1)
    ]

    def compute() -> list[np.ndarray]:
        planes = [
            encoder.encode(picture, *square, nothing, np.zeros((3, 4), np.float32)) for encoder in encoders
        ]
        pixels = [renderer.crop(picture, *square, out) for out in (33, 16, 1)]
        for some, same in zip(planes, pixels, strict=True):
            np.testing.assert_array_equal(some[:3].transpose(1, 2, 0), same)
        return pixels

    assert_the_same_with_every_set(compute)


def test_the_prepared_shape_is_the_same_for_all_instruction_sets(model) -> None:
    coefficients = np.random.default_rng(0).normal(size=284).astype(np.float32)

    def compute() -> list[np.ndarray]:
        fresh = shape.FaceShape(model.mean, model.basis, model.indptr, model.indices, model.data, 200)
        return [fresh.evaluate(coefficients)]

    assert_the_same_with_every_set(compute)
