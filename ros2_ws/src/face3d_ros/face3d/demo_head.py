"""A synthetic head that turns, talks, smiles and blinks: the demo clip for machines without a network.

Everything is made here from the face model and the renderer, so the clip is free of anybody's rights and
its true geometry is known. It shows what the tracker can follow; it does not replace the training's faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from face3d import renderer
from face3d.camera import FRONTAL, Pose
from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.model import FaceModel
from face3d.movie import Movie
from face3d.rotation import exp

VERSION = 1  # part of the cached file's name: raise it when the clip changes
WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 30, 12
_OVERSAMPLING = 2  # rendered larger and averaged down: smooth silhouettes

_Triple = tuple[float, float, float]
# Linear RGB.
_SKIN, _LIPS, _BROWS = (0.50, 0.27, 0.19), (0.36, 0.11, 0.10), (0.035, 0.022, 0.015)
_SCLERA, _IRIS, _PUPIL = (0.62, 0.60, 0.58), (0.05, 0.10, 0.13), (0.004, 0.004, 0.004)
_MOUTH, _TEETH, _TONGUE = (0.10, 0.02, 0.02), (0.62, 0.58, 0.50), (0.33, 0.11, 0.10)
_HAIR, _CLOTH = (0.030, 0.018, 0.012), (0.03, 0.05, 0.09)


def render(model: FaceModel, path: Path) -> None:
    """Write the clip to `path` (.mp4). Raises OSError when it cannot be written."""
    head = Head(model)
    background = room()
    with Movie(path, FPS) as movie:
        for geometry in script(model):
            movie.write(head.draw(geometry, background))


def script(model: FaceModel) -> Iterator[Geometry]:
    """What the head does: its true geometry in image coordinates, frame by frame."""
    random = np.random.default_rng(7)
    identity = (0.7 * random.standard_normal(IDENTITY)).astype(np.float32)
    identity[40:] = 0.0  # the later components are fine detail, which would only roughen this skin
    for frame in range(FPS * SECONDS):
        t = frame / FPS
        yield Geometry(identity, _expression(model, t), _pose(t))


def _pose(t: float) -> Pose:
    """Straight ahead for a second, then turning and nodding, near and far."""
    swing = min(1.0, max(0.0, t - 1.0))
    yaw = np.radians(30.0) * swing * np.sin(0.9 * (t - 1.0))
    pitch = np.radians(9.0) * swing * np.sin(1.7 * (t - 1.0))
    roll = np.radians(8.0) * swing * np.sin(0.6 * (t - 1.0))
    rotation = exp(np.array([0.0, yaw, roll])) @ exp(np.array([pitch, 0.0, 0.0]))
    centre = (320.0 + 45.0 * swing * np.sin(0.7 * t), 235.0 + 10.0 * swing * np.sin(1.3 * t))
    return Pose(rotation @ FRONTAL, 1150.0 * (1.0 + 0.12 * swing * np.sin(0.5 * t)), np.array(centre))


def _expression(model: FaceModel, t: float) -> np.ndarray:
    """(84,) weights: talking from 2 s to 6 s, a broad smile at 8 s, raised brows at 10 s, blinks."""

    def pulse(middle: float, half: float) -> float:
        return float(np.clip(1.5 * (1.0 - abs(t - middle) / half), 0.0, 1.0))

    talk = pulse(4.0, 2.2)
    syllable = 0.5 + 0.5 * np.sin(2.0 * np.pi * 2.1 * t) * np.sin(2.0 * np.pi * 0.37 * t)
    smile, brows = pulse(8.0, 1.3), pulse(10.3, 0.9)
    blink = max(pulse(middle, 0.12) for middle in (0.7, 3.1, 5.9, 7.2, 9.3, 11.2))
    wanted = {
        "jawOpen": 0.55 * talk * syllable + 0.15 * smile + 0.5 * pulse(10.3, 0.7),
        "mouthFunnel": 0.4 * talk * (1.0 - syllable),
        "mouthSmile": 1.0 * smile,
        "cheekSquint": 0.4 * smile,
        "browInnerUp": 0.6 * brows + 0.2 * talk * syllable,
        "browOuterUp": 0.7 * brows,
        "eyeBlink": blink,
    }
    weights = np.zeros(EXPRESSION, np.float32)
    for index, name in enumerate(model.expression_names):
        name = name.rpartition("/")[2]
        weights[index] = wanted.get(name, wanted.get(name.removesuffix("Left").removesuffix("Right"), 0.0))
    return weights


class Head:
    """The face mesh with colours, closed by a plain skull of hair, a neck and shoulders."""

    def __init__(self, model: FaceModel) -> None:
        self._model = model
        mean = model.shape(np.zeros(IDENTITY, np.float32), np.zeros(EXPRESSION, np.float32))
        shells = _shells(mean)
        self._shell = np.concatenate([vertices for vertices, _, _ in shells]).astype(np.float32)
        triangles, colors, start = [model.triangles], [_face_colors(model, mean)], len(mean)
        for vertices, faces, color in shells:
            triangles.append(faces + start)
            colors.append(np.broadcast_to(color, vertices.shape))
            start += len(vertices)
        self._triangles = np.concatenate(triangles).astype(np.int32)
        self._colors = np.concatenate(colors).astype(np.float32)
        self._specular = np.zeros(start, np.float32)
        for name, strength in (("skin", 0.05), ("eye_left", 0.5), ("eye_right", 0.5)):
            self._specular[np.unique(model.triangles[model.parts[name]])] = strength

    def draw(self, geometry: Geometry, background: np.ndarray) -> np.ndarray:
        """The picture (HEIGHT, WIDTH, 3) uint8 RGB; `background` is linear and oversampled."""
        k = _OVERSAMPLING
        vertices = np.concatenate([self._model.shape(geometry.identity, geometry.expression), self._shell])
        pose = geometry.pose
        # Pixel centres at integers: k pixels of the large picture are one of the small one.
        large = Pose(pose.rotation, k * pose.scale, k * pose.translation + 0.5 * (k - 1))
        lights = np.array(
            [[[-0.5, -0.6, -1.0], [0.95, 0.92, 0.88]], [[0.9, -0.2, -0.7], [0.30, 0.33, 0.38]]], np.float32
        )
        rgb, depth = renderer.shade(
            large.project(vertices),
            self._triangles,
            self._colors,
            lights,
            np.array([0.22, 0.22, 0.23], np.float32),
            k * WIDTH,
            k * HEIGHT,
            specular=self._specular,
            cull=False,
        )
        picture = np.where(np.isfinite(depth)[..., None], rgb, background)
        small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return np.rint(np.clip(small, 0.0, 1.0) ** (1.0 / 2.2) * 255.0).astype(np.uint8)


def _face_colors(model: FaceModel, mean: np.ndarray) -> np.ndarray:
    """(N, 3) linear RGB of the fine vertices."""
    regions, colors = model.regions, np.tile(np.array(_SKIN), (len(mean), 1))

    def tint(weight: np.ndarray, color: _Triple) -> None:
        colors[:] = colors * (1.0 - weight[:, None]) + weight[:, None] * np.array(color)

    # Regions have hard borders; averaging over neighbours gives soft ones.
    for name, strength, color in (
        ("cheeks", 0.35, (0.50, 0.20, 0.15)),
        ("nose", 0.20, (0.48, 0.21, 0.16)),
        ("eyelids", 0.30, (0.30, 0.15, 0.12)),
        ("lips", 0.85, _LIPS),
        ("brows", 0.80, _BROWS),
    ):
        if name in regions:
            tint(strength * _soften(regions[name], model.triangles), color)
    inside = {"mouth": _MOUTH, "teeth_upper": _TEETH, "teeth_lower": _TEETH, "tongue": _TONGUE}
    for name, color in inside.items():
        if name in model.parts:
            colors[np.unique(model.triangles[model.parts[name]])] = color
    for name in ("eye_left", "eye_right"):
        ball = np.unique(model.triangles[model.parts[name]])
        offset = mean[ball] - 0.5 * (mean[ball].min(0) + mean[ball].max(0))
        angle = np.degrees(np.arccos(np.clip(offset[:, 2] / np.linalg.norm(offset, axis=1), -1.0, 1.0)))
        colors[ball] = np.select([angle[:, None] < 12.0, angle[:, None] < 30.0], [_PUPIL, _IRIS], _SCLERA)
    return colors


def _soften(mask: np.ndarray, triangles: np.ndarray, rounds: int = 2) -> np.ndarray:
    """(N,) 0..1: a vertex mask averaged over the mesh's triangles, some rounds."""
    weight = mask.astype(np.float64)
    count = np.maximum(np.bincount(triangles.ravel(), minlength=len(mask)), 1)
    for _ in range(rounds):
        corner = np.repeat(weight[triangles].mean(1), 3)
        weight = np.bincount(triangles.ravel(), weights=corner, minlength=len(mask)) / count
    return weight


