"""A tracker that believes in everything it is shown, frame by frame, and pictures that are no face."""

from __future__ import annotations

import numpy as np

from face3d.codec import Geometry
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker
from tests.core.frames import CAMERA, FRAME
from tests.core.oracle import Oracle


def pattern(seed: int, width: int = 640, height: int = 480) -> np.ndarray:
    """A picture of soft blotches."""
    cells = np.random.default_rng(seed).integers(0, 256, (height // 40, width // 40, 3)).astype(np.uint8)
    return np.ascontiguousarray(np.kron(cells, np.ones((40, 40, 1), np.uint8)))


class Playing:
    """A tracker whose network says yes to everything, frame by frame."""

    def __init__(self, model, monkeypatch, truth: Geometry, settings: TrackerSettings | None = None) -> None:
        self.oracle = Oracle(monkeypatch, [truth])
        self.oracle.reach = 10.0  # it finds a face everywhere
        self.oracle.spoil = lambda outputs, confidence: confidence.fill(0.95)
        self.tracker, self.state, self.frame = Tracker(model, self.oracle, settings), TrackerState(), 0

    def show(self, image: np.ndarray, boxes=None) -> list[int]:
        """The ids of the faces in the next frame."""
        faces, self.state = self.tracker.step(image, CAMERA, boxes, self.state, self.frame * FRAME)
        self.frame += 1
        return [face.id for face in faces]
