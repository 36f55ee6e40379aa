"""What a run over a video writes: the overlay video and tables of faces."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import cv2
import numpy as np

from face3d.codec import EXPRESSION, IDENTITY, Geometry
from face3d.motion import ARKIT, Blendshapes, HeadPose
from face3d.source import quiet

if TYPE_CHECKING:
    from face3d.model import FaceModel

_Own = TypeVar("_Own", bound="_Table")


class Movie:
    """A video file (MP4, AVI) of RGB frames. The first frame sets the size; frames of another size are fitted."""

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path = Path(path)
        self.frames = 0
        self._fps = _writable(fps)
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
                writer = cv2.VideoWriter(str(self.path), code, self._fps, self._size)
            if not writer.isOpened():
                known = self.path.suffix.lower() in (".mp4", ".avi")
                raise OSError(
                    f"cannot write a video of {self._size[0]} x {self._size[1]} pixels to {self.path}; "
                    + ("may you write there?" if known else "use a name that ends in .mp4 or .avi")
                )
            self._writer = writer
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


def _writable(fps: float) -> float:
    """A rate as exact as MPEG-4 takes it: as a fraction of numbers up to 65535. OpenCV makes one of thousandths of it
    where it has to, which leaves no room for 72.727 frames/s, as bags and slow motion have them."""
    return next((round(fps, digits) for digits in (3, 2, 1) if fps * 10**digits < 65535.0), float(round(fps)))


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

    def write(self, frame: int, faces: Sequence[TableFace], heads: Sequence[HeadPose]) -> None:
        """Append the faces of one frame, with their heads' poses."""
        for face, head in zip(faces, heads):
            stamp = f"{face.stamp // 10**9}.{face.stamp % 10**9:09d}"
            place = (*head.position, *head.quaternion)
            numbers = (*(f"{value:.6g}" for value in place), *self._numbers(face))
            self._writer.writerow((frame, stamp, face.id, f"{face.confidence:.4f}", *numbers))
            self.rows += 1

    def _numbers(self, face: TableFace) -> Iterator[str]:
        """What the table's own columns say of a face."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


_COMMON = (
    "frame",
    "stamp",
    "id",
    "confidence",
    *(f"position_{axis}" for axis in "xyz"),
    *(f"quaternion_{axis}" for axis in "xyzw"),
)
"""What every table begins with.

stamp in seconds (nanosecond digits), position in metres and quaternion as `face3d.motion.HeadPose` has them.
"""


class FaceTable(_Table):
    """The model's own numbers: weak-perspective pose and coefficients; the columns are in `COLUMNS`.

    box (tight around the landmarks) in pixels, rotation row by row (model to camera optical frame), scale in pixels
    per metre, translation in pixels.
    """

    COLUMNS = (
        *_COMMON,
        *(f"box_{name}" for name in ("x", "y", "width", "height")),
        *(f"rotation_{row}{column}" for row in range(3) for column in range(3)),
        "scale",
        "translation_x",
        "translation_y",
        *(f"identity_{index}" for index in range(IDENTITY)),
        *(f"expression_{index}" for index in range(EXPRESSION)),
    )

    def _numbers(self, face: TableFace) -> Iterator[str]:
        geometry, pose = face.geometry, face.geometry.pose
        yield from (
            f"{value:.6g}" for value in (*face.box, *pose.rotation.ravel(), pose.scale, *pose.translation)
        )
        yield from (f"{weight:.5g}" for weight in (*geometry.identity, *geometry.expression))


class MotionTable(_Table):
    """What motion capture wants: ARKit's 52 weights, 0..1, beside the head's pose; the columns are in `COLUMNS`."""

    COLUMNS = (*_COMMON, *ARKIT)

    def __init__(self, path: str | Path, model: FaceModel) -> None:
        super().__init__(path)
        self._blendshapes = Blendshapes(model)

    def _numbers(self, face: TableFace) -> Iterator[str]:
        return (f"{weight:.5g}" for weight in self._blendshapes.weights(face.geometry.expression))
