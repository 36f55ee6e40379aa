"""The crop's resampling: exact positions, exact shifts, anti-aliasing, borders, hostile squares."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import renderer


def naive_crop(image: np.ndarray, cx: float, cy: float, size: float, out: int) -> np.ndarray:
    """The definition: a triangle filter of half-width max(1, scale) at every output pixel; black outside."""
    scale = size / out
    reach = max(scale, 1.0)

    def weights(centre: float, length: int) -> np.ndarray:
        at = centre + (np.arange(out) - (out - 1) / 2) * scale
        # Black pixels around the image count in the sum; far more of them than the filter reaches.
        margin = int(np.ceil(reach)) + 2
        full = np.arange(np.floor(min(at.min(), 0)) - margin, np.ceil(max(at.max(), length)) + margin)
        table = np.maximum(1 - np.abs(full - at[:, None]) / reach, 0)
        table /= table.sum(1, keepdims=True)
        return table[:, (full >= 0) & (full < length)]

    across, down = weights(cx, image.shape[1]), weights(cy, image.shape[0])
    return np.einsum("yj,jik,xi->yxk", down, image.astype(np.float64), across, optimize=True)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "square",
    [
        (41.0, 30.0, 20.0),  # magnified
        (41.3, 30.7, 50.0),  # 1:1, between pixels
        (41.3, 30.7, 50.01),
        (40.1, 29.2, 77.7),
        (40.1, 29.2, 300.0),  # much smaller, black around
        (3.0, 2.0, 60.0),  # over the corner
        (80.0, 59.0, 33.0),
        (41.0, 30.0, 0.5),
        (-20.0, 90.0, 70.0),  # beside the image, touching
    ],
)
@pytest.mark.parametrize("out", [50, 33])
def test_crop_equals_its_definition(image, square, out):
    expected = naive_crop(image, *square, out)
    assert np.abs(renderer.crop(image, *square, out) - expected).max() <= 0.505


@pytest.mark.parametrize("size", [41.7, 111.1, 250.0, 520.0, 1300.0])
def test_brightness_is_neither_gained_nor_lost(size):
    """Weights and sums between the passes are rounded: what that does to single pixels, it does not to their mean."""
    picture = np.random.default_rng(1).integers(0, 256, (450, 600, 3), dtype=np.uint8)
    error = renderer.crop(picture, 300.3, 220.7, size, 100) - naive_crop(picture, 300.3, 220.7, size, 100)
    assert abs(error.mean()) < 0.01
    assert np.abs(error.mean((0, 1))).max() < 0.02


@pytest.mark.parametrize("out", [20, 21, 40])
def test_whole_pixels_are_copied_exactly(image, out):
    """At 1:1 with the centre such that samples hit pixels, the crop is a slice."""
    left, top = 12, 7
    cx, cy = left + (out - 1) / 2, top + (out - 1) / 2
    result = renderer.crop(image, cx, cy, out, out)
    np.testing.assert_array_equal(result, image[top : top + out, left : left + out])
    shifted = renderer.crop(image, cx + 3, cy + 2, out, out)
    np.testing.assert_array_equal(shifted, image[top + 2 : top + 2 + out, left + 3 : left + 3 + out])


@pytest.mark.parametrize("out", [40, 101, 200])
@pytest.mark.parametrize("size", [20.0, 60.0, 100.0, 171.3, 200.0, 220.0])
def test_a_ramp_stays_the_same_ramp(size, out):
    """No shift at any scale: with the value u at pixel u, the crop shows the position that it samples."""
    u = np.arange(256, dtype=np.uint8)
    ramp = np.stack(np.broadcast_arrays(u, u[:, None], 7), -1).astype(np.uint8)
    cx, cy = 128.3, 126.6
    result = renderer.crop(ramp, cx, cy, size, out).astype(np.float64)
    at = (np.arange(out) - (out - 1) / 2) * size / out
    # The rounding to bytes only; when minifying, the filter's small ripple as well.
    tolerance = 0.501 if size <= out else 0.56
    assert np.abs(result[..., 0] - (cx + at)).max() < tolerance
    assert np.abs(result[..., 1] - (cy + at)[:, None]).max() < tolerance
    assert (result[..., 2] == 7).all()


def test_minifying_does_not_alias():
    """A one-pixel checkerboard becomes grey; plain bilinear sampling would give stripes."""
    board = ((np.indices((400, 400)).sum(0) % 2) * 255).astype(np.uint8)[..., None].repeat(3, 2)
    small = renderer.crop(board, 199.3, 199.6, 370.0, 50)
    assert np.abs(small.astype(int) - 127.5).max() < 6


def test_a_constant_image_stays_constant():
    for value in (0, 1, 77, 128, 200, 254, 255):
        image = np.full((50, 70, 3), value, np.uint8)
        for size in (3.0, 11.1, 20.0, 40.0):
            assert (renderer.crop(image, 35, 25, size, 16) == value).all()


@pytest.mark.parametrize(
    "square",
    [(1e30, 0, 10), (0, -1e300, 1e-3), (30, 30, 1e300), (30, 30, 1e-300), (-500, 30, 100), (2**31, 2**31, 5),
     (1e18, 1e18, 1e18), (30.0, 30.0, 1e7)],
)  # fmt: skip
def test_extreme_squares_are_harmless(image, square):
    result = renderer.crop(image, *square, 16)
    assert result.shape == (16, 16, 3)
    if abs(square[0]) > 400 and square[2] <= 100:
        assert not result.any()
    if square[2] == 1e-300:
        assert (result == image[30, 30]).all()


def test_tiny_images():
    for shape in ((1, 1, 3), (1, 9, 3), (9, 1, 3)):
        image = np.full(shape, 200, np.uint8)
        middle = (shape[1] - 1) / 2, (shape[0] - 1) / 2
        assert renderer.crop(image, *middle, 1e-6, 4).min() == 200
        assert renderer.crop(image, *middle, 30.0, 4).max() <= 200
    assert not renderer.crop(np.zeros((0, 5, 3), np.uint8), 1, 1, 4, 4).any()
    assert not renderer.crop(np.zeros((5, 0, 3), np.uint8), 1, 1, 4, 4).any()


@pytest.mark.parametrize(
    "bad", [(np.nan, 1, 1), (1, np.inf, 1), (1, 1, np.nan), (1, 1, 0.0), (1, 1, -5), (1, 1, np.inf)]
)
def test_impossible_squares_are_refused(image, bad):
    with pytest.raises(ValueError, match="expected a finite centre and a size > 0"):
        renderer.crop(image, *bad, 16)


def test_wrong_images_are_refused(image):
    with pytest.raises(TypeError, match="image: expected uint8"):
        renderer.crop(image.astype(np.float32), 1, 1, 4, 4)
    with pytest.raises(ValueError, match=r"image: expected uint8 \(any, any, 3\), found uint8 \(61, 83\)"):
        renderer.crop(image[..., 0].copy(), 1, 1, 4, 4)
    with pytest.raises(ValueError, match="C-contiguous"):
        renderer.crop(image[..., ::-1], 1, 1, 4, 4)
    with pytest.raises(ValueError, match="out_size"):
        renderer.crop(image, 1, 1, 4, 0)
