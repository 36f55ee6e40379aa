"""Where images come from: a webcam, a video file, a folder of images, and what others plug in (bags).

Every source is an iterable of `Frame`s and a context manager:

    with open_source("clip.mp4") as source:
        for frame in source: ...
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from face3d.jpeg import is_cut_off

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
# What FFmpeg would print besides; it is asked when a video is opened. "-8" is silence.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# OpenCV 4.6, of Ubuntu 24.04 and Debian 12, has the setter in cv2 itself.
_log = getattr(cv2.utils, "logging", cv2)
_SILENT = 0
_FPS = 30.0  # of a folder of images, and where a video does not say
_CUT_OFF = 0.5  # seconds of a file's stated length that may be missing at its end without a word


class SourceError(ValueError):
    """A source that cannot be read; the message says which, why and what to do."""


@dataclass(frozen=True, eq=False)
class Frame:
    """stamp: nanoseconds, rising within a source; image: uint8 RGB (H, W, 3), C-contiguous."""

    stamp: int
    image: np.ndarray


class Source(Protocol):
    """An iterable of frames. `count` is their number where it is known; `live` sources do not wait for us."""

    name: str
    fps: float
    live: bool

    @property
    def count(self) -> int | None: ...

    def __iter__(self) -> Iterator[Frame]: ...
    def __enter__(self) -> Source: ...
    def __exit__(self, *error: object) -> None: ...
    def close(self) -> None: ...


Opener = Callable[[str], "Source | None"]
_plugs: list[Opener] = []


def plug(opener: Opener) -> Opener:
    """Register another kind of source: `opener(text)` returns a Source, or None when it is not one."""
    if opener not in _plugs:
        _plugs.append(opener)
    return opener


def open_source(text: str | int | Path) -> Source:
    """The source that `text` names: a webcam's index, a video file, a folder of images, or a plug's.

    Raises SourceError.
    """
    text = str(text).strip()
    if not text:
        raise SourceError(
            "the source has no name: expected a webcam index (0), a video file or a folder of images"
        )
    for opener in _plugs:
        source = opener(text)
        if source is not None:
            return source
    if text.isdecimal():
        return Webcam(int(text))
    path = Path(text).expanduser()
    if path.is_dir():
        return ImageFolder(path)
    if path.is_file():
        return VideoFile(path)
    raise SourceError(
        f"no source {text!r}: expected a webcam index (0), an existing video file or a folder of images"
    )


def read_image(path: str | Path) -> np.ndarray:
    """A photograph as uint8 RGB (H, W, 3): EXIF orientation applied, grey, palette and 16 bit converted,
    transparency laid over white. Raises SourceError."""
    path = Path(path)
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)  # a pipe will do
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    if is_cut_off(data.tobytes()):
        raise SourceError(f"{path} is cut off: the end of the JPEG is missing; copy it again")
    image = whole = None
    # OpenCV raises where a header promises more pixels than it takes.
    with quiet(), contextlib.suppress(cv2.error):
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if image is None or whole is None:
        raise SourceError(f"{path} is not an image that can be decoded (PNG, JPEG, BMP, TIFF, WebP are)")
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    if whole.ndim == 3 and whole.shape[2] == 4 and whole.shape[:2] == image.shape[:2]:
        alpha = whole[..., 3:].astype(np.float32) / (65535.0 if whole.dtype == np.uint16 else 255.0)
        image = np.rint(image * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return np.ascontiguousarray(image)


def cut_off(source: Source) -> str:
    """What there is to say of a source of which all frames have been read, but not as many as it promised; else ""."""
    missing = getattr(source, "missing", 0.0)
    if missing <= _CUT_OFF:
        return ""
    return f"{source.name} ends {missing:.1f} s before the time that it states: it may be damaged or cut off"


class _Closing:
    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the device or file; a second call does nothing."""


class VideoFile(_Closing):
    """A video file through OpenCV; stamps are the video's own, from 0.

    `missing` is, once all frames are read, how many seconds of the length that the file states did not come.
    """

    live = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        with quiet():
            self._capture = cv2.VideoCapture(str(path))
            # Some decoders take any text for a video: what counts is that a first frame has a size.
            self._first = self._capture.read()[1] if self._capture.isOpened() else None
        if self._first is None or _is_text(path):
            self._capture.release()
            raise SourceError(f"{path} is not a video that can be decoded (MP4, MOV, AVI, MKV, WebM are)")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(fps) if 0.1 < fps < 1000.0 else _FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.count = count if count > 0 else None
        self.missing = 0.0

    def __iter__(self) -> Iterator[Frame]:
        image, stamp, period = self._first, 0, round(1e9 / self.fps)
        last = -period
        while image is not None:
            if stamp <= last:  # containers without times, or times that stand still
                stamp = last + period
            yield Frame(stamp, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            last = stamp
            with quiet():
                image = self._capture.read()[1]
            stamp = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        self.missing = max(0.0, (self.count or 0) / self.fps - (last + period) * 1e-9)

    def close(self) -> None:
        self._capture.release()


class Webcam(_Closing):
    """A camera by its index; stamps are the time of capture."""

    live = True
    count: int | None = None

    def __init__(self, index: int) -> None:
        self.name = f"webcam {index}"
        with quiet():
            self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise SourceError(
                f"no webcam {index}: is it plugged in, free, and may you read /dev/video{index}?"
            )
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # an old frame is worth nothing
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(fps) if 0.1 < fps < 1000.0 else _FPS

    def __iter__(self) -> Iterator[Frame]:
        while True:
            good, image = self._capture.read()
            if not good:
                raise SourceError(f"{self.name} stopped sending images: is it still plugged in?")
            yield Frame(time.time_ns(), cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def close(self) -> None:
        self._capture.release()


class ImageFolder(_Closing):
    """The images of a folder in the order of their names, as a video of 30 frames/s."""

    live = False
    fps = _FPS

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._paths = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES)
        if not self._paths:
            raise SourceError(f"{path} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
        self.count = len(self._paths)

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            yield Frame(round(index * 1e9 / self.fps), read_image(path))


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4096)
    return b"\0" not in head and all(byte >= 32 or byte in (9, 10, 12, 13, 27) for byte in head)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """OpenCV's own complaints off: ours say more."""
    level = _log.setLogLevel(_SILENT)  # answers with the old one
    try:
        yield
    finally:
        _log.setLogLevel(level)
