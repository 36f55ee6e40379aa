"""The compiled kernels of the synthetic faces against plain references."""

import cv2
import numpy as np
import pytest

from face3d import renderer
from training.faces import native
from training.faces.light import Lighting, highlights, irradiance
from training.faces.render import LASH, Mesh, darken, draw, ink, show, smooth_edges, to_display


def _ball(rows=24, columns=32, radius=60.0, centre=(70.0, 66.0)):
    """A closed mesh in raster coordinates, its depth growing away from the camera, and random attributes."""
    theta, phi = np.meshgrid(np.linspace(0.02, np.pi - 0.02, rows), np.linspace(0, 2 * np.pi, columns, False),
                             indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), -np.cos(theta), -np.sin(theta) * np.sin(phi)], -1).reshape(-1, 3)
    first, second = np.arange((rows - 1) * columns), np.arange((rows - 1) * columns) // columns * columns
    right = second + (first - second + 1) % columns
    triangles = np.concatenate([np.stack([first, right, first + columns], 1),
                                np.stack([right, right + columns, first + columns], 1)])
    raster = (unit * radius + [*centre, 0]).astype(np.float32)
    attributes = np.random.default_rng(0).uniform(0, 1, (len(raster), 6)).astype(np.float32)
    material = (np.arange(len(triangles)) * 7 % 5).astype(np.uint8)
    return Mesh(raster, np.ascontiguousarray(triangles, np.int32), material, attributes)


def test_draw_agrees_with_the_core_rasteriser():
    mesh, size = _ball(), 144
    normals = renderer.vertex_normals(mesh.raster, mesh.triangles)
    pixels, depth = draw([mesh], size)
    if normals[0] @ [0, -1, 0] < 0:                          # the ball's outside must be its front
        pytest.fail("the test's ball is inside out")
    wanted, index, weights = renderer.rasterize(mesh.raster, mesh.triangles, size, size)
    same = np.isfinite(depth) & np.isfinite(wanted)
    assert (np.isfinite(depth) == np.isfinite(wanted)).mean() > 0.9995
    assert np.abs(depth[same] - wanted[same]).max() < 0.05
    fields = renderer.interpolate(index, weights, mesh.triangles, mesh.attributes).reshape(-1, 6)
    close = np.abs(fields[pixels.where].T - pixels.fields).max(0) < 0.01
    assert close.mean() > 0.99                               # pixels on an edge may see the other triangle
    assert (mesh.material[index.ravel()[pixels.where]] == pixels.material)[close].mean() > 0.99
    assert np.abs(np.linalg.norm(pixels.normals, axis=0) - 1).max() < 1e-5
    assert (np.diff(pixels.material.astype(int)) >= 0).all()
    for material in range(5):
        assert (pixels.material[pixels.rows(material)] == material).all()
    assert pixels.rows(4).stop == len(pixels.where) and pixels.rows(5).start == pixels.rows(5).stop


def test_parts_are_drawn_as_one_mesh_and_hidden_ones_left_out():
    near, far = _ball(), _ball(radius=40.0, centre=(40.0, 40.0))
    far.raster[:, 2] += 200
    far.material[:] = 9
    both, depth = draw([near, far], 144)
    assert np.array_equal(depth, draw([far, near], 144)[1])
    alone, _ = draw([near], 144)
    assert both.rows(9).start == len(alone.where)
    behind = np.full((144, 144), -1e3, np.float32)
    assert len(draw([near], 144, behind=behind)[0].where) == 0
    near.attributes[:, LASH] = -9
    assert len(draw([near], 144, behind=-behind)[0].where) == 0


def test_broken_vertices_are_survived():
    mesh = _ball()
    mesh.raster[3], mesh.raster[40] = np.nan, 1e30
    pixels, _ = draw([mesh], 144)
    assert len(pixels.where) > 5000 and np.isfinite(pixels.normals).all()


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("channels", [1, 4])
def test_sample_is_bilinear(wrap, channels):
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (32, 64, channels)).astype(np.uint8)
    u, v = rng.uniform(-70, 130, (2, 700)).astype(np.float32)
    found = native.sample(texture[..., 0].copy() if channels == 1 else texture, u, v, 0.5, (3.0, -2.0), wrap, 128, 0.1)
    x, y = u.astype(float) * 0.5 + 3, v.astype(float) * 0.5 - 2
    if not wrap:
        x, y = np.clip(x, 0, 63), np.clip(y, 0, 31)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = (x - left)[:, None], (y - top)[:, None]

    def texel(row, column):
        row, column = (row % 32, column % 64) if wrap else (np.minimum(row, 31), np.minimum(column, 63))
        return texture[row, column].astype(float)

    wanted = ((1 - b) * ((1 - a) * texel(top, left) + a * texel(top, left + 1)) +
              b * ((1 - a) * texel(top + 1, left) + a * texel(top + 1, left + 1)))
    assert np.abs(np.reshape(found, (channels, -1)).T - (wanted - 128) * 0.1).max() < 0.02


