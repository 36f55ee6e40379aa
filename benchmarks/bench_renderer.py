"""Times of the compiled kernels in milliseconds on one thread: `python -m benchmarks.bench_renderer`.

Meshes are those of the shipped face model, and a sphere with as many triangles as the whole training head. Median
and fastest of the runs; on a machine that does other things at the same time, the fastest is the truer one.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.table import Row, milliseconds, timed
from face3d import _core, renderer, shape
from face3d.camera import FRONTAL, IMAGE_SIZE, Pose
from face3d.model import FaceModel

PIXELS_PER_METRE = 800.0  # of the prior in its crop
PRIOR_LIMIT = 1.0  # ms for PNCC and normals of the mesh that the network's prior is drawn from


def frontal(model_vertices: np.ndarray, scale: float, size: int) -> np.ndarray:
    """Raster vertices of a mesh that faces the camera in the middle of a size x size picture."""
    middle = (size - 1) / 2
    return (model_vertices * [scale, -scale, -scale] + [middle, middle, 0]).astype(np.float32)


def sphere(rings: int) -> tuple[np.ndarray, np.ndarray]:
    """A closed unit sphere: (V, 3) vertices and (T, 3) triangles, T = 4 rings^2."""
    latitude, longitude = np.linspace(0, np.pi, rings + 1), np.arange(2 * rings) * np.pi / rings
    theta, phi = np.meshgrid(latitude, longitude, indexing="ij")
    vertices = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    i, j = np.meshgrid(np.arange(rings) * 2 * rings, np.arange(2 * rings), indexing="ij")
    k = (j + 1) % (2 * rings)
    quads = np.stack([i + j, i + k, i + 2 * rings + k, i + 2 * rings + j], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return vertices.reshape(-1, 3), np.ascontiguousarray(triangles, np.int32)


def cases(model: FaceModel) -> dict[str, Callable[[], object]]:
    """Every kernel on the inputs it meets in the tracker and in training."""
    rng = np.random.default_rng(0)
    count = len(model.mean)
    coefficients = np.concatenate([rng.normal(size=200), rng.random(84)]).astype(np.float32)
    sparse = (model.indptr, model.indices, model.data)
    fine = shape.subdivide(*sparse, model.mean)
    codes = np.ascontiguousarray(model.codes)
    coarse_codes = np.ascontiguousarray(codes[:count])
    prior = frontal(fine[:count], PIXELS_PER_METRE, IMAGE_SIZE)
    prior_fine = frontal(fine, PIXELS_PER_METRE, IMAGE_SIZE)
    projection = Pose(FRONTAL, PIXELS_PER_METRE, np.full(2, (IMAGE_SIZE - 1) / 2)).matrix()
    # More than are known.
    others = itertools.cycle([projection + np.float32(1e-3 * number) for number in range(50)])
    image = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    result: dict[str, Callable[[], object]] = {
        f"render_prior, {len(model.lod_triangles)} triangles": lambda: renderer.render_prior(
            prior, model.lod_triangles, coarse_codes, IMAGE_SIZE
        ),
        f"render_prior, {len(model.triangles)} triangles": lambda: renderer.render_prior(
            prior_fine, model.triangles, codes, IMAGE_SIZE
        ),
        "encode, crop of 260 pixels, another prior": lambda: model.encoder.encode(
            image, 320.3, 240.2, 260.0, fine[:count], next(others)
        ),
        "encode, crop of 260 pixels, the prior of before": lambda: model.encoder.encode(
            image, 320.3, 240.2, 260.0, fine[:count], projection
        ),
        f"mesh: basis and subdivision, {len(fine)} vertices": lambda: model.shape(
            coefficients[:200], coefficients[200:]
        ),
        f"mesh: basis and subdivision, first {count}": lambda: model.shape(
            coefficients[:200], coefficients[200:], lod=True
        ),
        f"blend, {count} vertices, {model.basis.dtype}": lambda: shape.blend(
            model.mean, model.basis, coefficients
        ),
        f"subdivide to {len(fine)} vertices": lambda: shape.subdivide(*sparse, model.mean),
        "vertex_normals, fine mesh": lambda: renderer.vertex_normals(fine, model.triangles),
    }
    for side in (100, 200, 260, 400):
        result[f"crop, {side} -> {IMAGE_SIZE} pixels"] = partial(
            renderer.crop, image, 320.3, 240.2, side, IMAGE_SIZE
        )
    head, triangles = sphere(150)
    lights = np.array([[[0, 0, -1], [1, 1, 1]], [[1, -1, -1], [1, 0.5, 0.2]]], np.float32)
    ambient, colors = np.full(3, 0.1, np.float32), rng.random(head.shape, np.float32)
    specular, eight = rng.random(len(head), np.float32), rng.random((len(head), 8), np.float32)
    for side in (288, 576):
        raster = frontal(head, side * 0.45, side)
        _, index, barycentric = renderer.rasterize(raster, triangles, side, side)
        what = f"{len(triangles)} triangles, {side} pixels"
        shade = partial(renderer.shade, raster, triangles, colors, lights, ambient, side, side)
        result |= {
            f"rasterize, {what}": partial(renderer.rasterize, raster, triangles, side, side),
            f"interpolate, 8 channels, {side} pixels": partial(
                renderer.interpolate, index, barycentric, triangles, eight
            ),
            f"shade, {what}": shade,
            f"shade with highlights, {what}": partial(shade, specular=specular),
        }
    return result


def rows(quick: bool) -> Iterator[Row]:
    """The kernels for `make bench`; the prior's render is what the tracker's speed hangs on."""
    model = FaceModel.load()
    prior = f"render_prior, {len(model.lod_triangles)} triangles"
    for label, call in cases(model).items():
        yield timed(label, call, 10 if quick else 100, PRIOR_LIMIT if label == prior else None)


def main() -> None:
    """Print one line a kernel, for every instruction set of this processor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--all", action="store_true", help="every instruction set, not only the best")
    arguments = parser.parse_args()
    model = FaceModel.load()
    names = _core.instruction_sets()
    for name in names if arguments.all else names[-1:]:
        _core.select_instruction_set(name)
        print(f"kernels, {name}: median and fastest of {arguments.runs} runs, ms")
        for label, call in cases(model).items():
            times = milliseconds(call, arguments.runs)
            print(f"  {label:58s} {np.median(times):7.3f} {times.min():7.3f}")


if __name__ == "__main__":
    main()
