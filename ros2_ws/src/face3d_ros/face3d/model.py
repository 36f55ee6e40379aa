"""The face model S = mean + A_id a_id + A_exp a_exp, evaluated at control level and subdivided.

Metres; subject's left +x, up +y, out of the face +z; the origin is the centroid of the mean face's 68 anchors.
The bases live on C control vertices; a sparse matrix makes the N fine vertices from them, and its first C rows are
the control vertices' own places on the fine surface. docs/face_model_format.md documents the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from face3d import resources
from face3d.model_file import FaceModelError, ModelFile

if TYPE_CHECKING:
    from face3d import _core

__all__ = ["EXPRESSION", "IDENTITY", "FaceModel", "FaceModelError"]

IDENTITY = 200
EXPRESSION = 84
LANDMARKS = 68
JAW = 17  # landmarks 0..16 run along the jaw, from the subject's right ear to the left one
_NO_EXPRESSION = np.zeros(EXPRESSION, np.float32)
_NO_IDENTITY = np.zeros(IDENTITY, np.float32)


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A face model in memory; every array is read-only.

    mean               (C, 3) float32, control vertices of the mean face
    basis              (284, C, 3) float16 or float32, metres per coefficient: 200 identity, then 84 expression units
    indptr, indices, data   the (N, C) subdivision matrix by rows (CSR): int32, int32, float32
    triangles          (M, 3) int32 over the fine vertices, counter-clockwise from outside, sorted by part
    parts              name -> slice of `triangles`: skin, mouth, eye_left, eye_right, ...
    lod_triangles      (T, 3) int32 over the first C fine vertices: skin, mouth and eyeballs, coarse
    landmarks68        (68,) int32, the iBUG landmarks as fine vertices
    anchors68          (68,) int32, the control vertices that stood for them when the network was designed: it locates
                       them, and training paints brows, lids and lips by them
    jaw_candidates     (17, K) int32, fine vertices that each jaw landmark may slide over
    sellion            int, the fine vertex between the eyes
    regions            name -> (N,) bool
    mirror             (C,) int32, the control vertex on the other side of the face
    expression_names   84 names; units that the file does not have are called "unused/<index>"
    hash               SHA-256 over the arrays, hexadecimal
    """

    mean: np.ndarray
    basis: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    triangles: np.ndarray
    parts: dict[str, slice]
    lod_triangles: np.ndarray
    landmarks68: np.ndarray
    anchors68: np.ndarray
    jaw_candidates: np.ndarray
    sellion: int
    regions: dict[str, np.ndarray]
    mirror: np.ndarray
    expression_names: tuple[str, ...]
    hash: str

    @staticmethod
    def load(path: str | Path | None = None) -> FaceModel:
        """Read a model file (default: the one that comes with face3d).

        Raises FileNotFoundError when it is missing, FaceModelError when it does not fit the format.
        """
        file = ModelFile.read(resources.face_model(path))
        mean = file.real("mean", (None, 3))
        count = len(mean)
        basis = (file.basis("identity", IDENTITY, count), file.basis("expression", EXPRESSION, count))
        names = file.names("expression_names", one_per="expression")
        indptr, indices, data = file.subdivision(count)
        number = len(indptr) - 1
        triangles = file.index("triangles", (None, 3), number)
        anchored = "anchors68" in file
        model = FaceModel(
            mean=mean,
            basis=np.concatenate(basis),
            indptr=indptr,
            indices=indices,
            data=data,
            triangles=triangles,
            parts=file.parts(len(triangles)),
            lod_triangles=file.index("lod_triangles", (None, 3), count),
            landmarks68=file.index("landmarks68", (LANDMARKS,), number if anchored else count),
            anchors68=file.index("anchors68" if anchored else "landmarks68", (LANDMARKS,), count),
            jaw_candidates=file.index("jaw_candidates", (JAW, None), number),
            sellion=int(file.index("sellion", (), number)),
            regions=file.regions(number),
            mirror=file.index("mirror", (count,), count),
            expression_names=names + tuple(f"unused/{i}" for i in range(len(names), EXPRESSION)),
            hash=file.hash,
        )
        model._freeze()
        return model

    def __getstate__(self) -> dict:
        """For pickling: the fields, without what is computed from them when it is first asked for."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._freeze()

    def _freeze(self) -> None:
        for array in (*vars(self).values(), *self.regions.values()):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    @property
    def control_count(self) -> int:
        """C, the number of control vertices, which are the first C fine vertices."""
        return len(self.mean)

    @property
    def vertex_count(self) -> int:
        """N, the number of fine vertices."""
        return len(self.indptr) - 1

    @property
    def identity(self) -> np.ndarray:
        """(200, C, 3) metres per standard deviation."""
        return self.basis[:IDENTITY]

    @property
    def expression(self) -> np.ndarray:
        """(84, C, 3) metres per unit weight."""
        return self.basis[IDENTITY:]

    @cached_property
    def codes(self) -> np.ndarray:
        """(N, 3) uint8 PNCC: the mean face's coordinates, 0..255 per axis over all fine vertices."""
        mean = self.shape(_NO_IDENTITY, _NO_EXPRESSION)
        low, high = mean.min(0), mean.max(0)
        codes = np.rint((mean - low) / np.maximum(high - low, 1e-9) * 255).astype(np.uint8)
        codes.setflags(write=False)
        return codes

    def shape(self, identity: np.ndarray, expression: np.ndarray, *, lod: bool = False) -> np.ndarray:
        """Vertices (N, 3) float32 in metres, or with `lod` only the first C of them, for `lod_triangles`.

        identity (200,), expression (84,). Coefficients that are 0 cost nothing.
        """
        return self._shape.evaluate(_coefficients(identity, expression), self.control_count if lod else None)

    def displacement(self, identity: np.ndarray) -> np.ndarray:
        """(C, 3) float32 metres, read-only: how far an identity (200,) moves the first C vertices; kept for 16."""
        return self._displacements(np.asarray(identity, np.float32).tobytes())

    @cached_property
    def _displacements(self) -> Callable[[bytes], np.ndarray]:
        mean = self.shape(_NO_IDENTITY, _NO_EXPRESSION, lod=True)

        @lru_cache(maxsize=16)
        def displacement(identity: bytes) -> np.ndarray:
            moved = self.shape(np.frombuffer(identity, np.float32), _NO_EXPRESSION, lod=True) - mean
            moved.setflags(write=False)
            return moved

        return displacement

    @cached_property
    def _shape(self) -> _core.FaceShape:
        from face3d import _core  # late: a model can be read and checked without the extension

        return _core.FaceShape(self.mean, self.basis, self.indptr, self.indices, self.data, IDENTITY)

    @cached_property
    def encoder(self) -> _core.Encoder:
        """What shows the network a prior: the coarse mesh with its codes."""
        from face3d import _core
        from face3d.camera import IMAGE_SIZE

        return _core.Encoder(self.lod_triangles, self.codes[: self.control_count], IMAGE_SIZE)

    def basis_at(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean (V, 3), identity (200, V, 3) and expression (84, V, 3), float32, at some fine vertices (V,)."""
        vertices = np.asarray(vertices, np.int64)
        starts, lengths = self.indptr[vertices], np.diff(self.indptr)[vertices]
        owner = np.repeat(np.arange(len(vertices)), lengths)
        entry = np.arange(len(owner)) + np.repeat(
            starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths
        )
        used, column = np.unique(self.indices[entry], return_inverse=True)
        weights = np.zeros((len(vertices), len(used)), np.float32)
        np.add.at(weights, (owner, column), self.data[entry])
        basis = np.einsum("vu,kuc->kvc", weights, self.basis[:, used].astype(np.float32), optimize=True)
        return weights @ self.mean[used], basis[:IDENTITY], basis[IDENTITY:]

    def landmarks(
        self, identity: np.ndarray, expression: np.ndarray, rotation: np.ndarray | None = None
    ) -> np.ndarray:
        """The 68 landmarks (68, 3) float32 in metres, without the mesh around them; see `landmarks_of`."""
        from face3d import _core

        mean, basis, fixed, candidates = self._landmark_basis
        points = _core.blend(mean, basis, _coefficients(identity, expression))
        return self._picked(points, fixed, candidates, rotation)

    def landmarks_of(self, vertices: np.ndarray, rotation: np.ndarray | None = None) -> np.ndarray:
        """The 68 landmarks (68, 3) float32 of a whole mesh (N, 3), in its units.

        rotation (3, 3) model to camera: the 17 jaw points slide to the contour that the camera sees, as annotators
        of photographs place them; without it they are the fixed vertices `landmarks68`.
        """
        return self._picked(vertices, self.landmarks68, self.jaw_candidates, rotation)

    def _picked(
        self, points: np.ndarray, fixed: np.ndarray, candidates: np.ndarray, rotation: np.ndarray | None
    ) -> np.ndarray:
        """Of points (L, 3) the landmarks (68,), those of the jaw where their candidates (17, K) reach furthest out."""
        if rotation is None:
            return points[fixed]
        from face3d import _core

        points = np.ascontiguousarray(points, np.float32)
        rotation = np.ascontiguousarray(rotation, np.float64)
        return _core.landmarks(points, fixed, candidates, self._jaw_outward, rotation)

    @cached_property
    def _landmark_basis(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Mean (L, 3) and basis (284, L, 3) of all landmark candidates, which are landmarks, and which candidates."""
        wanted = np.concatenate([self.landmarks68, self.jaw_candidates.ravel()])
        vertices, where = np.unique(wanted, return_inverse=True)
        where = where.astype(np.int32)
        mean, identity, expression = self.basis_at(vertices)
        candidates = where[LANDMARKS:].reshape(JAW, -1)
        basis = np.ascontiguousarray(np.concatenate([identity, expression]))
        return mean, basis, where[:LANDMARKS], candidates

    @cached_property
    def _jaw_outward(self) -> np.ndarray:
        """(17, 2) outward normal of the mean face's jaw line in the frontal plane."""
        line = self.landmarks(_NO_IDENTITY, _NO_EXPRESSION)[:JAW, :2]
        tangent = np.gradient(line, axis=0)
        normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
        normal *= np.sign(np.einsum("jc,jc->j", normal, line))[:, None]
        return (normal / np.linalg.norm(normal, axis=1, keepdims=True)).astype(np.float64)


def _coefficients(identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
    identity, expression = np.asarray(identity, np.float32), np.asarray(expression, np.float32)
    if identity.shape != (IDENTITY,) or expression.shape != (EXPRESSION,):
        raise ValueError(
            f"expected identity ({IDENTITY},) and expression ({EXPRESSION},), "
            f"found {identity.shape} and {expression.shape}"
        )
    return np.concatenate([identity, expression])
