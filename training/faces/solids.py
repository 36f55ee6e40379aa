"""Simple closed meshes, and the things made of them that are drawn together with the head."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

FIRST_THING = 16  # material number of the first thing; below are the head's own


@dataclass
class Thing:
    """vertices (V, 3) metres in the model frame, triangles (T, 3) int32, linear RGB colour, gloss 0..1, texture of
    the noise bank with its contrast and scale (texels a metre). skin: take the colour of the person's skin, times
    `colour`."""

    vertices: np.ndarray
    triangles: np.ndarray
    colour: np.ndarray
    gloss: float = 0.05
    texture: str = "clouds"
    contrast: float = 0.1
    scale: float = 800.0
    skin: bool = False
    offset: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))


@cache
def grid_triangles(rows: int, columns: int, wrap: bool) -> np.ndarray:
    """(T, 3) read-only int32 triangles of a rows x columns vertex grid; `wrap` joins the last column to the first."""
    across = columns if wrap else columns - 1
    r, c = (a.ravel() for a in np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij"))
    following = (c + 1) % columns
    a, b = r * columns + c, (r + 1) * columns + c
    d, e = (r + 1) * columns + following, r * columns + following
    triangles = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, e], 1)]).astype(np.int32)
    triangles.setflags(write=False)
    return triangles


@cache
def _ring(sides: int) -> np.ndarray:
    """(2, 1, sides, 1) cosine and sine round a tube."""
    turn = 2 * np.pi * np.arange(sides) / sides
    return np.stack([np.cos(turn), np.sin(turn)])[:, None, :, None]


def merge(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """One (vertices, triangles) of several."""
    starts = np.cumsum([0] + [len(vertices) for vertices, _ in parts[:-1]])
    vertices = np.concatenate([vertices for vertices, _ in parts])
    triangles = np.concatenate([triangles + start for (_, triangles), start in zip(parts, starts)])
    return vertices.astype(np.float32), triangles.astype(np.int32)


def tube(
    path: np.ndarray, radius: np.ndarray | float, sides: int = 7, closed: bool = False, flatten: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """A tube round a path (n, 3); radius a number or (n,). Closed paths join their ends; others are capped.

    flatten: ratio of the second to the first half axis of the cross section.
    """
    path = np.asarray(path, float)
    count = len(path)
    wide = np.empty(count if closed else count + 2)
    if closed:
        wide[:] = radius
        around = np.concatenate([path[-1:], path, path[:1]])
        along = around[2:] - around[:-2]
    else:
        wide[1:-1], wide[0], wide[-1] = radius, 1e-5, 1e-5
        path = np.concatenate([path[:1], path, path[-1:]])  # the ends, closed by rings of no size
        around = np.concatenate([path[:1], path, path[-1:]])
        along = around[2:] - around[:-2]
        along[0], along[-1] = along[1], along[-2]
    along /= np.maximum(np.sqrt((along * along).sum(1, keepdims=True)), 1e-12)
    x, y, z = along.T
    first = np.zeros_like(along)
    if np.abs(z).mean() < 0.8:  # across both the path and z, or y
        first[:, 0], first[:, 1] = -y, x
    else:
        first[:, 0], first[:, 2] = z, -x
    first /= np.maximum(np.sqrt((first * first).sum(1, keepdims=True)), 1e-12)
    a, b, c = first.T
    second = np.empty_like(along)
    second[:, 0], second[:, 1], second[:, 2] = y * c - z * b, z * a - x * c, x * b - y * a
    cos, sin = _ring(sides)
    ring = cos * (wide[:, None] * first)[:, None] + sin * ((flatten * wide)[:, None] * second)[:, None]
    ring += path[:, None]
    if closed:
        ring = np.concatenate([ring, ring[:1]])
    triangles = grid_triangles(len(ring), sides, wrap=True)
    return ring.reshape(-1, 3).astype(np.float32), triangles[:, ::-1]


def ellipsoid(
    half_axes: tuple[float, float, float], rows: int = 12, columns: int = 18, power: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """An ellipsoid about the origin; power below 1 squares it off towards a rounded box."""
    polar, around = np.linspace(0.001, np.pi - 0.001, rows), np.linspace(0, 2 * np.pi, columns, False)
    theta, phi = np.meshgrid(polar, around, indexing="ij")

    def bend(x: np.ndarray) -> np.ndarray:
        return np.sign(x) * np.abs(x) ** power

    flat = bend(np.sin(theta))
    unit = np.stack([flat * bend(np.sin(phi)), bend(np.cos(theta)), flat * bend(np.cos(phi))], -1)
    vertices = (unit * np.array(half_axes)).reshape(-1, 3).astype(np.float32)
    return vertices, grid_triangles(rows, columns, wrap=True)


def lathe(profile: np.ndarray, columns: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """A body of revolution about y; profile (n, 2): radius and y, from the top down."""
    phi = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    radius, y = np.asarray(profile, float).T
    x, z = radius[:, None] * np.sin(phi), radius[:, None] * np.cos(phi)
    vertices = np.stack([x, np.repeat(y[:, None], columns, 1), z], -1)
    return vertices.reshape(-1, 3).astype(np.float32), grid_triangles(len(radius), columns, wrap=True)


def random_turn(rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """(3, 3) rotation; strength 1: any, less: by up to that share of half a turn."""
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    angle = strength * rng.uniform(0, np.pi)
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
