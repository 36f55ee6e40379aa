"""The volume of beards: how far the hair lifts the face's outside off the skin."""

from __future__ import annotations

import numpy as np

from training.faces import native
from training.faces.head_fields import HeadFields
from training.faces.render import LIP, U, V
from training.faces.skin import SkinLook, beard_cover
from training.faces.skin_maps import SkinMaps


class Beards:
    """Where beards grow, per vertex of the head."""

    def __init__(self, fields: HeadFields, maps: SkinMaps) -> None:
        u, v = (np.ascontiguousarray(fields.attributes[:, column]) for column in (U, V))
        ahead = fields.mean[:, 2] > fields.mean[fields.landmarks[3], 2] - 0.03
        here = ahead & (fields.attributes[:, LIP] < 0.5) & fields.skin
        self.rows = np.flatnonzero(here)
        self.zones = native.sample(maps.zones, u[here], v[here], 0.5, gain=1 / 255)
        self.goatee = native.sample(maps.paint, u[here], v[here], 0.5, gain=1 / 255)[0]
        self.mean, self.normals = fields.mean[here], fields.normals[here]

    def grow(self, rng: np.random.Generator, vertices: np.ndarray, skin: SkinLook) -> None:
        """Lifts the skin under a beard to the beard's outside, in place; long ones hang."""
        cover = np.clip(beard_cover(skin, self.zones, self.goatee) * 1.3 - 0.2, 0, 1)
        down = np.array([0, -rng.uniform(0, 1.2), rng.uniform(0, 0.5)], np.float32)
        below = np.clip(-self.mean[:, 1:2] / 0.05 - 0.6, 0, 1)
        uneven = 1 + 0.3 * np.sin(self.mean[:, :1] * rng.uniform(80, 400) + rng.uniform(0, 6))
        reach = (cover[:, None] * skin.beard_length * uneven).astype(np.float32)
        vertices[self.rows] += reach * (self.normals + down * below)
