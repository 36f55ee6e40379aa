"""The JSON file beside an engine: what the engine is, so that a wrong one is refused before it runs.

`face3d.engine` has `face3d.engine.json`. An engine is machine code for one TensorRT version and some GPUs, made of
one network for one face model; TensorRT itself checks little of this, and late.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from face3d.runtime import NetworkError, check_signature

FORMAT = 1
PRECISIONS = ("fp32", "fp16", "int8")
REBUILD = "build it again with `face3d engine build`"


@dataclass(frozen=True)
class Sidecar:
    """Description of an engine.

    inputs, outputs       name -> [numpy type, shape]; a free dimension is None
    max_batch             largest batch of the engine's optimisation profile, from 1
    precision             fp32, fp16 or int8
    onnx, onnx_sha256     the file that it was built from
    network_sha256        the fp32 network that file was made from: itself, unless it was quantised
    product, tensorrt_version   what built it: "TensorRT" or "TensorRT for RTX", and its full version
    gpu                   name of the GPU that it was built on; None: built for all of its compute capabilities
    compute_capabilities  like "8.9"
    engine_sha256, size   of the engine file
    face_model            hash of the face model that the network was trained for
    metadata              the ONNX file's own
    created               date, ISO
    """

    inputs: dict[str, list]
    outputs: dict[str, list]
    max_batch: int
    precision: str
    onnx: str
    onnx_sha256: str
    network_sha256: str
    product: str
    tensorrt_version: str
    gpu: str | None
    compute_capabilities: list[str]
    engine_sha256: str
    size: int
    face_model: str
    metadata: dict[str, str]
    created: str
    format: int = FORMAT

    @staticmethod
    def path(engine: Path) -> Path:
        """Where an engine's sidecar is."""
        return engine.with_name(engine.name + ".json")

    def write(self, engine: Path) -> Path:
        """Write it beside the engine. Raises OSError."""
        path = self.path(engine)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        return path

    @staticmethod
    def read(engine: Path) -> Sidecar:
        """The sidecar of an engine file. Raises NetworkError: missing, unreadable, or of another format."""
        path = Sidecar.path(engine)
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NetworkError(f"{engine} has no description beside it ({path.name}); {REBUILD}") from None
        except (OSError, ValueError) as error:
            raise NetworkError(f"{path} cannot be read ({error}); {REBUILD}") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise NetworkError(f"{path} is not an engine's description of format {FORMAT}; {REBUILD}")
        missing = [field.name for field in fields(Sidecar) if field.name not in values]
        if missing:
            raise NetworkError(f"{path} does not say {', '.join(missing)}; {REBUILD}")
        sidecar = Sidecar(**{field.name: values[field.name] for field in fields(Sidecar)})
        sidecar._check_types(path)
        return sidecar

    def _check_types(self, path: Path) -> None:
        sound = (
            all(isinstance(tensors, dict) for tensors in (self.inputs, self.outputs, self.metadata))
            and all(_is_tensor(tensor) for tensor in (*self.inputs.values(), *self.outputs.values()))
            and isinstance(self.max_batch, int) and not isinstance(self.max_batch, bool) and 1 <= self.max_batch <= 1024
            and isinstance(self.compute_capabilities, list)
            and isinstance(self.engine_sha256, str)
            and isinstance(self.size, int)
        )  # fmt: skip
        if not sound:
            raise NetworkError(f"{path} is damaged: a value has the wrong type or is out of range; {REBUILD}")

    def check_tensors(self, engine: Path) -> None:
        """Raise NetworkError unless inputs and outputs are those that `infer` needs."""
        inputs, outputs = (
            {name: (dtype, tuple(shape)) for name, (dtype, shape) in tensors.items()}
            for tensors in (self.inputs, self.outputs)
        )
        check_signature(inputs, outputs, engine)

    def check_network(self, engine: Path, network: Path) -> None:
        """Raise NetworkError unless the engine was built from this ONNX file, or from its quantised form."""
        found = sha256(network.read_bytes())
        if found not in (self.onnx_sha256, self.network_sha256):
            raise NetworkError(
                f"{engine} was built from another network ({self.onnx}, SHA-256 {self.onnx_sha256[:12]}...) than "
                f"{network} ({found[:12]}...); {REBUILD}"
            )

    def check_content(self, engine: Path, content: bytes) -> None:
        """Raise NetworkError unless these are the bytes that the sidecar was written for."""
        if len(content) != self.size or sha256(content) != self.engine_sha256:
            raise NetworkError(
                f"{engine} is damaged, or not the file that {self.path(engine).name} describes "
                f"({len(content)} bytes, expected {self.size}); {REBUILD}"
            )

    def check_version(self, engine: Path, product: str, version: str) -> None:
        """Raise NetworkError unless this TensorRT built the engine."""
        if product != self.product:
            raise NetworkError(
                f"{engine} was built by {self.product}, here is {product} {version}; {REBUILD}"
            )
        if version != self.tensorrt_version:
            raise NetworkError(
                f"{engine} was built by {self.product} {self.tensorrt_version}, here is {version}; {REBUILD}"
            )

    def check_gpu(self, engine: Path, name: str, capability: str) -> None:
        """Raise NetworkError unless the engine was built for this GPU."""
        if capability not in self.compute_capabilities:
            raise NetworkError(
                f"{engine} was built for compute capability {', '.join(self.compute_capabilities)}, "
                f"this GPU ({name}) has {capability}; {REBUILD}"
            )
        if self.gpu is not None and self.gpu != name:
            raise NetworkError(
                f"{engine} was built on another GPU, {self.gpu}; this one is {name}; {REBUILD}"
            )


def sha256(content: bytes) -> str:
    """As 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def network_hash(content: bytes, metadata: Mapping[str, str]) -> str:
    """Hash of the fp32 network that an ONNX file is, or says that it was quantised from."""
    return metadata.get("source_sha256") or sha256(content)


def _is_tensor(tensor: object) -> bool:
    return (
        isinstance(tensor, list)
        and len(tensor) == 2
        and isinstance(tensor[0], str)
        and isinstance(tensor[1], list)
        and all(size is None or isinstance(size, int) for size in tensor[1])
    )
