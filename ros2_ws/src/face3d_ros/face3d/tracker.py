"""From images to faces: the state of one frame starts the next.

The tracker has one verb, `step`, a pure function of its inputs: the same frames, boxes and stamps give the
same faces bit for bit. Photographs go through `reconstruct`, which iterates from the mean face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from face3d import rotation as so3
from face3d.attempt import Attempt, run
from face3d.camera import Camera
from face3d.codec import Geometry, prior_shape
from face3d.crop import box_of_pose, check_image, overlap, pose_from_box
from face3d.face_filter import FaceMemory
from face3d.likeness import remember
from face3d.overlaps import DUPLICATE, SAME_FACE, Box, matching, without_duplicates
from face3d.track import BACK, Counters, Face, Track, TrackerSettings, TrackerState

if TYPE_CHECKING:
    from face3d.model import FaceModel
    from face3d.runtime import Runtime

_AGREED = 0.5  # overlap of a box and a track's own box below which the track is doubted
_BETTER, _EQUAL = 0.1, -0.05  # more confidence that a box inside a track must have, and one that doubts it
_BOXES = 3  # about one track that are looked at in a frame: a detector that says more is broken
_NOMINAL_DT = 1.0 / 30.0  # for cameras whose stamps stand still, or go back a little


class Tracker:
    """Reconstructs faces in a sequence of images."""

    def __init__(self, model: FaceModel, runtime: Runtime, settings: TrackerSettings | None = None) -> None:
        self.model = model
        self.runtime = runtime
        self.settings = settings or TrackerSettings()
        self._filter = self.settings.filter()

    def step(
        self, image: np.ndarray, camera: Camera, boxes: Sequence[Box] | None, state: TrackerState, stamp: int
    ) -> tuple[list[Face], TrackerState]:
        """One frame of a video: the faces in it, in the order of their ids, and the next state.

        image   uint8 RGB (H, W, 3), C-contiguous
        camera  for metric results only; tracking works in pixels
        boxes   detections (x, y, width, height) in this image or one shortly before; None or empty when the
                detector did not run. Only faces that are not tracked need one.
        state   of the frame before; `TrackerState()` in the beginning
        stamp   time of the image in nanoseconds. A stamp long before the last one (a bag that starts again) ends
                all tracks: their ids do not return.
        Raises ValueError for a wrong image or box, and what the runtime raises; the state is then unchanged.
        """
        check_image(image)
        state = self._clock(state, stamp)
        # Which faces to look for: one pass for each tracked one, several for new ones from their boxes.
        attempts, spare = self._attempts(state.tracks, boxes or (), stamp)
        run(image, attempts, self.model, self.runtime, self.settings)
        # A box on a track that was well is of use where the track does not hold in this very image: after a cut.
        holding = [own.track for own in attempts if own.holds(self.settings)]
        spare = [attempt for attempt in spare if attempt.track not in holding]
        run(image, spare, self.model, self.runtime, self.settings)
        attempts += spare
        # New tracks and old ones, with the filters advanced, the lost ones gone and duplicates merged.
        tracks, next_id, counters = self._updated(state, attempts, stamp)
        kept = without_duplicates(tracks, state.tracks)
        counters = counters.plus(merged=len(tracks) - len(kept))
        tracks, counters = self._ended(kept, counters, stamp)
        faces, remembered = [], []
        for track in tracks:
            if track.misses == 0:
                memory = track.memory
                deviation = memory.identity.deviation
                face = self._face(track.id, stamp, track.confidence, memory.geometry, camera, deviation)
                faces.append(face)
                if track.vertices is None:
                    whole = face.vertices if track.prior is face.geometry else None
                    track = replace(track, vertices=prior_shape(track.prior, self.model, whole))
            remembered.append(track)
        return faces, TrackerState(tuple(remembered), next_id, stamp, counters.plus(frames=1))

    def reconstruct(
        self, image: np.ndarray, boxes: Sequence[Box], iterations: int = 4, camera: Camera | None = None
    ) -> list[Face]:
        """Faces of one photograph, one per box (x, y, width, height), in their order, ids from 0.

        A box whose estimate is not plausible gives no face. `camera` defaults to a field of view of 60 degrees.
        """
        check_image(image)
        if iterations < 1:
            raise ValueError(f"at least one iteration is needed, got {iterations}")
        if camera is None:
            camera = Camera.from_fov(image.shape[1], image.shape[0])
        attempts = [Attempt(None, Geometry.mean(pose_from_box(box)), iterations) for box in boxes]
        run(image, attempts, self.model, self.runtime, self.settings)
        return [
            self._face(index, 0, attempt.confidence, attempt.geometry, camera)
            for index, attempt in enumerate(attempts)
            if not attempt.failure
        ]

    def _clock(self, state: TrackerState, stamp: int) -> TrackerState:
        """Ends all tracks when time went far back or stood still for too long."""
        if state.stamp is None or -BACK * 1e9 <= stamp - state.stamp <= self.settings.max_gap * 1e9:
            return state
        counters = state.counters.plus(resets=int(stamp < state.stamp), ended=len(state.tracks))
        return replace(state, tracks=(), counters=counters)

    def _attempts(
        self, tracks: Sequence[Track], boxes: Sequence[Box], stamp: int
    ) -> tuple[list[Attempt], list[Attempt]]:
        """What is looked at in this frame; and boxes on tracks that were well, should one of these not hold."""
        spare: list[Attempt] = []
        attempts = [
            Attempt(track, self._ahead(track, stamp), 1, tracked=True, vertices=track.vertices)
            for track in tracks
        ]
        room = self.settings.max_faces - len(tracks)
        for box in boxes:
            pose = pose_from_box(box)
            fresh = Attempt(None, Geometry.mean(pose), self.settings.first_iterations, begins=True)
            track, overlapping = matching(tracks, box, pose)
            if track is not None:
                if sum(other.track is track for other in attempts + spare) > _BOXES:
                    continue
                identity = track.memory.identity.value
                fresh = replace(fresh, track=track, geometry=replace(fresh.geometry, identity=identity))
                fresh.margin = _EQUAL if overlapping >= SAME_FACE else _BETTER
                if track.misses == 0 and overlapping >= _AGREED:
                    spare.append(fresh)
                    continue
            elif any(overlap(box, box_of_pose(other.geometry.pose)) >= DUPLICATE for other in attempts):
                continue  # the same face twice in one list of boxes
            elif room <= 0:
                continue
            else:
                room -= 1
            attempts.append(fresh)
        return attempts, spare

    def _ahead(self, track: Track, stamp: int) -> Geometry:
        """Where a track's face should be by now; one that is lost is looked for where it was."""
        if track.misses:
            return track.prior
        pose = self._filter.ahead(track.memory, track.prior.pose, _seconds(track.stamp, stamp))
        return Geometry(track.prior.identity, track.prior.expression, pose)

    def _updated(
        self, state: TrackerState, attempts: list[Attempt], stamp: int
    ) -> tuple[list[Track], int, Counters]:
        """Tracks after this frame, old ones and then new ones, the next id, and the counters."""
        counters, tracks = state.counters, []
        news = [attempt for attempt in attempts if attempt.track is None]
        for track in state.tracks:
            own, *fresh = [attempt for attempt in attempts if attempt.track is track]
            after, failure, stranger = self._followed(track, own, fresh, stamp)
            if stranger is not None:
                news.append(stranger)
            if after is None:
                counters = counters.plus(ended=1)
                continue
            tracks.append(after)
            if after.misses:
                counters = counters.plus(missed=1, **({failure: 1} if failure else {}))
        next_id = state.next_id
        for attempt in news:
            if not attempt.convinces(self.settings):
                counters = counters.plus(refused=1, **({attempt.failure: 1} if attempt.failure else {}))
                continue
            if len(tracks) >= self.settings.max_faces:
                continue  # somebody beside a track, for whom there is no room
            memory = self._filter.start(attempt.geometry, confidence=attempt.confidence)
            prior = self._prior(attempt.before, memory, attempt.geometry)
            tracks.append(Track(next_id, memory, prior, None, attempt.confidence, stamp))
            counters, next_id = counters.plus(started=1), next_id + 1
        return tracks, next_id, counters

    def _followed(
        self, track: Track, own: Attempt, fresh: list[Attempt], stamp: int
    ) -> tuple[Track | None, str, Attempt | None]:
        """A track after this frame, None when it ends; why its own estimate failed, if it did; and somebody else.

        Somebody else is there instead of a track that is lost, and beside one that is good.
        """
        settings = self.settings
        confidence, good = own.averaged(track), own.holds(settings)
        usable = [attempt for attempt in fresh if attempt.convinces(settings)]
        best = max(usable, key=lambda attempt: attempt.confidence, default=None)
        if best is not None and good and best.confidence <= own.confidence + best.margin:
            best = None
        stranger = None
        if best is not None and not best.is_alike(settings):
            best, stranger = None, best
        if best is not None:
            memory = self._filter.start(best.geometry, track.memory.identity, best.confidence)
            confidence, look = best.confidence, best.look
            prior, vertices = self._prior(best.before, memory, best.geometry), None
        elif good:
            dt = _seconds(track.stamp, stamp)
            memory = self._filter.follow(track.memory, own.geometry, dt, own.confidence)
            prior = self._prior(track.prior, memory, own.geometry)
            vertices = track.vertices if prior is track.prior else None
            look = own.look
            if look is not None and track.look is not None:
                turn = so3.angle(track.memory.rotation.value, own.geometry.pose.rotation)
                look = remember(track.look, look, turn)
        elif stranger is not None:
            return None, own.failure, stranger
        else:
            return replace(track, confidence=confidence, misses=track.misses + 1), own.failure, None
        track = Track(track.id, memory, prior, vertices, confidence, stamp, track.age + 1, look=look)
        return track, own.failure, stranger

    def _prior(self, before: Geometry, memory: FaceMemory, geometry: Geometry) -> Geometry:
        """What the next frame starts from: the estimate, or while the face rests what this one started from."""
        prior = memory.geometry if self.settings.prior == "smoothed" else geometry
        return before if self._filter.rests(before, prior) else prior

    def _ended(self, tracks: list[Track], counters: Counters, stamp: int) -> tuple[list[Track], Counters]:
        """Tracks without a good frame for too long end here."""
        settings = self.settings
        kept = [
            track
            for track in tracks
            if track.misses == 0
            or (stamp - track.stamp <= settings.patience * 1e9 and track.misses <= settings.max_misses)
        ]
        return kept, counters.plus(ended=len(tracks) - len(kept))

    def _face(
        self,
        number: int,
        stamp: int,
        confidence: float,
        geometry: Geometry,
        camera: Camera,
        deviation: float = 1.0,
    ) -> Face:
        vertices = self.model.shape(geometry.identity, geometry.expression)
        points = geometry.pose.project(self.model.landmarks_of(vertices, geometry.pose.rotation))
        return Face(number, stamp, confidence, geometry, vertices, points, camera, deviation)


def _seconds(before: int, now: int) -> float:
    """Time between two stamps, > 0."""
    return (now - before) * 1e-9 if now > before else _NOMINAL_DT
