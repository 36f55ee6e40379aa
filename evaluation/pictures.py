"""Pictures to be filmed: faces, synthetic and real, and all sorts of things that are none."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from evaluation.development import empty_pictures, stills
from face3d.crop import box_of_pose
from face3d.detector import STILL, Detector
from face3d.source import read_image

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """Something to film: RGB (H, W, 3) uint8, and the box of the face in it, if there is one."""

    name: str
    image: np.ndarray
    box: Box | None = None


def collect(count: int) -> tuple[list[Picture], list[Picture]]:
    """Up to `count` synthetic and `count` real pictures with a face, and those without; always the same."""
    from training.evaluate import TestSet  # late: only who draws faces needs what draws them

    test = TestSet.draw(count)
    faces = [
        Picture(f"synthetic {index}", sample.image, box_of_pose(sample.pose))
        for index, sample in enumerate(test.faces)
    ]
    detector = Detector(STILL)
    for path in stills():
        image = read_image(path)
        if found := detector.detect(image):
            faces.append(Picture(path.name, image, found[0].box))
        if len(faces) == 2 * count:
            break
    empty = [Picture(f"synthetic, empty {index}", sample.image) for index, sample in enumerate(test.empty)]
    empty += [Picture(name, image) for name, image in empty_pictures()]
    rng = np.random.default_rng(11)
    empty += [Picture(f"wall {index}", _wall(rng)) for index in range(6)]
    empty += [Picture(f"noise {index}", _blotches(rng)) for index in range(6)]
    return faces, empty


def _wall(rng: np.random.Generator) -> np.ndarray:
    """A plain wall with uneven light, of any colour, also of skin's."""
    color = (
        rng.uniform(40, 230, 3) if rng.random() < 0.5 else rng.uniform(0.3, 1.0) * np.array([230, 180, 150])
    )
    light = cv2.resize(
        rng.uniform(0.6, 1.1, (2, 3)).astype(np.float32), (400, 300), interpolation=cv2.INTER_LINEAR
    )
    return np.clip(light[..., None] * color, 0, 255).astype(np.uint8)


def _blotches(rng: np.random.Generator) -> np.ndarray:
    """Soft noise of some scale: clouds, leaves, a crowd out of focus."""
    cells = int(rng.integers(3, 40))
    coarse = rng.uniform(0, 255, (cells, cells * 4 // 3 + 1, 3)).astype(np.float32)
    if rng.random() < 0.5:
        coarse[:] = coarse.mean(2, keepdims=True)
    return np.clip(cv2.resize(coarse, (400, 300), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
