"""What a run over a video writes: the overlay video and tables of faces."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import cv2
import numpy as np

from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.motion import ARKIT, Blendshapes, head_pose
from face3d.source import quiet

if TYPE_CHECKING:
    from face3d.model import FaceModel
    from face3d.track import Face

_Own = TypeVar("_Own", bound="_Table")


class Movie:
    """A video file (MP4, AVI) of RGB frames. The first frame sets the size; frames of another size are fitted."""

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path = Path(path)
        self.frames = 0
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._last: np.ndarray | None = None
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, image: np.ndarray, place: int = 0) -> None:
        """Append an image (H, W, 3) uint8 RGB. Raises OSError when the file cannot be written.

        place  number of the frame that it is, see `face3d.timeline`: what is missing before it holds the last image
        """
        while self._last is not None and self.frames < place:
            self._append(self._last)
        self._append(image)
        self._last = image

    def _append(self, image: np.ndarray) -> None:
        if self._writer is None:
            # The codec works on pairs of pixels.
            self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
            code = cv2.VideoWriter.fourcc(*("MJPG" if self.path.suffix.lower() == ".avi" else "mp4v"))
            with quiet():
                self._writer = cv2.VideoWriter(str(self.path), code, self._fps, self._size)
            if not self._writer.isOpened():
                raise OSError(f"cannot write a video to {self.path}; use a name that ends in .mp4 or .avi")
        if (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2) != self._size:
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        image = image[: self._size[1], : self._size[0]]
        self._writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        self.frames += 1

    def close(self) -> None:
        """Finish the file. Raises OSError when it is not whole: OpenCV says nothing of a full disk."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        written = cv2.VideoCapture(str(self.path))
        count = round(written.get(cv2.CAP_PROP_FRAME_COUNT)) if written.isOpened() else 0
        written.release()
        if count != self.frames:
            raise OSError(f"{self.path} holds {count} of {self.frames} frames; is the disk full?")

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


class _Table:
    """A CSV file with one row per face and frame."""

    COLUMNS: tuple[str, ...]

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._file = path.open("w", newline="", encoding="ascii")
        self._writer = csv.writer(self._file)
        self._writer.writerow(self.COLUMNS)

    def _append(self, frame: int, face: TableFace, values: Iterable[float], weights: Iterable[float]) -> None:
        stamp = f"{face.stamp // 10**9}.{face.stamp % 10**9:09d}"
        rest = (*(f"{value:.6g}" for value in values), *(f"{weight:.5g}" for weight in weights))
        self._writer.writerow((frame, stamp, face.id, f"{face.confidence:.4f}", *rest))
        self.rows += 1

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


_HEAD = ("frame", "stamp", "id", "confidence")


class FaceTable(_Table):
    """The model's own numbers: weak-perspective pose and coefficients; the columns are in `COLUMNS`.

    stamp in seconds (nanosecond digits), box (tight around the landmarks) in pixels, rotation row by row (model
    to camera optical frame), scale in pixels per metre, translation in pixels.
    """

    COLUMNS = (
        *_HEAD,
        *(f"box_{name}" for name in ("x", "y", "width", "height")),
        *(f"rotation_{row}{column}" for row in range(3) for column in range(3)),
        "scale",
        "translation_x",
        "translation_y",
        *(f"identity_{index}" for index in range(IDENTITY)),
        *(f"expression_{index}" for index in range(EXPRESSION)),
    )

    def write(self, frame: int, faces: Sequence[TableFace]) -> None:
        """Append the faces of one frame."""
        for face in faces:
            geometry, pose = face.geometry, face.geometry.pose
            values = (*face.box, *pose.rotation.ravel(), pose.scale, *pose.translation)
            self._append(frame, face, values, (*geometry.identity, *geometry.expression))


class MotionTable(_Table):
    """What motion capture wants: the head's metric pose and ARKit's 52 weights; the columns are in `COLUMNS`.

    stamp in seconds (nanosecond digits), position in metres and quaternion as `face3d.motion.HeadPose` has them,
    weights 0..1.
    """

    COLUMNS = (
        *_HEAD,
        *(f"position_{axis}" for axis in "xyz"),
        *(f"quaternion_{axis}" for axis in "xyzw"),
        *ARKIT,
    )

    def __init__(self, path: str | Path, model: FaceModel) -> None:
        super().__init__(path)
        self._model, self._blendshapes = model, Blendshapes(model)

    def write(self, frame: int, faces: Sequence[Face]) -> None:
        """Append the faces of one frame."""
        for face in faces:
            head = head_pose(face, self._model)
            weights = self._blendshapes.weights(face.geometry.expression)
            self._append(frame, face, (*head.position, *head.quaternion), weights)
