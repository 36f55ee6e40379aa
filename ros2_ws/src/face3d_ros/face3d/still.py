"""Faces of one photograph: every look is tried, and the network has the last word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from face3d import rotation as so3
from face3d.camera import Camera
from face3d.crop import box_of_pose, crop_of, overlap, pose_from_box
from face3d.detector import Detection, Detector, with_few_doubts
from face3d.looks import OTHERS, UPRIGHT
from face3d.parts import WINDOW, parts_of
from face3d.track import Face
from face3d.tracker import Box, Tracker

_DOUBT = 1.1
_MOST = 4  # doubtful detections of one look
_DETAIL = 64.0  # side in pixels below which a doubtful detection shows too little
_SAME = 0.4  # overlap from which two detections are one
_SHARED = (
    0.25  # part of the smaller box in the other from which two faces are one: it may be seen upside down, too
)
_TILTED = 0.85  # what the detector's word for a tilted face counts: most photographs are upright
# What a doubtful face needs from two starts: confidence, overlap, angle (radians). Measured on pictures without a face.
_SURE, _AGREED, _TURN = 0.98, 0.8, 0.15
_RIGHT, _DOWN, _SIZE = -0.1, 0.08, 1.2  # the second start: its shift in sides of the box, and its size


def find(
    image: np.ndarray,
    tracker: Tracker,
    detector: Detector,
    passes: int,
    least: float,
    camera: Camera | None = None,
) -> list[Face]:
    """The faces of an image (H, W, 3) uint8 RGB, numbered from 0, the most certain first.

    passes  of the network for each face
    least   confidence of the network, 0..1, below which a sure detection of an upright face is dropped. Of tilted
            ones it must be as sure as for a track, and doubtful ones it must find twice, from two starts.
    """
    detections = _look_around(image, detector, tracker.settings.min_crop)
    found = _reconstructed(image, {k: hit.start for k, hit in enumerate(detections)}, tracker, passes, camera)
    doubtful = {k: _beside(hit) for k, hit in enumerate(detections) if not hit.sure and k in found}
    again = _reconstructed(image, doubtful, tracker, passes, camera)
    good: list[tuple[float, Face]] = []
    for index, face in found.items():
        hit = detections[index]
        if index in doubtful:
            accepted = index in again and _agree(face, again[index])
        else:
            accepted = face.confidence >= max(least, tracker.settings.start_confidence if hit.roll else 0.0)
        if accepted:
            good.append((hit.confidence * face.confidence * (_TILTED if hit.roll else 1.0), face))
    faces: list[Face] = []
    for _, face in sorted(good, key=lambda pair: -pair[0]):
        if all(_shared(face, other) < _SHARED for other in faces):
            faces.append(replace(face, id=len(faces)))
    return faces


def _look_around(image: np.ndarray, detector: Detector, smallest: float) -> list[Detection]:
    """What all looks find, a face once for each tilt. smallest: side of its crop, pixels."""
    found: list[Detection] = []
    for look in (UPRIGHT, *OTHERS):
        hits = [hit for hit in detector.detect(image, look, _DOUBT) if hit.sure or hit.box[2] >= _DETAIL]
        found += with_few_doubts(hits, _MOST)
    height, width = image.shape[:2]
    for part in parts_of(width, height, WINDOW, detector.settings.max_pixels):  # down to full resolution
        found += detector.detect(image, part=part)
    kept: list[Detection] = []
    for hit in sorted(found, key=lambda hit: -hit.confidence):
        known = any(hit.roll == other.roll and overlap(hit.box, other.box) >= _SAME for other in kept)
        if not known and crop_of(pose_from_box(hit.box)).size >= smallest:
            kept.append(hit)
    return kept


def _reconstructed(
    image: np.ndarray, starts: Mapping[int, Box], tracker: Tracker, passes: int, camera: Camera | None
) -> dict[int, Face]:
    """The faces found from some starts, by the starts' keys."""
    keys = list(starts)
    found = tracker.reconstruct(image, list(starts.values()), passes, camera)
    return {keys[face.id]: face for face in found}


def _beside(hit: Detection) -> tuple[float, ...]:
    """A start beside a detection: from both the network goes to a face; where there is none it goes astray."""
    x, y, width, height, roll = hit.start
    grown = 0.5 * (1.0 - _SIZE)
    return (x + (_RIGHT + grown) * width, y + (_DOWN + grown) * height, _SIZE * width, _SIZE * height, roll)


def _agree(one: Face, other: Face) -> bool:
    pose, again = one.geometry.pose, other.geometry.pose
    return (
        min(one.confidence, other.confidence) >= _SURE
        and overlap(box_of_pose(pose), box_of_pose(again)) >= _AGREED
        and so3.angle(pose.rotation, again.rotation) <= _TURN
    )


def _shared(one: Face, other: Face) -> float:
    """The part of the smaller face's box that lies in the other one's, 0..1."""
    a, b = box_of_pose(one.geometry.pose), box_of_pose(other.geometry.pose)
    areas = a[2] * a[3], b[2] * b[3]
    return overlap(a, b) / (1.0 + overlap(a, b)) * sum(areas) / min(areas)
