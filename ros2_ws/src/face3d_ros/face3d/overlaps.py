"""Which box is about which track, and which tracks are about one face."""

from __future__ import annotations

from collections.abc import Sequence

from face3d.camera import Pose
from face3d.crop import box_of_pose, contains, overlap
from face3d.track import Track

SAME_FACE = 0.3
"""Overlap of a box and a track's own box from which they are one face."""
DUPLICATE = 0.4
"""Overlap of two tracks from which they are one face."""

_STAYED = 0.6  # overlap of a track's boxes in two frames from which it has moved, rather than jumped

Box = Sequence[float]
"""x, y, width and height in pixels."""


def matching(tracks: Sequence[Track], box: Box, pose: Pose) -> tuple[Track | None, float]:
    """The track that a box, or the pose that it stands for, is about, if any; the overlap with the track's own box."""
    best, most = None, 0.0
    for track in tracks:
        same = overlap(box, box_of_pose(track.prior.pose))
        if same > most:
            best, most = track, same
    if best is not None and most >= SAME_FACE:
        return best, most
    # A box inside a track's box that contradicts it: perhaps the track has slipped off its face.
    for track in tracks:
        if contains(box_of_pose(track.prior.pose), pose.translation):
            return track, overlap(box, box_of_pose(track.prior.pose))
    return None, 0.0


def without_duplicates(tracks: list[Track], before: Sequence[Track]) -> list[Track]:
    """In the order of their ids, and of tracks on one face one: the oldest that has not lost its face and has not just
    jumped there. When somebody passes in front of somebody else, the one who is hidden jumps onto the other.

    before  the tracks as they were in the frame before
    """
    if len(tracks) < 2:
        return tracks
    boxes = {track.id: box_of_pose(track.prior.pose) for track in before}

    def rank(track: Track) -> tuple[bool, bool, bool, int]:
        known = boxes.get(track.id)
        jumped = known is not None and overlap(known, box_of_pose(track.prior.pose)) < _STAYED
        return (track.misses > 0, known is None, jumped, track.id)

    kept: list[Track] = []
    for track in sorted(tracks, key=rank):
        box = box_of_pose(track.prior.pose)
        if all(overlap(box, box_of_pose(other.prior.pose)) < DUPLICATE for other in kept):
            kept.append(track)
    return sorted(kept, key=lambda track: track.id)
