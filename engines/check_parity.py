"""How far the runtimes are apart: the same synthetic faces through each, differences to ONNX Runtime in fp32.

    python -m engines.check_parity [--faces 64] [--int8 face3d.int8.onnx] [--engine face3d.engine ...]

Columns, mean and largest over the faces: coefficients (of 290, as the network gives them); vertices, mm, of the
decoded shapes; landmarks, pixels of the 200-pixel crop, of the decoded and projected faces; confidence.
A runtime that cannot be tried here has a line that says why. The exit code is 1 when one is above its bound.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from engines.faces import PARITY_SEED, Faces, draw_faces
from engines.quantize import default_out
from face3d import codec, resources, runtime
from face3d.commands.common import number
from face3d.engine import graph
from face3d.model import FaceModel
from face3d.runtime.sidecar import Sidecar

Infer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

BOUNDS = {"exact": (0.1, 0.2), "fp16": (0.3, 0.5), "int8": (2.0, 3.0)}
"""Kind -> most that the mean vertex difference (mm) and the mean landmark difference (pixels) may be."""


@dataclass(frozen=True)
class Difference:
    """(mean, largest) of each."""

    coefficient: tuple[float, float]
    vertex: tuple[float, float]
    landmark: tuple[float, float]
    confidence: tuple[float, float]


def run(infer: Infer, faces: Faces, batch: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (N, 290) and confidences (N,) of all faces."""
    parts = [infer(faces.tensors[first : first + batch]) for first in range(0, len(faces.tensors), batch)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def compare(
    found: tuple[np.ndarray, np.ndarray],
    expected: tuple[np.ndarray, np.ndarray],
    faces: Faces,
    model: FaceModel,
) -> Difference:
    """How far two runtimes' answers to the same faces are apart."""
    vertices, landmarks = [], []
    for a, b, prior, crop in zip(found[0], expected[0], faces.priors, faces.crops):
        one, two = codec.decode(a, prior, crop), codec.decode(b, prior, crop)
        shapes = [model.shape(g.identity, g.expression, lod=True) for g in (one, two)]
        vertices.append(1e3 * np.linalg.norm(shapes[0] - shapes[1], axis=1))
        points = [
            g.pose.to_crop(crop).project(model.landmarks(g.identity, g.expression))[:, :2] for g in (one, two)
        ]
        landmarks.append(np.linalg.norm(points[0] - points[1], axis=1))
    return Difference(
        _mean_and_largest(np.abs(found[0] - expected[0])),
        _mean_and_largest(np.stack(vertices)),
        _mean_and_largest(np.stack(landmarks)),
        _mean_and_largest(np.abs(found[1] - expected[1])),
    )


def runtimes(
    network: Path, model: FaceModel, int8: list[Path], engines: list[Path]
) -> Iterator[tuple[str, str, Infer | str]]:
    """(name, kind of bound, infer or why not) of everything that can be compared with `network`."""
    yield "torch fp32", "exact", _torch(network)
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder) / "half.onnx"
        onnx.save(graph.to_half(graph.fold(network)), half)
        yield "ONNX fp16, as the engine is built", "fp16", _load(half, model, "onnxruntime")
    for path in int8:
        yield f"ONNX int8, {path.name}", "int8", _load(path, model, "onnxruntime")
    for name in ("onnxruntime-cuda", "onnxruntime-tensorrt"):
        yield name, "fp16", _load(network, model, name)  # they may compute in TF32
    if not engines:
        yield "TensorRT", "fp16", _load(network, model, "tensorrt")
    for path in engines:
        kind = "fp16"
        with contextlib.suppress(runtime.NetworkError):  # the loading says it, too
            kind = "int8" if Sidecar.read(path).precision == "int8" else "fp16"
        for backend in ("tensorrt", "tensorrt-graph"):
            yield f"{backend}, {path.name}", kind, _load(path, model, backend)


def _load(path: Path, model: FaceModel, backend: str) -> Infer | str:
    try:
        return runtime.load(path, model, backend).infer
    except (OSError, ValueError) as error:
        return " ".join(str(error).split())


def _torch(network: Path) -> Infer | str:
    try:
        import torch

        from engines.export import Deployed
        from training.weights import build_network, read_weights
    except ModuleNotFoundError as error:
        return f"the Python package {error.name} is missing"
    try:
        weights = read_weights(network)
        inner = build_network(weights["config"])
    except (KeyError, TypeError, ValueError) as error:
        return f"training/network.py does not build it any more: {' '.join(str(error).split())}"
    inner.load_state_dict(weights["network"])
    deployed = Deployed(inner).eval()

    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            coefficients, confidence = deployed(torch.from_numpy(batch))
        return coefficients.numpy(), confidence.numpy()

    return infer


def _mean_and_largest(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.max())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, help="fp32 ONNX file (default: the committed one)")
    parser.add_argument("--faces", type=number(int, 1), default=64, help="default: %(default)s")
    parser.add_argument(
        "--int8", type=Path, action="append", help="quantised ONNX file (default: beside the network)"
    )
    parser.add_argument("--engine", type=Path, action="append", default=[], help="default: the network's own")
    arguments = parser.parse_args()
    try:
        model, network = FaceModel.load(), resources.network(arguments.network)
        reference = runtime.load(network, model)
    except (OSError, ValueError) as error:
        raise SystemExit(f"check_parity: {error}") from None
    int8 = arguments.int8
    if int8 is None:
        int8 = [path for path in (default_out(network, "cpu"),) if path.is_file()]
    faces = draw_faces(arguments.faces, model, PARITY_SEED)
    expected = run(reference.infer, faces)
    print(f"{arguments.faces} synthetic faces, differences to ONNX Runtime fp32, mean / largest")
    print(f"{'':<36} {'coefficient':>19} {'vertices mm':>17} {'landmarks px':>17} {'confidence':>17}")
    failed = False
    for name, kind, infer in runtimes(network, model, int8, arguments.engine):
        if isinstance(infer, str):
            print(f"{name:<36} not here: {infer}")
            continue
        difference = compare(run(infer, faces), expected, faces, model)
        bad = not (difference.vertex[0] <= BOUNDS[kind][0] and difference.landmark[0] <= BOUNDS[kind][1])
        failed |= bad
        columns = (difference.coefficient, difference.vertex, difference.landmark, difference.confidence)
        numbers = " ".join(f"{mean:9.4f} /{largest:7.3f}" for mean, largest in columns)
        print(f"{name:<36}  {numbers}{'  ABOVE ITS BOUND' if bad else ''}", flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
