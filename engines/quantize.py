"""Quantise the network to int8: QuantizeLinear and DequantizeLinear nodes, ranges from synthetic faces.

    python -m engines.quantize --target cpu        -> engines/face3d.int8.onnx       for ONNX Runtime
    python -m engines.quantize --target tensorrt   -> engines/face3d.int8.trt.onnx   for `face3d engine build`

The two want different things. ONNX Runtime's kernels are fast for unsigned activations and signed weights, one
scale per output channel. TensorRT takes signed, symmetric ones only, and biases in floating point.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from engines import channels, processor_form
from engines.activations import BATCH
from engines.faces import CALIBRATION_SEED, draw_faces
from engines.products import Arranged
from engines.rewriting import Graph
from face3d import resources
from face3d.commands.common import number
from face3d.engine import graph
from face3d.model import FaceModel
from face3d.runtime.sidecar import sha256

TARGETS = ("cpu", "tensorrt")
FACES = 256


class _Reader(CalibrationDataReader):
    def __init__(self, name: str, tensors: np.ndarray) -> None:
        self._batches: Iterator[dict[str, np.ndarray]] = (
            {name: tensors[first : first + BATCH]} for first in range(0, len(tensors), BATCH)
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._batches, None)


def quantize(network: Path, tensors: np.ndarray, target: str = "cpu") -> onnx.ModelProto:
    """The int8 form of an fp32 network.

    tensors  uint8 (N, 9, 200, 200): what the ranges are measured on
    target   cpu or tensorrt
    Before, units that never answer are cut off and channels scaled to one width (`engines/channels.py`).
    What `graph.narrow_layers` leaves out stays float32: positions in the image, and the layers after the last ReLU,
    whose output is the result; for TensorRT the first convolution too, whose input is a whole unsigned byte. So does
    what is computed from positions, which a byte would round to a pixel of the crop. The metadata says
    `source_sha256`: the network that it was made from.
    """
    if target not in TARGETS:
        raise ValueError(f"target is {target!r}, it may be: {', '.join(TARGETS)}")
    folded = graph.fold(network, widen=target == "tensorrt")
    channels.cut_silent(folded, tensors)
    channels.equalise(folded, tensors)
    arranged = processor_form.arrange(folded) if target == "cpu" else Arranged()
    kept = _kept(folded, target, arranged)
    symmetric = target == "tensorrt"
    options = {
        "ActivationSymmetric": symmetric,
        "WeightSymmetric": True,
        "QuantizeBias": not symmetric,
        "AddQDQPairToWeight": False,
        "OpTypesToExcludeOutputQuantization": [] if symmetric else ["Gemm", "MatMul"],
    }
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "folded.onnx", Path(folder) / "int8.onnx"
        onnx.save(folded, source)
        quantize_static(
            source,
            result,
            _Reader(folded.graph.input[0].name, tensors),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=kept,
            extra_options=options,
        )
        quantised = onnx.load(result)
    metadata = {entry.key: entry.value for entry in folded.metadata_props}
    if target == "cpu":
        metadata |= processor_form.narrow(quantised)
    metadata |= {"source_sha256": sha256(network.read_bytes()), "precision": f"int8 for {target}"}
    onnx.helper.set_model_props(quantised, metadata)
    onnx.checker.check_model(quantised)
    return quantised


def _kept(network: onnx.ModelProto, target: str, arranged: Arranged) -> list[str]:
    """Names of the nodes that stay float32; all nodes have names afterwards."""
    Graph(network).name_nodes()
    nodes = list(network.graph.node)
    narrow = graph.narrow_layers(network.graph) | (graph.first_layers(nodes) if target == "cpu" else set())
    narrow = {index for index in narrow if nodes[index].name not in arranged.wide}
    narrow |= {index for index, node in enumerate(nodes) if node.name in arranged.narrow}
    positions = {index for index, node in enumerate(nodes) if node.op_type in ("Exp", "Softmax")}
    wide = set(range(len(nodes))) - narrow | graph.behind(nodes, positions)
    return [nodes[index].name for index in sorted(wide)]


def default_out(network: Path, target: str) -> Path:
    """Where the quantised network of `network` goes."""
    return network.with_suffix(".int8.onnx" if target == "cpu" else ".int8.trt.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Quantise the network to int8, calibrated on synthetic faces."
    )
    parser.add_argument("--network", type=Path, help="fp32 ONNX file (default: the committed one)")
    parser.add_argument("--target", choices=TARGETS, default="cpu", help="default: %(default)s")
    parser.add_argument("--out", type=Path, help="ONNX file to write (default: beside the network)")
    parser.add_argument(
        "--faces", type=number(int, 1), default=FACES, help="to calibrate on; default: %(default)s"
    )
    arguments = parser.parse_args()
    try:
        network = resources.network(arguments.network)
        graph.load(network)  # before faces are drawn for what is no network
        out = arguments.out or default_out(network, arguments.target)
        faces = draw_faces(arguments.faces, FaceModel.load(), CALIBRATION_SEED)
        onnx.save(quantize(network, faces.tensors, arguments.target), out)
    except (OSError, ValueError) as error:
        raise SystemExit(f"quantize: {error}") from None
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, int8 for {arguments.target}, {arguments.faces} faces")


if __name__ == "__main__":
    main()
