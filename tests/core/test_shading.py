"""What the renderer puts on the pixels: interpolated vertex values, normals, the prior's planes, light."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import renderer
from tests.core import naive_raster
from tests.core.scene import lighting, sphere


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
