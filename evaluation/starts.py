"""Where does live tracking begin? On faces, from which size on, and never on anything else.

As the nodes do it: ten looks a second while nobody is tracked, `Search` says which, and the tracker takes every frame.
A picture moves as before a hand-held camera. Faces are held-back synthetic ones in all poses, profiles and hands before
them included, and real stills, made small; without a face are photographs of animals, plants, tools and textures,
walls, noise, and a film.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from evaluation.measures import mean_interval
from evaluation.pictures import Picture
from evaluation.walk import Walk
from face3d.camera import Camera
from face3d.crop import box_of_pose, overlap
from face3d.model import FaceModel
from face3d.runtime import Runtime
from face3d.search import Search
from face3d.track import TrackerState
from face3d.tracker import Tracker

SIZE = (640, 480)
SIDES = (40, 45, 50, 60, 70)
"""Pixels of a detection box in frames of SIZE."""

_PERIOD = 33_333_333  # ns
_EVERY = 3  # frames from look to look
_PATIENCE = 30  # looks: two rounds and more, with doubt and without
_KEPT = 30  # frames after the start for which a face must stay
_SAME = 0.3  # overlap of boxes from which a reported face is the one that is there


@dataclass(frozen=True)
class Start:
    """What came of one scene.

    side   of the face's box in pixels; 0 without a face
    looks  until a track began, or None; kept: share of the `_KEPT` frames after that which show the face
    false  whether a face was shown where there is none
    """

    name: str
    side: float
    looks: int | None
    kept: float
    false: bool


def run(
    faces: Sequence[Picture], empty: Sequence[Picture], model: FaceModel, network: Runtime
) -> list[Start]:
    """Every face in every size of SIDES, and every picture without one."""
    rng, tracker = np.random.default_rng(14), Tracker(model, network)
    found: list[Start] = []
    jobs = [(face, float(side)) for side in SIDES for face in faces] + [(picture, 0.0) for picture in empty]
    for picture, side in tqdm(jobs, "starts", unit="scene", leave=False, disable=None):
        found.append(watch(picture, side, tracker, rng))
    return found


def watch(picture: Picture, side: float, tracker: Tracker, rng: np.random.Generator) -> Start:
    """One scene: looks for a face until one is tracked, then follows it; without one looks to the end."""
    walk, search, camera = Walk(picture, rng, SIZE, side), Search(), Camera.from_fov(*SIZE)
    state, looks, began, false, shown = TrackerState(), 0, None, False, []
    for index in range(_EVERY * _PATIENCE + _KEPT):
        if began is None and looks >= _PATIENCE:
            break
        looking = not state.tracks and index % _EVERY == 0
        if not (looking or state.tracks):
            continue  # nothing would happen
        image, truth = walk.frame(index, rng)
        boxes = [hit.start for hit in search.look(image, False)] if looking else None
        looks += looking and began is None
        faces, state = tracker.step(image, camera, boxes, state, index * _PERIOD)
        right = [truth is not None and overlap(box_of_pose(f.geometry.pose), truth) >= _SAME for f in faces]
        false |= not all(right)
        if began is None and any(right):
            began = looks
        elif began is not None:
            shown.append(any(right))
            if len(shown) == _KEPT:
                break
    return Start(picture.name, side, began, float(np.mean(shown)) if shown else 0.0, false)


def measure(starts: Sequence[Start]) -> dict:
    """By side: shares of faces that begin, and begin and stay, and the median number of looks; false starts."""
    sizes = {}
    for side in dict.fromkeys(start.side for start in starts if start.side):
        chosen = [start for start in starts if start.side == side]
        looks = [start.looks for start in chosen if start.looks is not None]
        sizes[side] = {
            "faces": len(chosen),
            "begun": mean_interval([100.0 * (start.looks is not None) for start in chosen]),
            "stay": mean_interval([100.0 * (start.kept >= 0.9) for start in chosen]),
            "looks": float(np.median(looks)) if looks else float("nan"),
        }
    empty = [start for start in starts if not start.side]
    return {
        "sizes": sizes,
        "empty": len(empty),
        "looks": _PATIENCE,
        "false": sorted(start.name for start in empty if start.false),
    }
