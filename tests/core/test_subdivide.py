"""Blend and subdivision against numpy, and the prepared shape against both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from face3d import shape


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("count", [0, 1, 5, 8, 13, 1000, 1001])
@pytest.mark.parametrize("terms", [0, 1, 4, 11])
def test_blend_equals_numpy(dtype, count, terms):
    rng = np.random.default_rng(count)
    mean = rng.normal(size=(count, 3)).astype(np.float32)
    # Metres and below, so that half precision meets its subnormal numbers.
    basis = (rng.normal(size=(terms, count, 3)) * 10 ** rng.uniform(-8, -1, (terms, count, 3))).astype(dtype)
    coefficients = rng.normal(size=terms).astype(np.float32)
    coefficients[1::3] = 0
    expected = mean + np.tensordot(coefficients.astype(np.float64), basis.astype(np.float64), 1)
    result = shape.blend(mean, basis, coefficients)
    assert result.dtype == np.float32 and result.shape == (count, 3)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_array_equal(result, shape.blend(mean, basis.reshape(terms, 3 * count), coefficients))


@pytest.mark.usefixtures("each_instruction_set")
def test_every_half_precision_number_is_read_exactly():
    halves = np.arange(2**16, dtype=np.uint16)[: 2**16 // 3 * 3].view(np.float16)
    halves = np.concatenate([halves, np.array([-0.0, 1, -65504], np.float16)]).reshape(1, -1, 3)
    with np.errstate(invalid="ignore"):
        expected = halves[0].astype(np.float32) + np.float32(0)
    result = shape.blend(np.zeros(halves.shape[1:], np.float32), halves, np.ones(1, np.float32))
    np.testing.assert_array_equal(result, expected)


@pytest.fixture(scope="module")
def sparse():
    """A random CSR matrix (60, 25) with empty rows, and the same as a dense one."""
    rng = np.random.default_rng(0)
    dense = (rng.random((60, 25)) * (rng.random((60, 25)) < 0.2)).astype(np.float32)
    dense[[0, 17, 59]] = 0
    rows, columns = np.nonzero(dense)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=60))]).astype(np.int32)
    return indptr, columns.astype(np.int32), dense[rows, columns], dense


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("rows", [None, 60, 25, 1, 0])
def test_subdivide_equals_numpy(sparse, rows):
    indptr, indices, data, dense = sparse
    control = np.random.default_rng(1).normal(size=(25, 3)).astype(np.float32)
    result = shape.subdivide(indptr, indices, data, control, rows)
    expected = (dense.astype(np.float64) @ control)[:rows]
    assert result.dtype == np.float32 and result.shape == expected.shape
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_unused_entries_are_not_checked_nor_read(sparse):
    indptr, indices, data, _ = sparse
    indices = indices.copy()
    indices[indptr[10] :] = 10**6
    assert shape.subdivide(indptr, indices, data, np.ones((25, 3), np.float32), 10).shape == (10, 3)


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("rows", [None, 60, 25, 1, 0])
def test_the_prepared_shape_equals_blend_and_subdivision(sparse, dtype, rows):
    indptr, indices, data, _ = sparse
    rng = np.random.default_rng(2)
    mean = rng.normal(size=(25, 3)).astype(np.float32)
    basis = rng.normal(size=(7, 25, 3)).astype(dtype)
    basis[2], basis[4, :20], basis[5, 22:] = 0, 0, 0  # rows that do not move a whole block
    for coefficients in (rng.normal(size=7), np.zeros(7), np.eye(7)[4]):
        coefficients = coefficients.astype(np.float32)
        prepared = shape.FaceShape(mean, basis, indptr, indices, data).evaluate(coefficients, rows)
        expected = shape.subdivide(indptr, indices, data, shape.blend(mean, basis, coefficients), rows)
        assert prepared.dtype == np.float32 and prepared.shape == expected.shape
        np.testing.assert_allclose(prepared, expected, atol=5e-6)


@pytest.mark.usefixtures("each_instruction_set")
@pytest.mark.parametrize("count", [0, 1, 21, 22, 43, 150])
def test_the_prepared_shape_ends_anywhere_in_a_block(count):
    """Rows of equal weights, as a subdivision has them, of 1 to 16 entries."""
    rng = np.random.default_rng(count)
    lengths = np.array([1, 9, 12, 16, 9, 12, 3, 16] * 5) if count else np.zeros(4, int)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    indices = rng.integers(0, max(count, 1), indptr[-1]).astype(np.int32)
    data = np.concatenate([np.arange(1, n + 1) / n for n in lengths]).astype(np.float32)
    mean = rng.normal(size=(count, 3)).astype(np.float32)
    basis = rng.normal(size=(3, count, 3)).astype(np.float32)
    coefficients = rng.normal(size=3).astype(np.float32)
    prepared = shape.FaceShape(mean, basis, indptr, indices, data).evaluate(coefficients)
    control = mean + np.tensordot(coefficients, basis, 1)
    dense = np.zeros((len(lengths), count))
    np.add.at(dense, (np.repeat(np.arange(len(lengths)), lengths), indices), data)
    np.testing.assert_allclose(prepared, dense @ control, atol=5e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("steady", [0, 3, 7])
def test_kept_sums_change_no_bit(sparse, dtype, steady):
    """More faces than are kept, in turn and again, and one that differs from another in a late coefficient only."""
    indptr, indices, data, _ = sparse
    rng = np.random.default_rng(4)
    mean, basis = rng.normal(size=(25, 3)).astype(np.float32), rng.normal(size=(7, 25, 3)).astype(dtype)
    keeping = shape.FaceShape(mean, basis, indptr, indices, data, steady)
    faces = rng.normal(size=(20, 7)).astype(np.float32)
    faces[5:10, :3] = faces[:5, :3]
    faces[11, :2] = faces[10, :2]
    for which in [*range(20), *rng.integers(0, 20, 60)]:
        expected = shape.FaceShape(mean, basis, indptr, indices, data).evaluate(faces[which])
        np.testing.assert_array_equal(keeping.evaluate(faces[which]), expected)


def test_kept_sums_are_shared_by_threads(model):
    rng = np.random.default_rng(6)
    faces = [(rng.normal(size=200), rng.random(84)) for _ in range(20)]
    expected = [model.shape(*face) for face in faces]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: model.shape(*faces[index % 20]), range(80)))
    for index, vertices in enumerate(found):
        np.testing.assert_array_equal(vertices, expected[index % 20])


def test_the_prepared_shape_refuses_wrong_arguments(sparse):
    indptr, indices, data, _ = sparse
    mean, basis = np.zeros((25, 3), np.float32), np.zeros((2, 25, 3), np.float16)
    shape.FaceShape(mean, basis, indptr, indices, data)
    with pytest.raises(ValueError, match="indices: index 24"):
        shape.FaceShape(mean[:24], basis[:, :24].copy(), indptr, indices, data)
    with pytest.raises(ValueError, match="basis"):
        shape.FaceShape(mean, basis[:, :24].copy(), indptr, indices, data)
    with pytest.raises(ValueError, match="weight at position 3 is not finite"):
        shape.FaceShape(mean, basis, indptr, indices, np.r_[data[:3], np.float32([np.nan]), data[4:]])
    prepared = shape.FaceShape(mean, basis, indptr, indices, data)
    with pytest.raises(ValueError, match=r"coefficients: expected float32 \(2,\)"):
        prepared.evaluate(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"rows: expected 0\.\.60"):
        prepared.evaluate(np.zeros(2, np.float32), 61)
    for steady in (-1, 3):
        with pytest.raises(ValueError, match=r"steady: expected 0\.\.2"):
            shape.FaceShape(mean, basis, indptr, indices, data, steady)
    many = np.zeros((65_537, 3), np.float32)
    with pytest.raises(ValueError, match="at most 65536 control vertices"):
        shape.FaceShape(many, np.zeros((0, 65_537, 3), np.float32), indptr, indices, data)


def test_wrong_arguments_are_refused(sparse):
    indptr, indices, data, _ = sparse
    control = np.ones((25, 3), np.float32)
    mean, basis, one = np.zeros((4, 3), np.float32), np.zeros((2, 4, 3), np.float16), np.ones(2, np.float32)
    falling, beyond, late = indptr.copy(), indptr.copy(), indptr.copy()
    falling[5], beyond[-1], late[0] = indptr[6] + 1, 10**6, 1
    for wrong in (falling, beyond, late):
        with pytest.raises(ValueError, match="indptr"):
            shape.subdivide(wrong, indices, data, control)
    with pytest.raises(ValueError, match=r"indices: index -1 .*number of control vertices: 25"):
        shape.subdivide(indptr, np.r_[indices[:7], np.int32([-1]), indices[8:]], data, control)
    with pytest.raises(ValueError, match="indices: index 24"):
        shape.subdivide(indptr, indices, data, control[:24])
    with pytest.raises(ValueError, match=r"rows: expected 0\.\.60, found 61"):
        shape.subdivide(indptr, indices, data, control, 61)
    with pytest.raises(ValueError, match="data"):
        shape.subdivide(indptr, indices, data[:-1], control)
    with pytest.raises(ValueError, match="indptr"):
        shape.subdivide(indptr[:0], indices, data, control)
    with pytest.raises(TypeError, match="basis: expected float16 or float32"):
        shape.blend(mean, basis.astype(np.float64), one)
    with pytest.raises(ValueError, match=r"basis: expected float16 \(3, 4, 3\), found float16 \(2, 4, 3\)"):
        shape.blend(mean, basis, np.ones(3, np.float32))
    with pytest.raises(ValueError, match="mean"):
        shape.blend(mean[:, :2].copy(), basis, one)
    with pytest.raises(TypeError, match="coefficients"):
        shape.blend(mean, basis, [1.0, 2.0])


@pytest.mark.usefixtures("each_instruction_set")
def test_regular_patches_equal_the_matrix(model):
    """And so do rows that look like theirs but for a weight or a column."""
    rng = np.random.default_rng(6)
    mean = rng.normal(size=model.mean.shape).astype(np.float32)
    basis = np.zeros((1, *mean.shape), np.float32)
    indices, data = model.indices.copy(), model.data.copy()
    for entry in rng.integers(0, len(data), 3000):
        if entry % 2:
            data[entry] += np.float32(0.01)
        else:
            indices[entry] = rng.integers(0, len(mean))
    for columns, weights in ((model.indices, model.data), (indices, data)):
        prepared = shape.FaceShape(mean, basis, model.indptr, columns, weights)
        expected = shape.subdivide(model.indptr, columns, weights, mean)
        for rows in (None, len(expected) - 7, len(mean) + 5000, len(mean) + 1, len(mean), 100, 0):
            result = prepared.evaluate(np.zeros(1, np.float32), rows)
            np.testing.assert_allclose(result, expected[:rows], atol=2e-6)
