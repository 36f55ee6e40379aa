"""A network that knows the truth: what `Tracker` does with perfect, sluggish, blind or broken estimates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from face3d import codec
from face3d.codec import Geometry
from face3d.crop import Crop


class Oracle:
    """A Runtime that answers `codec.target` of the nearest true face, scaled by `skill` (1 is perfect).

    It learns prior and crop of each batch row by listening to `codec.encode`; `truths` may be changed between
    frames. A crop without a true face within `reach` of its side gets confidence 0 and no motion.
    """

    metadata: dict = {}

    def __init__(self, monkeypatch: pytest.MonkeyPatch, truths: list[Geometry], skill: float = 1.0) -> None:
        self.truths, self.skill, self.reach = truths, skill, 0.4
        self.batches: list[int] = []
        self.tensors: list[np.ndarray] = []
        self.spoil: Callable[[np.ndarray, np.ndarray], None] | None = None
        self._heard: list[tuple[Geometry, Crop]] = []
        encode = codec.encode

        def listen(image, geometry, *arguments, **named):
            tensor, crop = encode(image, geometry, *arguments, **named)
            self._heard.append((geometry, crop))
            return tensor, crop

        monkeypatch.setattr(codec, "encode", listen)

    def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert batch.dtype == np.uint8 and batch.shape == (len(self._heard), 9, 200, 200)
        self.batches.append(len(batch))
        self.tensors.append(batch.copy())
        outputs, confidence = np.zeros((len(batch), 290), np.float32), np.zeros(len(batch), np.float32)
        for row, (prior, crop) in enumerate(self._heard):
            outputs[row, :200], outputs[row, 200:284] = prior.identity, prior.expression
            distances = [np.hypot(*(t.pose.translation - crop.centre)) / crop.size for t in self.truths]
            if distances and min(distances) < self.reach:
                perfect = codec.target(self.truths[int(np.argmin(distances))], prior, crop)
                outputs[row] += self.skill * (perfect - outputs[row])
                confidence[row] = 0.95
        self._heard.clear()
        if self.spoil is not None:
            self.spoil(outputs, confidence)
        return outputs, confidence

    def close(self) -> None:
        pass
