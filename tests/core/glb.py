"""A reader of binary glTF files, from the format's specification, for the tests."""

import json
import struct
from pathlib import Path

import numpy as np

_WIDTH = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_TYPES = {5126: np.float32, 5125: np.uint32}


class Glb:
    """document: the JSON part, checked against the file's own lengths."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        assert struct.unpack("<4sII", data[:12]) == (b"glTF", 2, len(data))
        length, kind = struct.unpack("<I4s", data[12:20])
        assert kind == b"JSON" and length % 4 == 0
        self.document = json.loads(data[20 : 20 + length])
        size, kind = struct.unpack("<I4s", data[20 + length : 28 + length])
        assert kind == b"BIN\0" and size % 4 == 0
        assert size == self.document["buffers"][0]["byteLength"] == len(data) - 28 - length
        self._binary = data[28 + length :]

    def array(self, number: int) -> np.ndarray:
        """The accessor of this number: (N,) or (N, 3), (N, 4); its bounds are checked."""
        entry = self.document["accessors"][number]
        width, dtype = _WIDTH[entry["type"]], _TYPES[entry["componentType"]]
        rows = np.zeros((entry["count"], width), dtype)
        if "bufferView" in entry:
            rows = self._view(entry["bufferView"], dtype).reshape(rows.shape)
        if "sparse" in entry:
            sparse = entry["sparse"]
            where = self._view(sparse["indices"]["bufferView"], _TYPES[sparse["indices"]["componentType"]])
            assert len(where) == sparse["count"] and (np.diff(where.astype(int)) > 0).all()
            rows[where] = self._view(sparse["values"]["bufferView"], dtype).reshape(-1, width)
        if "min" in entry:
            assert np.allclose(rows.min(0), entry["min"]) and np.allclose(rows.max(0), entry["max"])
        return rows[:, 0] if width == 1 else rows

    def channels(self, node: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Path -> times and values that animate a node."""
        (animation,) = self.document["animations"]
        samplers = animation["samplers"]
        return {
            channel["target"]["path"]: tuple(
                self.array(samplers[channel["sampler"]][end]) for end in ("input", "output")
            )
            for channel in animation["channels"]
            if channel["target"]["node"] == node
        }

    def _view(self, number: int, dtype: type) -> np.ndarray:
        view = self.document["bufferViews"][number]
        assert view["byteOffset"] % 4 == 0
        return np.frombuffer(self._binary, dtype, view["byteLength"] // 4, view["byteOffset"]).copy()
