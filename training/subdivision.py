"""Adaptive Catmull-Clark subdivision as one sparse matrix: fine vertices = matrix @ control vertices.

Every control quad has a level (0, 1 or 2): how often it is split. Every fine vertex, whatever the level of the
quads around it, sits at its level-2 position, so neighbours of different level share exact vertices; the coarser
one is fanned across the extra vertices of the finer one, which leaves no T-junction. An edge of the crease set is
treated as a boundary from both sides, so the surface on one side does not depend on the other side's vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class FineMesh:
    """matrix: (N, V) sparse, the first V rows are the control vertices' own. triangles: (M, 3) int32 and
    quad (M,) int32, the control quad each lies in. place_quad (N,) and place (N, 2): a control quad each vertex
    lies in and where in it, in 0..1 along its first and last edge."""

    matrix: sparse.csr_matrix
    triangles: np.ndarray
    quad: np.ndarray
    place_quad: np.ndarray
    place: np.ndarray


@dataclass(frozen=True)
class _Step:
    """One uniform split: vertices are [old vertices | edge points | face points]."""

    matrix: sparse.csr_matrix
    faces: np.ndarray  # (4 F, 4): child c of quad f is row 4 f + c and starts at the quad's corner c
    edges: dict[tuple[int, int], int]  # (low, high) vertex pair -> index of its edge point
    creases: set[tuple[int, int]]


def _key(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _split(faces: np.ndarray, count: int, creases: set[tuple[int, int]]) -> _Step:
    """One Catmull-Clark step of a quad mesh with `count` vertices; boundary edges are creases by themselves."""
    edges: dict[tuple[int, int], int] = {}
    edge_faces: list[list[int]] = []
    for f, quad in enumerate(faces.tolist()):
        for c in range(4):
            key = _key(quad[c], quad[(c + 1) % 4])
            if key not in edges:
                edges[key] = len(edges)
                edge_faces.append([])
            edge_faces[edges[key]].append(f)
    if max(map(len, edge_faces)) > 2:
        raise ValueError("control mesh: an edge has more than two quads")

    ends = np.array(list(edges))
    sharp = np.array([len(fs) == 1 or key in creases for key, fs in zip(edges, edge_faces)])
    number, quads = len(ends), len(faces)
    face_point = sparse.csr_matrix(
        (np.full(4 * quads, 0.25), (np.repeat(np.arange(quads), 4), faces.ravel())), (quads, count)
    )
    ends_mean = sparse.csr_matrix(
        (np.full(2 * number, 0.5), (np.repeat(np.arange(number), 2), ends.ravel())), (number, count)
    )
    pairs = np.array([fs if len(fs) == 2 else fs * 2 for fs in edge_faces])
    quads_mean = sparse.csr_matrix(
        (np.full(2 * number, 0.5), (np.repeat(np.arange(number), 2), pairs.ravel())), (number, quads)
    )
    sides_mean = quads_mean @ face_point
    smooth = sparse.diags((~sharp).astype(float))
    edge_point = smooth @ (0.5 * (ends_mean + sides_mean)) + sparse.diags(sharp.astype(float)) @ ends_mean

    # vertex points: (F + 2 R + (n - 3) V) / n inside, (V' + 6 V + V'') / 8 on a crease, V at a corner
    valence = np.bincount(ends.ravel(), minlength=count)
    face_valence = np.bincount(faces.ravel(), minlength=count)
    sharp_count = np.bincount(ends[sharp].ravel(), minlength=count)
    inner, crease = (sharp_count == 0) & (valence > 0), sharp_count == 2
    fixed = ~(inner | crease)
    n = np.maximum(valence, 1)
    at_face = sparse.csr_matrix(
        (np.ones(4 * quads), (faces.ravel(), np.repeat(np.arange(quads), 4))), (count, quads)
    )
    at_edge = sparse.csr_matrix(
        (np.ones(2 * number), (ends.ravel(), np.repeat(np.arange(number), 2))), (count, number)
    )
    at_sharp = at_edge @ sparse.diags(sharp.astype(float))
    vertex_point = (
        sparse.diags(inner / np.maximum(face_valence, 1) / n) @ at_face @ face_point
        + sparse.diags(inner * 2.0 / n**2) @ at_edge @ ends_mean
        + sparse.diags(inner * (n - 3) / n)
        + sparse.diags(crease * 0.25) @ at_sharp @ ends_mean
        + sparse.diags(crease * 0.5 + fixed * 1.0)
    )

    children = np.empty((4 * quads, 4), np.int64)
    for f, quad in enumerate(faces.tolist()):
        e = [count + edges[_key(quad[c], quad[(c + 1) % 4])] for c in range(4)]
        for c in range(4):
            children[4 * f + c] = (quad[c], e[c], count + number + f, e[c - 1])
    points = {key: count + index for key, index in edges.items()}
    child_creases = {_key(v, points[key]) for key in creases if key in points for v in key}
    return _Step(
        sparse.vstack([vertex_point, edge_point, face_point]).tocsr(), children, points, child_creases
    )


def graded(faces: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Raise levels until quads that share a vertex differ by at most one."""
    levels = levels.copy()
    while True:
        highest = np.zeros(faces.max() + 1, int)
        np.maximum.at(highest, faces.ravel(), np.repeat(levels, 4))
        raised = np.maximum(levels, highest[faces].max(1) - 1)
        if (raised == levels).all():
            return levels
        levels = raised


