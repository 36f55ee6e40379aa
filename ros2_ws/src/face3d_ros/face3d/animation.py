"""A recorded performance as one animated glTF file, as Blender, Unreal, Unity and the web read it.

Every track is a node with the person's own face without expression, one morph target per expression unit, and an
animation of the head's pose and of the units' weights at the frames' own times. The camera is in the file, too:
through it the animated faces lie over the video (`face3d.scene`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from face3d.codec import EXPRESSION, IDENTITY
from face3d.export import MATERIAL, primitive, vertex_colors
from face3d.gltf import Glb
from face3d.scene import add_camera, place

if TYPE_CHECKING:
    from face3d.camera import Camera
    from face3d.model import FaceModel
    from face3d.track import Face

_STILL = 1e-6  # metres that a unit must move a vertex by to be written
_PICTURES = 9  # frames of a track that give it its colours
_BETWEEN = 0.5  # seconds between them
_AFTER = 1e-3  # seconds after its last frame at which a face disappears
_INSIDE = {
    "mouth": (75, 32, 32),
    "tongue": (140, 75, 75),
    "teeth_upper": (225, 218, 205),
    "teeth_lower": (225, 218, 205),
}


@dataclass(eq=False)
class _Recorded:
    """One track so far: its last identity, a row per frame, and colours (N, 3) uint8 of some frames with their view."""

    identity: np.ndarray
    pictures: list[tuple[float, np.ndarray]] = field(default_factory=list)
    pictured: float = -np.inf  # seconds: when colours were looked at last
    times: list[float] = field(default_factory=list)
    positions: list[np.ndarray] = field(default_factory=list)
    rotations: list[np.ndarray] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)


class Performance:
    """Collects the faces of a video frame by frame, and writes them at the end (`close`)."""

    def __init__(self, path: str | Path, model: FaceModel) -> None:
        self.path = Path(path)
        self._model = model
        self._lids = [k for k, name in enumerate(model.expression_names) if name.startswith("arkit/eyeBlink")]
        self._tracks: dict[int, _Recorded] = {}
        self._camera: Camera | None = None
        self._first: int | None = None
        self._end = 0.0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("wb"):  # to know now, not after the video, whether it can be written
            pass

    def write(self, image: np.ndarray, faces: Sequence[Face], stamp: int) -> None:
        """Append the faces of an image (H, W, 3) uint8 RGB of a stamp in nanoseconds."""
        if self._first is None:
            self._first = stamp
        self._end = (stamp - self._first) * 1e-9
        for face in faces:
            self._camera = self._camera or face.camera
            track = self._tracks.get(face.id)
            if track is None:
                track = self._tracks[face.id] = _Recorded(face.geometry.identity)
            if self._end - track.pictured >= _BETWEEN:
                track.pictured = self._end
                self._picture(track, image, face)
            position, turn = place(face)
            if track.rotations and turn @ track.rotations[-1] < 0.0:
                turn = -turn  # the same rotation, on the short way between two frames
            track.identity = face.geometry.identity
            track.times.append(self._end)
            track.positions.append(position)
            track.rotations.append(turn)
            track.weights.append(face.geometry.expression)

    def close(self) -> None:
        """Write the file; without any face it is removed. Raises OSError."""
        if not self._tracks or self._camera is None:
            self.path.unlink(missing_ok=True)
            return
        glb, model = Glb(), self._model
        targets = [{"POSITION": glb.sparse(shift)} for shift in _units(model)]
        names = [name.removeprefix("arkit/") for name in model.expression_names]
        add_camera(glb.document, self._camera)
        nodes: list[dict] = glb.document["nodes"]
        meshes: list[dict] = []
        channels: list[dict] = []
        samplers: list[dict] = []

        def animate(node: int, path: str, times: int, values: int, interpolation: str = "LINEAR") -> None:
            channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
            samplers.append({"input": times, "output": values, "interpolation": interpolation})

        for number, track in self._tracks.items():
            still = model.shape(track.identity, np.zeros(EXPRESSION, np.float32))
            mesh = primitive(glb, still, model.triangles, self._colors(track)) | {"targets": targets}
            meshes.append(
                {"primitives": [mesh], "weights": [0.0] * EXPRESSION, "extras": {"targetNames": names}}
            )
            node = len(nodes)
            nodes.append({"mesh": len(meshes) - 1, "name": f"face_{number}"})
            keys = _rising(track.times)
            times = glb.accessor(keys, bounds=True)
            animate(node, "translation", times, glb.accessor(np.array(track.positions, np.float32)))
            animate(node, "rotation", times, glb.accessor(np.array(track.rotations, np.float32)))
            animate(node, "weights", times, glb.accessor(np.concatenate(track.weights).astype(np.float32)))
            if track.times[0] > 0.0 or track.times[-1] < self._end:  # seen only while it is tracked
                steps, sizes = _presence(keys, track.times[-1] >= self._end)
                animate(node, "scale", glb.accessor(steps, bounds=True), glb.accessor(sizes), "STEP")
        glb.document |= {
            "scene": 0,
            "scenes": [{"nodes": list(range(len(nodes)))}],
            "meshes": meshes,
            "materials": [MATERIAL],
            "animations": [{"name": "performance", "channels": channels, "samplers": samplers}],
        }
        glb.write(self.path)

    def _picture(self, track: _Recorded, image: np.ndarray, face: Face) -> None:
        """Keep this frame's colours if it is one of the best views: from ahead, with open eyes."""
        blinks = face.geometry.expression[self._lids]
        view = float(-face.geometry.pose.rotation[2, 2]) - float(blinks.mean() if len(blinks) else 0.0)
        if len(track.pictures) < _PICTURES or view > track.pictures[-1][0]:
            colors = vertex_colors(image, face.raster(), self._model.triangles)
            track.pictures.append((view, colors))
            track.pictures.sort(key=lambda picture: -picture[0])
            del track.pictures[_PICTURES:]

    def _colors(self, track: _Recorded) -> np.ndarray:
        """(N, 3) uint8 sRGB: skin and eyes from the images, without a hand that passes; the mouth's inside plain."""
        colors = np.median([colors for _, colors in track.pictures], axis=0).astype(np.uint8)
        for part, color in _INSIDE.items():
            if part in self._model.parts:
                colors[np.unique(self._model.triangles[self._model.parts[part]])] = color
        return colors

    def __enter__(self) -> Performance:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _units(model: FaceModel) -> Iterator[np.ndarray]:
    """(N, 3) float32 metres, one after the other: how each expression unit moves the fine vertices at weight 1."""
    identity = np.zeros(IDENTITY, np.float32)
    neutral = model.shape(identity, np.zeros(EXPRESSION, np.float32))
    for unit in np.eye(EXPRESSION, dtype=np.float32):
        shift = model.shape(identity, unit) - neutral
        shift[(np.abs(shift) < _STILL).all(axis=1)] = 0.0
        yield shift


def _rising(times: Sequence[float]) -> np.ndarray:
    """Times in seconds, from 0 and in order, as (K,) float32 that strictly rise, as glTF's keys must.

    Ten hours on, float32 counts in steps of 4 ms: a key that would fall on the one before goes one step behind it.
    """
    # As whole numbers, floats that are not negative keep their order.
    bits = np.array(times, np.float32).view(np.int32)
    steps = np.arange(len(bits), dtype=np.int32)
    return (np.maximum.accumulate(bits - steps) + steps).view(np.float32)


def _presence(times: np.ndarray, to_the_end: bool) -> tuple[np.ndarray, np.ndarray]:
    """Times (K,) and sizes (K, 3), float32, that hide a face before its first key and, unless it is tracked
    `to_the_end`, after its last."""
    steps = [(0.0, 0.0)] * bool(times[0] > 0.0) + [(times[0], 1.0)]
    if not to_the_end:
        after = np.nextafter(times[-1], np.float32(np.inf))  # late in a long video that is more than _AFTER
        steps.append((max(after, times[-1] + np.float32(_AFTER)), 0.0))
    moments, sizes = np.array(steps, np.float32).T
    return np.ascontiguousarray(moments), np.repeat(sizes[:, None], 3, axis=1)
