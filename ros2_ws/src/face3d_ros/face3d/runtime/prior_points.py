"""An input that some networks take beside the image: where the prior shows the points that they locate.

A network computes it from the image (training/network.py, `prior_points`). The form for processors leaves it to the
core, which is faster and remembers priors that rest; what to look for is in the network's metadata, under the input's
name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import numpy as np

from face3d import _core
from face3d.camera import IMAGE_SIZE

NAME = "prior_points"
"""Of the input, float32 (B, P, 2): x and y in half crops about the crop's centre."""


def describe(weights: np.ndarray, step: int) -> str:
    """The metadata of a network that takes the input.

    weights  (P, 4) float32: a pixel of code c weighs exp(w . (c, |c|^2)) for a point
    step     of every `step`-th row every `step`-th pixel is looked at
    """
    values = base64.b64encode(np.ascontiguousarray(weights, "<f4").tobytes()).decode()
    return json.dumps({"weights": values, "step": step})


def finder(metadata: Mapping[str, str]) -> _core.PriorPoints:
    """What makes the input from a batch. Raises ValueError when the metadata does not say how."""
    try:
        found = json.loads(metadata[NAME])
        weights = np.frombuffer(base64.b64decode(found["weights"], validate=True), "<f4").reshape(-1, 4)
        return _core.PriorPoints(weights.astype(np.float32), IMAGE_SIZE, int(found["step"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its metadata do not say how its input {NAME!r} is made: {error}") from error