def test_light_follows_its_formula():
    rng = np.random.default_rng(2)
    normals = rng.standard_normal((3, 500))
    normals = (normals / np.linalg.norm(normals, axis=0)).astype(np.float32)
    occlusion, lit, gloss = rng.uniform(0, 1, (3, 500)).astype(np.float32)
    lamps = np.array([[0, 0, -1], [0.6, -0.8, 0]], np.float32)
    lighting = Lighting(lamps, rng.uniform(0, 1, (2, 3)).astype(np.float32), np.full(3, 0.3, np.float32),
                        rng.normal(0, 0.1, (3, 3)).astype(np.float32), shadow=1)
    wrap = np.array([0.3, 0.1, 0.0], np.float32)
    ambient = lighting.ambient[:, None]
    wanted = np.maximum(lighting.gradient.T @ normals + ambient, 0.15 * ambient) * occlusion
    shine = np.zeros((3, 500))
    for number, (towards, colour) in enumerate(zip(lamps, lighting.colours)):
        arrives = lit if number == 1 else 1.0
        bent = np.maximum(towards @ normals + wrap[:, None], 0) / (1 + wrap[:, None])
        wanted += colour[:, None] * bent * occlusion * (1.6 - 0.6 * occlusion) * arrives
        half = towards + np.array([0, 0, -1])
        lobe = np.maximum(half / np.linalg.norm(half) @ normals, 0) ** 32
        shine += colour[:, None] * lobe * gloss * arrives
    assert np.abs(irradiance(normals, lighting, occlusion, wrap, lit) - wanted).max() < 1e-5
    assert np.abs(highlights(normals, lighting, lit, gloss=gloss) - shine).max() < 1e-4


def test_show_writes_display_values_and_blends():
    light = np.random.default_rng(3).uniform(0, 2, (3, 300)).astype(np.float32)
    where = np.random.default_rng(4).permutation(1024)[:300]
    image = np.full((32, 32, 3), 100, np.uint8)
    show(image, where, light, 0.5)
    assert np.abs(image.reshape(-1, 3)[where].T.astype(int) - to_display(light * 0.5)).max() <= 1
    half = np.full((32, 32, 3), 100, np.uint8)
    show(half, where, light, 0.5, np.full(300, 0.5, np.float32))
    assert np.abs(half.astype(float) - 0.5 * (image + 100.0)).max() <= 1.5
    assert (image == 100).all(-1).sum() >= 1024 - 300


def test_arrays_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="contiguous"):
        native.pointer(np.zeros(3))
    with pytest.raises(TypeError, match="contiguous"):
        native.pointer(np.zeros((4, 4), np.float32)[:, ::2])
    with pytest.raises(ValueError, match="channels"):
        native.sample(np.zeros((4, 4, 3), np.uint8), np.zeros(1), np.zeros(1))


def test_silhouettes_are_smoothed_and_the_rest_is_left_alone():
    rng = np.random.default_rng(6)
    image = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    depth = np.full((40, 50), np.inf, np.float32)
    depth[10:30, 12:37] = 5.0
    smooth = smooth_edges(image, depth)
    wanted = cv2.GaussianBlur(image, (3, 3), 0.8)
    inside = np.isfinite(depth).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    edge = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, cross) > 0
    assert np.array_equal(smooth[~edge], image[~edge])
    assert np.abs(smooth[edge].astype(int) - wanted[edge]).max() <= 2


def test_darken_leaves_what_is_empty():
    image, shade = np.full((4, 4, 3), 200, np.uint8), np.full((4, 4), 0.25, np.float32)
    depth = np.full((4, 4), np.inf, np.float32)
    depth[:2] = 1.0
    darken(image, shade, depth)
    assert (image[:2] == 150).all() and (image[2:] == 200).all()


def test_ink_covers_by_its_mask_and_stays_inside():
    image, mask = np.full((20, 30, 3), 100, np.uint8), np.zeros((4, 6), np.uint8)
    mask[1, 2], mask[2, 3] = 255, 128
    ink(image, mask, np.array([24, 16]), np.array([0, 200, 100], np.uint8))
    assert image[17, 26].tolist() == [0, 200, 100]
    assert np.abs(image[18, 27].astype(int) - [50, 150, 100]).max() <= 1
    assert (image != 100).any(-1).sum() == 2
    with pytest.raises(ValueError, match="leaves the image"):
        ink(image, mask, np.array([25, 16]), np.array([0, 0, 0], np.uint8))
