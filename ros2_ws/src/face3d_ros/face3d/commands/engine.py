"""TensorRT engines: build one for a GPU, or say what one is and whether it runs here.

  face3d engine build                       the network that comes along, for the GPU of this machine
  face3d engine build --compute-capability 8.6,8.9    for other GPUs, with TensorRT for RTX; needs no GPU
  face3d engine info                        the engine that the backend `tensorrt` would take

An engine is looked for beside its ONNX file, then in the user's cache folder, where `build` puts it.

Exit codes: 0 done; 1 it could not be built, or does not run here; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from face3d import resources, runtime
from face3d.cli import FAILED, OK
from face3d.commands import common
from face3d.engine.builder import BuildSettings, build
from face3d.model import FaceModel
from face3d.runtime.sidecar import PRECISIONS, Sidecar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="build|info|path", required=True)
    add_build_arguments(actions.add_parser("build", help="build an engine from an ONNX network"))
    actions.add_parser("path", help="where the engine is that the backend `tensorrt` would take")
    info = actions.add_parser("info", help="what an engine is, and whether it runs here")
    info.add_argument(
        "engine",
        type=Path,
        nargs="?",
        metavar="ENGINE",
        help="default: the one of the network that comes along",
    )


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """What `build` takes."""
    parser.add_argument(
        "--network", type=Path, metavar="ONNX", help="network instead of the one that comes along"
    )
    parser.add_argument(
        "--out", type=Path, metavar="ENGINE", help="default: the network's name in the user's cache folder"
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="fp16",
        help="int8 needs a quantised network; default: %(default)s",
    )
    parser.add_argument(
        "--max-batch",
        type=common.number(int, 1, 64),
        default=8,
        metavar="N",
        help="most faces in one run; default: %(default)s",
    )
    parser.add_argument(
        "--compute-capability",
        type=_capabilities,
        default=(),
        metavar="8.6,8.9",
        help="GPUs to build for (TensorRT for RTX); default: the one of this machine",
    )
    parser.add_argument(
        "--timing-cache",
        type=Path,
        metavar="FILE",
        help="keeps kernel timings between builds; default: beside OUT",
    )
    parser.add_argument(
        "--workspace",
        type=common.number(int, 0),
        default=0,
        metavar="MIB",
        help="limit of its device memory; default: none",
    )
    parser.add_argument("--verbose", action="store_true", help="show everything that TensorRT says")


def run(arguments: argparse.Namespace) -> int:
    if arguments.action == "path":
        print(resources.engine(resources.network()))
        return OK
    return run_build(arguments) if arguments.action == "build" else run_info(arguments)


def run_build(arguments: argparse.Namespace) -> int:
    """Build with the arguments of `add_build_arguments`."""
    network = resources.network(arguments.network)
    out = arguments.out or resources.engine_cache(network)
    settings = BuildSettings(
        precision=arguments.precision,
        max_batch=arguments.max_batch,
        capabilities=arguments.compute_capability,
        timing_cache=arguments.timing_cache or out.with_suffix(".timing"),
        workspace=arguments.workspace,
    )
    shown = ("error", "warning", "info", "verbose") if arguments.verbose else ("error", "warning")

    def say(kind: str, text: str) -> None:
        if kind in shown:
            tqdm.write(f"TensorRT {kind}: {text}", file=sys.stderr)

    print(f"{network} -> {out}, {settings.precision}, batches of 1 to {settings.max_batch}", flush=True)
    sidecar = build(network, out, settings, say, progress=sys.stderr.isatty())
    print(describe(out, sidecar))
    return OK


def run_info(arguments: argparse.Namespace) -> int:
    engine = arguments.engine or resources.engine(resources.network())
    if not engine.is_file():
        raise FileNotFoundError(f"no engine at {engine}; build one with `face3d engine build`")
    if engine.suffix == ".onnx":
        raise ValueError(
            f"{engine} is a network; `face3d engine build --network {engine}` makes an engine of it"
        )
    print(describe(engine, Sidecar.read(engine)))
    try:
        runtime.load(engine, FaceModel.load(), "tensorrt").close()
    except runtime.NetworkError as error:
        print(f"does not run here: {error}")
        return FAILED
    print("runs here")
    return OK


def describe(engine: Path, sidecar: Sidecar) -> str:
    """A few lines."""
    where = sidecar.gpu or "any GPU"
    tensors = ", ".join(
        f"{name} {dtype} {[size or 'batch' for size in shape]}".replace("'", "")
        for name, (dtype, shape) in {**sidecar.inputs, **sidecar.outputs}.items()
    )
    return (
        f"{engine}: {sidecar.size / 1e6:.1f} MB, {sidecar.precision}, batches of 1 to {sidecar.max_batch}\n"
        f"  {sidecar.product} {sidecar.tensorrt_version}, for {where} of compute capability "
        f"{', '.join(sidecar.compute_capabilities)}\n"
        f"  from {sidecar.onnx}, SHA-256 {sidecar.onnx_sha256[:12]}..., face model {sidecar.face_model[:12]}..., "
        f"{sidecar.created}\n"
        f"  {tensors}"
    )


def _capabilities(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(","))
    try:
        return BuildSettings(capabilities=found).capabilities
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
