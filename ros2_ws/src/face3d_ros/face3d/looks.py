"""Ways to look at an image for faces. The detector knows upright, well-lit faces; a look makes others like those."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from face3d.quarter import turned

_CONTRAST = 2.0  # limit of the histogram equalisation: higher shows more noise
_TILES = (8, 8)


@dataclass(frozen=True)
class Look:
    """quarters  turns of the image counter-clockwise before: faces that are tilted clockwise by so much are upright
    contrast  equalised within regions: faces in the dark, against the light, in haze
    margin    added around the image, in its shorter sides, with the border's colours: faces that the border cuts
    doubt     how far below the detector's threshold a score may be at most: a turned world looks like faces more often
    """

    quarters: int = 0
    contrast: bool = False
    margin: float = 0.0
    doubt: float = 2.0

    @property
    def roll(self) -> float:
        """Tilt of the faces that are upright in it, radians clockwise, within +-pi."""
        return math.remainder(0.5 * math.pi * self.quarters, 2.0 * math.pi)

    def prepare(self, grey: np.ndarray) -> tuple[np.ndarray, int]:
        """What is seen of a grey image (H, W) uint8, and the width of the margin in pixels."""
        if self.contrast:
            grey = cv2.createCLAHE(_CONTRAST, _TILES).apply(grey)
        border = round(self.margin * min(grey.shape))
        if border:
            grey = cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_REPLICATE)
        return turned(grey, self.quarters), border


UPRIGHT = Look()
OTHERS = (
    Look(contrast=True),
    Look(quarters=1, doubt=0.3),
    Look(quarters=3, doubt=0.3),
    Look(margin=0.25),
    Look(quarters=2, doubt=0.3),
)
"""For faces that the upright look does not find, the likeliest first."""
