"""The generator's compiled kernels: kernels/*.cpp, compiled on first use and kept in the cache folder.

Nothing of this belongs to the installed package: only training needs it, and a machine that trains has a compiler,
since the set-up compiles the core. The library is built for this very processor; its file name is a hash of the
sources, the command and the processor. Floating-point contraction is off, so processors agree but for the last bit.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from face3d.resources import cache_folder

SOURCES = Path(__file__).resolve().parent / "kernels"
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
         "-fwrapv", "-fPIC", "-shared", "-Wall", "-Wextra", "-Wno-psabi")
FLOAT, INT, LONG = ctypes.c_float, ctypes.c_int, ctypes.c_int64
FLOAT32, INT32, INT64, UINT8 = (np.dtype(kind) for kind in (np.float32, np.int32, np.int64, np.uint8))


@cache
def library() -> ctypes.CDLL:
    """The compiled kernels. Raises RuntimeError, with the compiler's words, when they cannot be compiled."""
    sources = sorted(SOURCES.glob("*.cpp"))
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        raise RuntimeError("the synthetic faces need a C++ compiler (c++ or g++ on the PATH, or $CXX)")
    key = hashlib.sha256(f"{compiler} {FLAGS} {_processor()}".encode())
    for source in sorted(SOURCES.iterdir()):
        key.update(source.read_bytes())
    file = cache_folder() / f"faces-{key.hexdigest()[:16]}.so"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")          # another process may be doing the same
        command = [compiler, *FLAGS, "-o", str(part), *map(str, sources)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
        part.replace(file)
    found = ctypes.CDLL(str(file))
    found.faces_draw.restype = LONG
    return found


def _processor() -> str:
    """What decides which instructions -march=native takes."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    return "".join(next((line for line in lines if line.startswith(word)), "") for word in ("model name", "flags"))


def address(array: np.ndarray, dtype: np.dtype = FLOAT32) -> int:
    """Where an array's memory begins. Raises TypeError for another dtype or gaps in memory."""
    if array.dtype != dtype or not array.flags.c_contiguous:
        raise TypeError(f"expected contiguous {dtype}, got {array.dtype} with strides {array.strides}")
    if array.flags.writeable and array.size:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))    # array.ctypes.data takes five times longer
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
    return (_Mesh * len(parts))(*(
        _Mesh(address(raster), address(triangles, INT32), None if material is None else address(material, UINT8),
              None if attributes is None else address(attributes), len(raster), len(triangles))
        for raster, triangles, material, attributes in parts))


def depth_map(parts: list[tuple[np.ndarray, np.ndarray]], width: int, height: int, cull: bool = False) -> np.ndarray:
    """(height, width) float32 depth of meshes (raster vertices (V, 3), triangles (T, 3)), +inf where empty."""
    depth = np.empty((height, width), np.float32)
    library().faces_depth(meshes([(*part, None, None) for part in parts]), INT(len(parts)), INT(width), INT(height),
                          INT(cull), pointer(depth))
    return depth


def sample(texture: np.ndarray, u: np.ndarray, v: np.ndarray, scale: float = 1.0,
           shift: tuple[float, float] = (0.0, 0.0), wrap: bool = False, zero: float = 0.0,
           gain: float = 1.0) -> np.ndarray:
    """(texel - zero) * gain as float32 of a uint8 texture (H, W) -> (P,) or (H, W, 4) -> (4, P), bilinear.

    u, v (P,) float32 are multiplied by `scale` and moved by `shift` to texels; `wrap`: the texture, whose sides are
    powers of two, repeats; otherwise its border goes on.
    """
    u, v = np.ascontiguousarray(u, np.float32), np.ascontiguousarray(v, np.float32)
    channels = 1 if texture.ndim == 2 else texture.shape[2]
    if channels not in (1, 4):
        raise ValueError(f"expected a texture with 1 or 4 channels, got {texture.shape}")
    out = np.empty(len(u) if texture.ndim == 2 else (channels, len(u)), np.float32)
    library().faces_sample(pointer(texture, UINT8), INT(texture.shape[0]), INT(texture.shape[1]), INT(channels),
                           LONG(len(u)), pointer(u), pointer(v), FLOAT(scale), FLOAT(shift[0]), FLOAT(shift[1]),
                           INT(wrap), FLOAT(zero), FLOAT(gain), pointer(out))
    return out
