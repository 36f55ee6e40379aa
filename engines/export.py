"""Export a trained network to ONNX; training/weights.py reads the file back, so that training can go on from it.

    python -m engines.export RUN/best.pt --out engines/face3d.onnx

The graph takes the bytes of the crop (B, 9, 200, 200) and gives `coefficients` (B, 290) and `confidence` (B,).
Weights are stored as float16 and cast to float32 when the graph is loaded: half the file, the same arithmetic.
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from face3d.camera import IMAGE_SIZE
from face3d.codec import PLANES
from face3d.crop import CROP_METRES
from training.network import FaceNetwork
from training.weights import HALF, build_network

OPSET = 17
LARGE = 1024
"""Weights with fewer values stay float32."""

NEEDED = {"network", "config", "samples", "face_model"}
"""In the file of a trained network. checkpoint.pt beside it has the weights of the last step, not their average."""

PARITY = 5e-3
"""Largest allowed difference between torch and ONNX Runtime, in units of the coefficients."""


class Deployed(nn.Module):
    """What runs after training: coefficients and confidence, without the auxiliary outputs."""

    def __init__(self, network: FaceNetwork):
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        coefficients, confidence = self.network.answer(image)
        return coefficients, confidence.sigmoid()


def _halve(values: Tensor) -> Tensor:
    """What `halve_weights` leaves of a weight, so that parity is measured on the weights that are shipped."""
    return values.half().float() if values.dtype == torch.float32 and values.numel() >= LARGE else values


def halve_weights(graph: onnx.GraphProto) -> None:
    """Store every large float32 initializer as float16 followed by a Cast; runtimes fold the casts away."""
    for initializer in list(graph.initializer):
        values = numpy_helper.to_array(initializer)
        if values.dtype != np.float32 or values.size < LARGE:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), initializer.name + HALF)
        graph.initializer.remove(initializer)
        graph.initializer.append(half)
        graph.node.insert(0, helper.make_node("Cast", [half.name], [initializer.name], to=TensorProto.FLOAT))


def export(weights: dict, out: Path) -> float:
    """Write the ONNX file of a checkpoint {network, config, samples, face_model}; returns the parity difference.

    Raises RuntimeError when ONNX Runtime does not give what the network gives in torch.
    """
    network = build_network(weights["config"])
    network.load_state_dict({name: _halve(values) for name, values in weights["network"].items()})
    deployed = Deployed(network).eval()
    example = torch.randint(0, 256, (2, PLANES, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            deployed,
            (example,),
            path,
            input_names=["image"],
            output_names=["coefficients", "confidence"],
            dynamic_axes={name: {0: "batch"} for name in ("image", "coefficients", "confidence")},
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=False,  # keeps torch's names and its batch norms: training reads them back
            training=torch.onnx.TrainingMode.PRESERVE,
        )
        graph = onnx.load(path)
    halve_weights(graph.graph)
    metadata = {
        "face_model": weights["face_model"],
        "crop_metres": str(CROP_METRES),
        "image_size": str(IMAGE_SIZE),
        "opset": str(OPSET),
        "samples": str(weights["samples"]),
        "date": datetime.date.today().isoformat(),
        "network": json.dumps(weights["config"]),
    }
    helper.set_model_props(graph, metadata)
    onnx.checker.check_model(graph)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        coefficients, confidence = deployed.network.answer(example)
        expected = [coefficients.numpy(), confidence.sigmoid().numpy()]
    found = session.run(["coefficients", "confidence"], {"image": example.numpy()})
    difference = max(float(np.abs(a - b).max()) for a, b in zip(expected, found))
    if not difference < PARITY:
        raise RuntimeError(
            f"ONNX Runtime differs from torch by {difference:.2g}, more than {PARITY}; nothing written"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph, out)
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Export a trained network to ONNX and check it against torch."
    )
    parser.add_argument("weights", type=Path, help="best.pt of a training run")
    parser.add_argument("--out", type=Path, default=Path("engines/face3d.onnx"), help="ONNX file to write")
    arguments = parser.parse_args()
    try:
        weights = torch.load(arguments.weights, weights_only=True)
    except OSError as error:
        raise SystemExit(f"export: {error}") from None
    except (UnpicklingError, RuntimeError):  # as torch says it, it is a page long
        weights = None
    if not isinstance(weights, dict) or NEEDED - weights.keys():
        raise SystemExit(
            f"export: {arguments.weights} holds no weights of a training run, as its best.pt does"
        )
    difference = export(weights, arguments.out)
    size = arguments.out.stat().st_size / 1e6
    print(f"{arguments.out}: {size:.1f} MB, opset {OPSET}, largest difference to torch {difference:.1e}")


if __name__ == "__main__":
    main()
