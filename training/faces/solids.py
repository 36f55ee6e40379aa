"""Simple closed meshes, and the things made of them that are drawn together with the head."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

FIRST_THING = 16            # material number of the first thing; below are the head's own


@dataclass
class Thing:
    """vertices (V, 3) metres in the model frame, triangles (T, 3) int32, linear RGB colour, gloss 0..1, texture of
    the noise bank with its contrast and scale (texels a metre). skin: take the colour of the person's skin."""

    vertices: np.ndarray
    triangles: np.ndarray
    colour: np.ndarray
    gloss: float = 0.05
    texture: str = "clouds"
    contrast: float = 0.1
    scale: float = 800.0
    skin: bool = False
    offset: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))


def grid_triangles(rows: int, columns: int, wrap: bool) -> np.ndarray:
    """(T, 3) int32 triangles of a rows x columns vertex grid; `wrap` joins the last column to the first."""
    across = columns if wrap else columns - 1
    r, c = (a.ravel() for a in np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij"))
    following = (c + 1) % columns
    a, b, d, e = r * columns + c, (r + 1) * columns + c, (r + 1) * columns + following, r * columns + following
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, e], 1)]).astype(np.int32)


def merge(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """One (vertices, triangles) of several."""
    starts = np.cumsum([0] + [len(vertices) for vertices, _ in parts[:-1]])
    return (np.concatenate([vertices for vertices, _ in parts]).astype(np.float32),
            np.concatenate([triangles + start for (_, triangles), start in zip(parts, starts)]).astype(np.int32))


def tube(path: np.ndarray, radius: np.ndarray | float, sides: int = 7, closed: bool = False,
         flatten: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A tube round a path (n, 3); radius a number or (n,). Closed paths join their ends; others are capped.

    flatten: ratio of the second to the first half axis of the cross section.
    """
    path = np.asarray(path, float)
    radius = np.broadcast_to(np.asarray(radius, float), (len(path),))
    if closed:
        along = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    else:
        along = np.gradient(path, axis=0)
        path = np.concatenate([path[:1], path, path[-1:]])
        along = np.concatenate([along[:1], along, along[-1:]])
        radius = np.concatenate([[1e-5], radius, [1e-5]])
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    helper = np.array([0.0, 0.0, 1.0]) if abs(along[:, 2]).mean() < 0.8 else np.array([0.0, 1.0, 0.0])
    first = _cross(np.broadcast_to(helper, along.shape), along)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    second = _cross(along, first)
    turn = 2 * np.pi * np.arange(sides) / sides
    ring = (np.cos(turn)[None, :, None] * first[:, None] + flatten * np.sin(turn)[None, :, None] * second[:, None])
    vertices = path[:, None] + radius[:, None, None] * ring
    if closed:
        vertices = np.concatenate([vertices, vertices[:1]])
    triangles = grid_triangles(len(vertices), sides, wrap=True)
    return vertices.reshape(-1, 3).astype(np.float32), triangles[:, ::-1].copy()


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product of (n, 3) rows; numpy's own costs five times more on short arrays."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def ellipsoid(half_axes: tuple[float, float, float], rows: int = 12, columns: int = 18,
              power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """An ellipsoid about the origin; power below 1 squares it off towards a rounded box."""
    theta, phi = np.meshgrid(np.linspace(0.001, np.pi - 0.001, rows), np.linspace(0, 2 * np.pi, columns, False),
                             indexing="ij")

    def bend(x: np.ndarray) -> np.ndarray:
        return np.sign(x) * np.abs(x) ** power

    unit = np.stack([bend(np.sin(theta)) * bend(np.sin(phi)), bend(np.cos(theta)),
                     bend(np.sin(theta)) * bend(np.cos(phi))], -1)
    vertices = (unit * np.array(half_axes)).reshape(-1, 3).astype(np.float32)
    return vertices, grid_triangles(rows, columns, wrap=True)


def lathe(profile: np.ndarray, columns: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """A body of revolution about y; profile (n, 2): radius and y, from the top down."""
    phi = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    radius, y = np.asarray(profile, float).T
    vertices = np.stack([radius[:, None] * np.sin(phi), np.repeat(y[:, None], columns, 1),
                         radius[:, None] * np.cos(phi)], -1)
    return vertices.reshape(-1, 3).astype(np.float32), grid_triangles(len(radius), columns, wrap=True)


def random_turn(rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """(3, 3) rotation; strength 1: any, less: by up to that share of half a turn."""
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    angle = strength * rng.uniform(0, np.pi)
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
