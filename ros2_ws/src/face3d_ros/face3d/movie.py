"""What a video run writes: the overlay video and the table of faces."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from face3d.codec import EXPRESSION, IDENTITY, Geometry


class Movie:
    """A video file (MP4) of RGB frames. The first frame sets the size; frames of another size are fitted."""

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path = Path(path)
        self.frames = 0
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, image: np.ndarray) -> None:
        """Append an image (H, W, 3) uint8 RGB. Raises OSError when the file cannot be written."""
        if self._writer is None:
            # The codec works on pairs of pixels.
            self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
            code = cv2.VideoWriter.fourcc(*("MJPG" if self.path.suffix.lower() == ".avi" else "mp4v"))
            self._writer = cv2.VideoWriter(str(self.path), code, self._fps, self._size)
            if not self._writer.isOpened():
                raise OSError(f"cannot write a video to {self.path}; use a name that ends in .mp4 or .avi")
        if (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2) != self._size:
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        image = image[: self._size[1], : self._size[0]]
        self._writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None

    def __enter__(self) -> Movie:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class TableFace(Protocol):
    """What a row needs of a face: `face3d.track.Face` has it, and so has a face received over ROS 2."""

    @property
    def id(self) -> int: ...
    @property
    def stamp(self) -> int: ...
    @property
    def confidence(self) -> float: ...
    @property
    def geometry(self) -> Geometry: ...
    @property
    def box(self) -> tuple[float, float, float, float]: ...


class FaceTable:
    """A CSV file with one row per face and frame; the columns are in `COLUMNS`.

    stamp in seconds (nanosecond digits), box and landmarks' box in pixels, rotation row by row (model to
    camera optical frame), scale in pixels per metre, translation in pixels.
    """

    COLUMNS = (
        "frame",
        "stamp",
        "id",
        "confidence",
        *(f"box_{name}" for name in ("x", "y", "width", "height")),
        *(f"rotation_{row}{column}" for row in range(3) for column in range(3)),
        "scale",
        "translation_x",
        "translation_y",
        *(f"identity_{index}" for index in range(IDENTITY)),
        *(f"expression_{index}" for index in range(EXPRESSION)),
    )

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._file = path.open("w", newline="", encoding="ascii")
        self._writer = csv.writer(self._file)
        self._writer.writerow(self.COLUMNS)

    def write(self, frame: int, faces: Sequence[TableFace]) -> None:
        """Append the faces of one frame."""
        for face in faces:
            pose = face.geometry.pose
            values = (*face.box, *pose.rotation.ravel(), pose.scale, *pose.translation)
            coefficients = (*face.geometry.identity, *face.geometry.expression)
            self._writer.writerow(
                (
                    frame,
                    f"{face.stamp // 10**9}.{face.stamp % 10**9:09d}",
                    face.id,
                    f"{face.confidence:.4f}",
                    *(f"{value:.6g}" for value in values),
                    *(f"{value:.5g}" for value in coefficients),
                )
            )
            self.rows += 1

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> FaceTable:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
