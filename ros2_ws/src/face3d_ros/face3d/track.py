"""What the tracker keeps and gives: tracks, its whole state, settings, and faces; all immutable."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from face3d.camera import Camera
from face3d.codec import Geometry
from face3d.face_filter import FaceFilter, FaceMemory

_POINTS = 500  # of a face that its metric pose is fitted to, about
FRONT = -0.045
"""Metres: what lies behind this depth of the model frame is ears and skull, and no pose is fitted to it."""
BACK = 0.1
"""Seconds by which stamps may go back: a clock that is set, images that overtake each other."""

_SPANS = (
    "patience",
    "max_misses",
    "max_gap",
    "max_turn",
    "max_shift",
    "max_angle",
    "max_tilt",
    "min_crop",
    "max_identity",
)


@dataclass(frozen=True)
class TrackerSettings:
    """How faces are begun, kept and given up.

    first_iterations  most network passes in the step that starts a face from a box: they end as soon as the face rests.
                      A tracked face takes one
    max_faces         tracks at a time; further boxes are ignored
    smoothing         'one_euro', 'exponential' or 'none'
    steadiness        of 'one_euro': 2 expects twice the noise of a webcam in a lit room; steadier, slower
    exponential_weight  weight of the new frame in exponential smoothing
    prior             which estimate the next frame starts from: 'smoothed' or 'raw'
    start_confidence  the network's confidence that starts a track
    keep_confidence   below it (averaged over frames; below half of it: at once) a frame counts as missed
    patience          seconds without a good frame after which a track ends; no output meanwhile
    max_misses        frames without a good one after which a track ends, whatever the stamps say
    max_gap           seconds without any frame after which all tracks end
    max_turn, max_zoom, max_shift  largest plausible change in one pass of a tracked face: radians, ratio of
                      scales, fraction of the crop's side
    max_angle         largest plausible angle between the face's direction and the way to the camera, radians
    max_tilt          largest plausible angle between the head's up and the image's up, radians, in the image turned
                      by quarters that shows the prior upright
    min_crop          smallest plausible crop in pixels: smaller faces carry no detail
    max_identity      largest plausible root mean square of the whitened identity
    min_likeness      correlation of the picture in the crop with that of the frames before, below which it is another
                      one: a cut, a hand before the face, somebody else; -1 never
    """

    first_iterations: int = 6
    max_faces: int = 8
    smoothing: str = "one_euro"
    steadiness: float = 1.0
    exponential_weight: float = 0.5
    prior: str = "smoothed"
    start_confidence: float = 0.8
    keep_confidence: float = 0.3
    patience: float = 0.35
    max_misses: int = 60
    max_gap: float = 1.0
    max_turn: float = math.radians(50.0)
    max_zoom: float = 1.5
    max_shift: float = 0.35
    max_angle: float = math.radians(100.0)
    max_tilt: float = math.radians(65.0)
    min_crop: float = 24.0
    max_identity: float = 4.0
    min_likeness: float = 0.5

    def __post_init__(self) -> None:
        self.filter()
        if self.prior not in ("smoothed", "raw"):
            raise ValueError(f"prior is 'smoothed' or 'raw', got {self.prior!r}")
        if not 0.0 <= self.keep_confidence <= self.start_confidence <= 1.0:
            raise ValueError(
                "confidences need 0 <= keep_confidence <= start_confidence <= 1, got "
                f"{self.keep_confidence} and {self.start_confidence}"
            )
        for name in ("first_iterations", "max_faces"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in _SPANS:
            if not getattr(self, name) >= 0.0:  # as NaN is not
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if not self.max_zoom > 1.0:
            raise ValueError(f"max_zoom must be above 1, got {self.max_zoom}")
        if not -1.0 <= self.min_likeness <= 1.0:
            raise ValueError(f"min_likeness is a correlation, from -1 to 1, got {self.min_likeness}")

    def filter(self) -> FaceFilter:
        """The smoothing that these settings name."""
        return FaceFilter.named(self.smoothing, self.exponential_weight, self.steadiness)


@dataclass(frozen=True, eq=False)
class Track:
    """One face over time.

    prior     what the next frame starts from, and its level-of-detail vertices (C, 3) float32 if known
    stamp     of the last good frame, nanoseconds; misses counts the frames since
    look      of its crop so far, see `face3d.likeness`; None before the second frame
    """

    id: int
    memory: FaceMemory
    prior: Geometry
    vertices: np.ndarray | None
    confidence: float
    stamp: int
    age: int = 1
    misses: int = 0
    look: np.ndarray | None = None


class Counters(NamedTuple):
    """Events since the start, for diagnostics.

    frames       steps taken
    started, ended, merged  tracks; merged ones had run into an older track
    missed       frames of tracks without a good estimate: implausible, invalid or of low confidence
    implausible  estimates refused for their pose, size or jump
    invalid      estimates refused for NaN or infinity
    changed      estimates refused because the picture was another one than before
    refused      boxes that started no track: implausible, invalid or of low confidence
    resets       times that stamps went backwards
    """

    frames: int = 0
    started: int = 0
    ended: int = 0
    missed: int = 0
    implausible: int = 0
    invalid: int = 0
    changed: int = 0
    merged: int = 0
    refused: int = 0
    resets: int = 0

    def plus(self, **changes: int) -> Counters:
        """Counters with some of them increased."""
        if not any(changes.values()):
            return self
        return self._replace(**{name: getattr(self, name) + change for name, change in changes.items()})


@dataclass(frozen=True, eq=False)
class TrackerState:
    """All that a tracker remembers between frames. The initial state is `TrackerState()`."""

    tracks: tuple[Track, ...] = ()
    next_id: int = 1
    stamp: int | None = None
    counters: Counters = field(default_factory=Counters)

    @property
    def tracked(self) -> int:
        """Number of faces that the last frame had. While it is 0 the detector should see every frame."""
        return sum(track.misses == 0 for track in self.tracks)


@dataclass(frozen=True, eq=False)
class Face:
    """One reconstructed face.

    id          stable over a track, from 1; in photographs the face's number from 0
    stamp       nanoseconds, the image's
    confidence  0..1
    geometry    coefficients and pose in image coordinates
    identity_deviation  standard error of the identity coefficients, whose spread among people is 1: it falls over a
                track, see `face3d.running_mean`; 1 in photographs
    vertices    (N, 3) float32, metres, model frame
    landmarks   (68, 3) float32 raster: u, v and depth in pixels
    camera      what `metric` and `camera_vertices` assume
    """

    id: int
    stamp: int
    confidence: float
    geometry: Geometry
    vertices: np.ndarray
    landmarks: np.ndarray
    camera: Camera
    identity_deviation: float = 1.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(x, y, width, height) in pixels: tight around the 68 projected landmarks (brows to chin)."""
        low, high = self.landmarks[:, :2].min(0), self.landmarks[:, :2].max(0)
        return (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))

    def raster(self) -> np.ndarray:
        """(N, 3) float32: all vertices in the image, u, v and depth in pixels."""
        return self.geometry.pose.project(self.vertices)

    def metric(self) -> tuple[np.ndarray, np.ndarray]:
        """Rotation (3, 3) and translation (3,) in metres of the model frame in the camera's optical frame."""
        return self._metric

    @cached_property
    def _metric(self) -> tuple[np.ndarray, np.ndarray]:
        some = self.vertices[:: max(1, len(self.vertices) // _POINTS)]
        front = some[some[:, 2] > FRONT]
        rotation, translation = self.camera.metric(self.geometry.pose, front if len(front) >= 3 else None)
        rotation.setflags(write=False)
        translation.setflags(write=False)
        return rotation, translation

    def camera_vertices(self) -> np.ndarray:
        """(N, 3) float32: all vertices in the camera's optical frame, metres."""
        # OpenCV does this in a twelfth of the time of numpy's product with a thin matrix.
        return cv2.transform(self.vertices[None], np.column_stack(self.metric()).astype(np.float32))[0]
