"""Reference landmarks of pictures, run in the references' own environment: MediaPipe's and dlib's 68 points.

Not for use by hand: `evaluation.references` starts it. For every picture it reads from standard input two int32, height
and width, and the RGB bytes; it answers with (68, 5) float32: MediaPipe's x, y, z and dlib's x, y in pixels, all NaN
when MediaPipe finds no face. Of several faces it takes the most prominent one.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np

# The points of MediaPipe's mesh that lie where the 68 points of iBUG do; the jaw line follows the mesh's border.
# fmt: off
MESH_68 = [
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
]
# fmt: on
# From the box of MediaPipe's 68 points to the box of dlib's detector, which its predictor was trained on: medians of
# 288 pictures in which both were found. In units of the square root of the points' box area.
_BOX_SIDE, _BOX_UP = 1.10, 0.09


class Landmarkers:
    """Both models."""

    def __init__(self) -> None:
        import dlib
        import mediapipe

        package = importlib.util.find_spec("face_recognition_models")
        if package is None or package.origin is None:
            raise SystemExit("the package face_recognition_models is missing in this environment")
        models = Path(package.origin).parent / "models"
        self._rectangle = dlib.rectangle
        self._predictor = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
        self._mesh = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, min_detection_confidence=0.4
        )

    def points(self, image: np.ndarray) -> np.ndarray:
        """(68, 5) float32; see above."""
        height, width = image.shape[:2]
        found = self._mesh.process(image).multi_face_landmarks
        if not found:
            return np.full((68, 5), np.nan, np.float32)
        mesh = np.array([(p.x * width - 0.5, p.y * height - 0.5, p.z * width) for p in found[0].landmark])[
            MESH_68
        ]
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        size = np.sqrt(np.prod(high - low))
        centre = 0.5 * (low + high) - (0.0, _BOX_UP * size)
        corners = np.rint([*(centre - 0.5 * _BOX_SIDE * size), *(centre + 0.5 * _BOX_SIDE * size)])
        shape = self._predictor(image, self._rectangle(*(int(value) for value in corners)))
        return np.hstack([mesh, [(p.x, p.y) for p in shape.parts()]]).astype(np.float32)


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the libraries talk on standard output
    landmarkers = Landmarkers()
    answers.write(b"ready\n")
    answers.flush()
    while len(header := sys.stdin.buffer.read(8)) == 8:
        height, width = np.frombuffer(header, np.int32)
        data = sys.stdin.buffer.read(int(height) * int(width) * 3)
        answers.write(landmarkers.points(np.frombuffer(data, np.uint8).reshape(height, width, 3)).tobytes())
        answers.flush()


if __name__ == "__main__":
    main()
