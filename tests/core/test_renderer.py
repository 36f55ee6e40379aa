"""The rasteriser against a naive one on random meshes, its coverage rule, and hostile meshes."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from face3d import _core, renderer
from tests.core import naive_raster


@pytest.fixture(params=_core.instruction_sets())
def each_instruction_set(request):
    """Runs the test once per compiled instruction set."""
    best = _core.instruction_sets()[-1]
    _core.select_instruction_set(request.param)
    yield request.param
    _core.select_instruction_set(best)


def random_mesh(rng, vertices=30, triangles=60, size=40, spread=1.0):
    """Triangles anywhere in and around a size x size picture, depths distinct."""
    v = (rng.random((vertices, 3)) * [size * spread, size * spread, 50]).astype(np.float32)
    v[:, :2] -= size * (spread - 1) / 2
    return v, rng.integers(0, vertices, (triangles, 3)).astype(np.int32)


def sphere(rings=12, radius=40.0, centre=(49.5, 49.5)):
    """A closed, outward-facing mesh in the raster frame; its model coordinates are the second result."""
    latitude, longitude = np.linspace(0, np.pi, rings + 1), np.arange(2 * rings) * np.pi / rings
    theta, phi = np.meshgrid(latitude, longitude, indexing="ij")
    model = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    model = model.reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rings) * 2 * rings, np.arange(2 * rings), indexing="ij")
    k = (j + 1) % (2 * rings)
    quads = np.stack([i + j, i + k, i + 2 * rings + k, i + 2 * rings + j], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    raster = model * [radius, -radius, -radius] + [*centre, 0]
    return np.ascontiguousarray(raster, np.float32), np.ascontiguousarray(triangles, np.int32), model


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


def test_results_are_identical_for_all_instruction_sets():
    raster, triangles, model = sphere(30)
    codes = ((model * 0.5 + 0.5) * 255).astype(np.uint8)
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    results = []
    for name in _core.instruction_sets():
        _core.select_instruction_set(name)
        results.append(
            [
                *renderer.rasterize(raster, triangles, 100, 90),
                renderer.render_prior(raster, triangles, codes, 100),
                renderer.crop(image, 70.3, 60.2, 130.0, 100),
                *renderer.shade(raster, triangles, np.ones_like(raster), *lighting(), 100, 90),
            ]
        )
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


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


def test_vertex_normals_and_interpolate_equal_numpy():
    raster, triangles, _ = sphere()
    np.testing.assert_allclose(
        renderer.vertex_normals(raster, triangles), naive_raster.vertex_normals(raster, triangles), atol=1e-5
    )
    _, index, barycentric = renderer.rasterize(raster, triangles, 100, 100)
    for channels in (1, 2, 3, 4, 5, 7, 16):
        attributes = np.random.default_rng(0).random((len(raster), channels), np.float32)
        expected = (attributes[triangles[index]] * barycentric[..., None]).sum(2) * (index >= 0)[..., None]
        result = renderer.interpolate(index, barycentric, triangles, attributes)
        np.testing.assert_allclose(result, expected, atol=1e-6)


def test_prior_is_the_interpolated_vertex_colour():
    raster, triangles, model = sphere()
    codes = np.round((model * 0.5 + 0.5) * 255).astype(np.uint8)
    planes = renderer.render_prior(raster, triangles, codes, 100)
    _, index, barycentric = renderer.rasterize(raster, triangles, 100, 100)
    normals = naive_raster.vertex_normals(raster, triangles) * [1, -1, -1]
    colours = np.concatenate([codes, (normals * 0.5 + 0.5) * 255], 1).astype(np.float32)
    expected = renderer.interpolate(index, barycentric, triangles, colours).transpose(2, 0, 1)
    assert planes.dtype == np.uint8 and planes.shape == (6, 100, 100)
    assert np.abs(planes - expected).max() <= 0.51
    assert (planes[:, index < 0] == 0).all() and (index < 0).any()
    # The middle of a sphere faces the camera: normal code (0, 0, 1) in the coded axes.
    np.testing.assert_allclose(planes[3:, 50, 50], [127.5, 127.5, 255], atol=4)
    # Odd sizes end in a partial vector.
    for size in (1, 7, 33):
        assert renderer.render_prior(raster, triangles, codes, size).shape == (6, size, size)


def lighting():
    """Two lights and ambient, as `shade` takes them."""
    lights = np.array([[[0, 0, -2], [1, 1, 1]], [[1, -1, -1], [0.5, 0.2, 0.1]]], np.float32)
    return lights, np.array([0.1, 0.2, 0.3], np.float32)


def test_shade_equals_the_formula():
    raster, triangles, _ = sphere()
    rng = np.random.default_rng(0)
    colors, specular = rng.random(raster.shape, np.float32), rng.random(len(raster), np.float32)
    lights, ambient = lighting()
    rgb, depth = renderer.shade(
        raster, triangles, colors, lights, ambient, 100, 90, specular=specular, shininess=13
    )
    expected_depth, index, barycentric = renderer.rasterize(raster, triangles, 100, 90)
    np.testing.assert_array_equal(depth, expected_depth)

    def at_pixels(values):
        values = np.ascontiguousarray(values, np.float32)
        return renderer.interpolate(index, barycentric, triangles, values).astype(np.float64)

    n = at_pixels(renderer.vertex_normals(raster, triangles))
    n /= np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-10)
    diffuse, shine = np.zeros_like(n) + ambient, np.zeros_like(n)
    for direction, colour in lights.astype(np.float64):
        to_light = direction / np.linalg.norm(direction)
        half = to_light + np.array([0, 0, -1])
        diffuse += np.maximum(n @ to_light, 0)[..., None] * colour
        shine += np.maximum(n @ (half / np.linalg.norm(half)), 0)[..., None] ** 13 * colour
    expected = at_pixels(colors) * diffuse + at_pixels(specular[:, None]) * shine
    np.testing.assert_allclose(rgb, expected * (index >= 0)[..., None], atol=2e-5)
    assert (rgb[index < 0] == 0).all()


def test_shade_lights_both_sides_without_culling_and_takes_normals():
    raster, triangles, _ = sphere()
    inside_out = np.ascontiguousarray(triangles[:, ::-1])
    colors = np.ones_like(raster)
    front = renderer.shade(raster, triangles, colors, *lighting(), 100, 100)[0]
    turned = renderer.shade(raster, inside_out, colors, *lighting(), 100, 100, cull=False)[0]
    np.testing.assert_allclose(turned, front, atol=1e-5)
    away = -renderer.vertex_normals(raster, triangles)
    dark = renderer.shade(raster, triangles, colors, *lighting(), 100, 100, normals=away)[0]
    assert dark[50, 50].tolist() == pytest.approx([0.1, 0.2, 0.3])


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


def test_far_corners_within_the_limit_are_drawn_exactly():
    corners = [[-1, -1, 7], [-1, 1, 7], [1, 1, 7], [1, -1, 7]]
    vertices = np.array(corners, np.float32) * np.array([1e6, 1e6, 1], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    depth, index, barycentric = renderer.rasterize(vertices, triangles, 64, 48)
    np.testing.assert_allclose(depth, 7, rtol=1e-6)
    assert (index == (np.arange(64) >= np.arange(48)[:, None])).all()
    assert barycentric.min() >= 0 and barycentric.max() <= 1


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


def zero_light():
    """Two lights, the second without a direction."""
    lights = np.ones((2, 2, 3), np.float32)
    lights[1, 0] = 0
    return lights


def test_results_are_fresh_and_arguments_untouched():
    raster, triangles, model = sphere()
    codes = ((model * 0.5 + 0.5) * 255).astype(np.uint8)
    before = raster.copy(), triangles.copy(), codes.copy()
    raster.flags.writeable = triangles.flags.writeable = codes.flags.writeable = False
    first = renderer.render_prior(raster, triangles, codes, 64)
    first[:] = 1
    second = renderer.render_prior(raster, triangles, codes, 64)
    assert (second == 0).any() and not np.shares_memory(first, second)
    for old, new in zip(before, (raster, triangles, codes), strict=True):
        np.testing.assert_array_equal(old, new)


def test_threads_do_not_disturb_each_other():
    meshes = [sphere(rings, radius) for rings, radius in ((8, 20.0), (20, 45.0))]
    expected = [renderer.rasterize(v, t, 100, 100) for v, t, _ in meshes]
    wrong: list[str] = []

    def work(k: int) -> None:
        for _ in range(40):
            for a, b in zip(renderer.rasterize(*meshes[k][:2], 100, 100), expected[k], strict=True):
                if not np.array_equal(a, b):
                    wrong.append(f"mesh {k}")

    threads = [threading.Thread(target=work, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
