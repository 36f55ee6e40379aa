"""Building one engine: ONNX in, engine and description out."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from face3d.engine import graph
from face3d.engine.progress import Progress
from face3d.runtime import NetworkError, nvidia
from face3d.runtime.nvidia import Messages, TensorRT
from face3d.runtime.onnxruntime import OnnxRuntime
from face3d.runtime.sidecar import PRECISIONS, Sidecar, network_hash, sha256

if TYPE_CHECKING:
    import tensorrt as trt

_ERRORS_SHOWN = 50


@dataclass(frozen=True)
class BuildSettings:
    """How an engine is built.

    precision     fp32, fp16, or int8: what the network's QuantizeLinear nodes say
    max_batch     largest number of faces in one run, 1 to 64; the engine takes every batch from 1
    capabilities  compute capabilities ("8.9") to build for; empty: the GPU of this machine. Only TensorRT for RTX
    timing_cache  file that keeps the measured times of kernels between builds; None: none
    workspace     most device memory that the engine may use for itself, MiB; 0: TensorRT's own limit
    Raises ValueError.
    """

    precision: str = "fp16"
    max_batch: int = 8
    capabilities: tuple[str, ...] = ()
    timing_cache: Path | None = None
    workspace: int = 0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}, it may be: {', '.join(PRECISIONS)}")
        if not 1 <= self.max_batch <= 64:
            raise ValueError(f"max_batch is {self.max_batch}, it may be 1 to 64")
        if self.workspace < 0:
            raise ValueError(f"workspace is {self.workspace} MiB")
        for capability in self.capabilities:
            if not re.fullmatch(r"\d{1,2}\.\d", capability):
                raise ValueError(f"a compute capability is written like 8.9, got {capability!r}")


def build(
    network: Path,
    out: Path,
    settings: BuildSettings,
    say: Callable[[str, str], None] = lambda kind, text: None,
    progress: bool = False,
) -> Sidecar:
    """Build the engine of an ONNX network into the file `out`, with its sidecar beside it.

    say       called with ("error" | "warning" | "info" | "verbose", text) for everything that TensorRT says
    progress  show a progress bar on stderr
    Raises NetworkError: not a network, packages or GPU missing, all of the parser's errors, or the build failed;
    what was at `out` before is then still there. Raises OSError when it cannot be written.
    """
    session = OnnxRuntime(network, 1)  # also checks that it is a network of ours
    metadata = dict(session.metadata)
    inputs, outputs = _tensors(session.inputs), _tensors(session.outputs)
    session.close()
    content = _prepare(network, settings)
    found = nvidia.find_tensorrt()
    logger = found.logger()
    logger.listener = say
    gpu, capabilities = _target(found, settings)
    engine = _compile(found, logger, content, network, settings, capabilities, progress)
    onnx_content = network.read_bytes()
    sidecar = Sidecar(
        inputs=inputs,
        outputs=outputs,
        max_batch=settings.max_batch,
        precision=settings.precision,
        onnx=network.name,
        onnx_sha256=sha256(onnx_content),
        network_sha256=network_hash(onnx_content, metadata),
        product=found.product,
        tensorrt_version=found.version,
        gpu=gpu,
        compute_capabilities=list(capabilities),
        engine_sha256=sha256(engine),
        size=len(engine),
        face_model=metadata.get("face_model", ""),
        metadata=metadata,
        created=datetime.date.today().isoformat(),
    )
    _write(out, engine, sidecar)
    return sidecar


def _tensors(tensors: Mapping[str, tuple[str, tuple]]) -> dict[str, list]:
    """As a sidecar has them: free dimensions are None."""
    return {
        name: [dtype, [size if isinstance(size, int) else None for size in shape]]
        for name, (dtype, shape) in tensors.items()
    }


def _prepare(network: Path, settings: BuildSettings) -> bytes:
    """The ONNX bytes for TensorRT, with the types that the engine shall compute in."""
    original = graph.load(network)
    if graph.is_quantised(original) != (settings.precision == "int8"):
        raise NetworkError(
            f"{network} is quantised (it has QuantizeLinear nodes): build it with precision int8"
            if graph.is_quantised(original)
            else f"{network} is not quantised, so int8 has no ranges to go by: in the repository, "
            "`python -m engines.build_engine --precision int8` calibrates it on synthetic faces"
        )
    if settings.precision == "int8":
        return graph.widen_bytes(original).SerializeToString()
    folded = graph.fold(network)
    prepared = graph.to_half(folded) if settings.precision == "fp16" else folded
    return prepared.SerializeToString()


def _target(found: TensorRT, settings: BuildSettings) -> tuple[str | None, tuple[str, ...]]:
    """(name of the GPU that the engine will be tied to, compute capabilities)."""
    if settings.capabilities:
        if not found.rtx:
            raise NetworkError(
                f"{found.product} {found.version} builds for the GPU of this machine only; "
                "compute capabilities can be named with TensorRT for RTX"
            )
        known = [name[2:] for name in found.module.ComputeCapability.__members__ if name.startswith("SM")]
        for capability in settings.capabilities:
            if capability.replace(".", "") not in known:
                there = ", ".join(f"{name[:-1]}.{name[-1]}" for name in known)
                raise NetworkError(
                    f"{found.product} {found.version} does not know compute capability {capability}, only {there}"
                )
        return None, tuple(dict.fromkeys(settings.capabilities))
    try:
        cuda = nvidia.find_cuda()
    except NetworkError as error:
        hint = (
            "; name the GPUs to build for with --compute-capability, for example 8.6,8.9" if found.rtx else ""
        )
        raise NetworkError(f"an engine is built on the GPU that will run it, but {error}{hint}") from error
    device = cuda.Device(0)
    return (None if found.rtx else device.name()), ("{}.{}".format(*device.compute_capability()),)


def _compile(
    found: TensorRT,
    logger: Messages,
    content: bytes,
    network: Path,
    settings: BuildSettings,
    capabilities: tuple[str, ...],
    progress: bool,
) -> bytes:
    """The serialised engine."""
    module = found.module
    builder: trt.Builder = module.Builder(logger)
    definition: trt.INetworkDefinition = builder.create_network(
        1 << int(module.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    )
    parser: trt.OnnxParser = module.OnnxParser(definition, logger)
    if not parser.parse(content):
        errors = [
            _describe(parser.get_error(index)) for index in range(min(parser.num_errors, _ERRORS_SHOWN))
        ]
        raise NetworkError(
            f"{network}: {found.product} {found.version} cannot parse it, {parser.num_errors} errors:\n  "
            + "\n  ".join(errors or [logger.reasons()])
        )
    config: trt.IBuilderConfig = builder.create_builder_config()
    if settings.capabilities:
        targets: Any = config  # only TensorRT for RTX has these two; the stubs are TensorRT's
        targets.num_compute_capabilities = len(capabilities)
        for index, capability in enumerate(capabilities):
            name = "SM" + capability.replace(".", "")
            if not targets.set_compute_capability(getattr(module.ComputeCapability, name), index):
                raise NetworkError(f"TensorRT refuses compute capability {capability}: {logger.reasons()}")
    if settings.workspace:
        config.set_memory_pool_limit(module.MemoryPoolType.WORKSPACE, settings.workspace << 20)
    profile = builder.create_optimization_profile()
    for index in range(definition.num_inputs):
        tensor = definition.get_input(index)
        rest = [tensor.shape[axis] for axis in range(1, len(tensor.shape))]
        one, most = (module.Dims((rows, *rest)) for rows in (1, settings.max_batch))
        # The best speed is wanted for one face; that is what a robot sees most of the time.
        profile.set_shape(tensor.name, one, one, most)
    if config.add_optimization_profile(profile) < 0:
        raise NetworkError(f"TensorRT refuses batches of 1 to {settings.max_batch}: {logger.reasons()}")
    cache = None if found.rtx else _timing_cache(config, settings.timing_cache)  # a no-op in TensorRT for RTX
    with Progress(module, f"{settings.precision} engine", progress) as monitor:
        config.progress_monitor = monitor.monitor
        serialised = builder.build_serialized_network(definition, config)
    if serialised is None:
        raise NetworkError(
            f"{network}: {found.product} {found.version} could not build it: {logger.reasons()}"
        )
    if cache is not None and settings.timing_cache is not None:
        _replace(settings.timing_cache, bytes(memoryview(config.get_timing_cache().serialize())))
    return bytes(memoryview(serialised))


def _timing_cache(config: trt.IBuilderConfig, path: Path | None) -> trt.ITimingCache | None:
    """The timing cache of the file, set; an empty one when there is none, or it is another TensorRT's or GPU's."""
    if path is None:
        return None
    for content in (path.read_bytes() if path.is_file() else b"", b""):
        cache = config.create_timing_cache(content)
        if cache is not None and config.set_timing_cache(cache, False):
            return cache
    return None


def _describe(error: Any) -> str:
    """One parser error: which node, and why."""
    where = f"node {error.node()}"
    if hasattr(error, "node_operator") and error.node_operator():
        where += f" ({error.node_operator()} {error.node_name()!r})"
    return f"{where}: {' '.join(error.desc().split())} [{error.code().name}]"


def _write(out: Path, engine: bytes, sidecar: Sidecar) -> None:
    """Engine first, then its sidecar: torn apart in between, the old sidecar does not fit the new engine."""
    _replace(out, engine)
    sidecar.write(out)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
