"""The README's moving picture: the synthetic head of `face3d.demo_head`, followed as `face3d video` does."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from evaluation.figures import Painter
from face3d import demo_head
from face3d.camera import Camera
from face3d.commands.video import follow
from face3d.crop import Crop
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.search import Search
from face3d.tracker import Tracker, TrackerState

_FIRST, _LAST, _STEP = 60, 270, 3  # frames of the clip that are shown
_WINDOW = Crop(325.0, 245.0, 470.0)  # of its pictures
_QUALITY = 97  # below that blocks of the frame before stay on smooth skin


def track(model: FaceModel, network: Runtime, tile: int = 240) -> list[np.ndarray]:
    """Frames (tile, 3 * tile, 3) uint8 RGB: the video, the tracked mesh over it, the mesh alone from one side.

    Every frame of the clip is tracked, from the detector's box in the first one; a part of them is shown.
    """
    tracker, state, search = Tracker(model, network), TrackerState(), Search()
    head, room, painter = demo_head.Head(model), demo_head.room(), Painter(model, tile)
    camera = Camera.from_fov(demo_head.WIDTH, demo_head.HEIGHT)
    shown = []
    for number, truth in zip(range(_LAST), demo_head.script(model)):
        image = head.draw(truth, room)
        stamp = round(number * 1e9 / demo_head.FPS)
        faces, state = follow(image, stamp, camera, tracker, search, state, due=False)
        if number < _FIRST or number % _STEP:
            continue
        plain = painter.photo(image, _WINDOW)
        if faces:
            face = faces[0].geometry
            tiles = [plain, painter.overlay(image, _WINDOW, face), painter.turned(face, 50.0)]
        else:
            tiles = [plain, plain, np.full_like(plain, 255)]
        shown.append(np.hstack(tiles))
    return shown


def save(frames: list[np.ndarray], path: Path) -> Path:
    """An animated WebP that repeats for ever, at the clip's speed. Raises OSError when it cannot be written."""
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2BGR) for frame in frames]
    animation.durations = [round(1000 * _STEP / demo_head.FPS)] * len(frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY]):
        raise OSError(f"{path} could not be written")
    return path
