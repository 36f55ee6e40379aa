"""The network's input: crop and prior together, and priors that are shown again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from face3d import renderer

SIDE = 36
SQUARE = (40.2, 30.1, 70.0)
RASTER = np.array([[2, 3, 1], [2, 30, 1], [25, 30, 4], [25, 3, 2]])
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
CODES = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20
# Vertices that a turned, scaled and shifted view projects onto those places.
LINEAR = 800 * np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
SHIFT = np.array([17.0, 16.0, 0.0])
VERTICES = ((RASTER - SHIFT) @ np.linalg.inv(LINEAR).T).astype(np.float32)
PROJECTION = np.column_stack([LINEAR, SHIFT]).astype(np.float32)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)


@pytest.fixture
def encoder() -> renderer.Encoder:
    return renderer.Encoder(TRIANGLES, CODES, SIDE)


def moved(steps: int) -> np.ndarray:
    """The projection, some hundredths of a pixel further right."""
    projection = PROJECTION.copy()
    projection[0, 3] += 0.01 * steps
    return projection


def test_it_is_the_crop_and_the_prior_of_the_projected_vertices(image, encoder) -> None:
    tensor = encoder.encode(image, *SQUARE, VERTICES, PROJECTION)
    assert tensor.shape == (9, SIDE, SIDE) and tensor.dtype == np.uint8 and tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor[:3].transpose(1, 2, 0), renderer.crop(image, *SQUARE, SIDE))
    expected = renderer.render_prior(RASTER.astype(np.float32), TRIANGLES, CODES, SIDE).astype(int)
    same = (tensor[3:] > 0).any(0) == (expected > 0).any(0)
    assert same.mean() > 0.99  # corners round to 1/256 pixel: one on a pixel's centre may fall to either side
    assert np.abs(tensor[3:] - expected)[:, same].max() <= 1


def test_a_prior_that_rests_is_the_same_in_every_frame(image, encoder) -> None:
    """Also when the image and the crop have changed, a result was written to, and others were shown in between."""
    fresh = {steps: renderer.Encoder(TRIANGLES, CODES, SIDE).encode(image, *SQUARE, VERTICES, moved(steps))
             for steps in range(0, 1200, 100)}  # fmt: skip
    assert len({tensor[3:].tobytes() for tensor in fresh.values()}) == len(fresh)
    order = [0, 0, 0, 100, 0, 100, 100, *fresh, 0, 0, 0, *reversed(fresh), *fresh, 1100, 1100, 1100]
    for number, steps in enumerate(order):
        square = (40.2 + number, 30.1, 70.0 - number)
        seen = np.ascontiguousarray(image[:, :: 1 - 2 * (number % 2)])
        tensor = encoder.encode(seen, *square, VERTICES, moved(steps))
        np.testing.assert_array_equal(tensor[3:], fresh[steps][3:])
        np.testing.assert_array_equal(tensor[:3].transpose(1, 2, 0), renderer.crop(seen, *square, SIDE))
        tensor[:] = number


def test_vertices_that_change_in_place_are_seen(image, encoder) -> None:
    vertices = VERTICES.copy()
    before = [encoder.encode(image, *SQUARE, vertices, PROJECTION) for _ in range(3)][-1]
    vertices[2] *= 0.5
    after = encoder.encode(image, *SQUARE, vertices, PROJECTION)
    np.testing.assert_array_equal(
        after, renderer.Encoder(TRIANGLES, CODES, SIDE).encode(image, *SQUARE, vertices, PROJECTION)
    )
    assert (after[3:] != before[3:]).any()


def test_not_even_nan_is_taken_for_another_prior(image, encoder) -> None:
    vertices = VERTICES.copy()
    vertices[0, 0] = np.nan
    tensors = [encoder.encode(image, *SQUARE, vertices, PROJECTION) for _ in range(4)]
    for tensor in tensors[1:]:
        np.testing.assert_array_equal(tensor, tensors[0])


def test_threads_share_it(image, encoder) -> None:
    expected = [encoder.encode(image, *SQUARE, VERTICES, moved(100 * face)) for face in range(12)]

    def show(face: int) -> bool:
        return all(
            np.array_equal(encoder.encode(image, *SQUARE, VERTICES, moved(100 * face)), expected[face])
            for _ in range(50)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(show, [*range(12)] * 2))


@pytest.mark.parametrize(
    ("kind", "message", "make"),
    [
        (ValueError, "triangles: index 4", lambda: renderer.Encoder(TRIANGLES + 2, CODES, SIDE)),
        (ValueError, "out_size", lambda: renderer.Encoder(TRIANGLES, CODES, 0)),
        (
            TypeError,
            "codes: expected uint8",
            lambda: renderer.Encoder(TRIANGLES, CODES.astype(np.float32), SIDE),
        ),
    ],
)
def test_what_does_not_fit_is_refused(kind, message, make) -> None:
    with pytest.raises(kind, match=message):
        make()


def test_other_vertices_and_impossible_crops_are_refused(image, encoder) -> None:
    with pytest.raises(ValueError, match=r"vertices: expected float32 \(4, 3\), found float32 \(3, 3\)"):
        encoder.encode(image, *SQUARE, VERTICES[:3], PROJECTION)
    with pytest.raises(ValueError, match="projection"):
        encoder.encode(image, *SQUARE, VERTICES, PROJECTION[:2])
    with pytest.raises(ValueError, match="expected a finite centre and a size > 0"):
        encoder.encode(image, np.nan, 1.0, 1.0, VERTICES, PROJECTION)
