"""Edges of a quad mesh: walking straight over regular vertices, and shortest paths that prefer edge loops."""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np


def edge(a: int, b: int) -> tuple[int, int]:
    """The edge's key: its lower vertex first."""
    return (a, b) if a < b else (b, a)


class EdgeGraph:
    """Adjacency of quads (F, 4): `quads_of[edge(a, b)]` and `around[vertex]`."""

    def __init__(self, quads: np.ndarray):
        self.quads = quads
        self.quads_of: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.around: dict[int, set[int]] = defaultdict(set)
        for f, quad in enumerate(quads.tolist()):
            for c in range(4):
                a, b = quad[c], quad[(c + 1) % 4]
                self.quads_of[edge(a, b)].append(f)
                self.around[a].add(b)
                self.around[b].add(a)

    def straight_on(self, a: int, b: int) -> int | None:
        """The vertex opposite to a when going through b; None where b is not regular (four edges)."""
        if len(self.around[b]) != 4:
            return None
        beside = set(self.quads[self.quads_of[edge(a, b)]].ravel().tolist())
        ahead = [c for c in self.around[b] if c not in beside]
        return ahead[0] if len(ahead) == 1 else None

    def loop(self, a: int, b: int) -> list[int]:
        """The closed edge loop through the edge a, b. Raises ValueError when it ends somewhere."""
        path = [a, b]
        while True:
            ahead = self.straight_on(path[-2], path[-1])
            if ahead is None or len(path) > len(self.around):
                raise ValueError(f"no closed edge loop through {a}, {b}")
            if ahead == a:
                return path
            path.append(ahead)

    def path(self, start: int, end: int, points: np.ndarray, allowed: np.ndarray, turn: float) -> list[int]:
        """Shortest path from start to end over vertices `allowed` (V,) bool; leaving an edge loop costs `turn`."""
        queue: list[tuple[float, int, int, tuple[int, ...]]] = [(0.0, start, -1, ())]
        came: dict[tuple[int, ...], tuple[int, ...]] = {}  # (vertex, the one before): a step earlier
        while queue:
            cost, vertex, before, state = heapq.heappop(queue)
            if (vertex, before) in came:
                continue
            came[vertex, before] = state
            if vertex == end:
                break
            ahead = self.straight_on(before, vertex) if before >= 0 else None
            for following in self.around[vertex]:
                if following != before and allowed[following]:
                    step = float(np.linalg.norm(points[following] - points[vertex]))
                    extra = 0.0 if before < 0 or following == ahead else turn
                    heapq.heappush(queue, (cost + step + extra, following, vertex, (vertex, before)))
        else:
            raise ValueError(f"no path from {start} to {end}")
        path, state = [vertex], came[vertex, before]
        while state:
            path.append(state[0])
            state = came[state]
        return path[::-1]

    def flood(self, seed: int, wall: set[tuple[int, int]]) -> list[int]:
        """Indices of the quads reached from quad `seed` without crossing an edge of `wall`."""
        seen, stack = {seed}, [seed]
        while stack:
            quad = self.quads[stack.pop()].tolist()
            for c in range(4):
                key = edge(quad[c], quad[(c + 1) % 4])
                for other in self.quads_of[key]:
                    if key not in wall and other not in seen:
                        seen.add(other)
                        stack.append(other)
        return sorted(seen)
