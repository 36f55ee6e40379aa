"""Binary glTF 2.0 files (.glb): arrays go in, accessors come out, and the document refers to them by number."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

VERTICES, INDICES = 34962, 34963  # what a buffer view is for, by OpenGL's numbers
_TYPES = {np.dtype(np.float32): 5126, np.dtype(np.uint32): 5125}
_KINDS = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4"}


class Glb:
    """A file in the making: fill `document` (scenes, nodes, meshes ...) and `write` it."""

    def __init__(self) -> None:
        self.document: dict = {"asset": {"version": "2.0", "generator": "face3d"}}
        self._blocks: list[bytes] = []
        self._views: list[dict] = []
        self._accessors: list[dict] = []
        self._size = 0

    def accessor(self, array: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """Number of an accessor of numbers (N,) or rows (N, 3) or (N, 4), float32 or uint32.

        target  VERTICES, INDICES or None, what a mesh uses it for
        bounds  note the least and the greatest values, as positions and times need them
        """
        entry = _described(array) | {"bufferView": self._view(array, target)}
        if bounds:
            entry |= {
                "min": np.atleast_1d(array.min(0)).tolist(),
                "max": np.atleast_1d(array.max(0)).tolist(),
            }
        self._accessors.append(entry)
        return len(self._accessors) - 1

    def sparse(self, array: np.ndarray) -> int:
        """Number of an accessor of positions (N, 3) float32 that takes room only for rows that are not zero."""
        (rows,) = np.nonzero(array.any(1))
        entry = _described(array) | {"min": array.min(0).tolist(), "max": array.max(0).tolist()}
        if len(rows):
            entry["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self._view(rows.astype(np.uint32)), "componentType": 5125},
                "values": {"bufferView": self._view(array[rows])},
            }
        self._accessors.append(entry)
        return len(self._accessors) - 1

    def write(self, path: str | Path) -> None:
        """Raises OSError."""
        document = self.document | {
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": self._size}],
        }
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        with Path(path).open("wb") as file:
            file.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + self._size))
            file.write(struct.pack("<I4s", len(text), b"JSON") + text)
            file.write(struct.pack("<I4s", self._size, b"BIN\0"))
            file.writelines(self._blocks)

    def _view(self, array: np.ndarray, target: int | None = None) -> int:
        block = array.tobytes()  # numbers of four bytes: every block begins where the format wants it
        view = {"buffer": 0, "byteOffset": self._size, "byteLength": len(block)}
        self._views.append(view | ({} if target is None else {"target": target}))
        self._blocks.append(block)
        self._size += len(block)
        return len(self._views) - 1


def _described(array: np.ndarray) -> dict:
    return {"componentType": _TYPES[array.dtype], "count": len(array), "type": _KINDS[array.shape[1:]]}
