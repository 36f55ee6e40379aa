"""Looking for faces in a video: each look that found none is followed by another kind of look."""

from __future__ import annotations

import numpy as np

from face3d.detector import Detection, Detector, DetectorSettings, with_few_doubts
from face3d.looks import OTHERS, UPRIGHT
from face3d.parts import parts_of

_ROUND = tuple(look for other in OTHERS for look in (UPRIGHT, other))  # the usual one every second time
_WITH_PARTS = tuple(look for other in OTHERS for look in (UPRIGHT, other, None))  # None: at a part
_DOUBT = 0.6  # the network sorts these out, by itself
_MOST = 2  # doubtful detections of one look: each costs the network some passes
_REPEATS = 3  # of a look that is sure, while nobody is tracked: the network does not believe in it


class Search:
    """One look at a time, so that no frame costs more than one; remembers which.

    Doubtful detections count in every second round of looks only, when a whole one was sure of nothing: an upside-down
    face is a doubtful upright one, too. In a large image every third look is the usual one at a part of it, by turns.
    """

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self._detector = Detector(settings)
        self._looked = 0  # since a look was sure, which is then repeated
        self._parts = 0  # looked at so far
        self._sure = 0  # looks in a row that were sure

    def look(self, image: np.ndarray, tracked: bool) -> list[Detection]:
        """Detections in an RGB image (H, W, 3) uint8, the most certain first.

        tracked  whether a face is tracked: then only the sure detections of upright faces count. Somebody else may
                 come in, but nothing doubtful costs time beside the face or is mixed up with it.
        """
        if tracked:
            self._sure = 0
            return self._detector.detect(image)
        settings = self._detector.settings
        parts = parts_of(image.shape[1], image.shape[0], settings.min_face, settings.max_pixels)
        looks = _WITH_PARTS if parts else _ROUND
        rounds, now = divmod(self._looked, len(looks))
        look = looks[now]
        if look is None:
            found = self._detector.detect(image, part=parts[self._parts % len(parts)])
        else:
            found = self._detector.detect(image, look, _DOUBT * (rounds % 2))
        self._sure = self._sure + 1 if any(detection.sure for detection in found) else 0
        if self._sure:
            self._looked = now
        # A picture on the wall, of which only the detector is sure, must not hide who is beside it.
        if self._sure % _REPEATS == 0:
            self._looked += 1
            self._parts += look is None
        return with_few_doubts(found, _MOST)