def _shells(mean: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, _Triple]]:
    """Hair, neck and chest as (vertices, triangles, colour) around a face of this size (N, 3)."""
    low, high = mean.min(0), mean.max(0)
    w, bottom = high[0] - low[0], low[1]
    hair = _ellipsoid((0.0, high[1] - 0.32 * w, high[2] - 0.85 * w), (0.48 * w, 0.56 * w, 0.62 * w))
    neck = _ellipsoid((0.0, bottom - 0.1 * w, -0.6 * w), (0.36 * w, 0.8 * w, 0.36 * w))
    chest = _ellipsoid((0.0, bottom - 0.85 * w, -0.7 * w), (1.3 * w, 0.75 * w, 0.6 * w))
    return [(*hair, _HAIR), (*neck, _SKIN), (*chest, _CLOTH)]


def _ellipsoid(centre: _Triple, radii: _Triple, rings: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and triangles (T, 3), counter-clockwise from outside."""
    columns = 2 * rings
    polar = np.linspace(0.0, np.pi, rings + 1)[:, None] + np.zeros(columns)
    around = np.linspace(0.0, 2.0 * np.pi, columns, endpoint=False) + np.zeros((rings + 1, 1))
    sphere = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
    vertices = (sphere * radii + centre).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(rings), np.arange(columns), indexing="ij")
    a, b = row * columns + column, row * columns + (column + 1) % columns
    c, d = a + columns, b + columns
    return vertices, np.concatenate([np.stack([a, c, b], -1), np.stack([b, c, d], -1)]).reshape(-1, 3)


def room() -> np.ndarray:
    """A blurred room, linear RGB (k HEIGHT, k WIDTH, 3) float32."""
    random = np.random.default_rng(3)
    blobs = random.random((6, 8, 1)).astype(np.float32) + 0.25 * random.random((6, 8, 3)).astype(np.float32)
    size = (_OVERSAMPLING * WIDTH, _OVERSAMPLING * HEIGHT)
    wall = np.linspace(0.30, 0.12, size[1], dtype=np.float32)[:, None, None]
    return np.clip(wall * (0.5 + 0.8 * cv2.resize(blobs, size, interpolation=cv2.INTER_CUBIC)), 0.01, 1.0)
