"""Files of a face model: what is read, and what is refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import resources
from face3d.model import FaceModel, FaceModelError
from tests.core.faces import random_face


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(resources.face_model()) as archive:
        return {name: archive[name] for name in archive.files}


def test_the_file_is_small_and_its_hash_follows_its_contents(model, arrays, tmp_path):
    assert resources.face_model().stat().st_size < 6_000_000
    path = tmp_path / "same.npz"
    np.savez(path, **arrays)
    assert FaceModel.load(path).hash == model.hash
    arrays = {**arrays, "mean": arrays["mean"] * np.float32(1.001)}
    np.savez(path, **arrays)
    assert FaceModel.load(path).hash != model.hash


def test_a_model_with_fewer_coefficients_is_padded(model, arrays, tmp_path):
    path = tmp_path / "small.npz"
    small = {
        "identity": arrays["identity"][:80].astype(np.float32),
        "expression": arrays["expression"][:10],
        "expression_names": arrays["expression_names"][:10],
    }
    np.savez(path, **{**arrays, **small})
    loaded = FaceModel.load(path)
    identity, expression = random_face(4)
    result = loaded.shape(identity, expression)
    identity[80:] = expression[10:] = 0
    np.testing.assert_allclose(result, model.shape(identity, expression), atol=1e-6)
    assert len(loaded.expression_names) == 84


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("mean", None, "`mean`: expected this array"),
        ("mean", lambda a: a[:, :2], r"`mean`: expected shape \(any, 3\), found \(4041, 2\)"),
        ("mean", lambda a: a[:-1], r"`identity`: expected shape \(any, 4040, 3\)"),
        (
            "mean",
            lambda a: np.where(np.arange(len(a))[:, None] == 5, np.nan, a),
            "`mean`: expected finite numbers",
        ),
        ("identity", lambda a: np.concatenate([a, a[:1]]), "at most 200 coefficients, found 201"),
        ("identity", lambda a: a.astype(np.int16), "`identity`: expected float16 or float32, found int16"),
        ("expression_names", lambda a: np.repeat(a[:1], 84), "different strings"),
        ("expression_names", lambda a: a[:-1], r"`expression_names`: expected shape \(84\), found \(83,\)"),
        ("triangles", lambda a: a.astype(np.int64) + 32_000, r"`triangles`: expected indices in 0 .. 32548"),
        ("triangles", lambda a: a.astype(float), "`triangles`: expected integers"),
        ("subdivision_indptr", lambda a: a[::-1], "`subdivision_indptr`"),
        ("subdivision_indptr", lambda a: a[:100], "`subdivision_indptr`"),
        ("part_ends", lambda a: a[::-1], "`part_ends`"),
        ("region_masks", lambda a: a[:, :-1], r"`region_masks`: expected shape"),
        ("landmarks68", lambda a: a[:67], r"`landmarks68`: expected shape \(68\)"),
        ("lod_triangles", lambda a: a.astype(np.int32) - 1, "`lod_triangles`: expected indices"),
        ("format_version", lambda a: a + 1, "`format_version`: expected the integer 1"),
    ],
)
def test_a_wrong_array_is_named(arrays, tmp_path, name, change, message):
    wrong = {key: value for key, value in arrays.items() if key != name or change is not None}
    if change is not None:
        wrong[name] = change(arrays[name])
    path = tmp_path / "wrong.npz"
    np.savez(path, **wrong)
    with pytest.raises(FaceModelError, match=message) as error:
        FaceModel.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_file_of_another_kind(tmp_path, content):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(FaceModelError, match="not a face model"):
        FaceModel.load(path)


def test_arrays_of_another_kind_are_refused_in_our_words(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, mean=np.array([{}], object))
    with pytest.raises(FaceModelError, match="an array in it cannot be read") as error:
        FaceModel.load(path)
    assert "pickle" not in str(error.value)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(FaceModelError, match="it is no NPZ file"):
        FaceModel.load(path)


def test_a_damaged_copy(tmp_path):
    data = bytearray(resources.face_model().read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "damaged.npz"
    path.write_bytes(data)
    with pytest.raises(FaceModelError, match=r"damaged\.npz"):
        FaceModel.load(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FaceModelError, match="not a face model, or damaged"):
        FaceModel.load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        FaceModel.load(tmp_path / "nowhere.npz")
