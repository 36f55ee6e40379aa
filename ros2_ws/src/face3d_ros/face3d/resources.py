"""Where the package's own files are: the face model and the network.

Both are looked for in this order: the path that was given, the environment (FACE3D_MODEL, FACE3D_NETWORK),
inside the Python package (pip), share/face3d of every prefix on AMENT_PREFIX_PATH (colcon), the source tree.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def face_model(path: str | Path | None = None) -> Path:
    """Path of `face_model.npz`. Raises FileNotFoundError that lists where it looked."""
    return _find(
        path,
        "face model",
        "FACE3D_MODEL",
        [_PACKAGE / "data" / "face_model.npz", *_shares("face_model.npz")],
        "reinstall face3d, or build it with training/build_face_model.py",
    )


def network(path: str | Path | None = None) -> Path:
    """Path of `face3d.onnx`. Raises FileNotFoundError that lists where it looked."""
    return _find(
        path,
        "network",
        "FACE3D_NETWORK",
        [
            _PACKAGE / "data" / "face3d.onnx",
            *_shares("face3d.onnx"),
            *(parent / "engines" / "face3d.onnx" for parent in _source_roots()),
        ],
        "take engines/face3d.onnx from the repository, or train one with `make train`",
    )


def engine(network: Path) -> Path:
    """The TensorRT engine of a network. Raises FileNotFoundError that lists where it looked."""
    return _find(
        None,
        "TensorRT engine",
        "FACE3D_ENGINE",
        [network.with_suffix(".engine"), engine_cache(network)],
        "build one with `face3d engine build`",
    )


def engine_cache(network: Path) -> Path:
    """Where `face3d engine build` writes the engine of a network, when nobody says where."""
    return cache_folder() / f"{network.stem}.engine"


def cache_folder() -> Path:
    """Where things that were made or fetched are kept: $FACE3D_CACHE, else face3d in the user's cache folder."""
    if os.environ.get("FACE3D_CACHE"):
        return Path(os.environ["FACE3D_CACHE"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "face3d"


def _find(given: str | Path | None, what: str, variable: str, places: list[Path], remedy: str) -> Path:
    if given is None and os.environ.get(variable):
        given = os.environ[variable]
    if given is not None:
        path = Path(given).expanduser()
        if path.is_file():
            return path
        raise FileNotFoundError(f"no {what} at {path}; {remedy}")
    for path in places:
        if path.is_file():
            return path
    looked = "\n  ".join(str(path) for path in places)
    raise FileNotFoundError(f"the {what} is missing; {remedy}, or set {variable}. Looked at:\n  {looked}")


def _shares(name: str) -> list[Path]:
    """`name` in share/face3d of the installation that this file is part of, then of every sourced prefix."""
    prefixes = [parent.parent for parent in _PACKAGE.parents if parent.name in ("lib", "lib64", "local")]
    prefixes += [Path(entry) for entry in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if entry]
    return [prefix / "share" / "face3d" / name for prefix in prefixes]


def _source_roots() -> list[Path]:
    """The repository that this package's source lies in (also behind a symlinked install), if it does."""
    return [parent for parent in _PACKAGE.parents if (parent / "ros2_ws" / "src" / "face3d_ros").is_dir()]
