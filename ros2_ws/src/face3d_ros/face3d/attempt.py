"""One face in one frame: where the network starts, and what comes out. All faces of a frame share its batches."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from face3d import codec
from face3d import rotation as so3
from face3d.codec import Geometry
from face3d.face_filter import FaceFilter
from face3d.likeness import is_alike, is_alike_turned, look_of
from face3d.plausibility import is_near, is_plausible, is_within
from face3d.quarter import quarters_of, roll_of, turned, turned_geometry
from face3d.track import Track, TrackerSettings

if TYPE_CHECKING:
    from face3d.model import FaceModel
    from face3d.runtime import Runtime

# What the network must say of a box at the first glance. Of faces, small and turned ones among them, it says 0.96 and
# more; of cups, stones and motorcycles that it believes in at the end, 0.18 at most.
_FIRST_GLANCE = 0.5
# The second glance: metres at the face to the right and down of the box, and how much larger.
_ASIDE, _LARGER = (-0.015, 0.012), 1.2
# What a tracked face moves in one frame before it is looked at twice: radians, log scale, crops. One pass goes most of
# the way only, and what is left adds up from frame to frame. Heads hardly do it; shaken cameras do.
_FAR = 0.2, 0.2, 0.15
_CONFIDENCE_GAIN = 0.4
_ROLLED = 0.1  # radians from which a head is compared with itself turned


@dataclass
class Attempt:
    """A prior, and after `run` what the network made of it.

    track       what it is about; None for a new face
    geometry    in: the prior, out: the estimate
    passes      of the network; one more when a tracked face has moved far, or the picture is another one than its own
    begins      in a video from a box: there is a second glance, from beside, and passes end as soon as the estimate
                rests where it came from, see `FaceFilter.rests`
    tracked     goes on from the frame before, rather than from a box
    vertices    `codec.prior_shape` of the prior, if known
    look        of the crop in the last pass, see `face3d.likeness`
    margin      of confidence by which it must beat the track's own estimate
    unled       confidence of the first pass, the lower one where there are two. Later ones see their own idea of a face
                beside the picture: from a box on a cup they talk themselves into it
    failure     'invalid', 'implausible' or 'changed', the name of the counter; empty when it may be used
    before      what the last pass started from
    """

    track: Track | None
    geometry: Geometry
    passes: int
    tracked: bool = False
    begins: bool = False
    vertices: np.ndarray | None = None
    look: np.ndarray | None = None
    margin: float = 0.0
    confidence: float = 0.0
    unled: float = 0.0
    failure: str = ""
    before: Geometry = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.geometry

    def averaged(self, track: Track) -> float:
        """A track's confidence, which is averaged over frames, after this one; a failed estimate has none."""
        seen = 0.0 if self.failure else self.confidence
        return track.confidence + _CONFIDENCE_GAIN * (seen - track.confidence)

    def holds(self, settings: TrackerSettings) -> bool:
        """Whether it is a track's own estimate, and good enough for it."""
        if self.track is None or not self.tracked or self.failure:
            return False
        # A face that is found again must be as sure as one that begins.
        least = settings.start_confidence if self.track.misses else 0.5 * settings.keep_confidence
        return self.confidence >= least and self.averaged(self.track) >= settings.keep_confidence

    def convinces(self, settings: TrackerSettings) -> bool:
        """Whether the network takes what came of a box for a face: at the first glance, and after all passes."""
        sure = self.unled >= _FIRST_GLANCE and self.confidence >= settings.start_confidence
        return sure and not self.failure

    def is_alike(self, settings: TrackerSettings) -> bool:
        """Whether it shows what its track has shown so far; yes where nothing can be compared."""
        if self.look is None or self.track is None or self.track.look is None:
            return True
        before, least = self.track.look, settings.min_likeness
        if is_alike(self.look, before, least):
            return True
        tilts = roll_of(self.geometry.pose), roll_of(self.track.memory.geometry.pose)
        roll = math.remainder(tilts[0] - tilts[1], 2.0 * math.pi)
        return abs(roll) > _ROLLED and is_alike_turned(self.look, before, roll, least)


def run(
    image: np.ndarray, attempts: list[Attempt], model: FaceModel, runtime: Runtime, settings: TrackerSettings
) -> None:
    """All passes of all attempts on an image (H, W, 3) uint8 RGB; those that still need one share a batch."""
    sight = _Sight(image, model, runtime, settings)
    for index in itertools.count():
        active = [attempt for attempt in attempts if attempt.passes > index and not attempt.failure]
        if not active:
            return
        tilted = [attempt for attempt in active if not attempt.tracked and quarters_of(attempt.geometry.pose)]
        sight.look(active, index)
        if index == 0:
            sight.right([attempt for attempt in tilted if attempt.unled >= _FIRST_GLANCE])
            sight.glance_again(
                [attempt for attempt in active if attempt.begins and attempt.unled >= _FIRST_GLANCE]
            )


