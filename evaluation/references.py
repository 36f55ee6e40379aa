"""Independent reference landmarks, computed once and cached: MediaPipe's face mesh and dlib's 68-point predictor.

Both run in an environment of their own in the cache (MediaPipe wants older packages than the product). dlib's
predictor was trained on data for non-commercial use: it measures here, and is never shipped.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from evaluation.measures import face_size, nme
from face3d.crop import contains, pose_from_box
from face3d.demo import cache_folder

_ROOT = Path(__file__).resolve().parent.parent
_REQUIREMENTS = _ROOT / "requirements" / "references.txt"
_VERSION = 1  # of what is cached; a change of the worker makes a new one
_PYTHONS = ("python3.12", "python3.11", "python3.10", "python3.9")  # for which there is a MediaPipe wheel
_WRONG = 0.10  # disagreement from which one of both references has failed


class ReferencesError(RuntimeError):
    """The references cannot be computed; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Reference:
    """One face's points in image pixels: mediapipe (68, 3), x right, y down, z away; dlib (68, 2).

    both  False where MediaPipe stands for dlib, too: see `alone`
    """

    mediapipe: np.ndarray
    dlib: np.ndarray
    both: bool = True

    def alone(self) -> Reference:
        """MediaPipe's word only: dlib's predictor is for faces that a frontal detector finds."""
        return Reference(self.mediapipe, self.mediapipe[:, :2], both=False)

    @property
    def mean(self) -> np.ndarray:
        """(68, 2): the mean of both."""
        return 0.5 * (self.mediapipe[:, :2] + self.dlib)

    @property
    def size(self) -> float:
        """What errors are divided by, pixels."""
        return face_size(self.mean)

    @property
    def disagreement(self) -> float:
        """NME between both references."""
        return nme(self.mediapipe[:, :2], self.dlib, self.size)

    @property
    def agrees(self) -> bool:
        """Whether both see the same: otherwise one of them is wrong, and their mean means nothing."""
        return self.disagreement < _WRONG

    def matches(self, box: Sequence[float]) -> bool:
        """Whether this is the face of a detection box (x, y, width, height), not a neighbour's."""
        centre = self.mean[17:].mean(0)
        ratio = self.size / (pose_from_box(box).scale * 0.133)  # 0.133 m: the mean face's size
        return contains(box, centre) and 0.6 < ratio < 1.6


def reference_of(row: np.ndarray) -> Reference | None:
    """From the worker's (68, 5), None when it found no face."""
    return Reference(row[:, :3].astype(float), row[:, 3:].astype(float)) if np.isfinite(row).all() else None


class _Worker(NamedTuple):
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]


class References:
    """Computes or remembers references; starts the worker only when something is not in the cache."""

    def __init__(self, python: Path | None = None) -> None:
        self._python = python
        self._worker: _Worker | None = None
        self._folder = cache_folder() / "evaluation" / "references"

    def cached(self, key: str) -> np.ndarray | None:
        """(F, 68, 5) of an earlier `compute`, or None."""
        path = self._path(key)
        return np.load(path) if path.is_file() else None

    def compute(self, key: str, images: Iterable[np.ndarray]) -> np.ndarray:
        """(F, 68, 5) float32 of images (H, W, 3) uint8 RGB; NaN without a face. Kept under `key`.

        Raises ReferencesError when the worker cannot be had or ends.
        """
        if (known := self.cached(key)) is not None:
            return known
        rows = np.array([self._ask(image) for image in images], np.float32).reshape(-1, 68, 5)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            np.save(file, rows)
        Path(file.name).replace(self._path(key))
        return rows

    def close(self) -> None:
        """End the worker, if it runs."""
        if self._worker is not None:
            with contextlib.suppress(BrokenPipeError):  # it ended by itself: `_ask` has said so
                self._worker.stdin.close()
            try:
                self._worker.process.wait(10)
            except subprocess.TimeoutExpired:
                self._worker.process.kill()
                self._worker.process.wait()
            self._worker.stdout.close()
            self._worker = None

    def __enter__(self) -> References:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}-{_VERSION}.npy"

    def _ask(self, image: np.ndarray) -> np.ndarray:
        if self._worker is None:
            self._worker = _start(self._python or environment())
        try:
            self._worker.stdin.write(np.array(image.shape[:2], np.int32).tobytes() + image.tobytes())
            self._worker.stdin.flush()
            answer = self._worker.stdout.read(68 * 5 * 4)
        except BrokenPipeError:
            answer = b""
        if len(answer) != 68 * 5 * 4:
            raise ReferencesError("the program that computes the references ended unexpectedly")
        return np.frombuffer(answer, np.float32).reshape(68, 5)


def _start(python: Path) -> _Worker:
    command = [str(python), "-m", "evaluation.reference_worker"]
    variables = {**os.environ, "GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "agg"}
    variables.pop("PYTHONPATH", None)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=_ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        worker = _Worker(process, process.stdin, process.stdout)
        if worker.stdout.readline() != b"ready\n":
            worker.stdin.close()
            worker.stdout.close()
            process.wait()
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            raise ReferencesError(f"{python} cannot compute references: {lines[-1] if lines else 'it ended'}")
    return worker


def environment() -> Path:
    """The interpreter of the references' environment; made at the first call, which downloads about 300 MB."""
    name = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:8]
    folder = cache_folder() / "evaluation" / f"environment-{name}"
    python = folder / "bin" / "python"
    if (folder / "complete").is_file():
        return python
    print("evaluation: making the environment of the references (once, about 300 MB) ...", file=sys.stderr)
    base = sys.executable if sys.version_info[:2] <= (3, 12) else next(filter(shutil.which, _PYTHONS), None)
    if base is None:
        raise ReferencesError("MediaPipe has no wheel for this Python; install Python 3.9 to 3.12 beside it")
    pip = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"]
    for command in ([base, "-m", "venv", "--clear", str(folder)], [*pip, "-r", str(_REQUIREMENTS)]):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise ReferencesError(f"making the environment failed: {lines[-1] if lines else command}")
    (folder / "complete").touch()
    return python
