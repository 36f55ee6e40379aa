"""Adaptive Catmull-Clark: the textbook's rules, and no cracks between levels."""

import numpy as np
import pytest

from training.edge_graph import EdgeGraph
from training.subdivision import graded, refine

CUBE = np.array([[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]])
CORNERS = np.array([[x, y, z] for z in (-1, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))], float)


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Quads of an n x n grid, and its points."""
    index = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    y, x = np.divmod(np.arange((n + 1) ** 2), n + 1)
    return quads, np.stack([x, y, 0 * x], 1).astype(float)


def edge_use(triangles: np.ndarray) -> np.ndarray:
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1)
    return np.unique(edges, axis=0, return_counts=True)[1]


def test_cube_after_two_steps():
    mesh = refine(CUBE, 8, np.full(6, 2), set(), CORNERS)
    assert mesh.matrix.shape == (98, 8) and len(mesh.triangles) == 6 * 16 * 2
    np.testing.assert_allclose(mesh.matrix.sum(1), 1)
    # A corner of valence 3 goes to (F + 2 R) / 3. By hand: after one step to 5/9 of itself, with edge points
    # (3/4, 3/4, 0) and face points (1, 0, 0) around it; after the second to 55/108.
    np.testing.assert_allclose((mesh.matrix @ CORNERS)[:8], CORNERS * 55 / 108)
    assert set(edge_use(mesh.triangles)) == {2}


@pytest.mark.parametrize("seed", range(5))
def test_mixed_levels_leave_no_crack_and_move_no_vertex(seed):
    quads, points = grid(6)
    points[:, 2] = np.random.default_rng(seed).normal(size=len(points))
    levels = graded(quads, np.random.default_rng(seed).integers(0, 3, len(quads)))
    mixed = refine(quads, len(points), levels, set(), points)
    full = refine(quads, len(points), np.full(len(quads), 2), set(), points)
    use = edge_use(mixed.triangles)
    border = 4 * 6 * 4
    assert set(use) == {1, 2} and (use == 1).sum() <= border
    flat = mixed.matrix @ (points * [1, 1, 0])
    a, b, c = (flat[mixed.triangles[:, i]] for i in range(3))
    area = 0.5 * np.cross(b - a, c - a)[:, 2]
    assert area.min() > 0
    assert 35.5 < area.sum() <= 36, "only the four corners are rounded"
    everywhere = {tuple(p) for p in np.round(full.matrix @ points, 9)}
    assert {tuple(p) for p in np.round(mixed.matrix @ points, 9)} <= everywhere


def test_grading_limits_neighbours_to_one_level():
    quads, _ = grid(5)
    levels = np.zeros(25, int)
    levels[12] = 2
    result = graded(quads, levels)
    assert result[12] == 2 and (result.reshape(5, 5)[1:4, 1:4] >= 1).all() and result.reshape(5, 5)[0, 0] == 0


def test_a_crease_keeps_the_two_sides_apart():
    quads, points = grid(6)
    row, column = np.divmod(np.arange(36), 6)
    inner = (row > 0) & (row < 5) & (column > 0) & (column < 5)
    crease = {(7 * r + c, 7 * r + c + 1) for r in (1, 5) for c in range(1, 5)}
    crease |= {(7 * r + c, 7 * (r + 1) + c) for r in range(1, 5) for c in (1, 5)}
    mesh = refine(quads, 49, np.full(36, 2), crease, points)
    rows = np.unique(mesh.triangles[inner[mesh.quad]])
    columns = np.setdiff1d(np.arange(49), np.unique(quads[inner]))
    assert mesh.matrix[rows][:, columns].nnz == 0
    alone = refine(quads[inner], 49, np.full(16, 2), set(), points)
    ours = {tuple(p) for p in np.round(mesh.matrix[rows] @ points, 9)}
    assert ours == {tuple(p) for p in np.round(alone.matrix[np.unique(alone.triangles)] @ points, 9)}


def test_edge_loops_and_paths():
    around = EdgeGraph(CUBE)
    assert around.straight_on(0, 1) is None  # valence 3
    quads, points = grid(4)
    graph = EdgeGraph(quads)
    assert graph.straight_on(6, 7) == 8
    path = graph.path(0, 24, points, np.ones(25, bool), turn=5.0)
    assert len(path) == 9 and path[0] == 0 and path[-1] == 24
    assert len(graph.flood(0, {(5 * r + 2, 5 * (r + 1) + 2) for r in range(4)})) == 8
    with pytest.raises(ValueError, match="no closed edge loop"):
        graph.loop(6, 7)
