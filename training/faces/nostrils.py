"""Nostrils: the head's are shallow dents that hide behind their rim; people's are dark, and mostly seen from ahead.

On a scanned head, and on photographs, a network that had only seen hidden nostrils read a face as looking up by five
degrees; with the nose blurred one degree was left, with its nostrils painted over four (docs/TRAINING.md).
"""

from __future__ import annotations

import numpy as np

from training.faces.head_fields import HeadFields
from training.faces.render import OPEN

DENT = np.array([0.0102, 0.0058, -0.001])  # the left nostril, metres from the base of the nose, landmark 33
REACH = 0.012  # metres around it that can be in the dark


class Nostrils:
    """Darkens the skin in and around the nostrils of a head, as far as this person's can be seen.

    rows (n,): the skin's vertices there; place (n, 3): where they are, metres from the dent of their side.
    """

    def __init__(self, fields: HeadFields) -> None:
        offset = fields.mean - fields.mean[fields.landmarks[33]]
        offset[:, 0] = np.abs(offset[:, 0])
        offset -= DENT
        self.rows = np.flatnonzero(fields.skin & (np.linalg.norm(offset, axis=1) < REACH))
        self.place = offset[self.rows]

    def shade(self, rng: np.random.Generator, attributes: np.ndarray) -> None:
        """Writes into the occlusion of attributes (N, 6), in place: an ellipsoid of darkness with a soft rim."""
        low = rng.uniform(0.0005, 0.005)  # metres that it hangs over the rim, towards the lip
        size = np.array([rng.uniform(0.003, 0.0055), rng.uniform(0.0015, 0.0032) + 0.5 * low, 0.009])
        away = np.linalg.norm((self.place + np.array([0.0, low, 0.0])) / size, axis=1)
        dark = rng.uniform(0.35, 1.0) * np.clip(1.5 - away, 0.0, 1.0)
        attributes[self.rows, OPEN] *= (1 - 0.96 * dark).astype(np.float32)
