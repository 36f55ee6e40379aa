"""Close the lips: MakeHuman's neutral mouths leave a slit of a quarter of a millimetre or so, which would dot the
lip line of every rendered prior with mouth bag and teeth.
"""

from __future__ import annotations

import numpy as np

from training.edge_graph import EdgeGraph
from training.head_mesh import PARTS, HeadMesh

CONTACT = (520, 523)  # base mesh vertices in the middle of the loop where the lips meet, upper and lower
OUTSIDE = 474  # a vertex of the next loop outwards
OVERLAP = 0.0025  # decimetres that the lips press into each other
FALL_OFF = (1.0, 0.75, 0.5, 0.25)  # share of the shift that the loops further out and further in follow


def close_lips(heads: np.ndarray, mesh: HeadMesh) -> np.ndarray:
    """Heads (n, Ch, 3), decimetres, with the lips moved up and down until they overlap by OVERLAP at the contact.

    The correction is an affine map of the head, so what is true of every sample stays true of every combination
    of the modes made from them.
    """
    upper, lower = _spokes(mesh)
    rows = [mesh.fine.matrix[side[:, 0]] for side in (upper, lower)]
    heads = heads.copy()
    for _ in range(6):  # moving control vertices by d moves the surface by less than d
        height = heads[:, :, 1].T.astype(np.float64)
        gap = (rows[0] @ height - rows[1] @ height).T + OVERLAP  # (n, pairs)
        for side, sign in ((upper, -0.5), (lower, 0.5)):
            for step, share in enumerate(FALL_OFF):
                for column in {step, -step}:
                    heads[:, side[:, column], 1] += sign * share * gap
    return heads


def _spokes(mesh: HeadMesh) -> tuple[np.ndarray, np.ndarray]:
    """(pairs, 7) control vertices of the upper and the lower lip across the lip loops, from corner to corner.

    Column 0 is the contact loop, 1..3 the loops outwards, -1..-3 the loops inwards.
    """
    graph = EdgeGraph(mesh.quads[np.isin(mesh.part, [PARTS.index("skin"), PARTS.index("mouth")])])
    place = {vertex: index for index, vertex in enumerate(mesh.control.tolist())}
    top, bottom = (place[vertex] for vertex in CONTACT)
    for first in sorted(graph.around[top]):
        try:
            loop = graph.loop(top, first)
        except ValueError:
            continue
        if bottom in loop:
            break
    else:
        raise ValueError("the lips' contact loop is not in the mesh")
    half = len(loop) // 2
    columns = range(-(half // 2), half // 2 + 1)  # from corner to corner, 0 in the middle
    inside = set(loop)
    skin_side = _reach(graph, place[OUTSIDE], inside)
    sides = []
    for vertices in ([loop[i] for i in columns], [loop[half - i] for i in columns]):
        spokes = []
        for vertex in vertices:
            across = [v for v in graph.around[vertex] if v not in inside]
            out = next(v for v in across if v in skin_side)
            back = next(v for v in across if v not in skin_side)
            spokes.append([vertex, *_walk(graph, vertex, out), *_walk(graph, vertex, back)[::-1]])
        sides.append(np.array(spokes))
    return sides[0], sides[1]


def _walk(graph: EdgeGraph, start: int, first: int) -> list[int]:
    path = [start, first]
    while len(path) <= 3:
        ahead = graph.straight_on(path[-2], path[-1])
        if ahead is None:
            raise ValueError(f"the edge loop from {start} through {first} ends at {path[-1]}")
        path.append(ahead)
    return path[1:]


def _reach(graph: EdgeGraph, start: int, wall: set[int]) -> set[int]:
    """Vertices connected to `start` without passing a vertex of `wall`."""
    seen, stack = {start}, [start]
    while stack:
        for vertex in graph.around[stack.pop()]:
            if vertex not in seen and vertex not in wall:
                seen.add(vertex)
                stack.append(vertex)
    return seen