def refine(
    faces: np.ndarray, count: int, levels: np.ndarray, creases: set[tuple[int, int]], positions: np.ndarray
) -> FineMesh:
    """Subdivide quads `faces` (F, 4) over `count` control vertices, each to its own level.

    positions: (count, 3), only chooses the shorter diagonal of every fine quad.
    """
    first = _split(faces, count, creases)
    second = _split(first.faces, first.matrix.shape[0], first.creases)
    third_edges: dict[tuple[int, int], int] = {}
    # every vertex of the control mesh and of level 1 is taken to level 2, where its index is unchanged
    place = second.matrix @ first.matrix
    xyz = place @ positions

    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    # (level, control quad, corners, corners' places)
    cells: list[tuple[int, int, list[int], np.ndarray]] = []
    for f, quad in enumerate(faces.tolist()):
        if levels[f] == 0:
            cells.append((0, f, quad, unit))
            continue
        for c, at in enumerate(_children(unit)):
            child = 4 * f + c
            if levels[f] == 1:
                cells.append((1, f, first.faces[child].tolist(), at))
            else:
                inner = enumerate(_children(at))
                cells += [(2, f, second.faces[4 * child + d].tolist(), below) for d, below in inner]

    midpoints = (first.edges, second.edges, third_edges)
    used = np.zeros(place.shape[0], bool)
    used[:count] = True
    where = np.full(place.shape[0], -1)
    at_uv = np.zeros((place.shape[0], 2))
    for _, f, corners, at in cells:
        used[corners] = True
        for vertex, uv in zip(corners, at):
            if where[vertex] < 0:
                where[vertex], at_uv[vertex] = f, uv
    triangles, owner = [], []
    for level, f, corners, _ in cells:
        polygon, hanging = [], []
        for c in range(4):
            polygon.append(corners[c])
            middle = midpoints[level].get(_key(corners[c], corners[(c + 1) % 4]))
            if middle is not None and used[middle]:
                hanging.append(c)
                polygon.append(middle)
        fan = _fan(polygon, corners, hanging, xyz)
        triangles += fan
        owner += [f] * len(fan)

    kept = np.flatnonzero(used)
    index = np.full(place.shape[0], -1)
    index[kept] = np.arange(len(kept))
    matrix = place[kept].tocsr()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return FineMesh(
        matrix,
        index[np.array(triangles)].astype(np.int32),
        np.array(owner, np.int32),
        where[kept].astype(np.int32),
        at_uv[kept],
    )


def _children(corners: np.ndarray) -> list[np.ndarray]:
    """Places of the corners of the four children of a quad, in the order of `_split`."""
    middle, centre = 0.5 * (corners + np.roll(corners, -1, 0)), corners.mean(0)
    return [np.array([corners[c], middle[c], centre, middle[c - 1]]) for c in range(4)]


def _fan(polygon: list[int], corners: list[int], hanging: list[int], xyz: np.ndarray) -> list[list[int]]:
    """Triangles of a quad with extra vertices on the edges `hanging` (edge c starts at corner c)."""
    if not hanging:
        a, b, c, d = corners
        if np.sum((xyz[a] - xyz[c]) ** 2) <= np.sum((xyz[b] - xyz[d]) ** 2):
            return [[a, b, c], [a, c, d]]
        return [[a, b, d], [b, c, d]]
    free = [c for c in range(4) if c not in hanging and (c - 1) % 4 not in hanging]
    # a corner between two plain edges, else a vertex in the middle of an edge: no fan triangle is flat then
    apex = corners[free[0]] if free else polygon[polygon.index(corners[hanging[0]]) + 1]
    start = polygon.index(apex)
    ring = polygon[start:] + polygon[:start]
    return [[apex, ring[i], ring[i + 1]] for i in range(1, len(ring) - 1)]
