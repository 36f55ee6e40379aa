"""The head with fewer triangles: fine where a picture shows it, coarse elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from face3d.model import FaceModel
from training.head import HeadAssets

FINE = ("eyelids", "lips", "inner_lips", "nose")  # regions that keep every triangle


def lighten(head: HeadAssets, wanted: np.ndarray) -> tuple[HeadAssets, np.ndarray]:
    """The same head over a third of its vertices, and the new numbers of the vertices `wanted`, which are kept; its
    control vertices, so also the landmarks' anchors, keep their numbers.

    In a training picture most of the fine triangles are smaller than a pixel. Outside FINE the face model's coarse
    triangles take their place; their corners are points of the same surface, 0.2 mm at most off between them. Where
    fine and coarse meet they overlap by a row of triangles, so there is no gap to look through.
    """
    inside = np.zeros(head.vertex_count, bool)
    for name in FINE:
        inside |= head.regions[name]
    part = head.triangle_part
    skin, mouth = (head.part_names.index(name) for name in ("skin", "mouth"))
    layered = (part == skin) | (part == mouth)  # what the coarse triangles cover
    border = np.zeros_like(inside)  # where the layers meet parts that stay fine
    border[head.triangles[~layered]] = True
    kept = ~layered | (inside | border)[head.triangles].any(1)
    coarse = FaceModel.load().lod_triangles
    label = head.part[coarse].max(1)  # the skin has the vertices where parts meet
    kinds = np.where(label == mouth, mouth, skin).astype(np.uint8)
    used = ((label == skin) | (label == mouth)) & ~inside[coarse].all(1)
    triangles = np.concatenate([head.triangles[kept], coarse[used]])
    triangle_part = np.concatenate([part[kept], kinds[used]])
    order = np.argsort(triangle_part, kind="stable")
    triangles, triangle_part = triangles[order], triangle_part[order]

    needed = np.zeros(head.vertex_count, bool)
    needed[: len(head.control_mean)] = True
    needed[triangles] = True
    needed[wanted] = True
    rows = np.flatnonzero(needed)
    number = np.full(head.vertex_count, -1, np.int32)
    number[rows] = np.arange(len(rows), dtype=np.int32)
    lengths = np.diff(head.indptr)[rows]
    entries = np.concatenate([np.arange(head.indptr[row], head.indptr[row + 1]) for row in rows])
    faces = head.face_rows[needed[head.face_rows]]
    light = replace(
        head,
        indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        indices=np.ascontiguousarray(head.indices[entries]),
        data=np.ascontiguousarray(head.data[entries]),
        triangles=number[triangles],
        triangle_part=triangle_part,
        part=head.part[rows],
        uv=head.uv[rows],
        regions={name: mask[rows] for name, mask in head.regions.items()},
        brow_distance=head.brow_distance[rows],
        iris_angle=head.iris_angle[rows],
        face_rows=number[faces],
    )
    return light, number[wanted]
