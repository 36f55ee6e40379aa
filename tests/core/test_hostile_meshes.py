"""Meshes that the renderer leaves out of the picture, draws nothing of, or refuses."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import renderer
from tests.core.scene import lighting

HOSTILE = {
    "all NaN": np.full((3, 3), np.nan),
    "one NaN": np.array([[1, 1, 0], [1, 30, 0], [np.nan, 30, 0]]),
    "NaN depth": np.array([[1, 1, 0], [1, 30, np.nan], [30, 30, 0]]),
    "infinite": np.array([[1, 1, 0], [1, np.inf, 0], [30, 30, 0]]),
    "infinite depth": np.array([[1, 1, np.inf], [1, 30, 0], [30, 30, 0]]),
    "huge": np.array([[-1e30, -1e30, 0], [0, 1e30, 0], [1e30, 0, 0]]),
    "largest float": np.full((3, 3), np.finfo(np.float32).max) * [[1, 1, 1], [-1, 1, -1], [0, -1, 1]],
    "off-screen": np.array([[100, 100, 0], [100, 130, 0], [130, 130, 0]]),
    "no area": np.array([[1, 1, 0], [10, 10, 0], [20, 20, 0]]),
    "a point": np.array([[5, 5, 0], [5, 5, 0], [5, 5, 0]]),
    "denormal": np.full((3, 3), 1e-42) * [[1, 1, 1], [1, 2, 1], [2, 2, 1]],
}


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_triangles_are_skipped_and_their_neighbours_drawn(name):
    good = np.array([[2, 2, 1], [2, 20, 1], [20, 20, 1]])
    with np.errstate(over="ignore", under="ignore"):
        vertices = np.concatenate([HOSTILE[name], good]).astype(np.float32)
    for order in ([0, 1, 2], [0, 2, 1]):
        triangles = np.array([order, [3, 4, 5]], np.int32)
        depth, index, barycentric = renderer.rasterize(vertices, triangles, 32, 32, cull=False)
        assert set(np.unique(index)) == {-1, 1}
        assert (depth[index == 1] == 1).all() and np.isfinite(barycentric).all()
        planes = renderer.render_prior(vertices, triangles, np.full((6, 3), 200, np.uint8), 32)
        assert (planes[0] > 0).sum() == (index == 1).sum()
        normals = renderer.vertex_normals(vertices, triangles)
        assert np.isfinite(normals).all()
        rgb, _ = renderer.shade(vertices, triangles, np.ones_like(vertices), *lighting(), 32, 32)
        assert np.isfinite(rgb).all()


def test_empty_meshes_give_empty_pictures():
    nothing, no_triangles = np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)
    some = np.zeros((5, 3), np.float32)
    for vertices in (nothing, some):
        depth, index, _ = renderer.rasterize(vertices, no_triangles, 4, 3)
        assert np.isinf(depth).all() and (index == -1).all()
        assert renderer.vertex_normals(vertices, no_triangles).shape == vertices.shape
        codes = np.zeros(vertices.shape, np.uint8)
        assert not renderer.render_prior(vertices, no_triangles, codes, 8).any()
        assert not renderer.shade(vertices, no_triangles, vertices, *lighting(), 4, 3)[0].any()
    empty = renderer.interpolate(index, np.zeros((3, 4, 3), np.float32), no_triangles, nothing)
    assert empty.shape == (3, 4, 3) and not empty.any()


V, T, C = np.zeros((4, 3), np.float32), np.array([[0, 1, 2]], np.int32), np.zeros((4, 3), np.uint8)


def zero_light():
    """Two lights, the second without a direction."""
    lights = np.ones((2, 2, 3), np.float32)
    lights[1, 0] = 0
    return lights


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, r"vertices: expected float32 \(any, 3\), found float64 \(4, 3\)",
         lambda: renderer.rasterize(V.astype(np.float64), T, 8, 8)),
        (TypeError, "vertices: expected a numpy array of float32, found list",
         lambda: renderer.rasterize([[0.0, 0.0, 0.0]], T, 8, 8)),
        (TypeError, "triangles: expected int32", lambda: renderer.rasterize(V, T.astype(np.int64), 8, 8)),
        (TypeError, "triangles: expected int32", lambda: renderer.rasterize(V, T.astype(">i4"), 8, 8)),
        (ValueError, r"vertices: expected float32 \(any, 3\), found float32 \(4, 2\)",
         lambda: renderer.rasterize(V[:, :2].copy(), T, 8, 8)),
        (ValueError, "C-contiguous", lambda: renderer.rasterize(V[:, ::-1], T, 8, 8)),
        (ValueError, r"triangles: index 4 at flat position 0 is outside 0\.\.3",
         lambda: renderer.rasterize(V, T + 4, 8, 8)),
        (ValueError, "triangles: index -1", lambda: renderer.vertex_normals(V, T - 1)),
        (ValueError, "outside 0..-1", lambda: renderer.rasterize(np.zeros((0, 3), np.float32), T, 8, 8)),
        (ValueError, r"width: expected 1\.\.8192 pixels, found 0", lambda: renderer.rasterize(V, T, 0, 8)),
        (ValueError, "height: expected", lambda: renderer.rasterize(V, T, 8, 10**6)),
        (ValueError, r"codes: expected uint8 \(4, 3\), found uint8 \(3, 3\)",
         lambda: renderer.render_prior(V, T, C[:3], 8)),
        (ValueError, "size: expected", lambda: renderer.render_prior(V, T, C, -1)),
        (ValueError, r"colors: expected float32 \(4, 3\)",
         lambda: renderer.shade(V, T, V[:2], *lighting(), 8, 8)),
        (ValueError, "direction of light 1 is zero",
         lambda: renderer.shade(V, T, V, zero_light(), V[0], 8, 8)),
        (ValueError, "shininess", lambda: renderer.shade(V, T, V, *lighting(), 8, 8, shininess=0)),
        (ValueError, "index: 1 at flat position 0", lambda: renderer.interpolate(
            np.ones((1, 1), np.int32), np.zeros((1, 1, 3), np.float32), T, V)),
        (ValueError, "index: -2 at flat position 0", lambda: renderer.interpolate(
            np.full((1, 1), -2, np.int32), np.zeros((1, 1, 3), np.float32), T, V)),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_with_what_was_expected(error, message, call):
    with pytest.raises(error, match=message):
        call()
