"""The rasteriser against a naive one on random meshes; which pixels and which triangle it takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from face3d import renderer
from tests.core import naive_raster
from tests.core.scene import sphere


def random_mesh(rng, vertices=30, triangles=60, size=40, spread=1.0):
    """Triangles anywhere in and around a size x size picture, depths distinct."""
    v = (rng.random((vertices, 3)) * [size * spread, size * spread, 50]).astype(np.float32)
    v[:, :2] -= size * (spread - 1) / 2
    return v, rng.integers(0, vertices, (triangles, 3)).astype(np.int32)


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("cull", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_rasterize_equals_the_naive_rasteriser(seed, cull):
    rng = np.random.default_rng(seed)
    # Small triangles, triangles larger than the picture, and some beyond 64 pixels: the 64-bit path.
    vertices, triangles = random_mesh(rng, size=40, spread=[0.3, 1.0, 3.0, 8.0][seed])
    if seed == 1:
        vertices[:, :2] = np.round(vertices[:, :2])  # pixel centres exactly on corners and edges
    width, height = (40, 33)
    depth, index, barycentric = renderer.rasterize(vertices, triangles, width, height, cull)
    expected = naive_raster.rasterize(vertices, triangles, width, height, cull)
    np.testing.assert_array_equal(np.isfinite(depth), np.isfinite(expected[0]))
    covered = index >= 0
    np.testing.assert_allclose(depth[covered], expected[0][covered], atol=2e-4)
    same = index == expected[1]
    # Depths that agree to rounding may be won by either triangle; that is rare.
    assert same.mean() > 0.995
    np.testing.assert_allclose(barycentric[same], expected[2][same], atol=2e-6)


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("seed", range(3))
def test_a_fan_covers_every_pixel_exactly_once(seed):
    """Triangles that share edges leave no gap and never both draw a pixel."""
    rng = np.random.default_rng(seed)
    # A grid of quads over more than the picture; inner corners jittered, sometimes onto pixel centres.
    n = 9
    grid = np.stack(np.meshgrid(np.linspace(-20, 60, n), np.linspace(-20, 60, n)), -1)
    grid[1:-1, 1:-1] += rng.uniform(-3, 3, (n - 2, n - 2, 2))
    if seed == 0:
        grid = np.round(grid)
    vertices = np.concatenate([grid.reshape(-1, 2), np.zeros((n * n, 1))], 1).astype(np.float32)
    i = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).reshape(-1)
    triangles = np.concatenate([np.stack([i, i + n, i + 1], 1), np.stack([i + 1, i + n, i + n + 1], 1)])
    triangles = triangles.astype(np.int32)
    hits = np.zeros((40, 40), int)
    for triangle in triangles:
        hits += renderer.rasterize(vertices, triangle[None], 40, 40)[1] >= 0
    assert (hits == 1).all()
    assert (renderer.rasterize(vertices, triangles, 40, 40)[1] >= 0).all()


def test_pixel_centres_are_at_integers():
    vertices = np.array([[2, 3, 1], [2, 7, 1], [6, 7, 1], [6, 3, 1]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    covered = renderer.rasterize(vertices, triangles, 10, 10)[1] >= 0
    expected = np.zeros((10, 10), bool)
    expected[3:7, 2:6] = True  # left and top edges belong to the square, right and bottom ones do not
    np.testing.assert_array_equal(covered, expected)


def test_outside_faces_the_camera_when_counter_clockwise():
    """Model frame triangle, counter-clockwise seen from +z, through the frontal pose diag(1, -1, -1)."""
    model = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], np.float32)
    raster = (model * [8, -8, -8] + [10, 10, 0]).astype(np.float32)
    front, back = np.array([[0, 1, 2]], np.int32), np.array([[0, 2, 1]], np.int32)
    assert (renderer.rasterize(raster, front, 20, 20)[1] >= 0).any()
    assert not (renderer.rasterize(raster, back, 20, 20)[1] >= 0).any()
    shown = renderer.rasterize(raster, front, 20, 20)[1] >= 0
    np.testing.assert_array_equal(renderer.rasterize(raster, back, 20, 20, cull=False)[1] >= 0, shown)
    np.testing.assert_allclose(renderer.vertex_normals(raster, front), [[0, 0, -1]] * 3, atol=1e-6)


def test_the_nearer_triangle_wins_and_of_equals_the_first():
    square = np.array([[0, 0], [0, 9], [9, 9], [9, 0]], np.float32)
    vertices = np.concatenate([np.c_[square, np.full(4, z)] for z in (5, 3, 3)]).astype(np.float32)
    one = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    triangles = np.concatenate([one, one + 4, one + 8])
    depth, index, _ = renderer.rasterize(vertices, triangles, 9, 9)
    assert (depth == 3).all()
    assert set(np.unique(index)) == {2, 3}


def test_far_corners_within_the_limit_are_drawn_exactly():
    corners = [[-1, -1, 7], [-1, 1, 7], [1, 1, 7], [1, -1, 7]]
    vertices = np.array(corners, np.float32) * np.array([1e6, 1e6, 1], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    depth, index, barycentric = renderer.rasterize(vertices, triangles, 64, 48)
    np.testing.assert_allclose(depth, 7, rtol=1e-6)
    assert (index == (np.arange(64) >= np.arange(48)[:, None])).all()
    assert barycentric.min() >= 0 and barycentric.max() <= 1


def test_threads_do_not_disturb_each_other():
    meshes = [sphere(rings, radius) for rings, radius in ((8, 20.0), (20, 45.0))]
    expected = [renderer.rasterize(v, t, 100, 100) for v, t, _ in meshes]

    def work(k: int) -> None:
        for _ in range(40):
            for a, b in zip(renderer.rasterize(*meshes[k][:2], 100, 100), expected[k], strict=True):
                np.testing.assert_array_equal(a, b)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (0, 1)))
