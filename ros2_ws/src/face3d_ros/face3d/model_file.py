"""The face model's file: its arrays and the checks that a converted model has to pass.

docs/face_model_format.md documents the format.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np

FORMAT_VERSION = 1
_HELP = "see docs/face_model_format.md"


class FaceModelError(ValueError):
    """A face model file that cannot be used: says which array, what was expected, what was found."""


class ModelFile:
    """The arrays of a face model file, handed out checked. Every method raises FaceModelError."""

    def __init__(self, arrays: dict[str, np.ndarray], source: str):
        self._arrays, self._source = arrays, source
        version = self._array("format_version")
        if version.shape != () or version.dtype.kind not in "iu" or int(version) != FORMAT_VERSION:
            self._fail("format_version", f"the integer {FORMAT_VERSION}", f"{version!r}")

    @staticmethod
    def read(path: Path) -> ModelFile:
        if not zipfile.is_zipfile(path):
            raise FaceModelError(f"{path}: not a face model, or damaged: it is no NPZ file; {_HELP}")
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, AttributeError) as error:
            raise FaceModelError(
                f"{path}: not a face model, or damaged: an array in it cannot be read; {_HELP}"
            ) from error
        return ModelFile(arrays, str(path))

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def real(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """A float array as float32; None in `shape` is free. No NaN, no infinity."""
        return self._real(name, shape).astype(np.float32, order="C")

    def basis(self, name: str, most: int, control: int) -> np.ndarray:
        """(most, control, 3) float16 or float32; a file with fewer coefficients is padded with zeros."""
        array = self._real(name, (None, control, 3))
        if len(array) > most:
            self._fail(name, f"at most {most} coefficients", f"{len(array)}", "keep the first ones")
        array = array if array.dtype == np.float16 else array.astype(np.float32)
        return np.concatenate([array, np.zeros((most - len(array), control, 3), array.dtype)])

    def index(self, name: str, shape: tuple[int | None, ...], below: int | None = None) -> np.ndarray:
        """An integer array as int32, every entry in 0 .. below - 1."""
        array = self._array(name)
        self._check_shape(name, array, shape)
        if array.dtype.kind not in "iu":
            self._fail(name, "integers", str(array.dtype))
        if array.size and (int(array.min()) < 0 or (below is not None and int(array.max()) >= below)):
            limit = "0 or more" if below is None else f"indices in 0 .. {below - 1}"
            self._fail(name, limit, f"{array.min()} .. {array.max()}")
        return array.astype(np.int32, order="C")  # whatever order the file stored

    def subdivision(self, control: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """indptr (N + 1,), indices, data of the (N, control) matrix; N is at least `control`."""
        indptr = self.index("subdivision_indptr", (None,))
        indices = self.index("subdivision_indices", (None,), control)
        data = self.real("subdivision_data", (len(indices),))
        if (
            len(indptr) <= control
            or indptr[0] != 0
            or indptr[-1] != len(indices)
            or (np.diff(indptr) < 0).any()
        ):
            self._fail(
                "subdivision_indptr",
                f"more than {control} entries that rise from 0 to {len(indices)}",
                f"{len(indptr)} entries, {indptr[:1]} .. {indptr[-1:]}",
                "the first C of the N fine vertices are the control vertices themselves",
            )
        return indptr, indices, data

    def parts(self, triangles: int) -> dict[str, slice]:
        """Name of each part -> its slice of the triangles."""
        names = self.names("part_names")
        ends = self.index("part_ends", (len(names),), triangles + 1)
        starts = np.concatenate([[0], ends[:-1]])
        if not len(ends) or ends[-1] != triangles or (starts > ends).any():
            self._fail("part_ends", f"rising numbers that end at {triangles}", f"{ends.tolist()}")
        if "skin" not in names:
            self._fail("part_names", 'a part called "skin"', f"{list(names)}")
        return {name: slice(int(a), int(b)) for name, a, b in zip(names, starts, ends)}

    def regions(self, vertices: int) -> dict[str, np.ndarray]:
        """Name of each region -> (vertices,) bool."""
        names = self.names("region_names")
        masks = self._array("region_masks")
        self._check_shape("region_masks", masks, (len(names), vertices))
        if masks.dtype != bool:
            self._fail("region_masks", "bool", str(masks.dtype))
        return dict(zip(names, masks))

    def names(self, name: str, one_per: str | None = None) -> tuple[str, ...]:
        """Different strings; with `one_per`, as many as that array is long."""
        array = self._array(name)
        self._check_shape(name, array, (len(self._array(one_per)) if one_per else None,))
        if array.dtype.kind != "U" or len(set(array.tolist())) != len(array):
            self._fail(name, "different strings", f"{array.dtype} {array[:4].tolist()} ...")
        return tuple(array.tolist())

    @property
    def hash(self) -> str:
        """SHA-256 over names, dtypes, shapes and contents, hexadecimal."""
        digest = hashlib.sha256()
        for name in sorted(self._arrays):
            array = np.ascontiguousarray(self._arrays[name])
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def _array(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            self._fail(name, "this array", f"only {', '.join(sorted(self._arrays)) or 'nothing'}")
        return self._arrays[name]

    def _real(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        array = self._array(name)
        self._check_shape(name, array, shape)
        if array.dtype.kind != "f":
            self._fail(name, "float16 or float32", str(array.dtype))
        if not np.isfinite(array).all():
            self._fail(name, "finite numbers", f"{int((~np.isfinite(array)).sum())} NaN or infinite ones")
        return array

    def _check_shape(self, name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
        if array.ndim != len(shape) or any(s is not None and s != n for s, n in zip(shape, array.shape)):
            wanted = ", ".join("any" if s is None else str(s) for s in shape)
            self._fail(name, f"shape ({wanted})", f"{array.shape}")

    def _fail(self, name: str, expected: str, found: str, advice: str = _HELP) -> None:
        raise FaceModelError(f"{self._source}: `{name}`: expected {expected}, found {found}; {advice}")