class _Sight:
    """What the network sees of one image: every face upright, give or take, in the image turned by quarters."""

    def __init__(
        self, image: np.ndarray, model: FaceModel, runtime: Runtime, settings: TrackerSettings
    ) -> None:
        self._views = {0: image}
        self._model, self._runtime, self._settings = model, runtime, settings

    def look(self, attempts: list[Attempt], index: int) -> None:
        """The pass of this index, in one batch."""
        settings, views = self._settings, self._views
        image = views[0]
        quarters = [quarters_of(attempt.geometry.pose) for attempt in attempts]
        encoded, priors = [], []
        for attempt, turns in zip(attempts, quarters):
            if turns not in views:
                views[turns] = turned(image, turns)
            priors.append(turned_geometry(attempt.geometry, turns, image.shape[1], image.shape[0]))
            encoded.append(codec.encode(views[turns], priors[-1], self._model, vertices=attempt.vertices))
        tensors = [tensor for tensor, _ in encoded]
        batch = tensors[0][None] if len(tensors) == 1 else np.stack(tensors)
        outputs, confidences = self._runtime.infer(batch)
        answers = zip(attempts, quarters, priors, encoded, outputs, confidences)
        for attempt, turns, prior, (tensor, crop), output, confidence in answers:
            attempt.failure = "invalid"
            geometry = codec.decode(output, prior, crop)
            if not (math.isfinite(confidence) and geometry.is_finite()):
                continue
            height, width = views[turns].shape[:2]
            plausible = is_plausible(geometry, width, height, settings)
            if attempt.tracked:
                plausible = plausible and is_near(geometry, prior, settings)
            attempt.failure = "" if plausible else "implausible"
            attempt.before = attempt.geometry
            attempt.geometry = turned_geometry(geometry, -turns % 4, width, height)
            if attempt.begins and FaceFilter.rests(attempt.before, attempt.geometry):
                attempt.passes = index + 1
            attempt.confidence, attempt.vertices = float(confidence), None
            if index == 0:
                attempt.unled = attempt.confidence
                if attempt.tracked and plausible and not is_within(geometry.pose, prior.pose, *_FAR):
                    attempt.passes = 2
            if attempt.track is not None and index == attempt.passes - 1:
                look = look_of(tensor)
                attempt.look = np.ascontiguousarray(np.rot90(look, -turns, (1, 2))) if turns else look
                if attempt.tracked and plausible and not attempt.is_alike(settings):
                    _doubt(attempt, settings)

    def right(self, attempts: list[Attempt]) -> None:
        """Hold tilted starts, after their first pass, the way in which the network is surest of a face.

        From the second pass on it talks itself into an upside-down face on an upright one; at the first glance it
        knows better.
        """
        others = [[_held(attempt, turns) for turns in (1, 2, 3)] for attempt in attempts]
        if others:
            self.look([other for held in others for other in held], 0)
        for attempt, held in zip(attempts, others):
            best = max(
                (other for other in held if not other.failure), key=lambda other: other.unled, default=None
            )
            if best is not None and best.unled > attempt.unled:
                attempt.geometry, attempt.before = best.geometry, best.before
                attempt.confidence, attempt.unled, attempt.failure = best.confidence, best.unled, ""

    def glance_again(self, attempts: list[Attempt]) -> None:
        """The first glance from beside each start: a face is one from there, too, and a cup or gravel is not."""
        others = [_beside(attempt) for attempt in attempts]
        if others:
            self.look(others, 0)
        for attempt, other in zip(attempts, others):
            attempt.unled = min(attempt.unled, other.unled)


def _beside(attempt: Attempt) -> Attempt:
    """The first pass of an attempt, from a larger crop beside its own."""
    pose = attempt.before.pose
    pose = replace(
        pose, scale=_LARGER * pose.scale, translation=pose.translation + pose.scale * np.array(_ASIDE)
    )
    return Attempt(None, replace(attempt.before, pose=pose), 1)


def _held(attempt: Attempt, turns: int) -> Attempt:
    """The first pass of an attempt, turned by quarters about the face's centre."""
    start = attempt.before
    rotation = so3.exp(np.array([0.0, 0.0, 0.5 * math.pi * turns])) @ start.pose.rotation
    return Attempt(None, replace(start, pose=replace(start.pose, rotation=rotation)), 1)


def _doubt(attempt: Attempt, settings: TrackerSettings) -> None:
    """Something else is in the crop, or the face has jumped: one more pass looks where a sure network says it is."""
    if attempt.passes == 1 and attempt.confidence >= settings.start_confidence:
        attempt.passes = 2
    else:
        attempt.failure = "changed"
