"""The generator's compiled kernels: kernels/*.cpp, compiled on first use and kept in the cache folder.

Nothing of this belongs to the installed package: only training needs it, and a machine that trains has a compiler,
since the set-up compiles the core. The library is built for this very processor; its file name is a hash of the
sources, the command, the compiler's version and the processor. Floating-point contraction is off, so processors agree
but for the last bit.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np

from face3d.resources import cache_folder

SOURCES = Path(__file__).resolve().parent / "kernels"
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fwrapv",
    "-fPIC",
    "-shared",
    "-Wall",
    "-Wextra",
    "-Wno-psabi",
)
WEEK = 7 * 24 * 3600.0  # seconds
FLOAT, INT, LONG = ctypes.c_float, ctypes.c_int, ctypes.c_int64
FLOAT32, INT32, INT64, UINT8 = (np.dtype(kind) for kind in (np.float32, np.int32, np.int64, np.uint8))


@cache
def library() -> ctypes.CDLL:
    """The compiled kernels. Raises RuntimeError, with the compiler's words, when they cannot be compiled."""
    sources = sorted(SOURCES.iterdir())
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        raise RuntimeError("the synthetic faces need a C++ compiler (c++ or g++ on the PATH, or $CXX)")
    version = _run([compiler, "--version"]).partition("\n")[0]
    key = hashlib.sha256(f"{compiler} {version} {FLAGS} {_processor()}".encode())
    for source in sources:
        key.update(source.read_bytes())
    file = cache_folder() / f"faces-{key.hexdigest()[:16]}.so"
    if not file.exists():
        _build(compiler, [str(source) for source in sources if source.suffix == ".cpp"], file)
    with suppress(OSError):  # another user's, perhaps
        os.utime(file)  # still in use: see _build
    found = ctypes.CDLL(str(file))
    found.faces_draw.restype = LONG
    return found


def _build(compiler: str, sources: list[str], file: Path) -> None:
    """Compile into `file` at once, however many processes do it, and remove what was not loaded for a week: younger
    ones may be of another checkout, or of another machine with the same home."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="faces-", dir=file.parent) as folder:
        part = Path(folder) / file.name
        _run([compiler, *FLAGS, "-o", str(part), *sources])
        part.replace(file)
    for other in file.parent.glob("faces-*.so"):
        with suppress(OSError):  # gone by now, or another user's
            if other.stat().st_mtime < time.time() - WEEK:
                other.unlink()


def _run(command: list[str]) -> str:
    """What a command prints. Raises RuntimeError when it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RuntimeError(f"cannot run {command[0]}: {error}") from error
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    return done.stdout


def _processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """What decides which instructions -march=native takes; cores may differ."""
    words = "model name", "flags", "Features", "CPU implementer", "CPU part"  # of x86, then of ARM
    try:
        lines = {line for line in info.read_text().splitlines() if line.startswith(words)}
    except OSError:
        lines = {platform.processor()}
    return "\n".join([platform.machine(), *sorted(lines)])


def address(array: np.ndarray, dtype: np.dtype = FLOAT32) -> int:
    """Where an array's memory begins. Raises TypeError for another dtype or gaps in memory."""
    if array.dtype != dtype or not array.flags.c_contiguous:
        raise TypeError(f"expected contiguous {dtype}, got {array.dtype} with strides {array.strides}")
    if array.flags.writeable and array.size:
        # array.ctypes.data takes three times longer
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    return array.ctypes.data


def pointer(array: np.ndarray | None, dtype: np.dtype = FLOAT32) -> ctypes.c_void_p | None:
    """An array for a kernel, which must outlive the call; None stays None. Raises TypeError as `address` does."""
    return None if array is None else ctypes.c_void_p(address(array, dtype))


class _Texture(ctypes.Structure):
    _fields_ = [("texels", ctypes.c_void_p), ("height", INT), ("width", INT)]


def texture(texels: np.ndarray) -> object:
    """A uint8 texture (H, W) or (H, W, 4) for a kernel; the array must outlive the call."""
    return ctypes.byref(_Texture(address(texels, UINT8), *texels.shape[:2]))


class _Mesh(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("raster", "triangles", "material", "attributes")]
    _fields_ += [("vertices", LONG), ("count", LONG)]


def meshes(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]]) -> ctypes.Array:
    """Meshes for a kernel: raster vertices (V, 3), triangles (T, 3) int32, and material (T,) uint8 and attributes
    (V, 6) or None; the arrays must outlive the call."""
    found = []
    for raster, triangles, material, attributes in parts:
        kinds = None if material is None else address(material, UINT8)
        values = None if attributes is None else address(attributes)
        found.append(
            _Mesh(address(raster), address(triangles, INT32), kinds, values, len(raster), len(triangles))
        )
    return (_Mesh * len(found))(*found)


def depth_map(
    parts: list[tuple[np.ndarray, np.ndarray]], width: int, height: int, cull: bool = False
) -> np.ndarray:
    """(height, width) float32 depth of meshes (raster vertices (V, 3), triangles (T, 3)), +inf where empty."""
    depth = np.empty((height, width), np.float32)
    library().faces_depth(
        meshes([(*part, None, None) for part in parts]),
        INT(len(parts)),
        INT(width),
        INT(height),
        INT(cull),
        pointer(depth),
    )
    return depth


def sample(
    texture: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    wrap: bool = False,
    zero: float = 0.0,
    gain: float = 1.0,
) -> np.ndarray:
    """(texel - zero) * gain as float32 of a uint8 texture (H, W) -> (P,) or (H, W, 4) -> (4, P), bilinear.

    u, v (P,) float32 are multiplied by `scale` and moved by `shift` to texels; `wrap`: the texture, whose sides are
    powers of two, repeats; otherwise its border goes on.
    """
    u, v = np.ascontiguousarray(u, np.float32), np.ascontiguousarray(v, np.float32)
    channels = 1 if texture.ndim == 2 else texture.shape[2]
    if channels not in (1, 4):
        raise ValueError(f"expected a texture with 1 or 4 channels, got {texture.shape}")
    out = np.empty(len(u) if texture.ndim == 2 else (channels, len(u)), np.float32)
    library().faces_sample(
        pointer(texture, UINT8),
        INT(texture.shape[0]),
        INT(texture.shape[1]),
        INT(channels),
        LONG(len(u)),
        pointer(u),
        pointer(v),
        FLOAT(scale),
        FLOAT(shift[0]),
        FLOAT(shift[1]),
        INT(wrap),
        FLOAT(zero),
        FLOAT(gain),
        pointer(out),
    )
    return out
