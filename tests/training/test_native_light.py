"""The kernels that light and show the pixels of synthetic faces, against plain references."""

import cv2
import numpy as np
import pytest

from training.faces.light import Lighting, highlights, irradiance
from training.faces.render import Mesh, Pixels, ShadowMap, bump, darken, ink, show, smooth_edges, to_display


def _plane(size, towards, depth=0.0):
    """The pixels of a square that fills the image, its normals all `towards`, `depth` a number or one a pixel."""
    count = size * size
    normals = np.repeat(np.asarray(towards, np.float32)[:, None], count, 1)
    return Pixels(
        np.arange(count),
        normals,
        np.zeros((6, count), np.float32),
        np.zeros(count, np.uint8),
        np.full(count, depth, np.float32),
        np.zeros(257, np.int32),
        size,
    )


def test_light_follows_its_formula():
    rng = np.random.default_rng(2)
    normals = rng.standard_normal((3, 500))
    normals = (normals / np.linalg.norm(normals, axis=0)).astype(np.float32)
    occlusion, lit, gloss = rng.uniform(0, 1, (3, 500)).astype(np.float32)
    lamps = np.array([[0, 0, -1], [0.6, -0.8, 0]], np.float32)
    lighting = Lighting(
        lamps,
        rng.uniform(0, 1, (2, 3)).astype(np.float32),
        np.full(3, 0.3, np.float32),
        rng.normal(0, 0.1, (3, 3)).astype(np.float32),
        shadow=1,
    )
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


def test_bumps_tilt_normals_by_the_slope():
    rng, size, scale = np.random.default_rng(5), 40, 900.0
    rows, columns = np.mgrid[:size, :size]
    unit = np.array([0.3, -0.4, -np.sqrt(0.75)])
    for height in 0.0003 * columns - 0.0002 * rows, rng.uniform(0, 0.002, (size, size)):
        pixels = _plane(size, unit)
        bump(pixels, height.astype(np.float32).ravel(), scale)
        down, across = np.gradient(height * scale)
        tilted = unit[:, None, None] + unit[2] * np.stack(
            [np.clip(across, -0.5, 0.5), np.clip(down, -0.5, 0.5), np.zeros_like(down)]
        )
        tilted /= np.linalg.norm(tilted, axis=0)
        inner = np.s_[:, 1:-1, 1:-1]  # beyond the image height is 0
        assert np.abs(pixels.normals.reshape(3, size, size)[inner] - tilted[inner]).max() < 1e-5


@pytest.mark.parametrize("towards", [(0.0, 0.0, -1.0), (0.6, 0.0, -0.8), (-0.36, -0.48, -0.8)])
def test_a_square_casts_its_shadow_where_rays_meet_it(towards):
    size, gap = 96, 20.0
    corners = np.array([[30, 34], [62, 34], [62, 66], [30, 66]], np.float32)
    near = np.column_stack([corners, np.full(4, -gap, np.float32)])
    far = np.array([[-40, -40, 0], [140, -40, 0], [140, 140, 0], [-40, 140, 0]], np.float32)
    two = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    material, attributes = np.zeros(2, np.uint8), np.zeros((4, 6), np.float32)
    casters = [Mesh(raster, two, material, attributes) for raster in (near, far)]
    towards = np.array(towards, np.float32)
    shadows = ShadowMap(casters, towards, size, 240)
    share = shadows.lit(_plane(size, (0, 0, -1)), 0.1, bias=4.0).reshape(size, size)
    rows, columns = np.mgrid[:size, :size]
    step = gap / -towards[2]  # how far a ray goes from the far square to the near one
    x, y = columns + step * towards[0], rows + step * towards[1]
    margin = np.minimum(np.minimum(x - 30, 62 - x), np.minimum(y - 34, 66 - y))
    assert share[margin > 4].max() < 0.02 and share[margin < -4].min() > 0.98


def test_broken_depth_is_in_the_shadow():
    square = np.array([[10, 10, 0], [90, 10, 0], [90, 90, 0]], np.float32)
    one = np.array([[0, 1, 2]], np.int32)
    caster = Mesh(square, one, np.zeros(1, np.uint8), np.zeros((3, 6), np.float32))
    pixels = _plane(96, (0, 0, -1), depth=np.nan)
    assert (ShadowMap([caster], np.array([0.6, 0, -0.8], np.float32), 96).lit(pixels, 1.0) == 0).all()


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
