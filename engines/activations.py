"""What flows through a network: how large every channel of a tensor becomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

BATCH = 8


@dataclass(frozen=True, eq=False)
class Span:
    """Least, largest and standard deviation (channels,) of each channel, the channels being the second axis."""

    low: np.ndarray
    high: np.ndarray
    deviation: np.ndarray

    @property
    def width(self) -> np.ndarray:
        """(channels,) what a range that holds every channel's values and zero must span."""
        return np.maximum(self.high, 0.0) - np.minimum(self.low, 0.0)


def observe(network: onnx.ModelProto, names: Iterable[str], images: np.ndarray) -> dict[str, Span]:
    """The spans of some float tensors of a float network over all images (N, 9, 200, 200) uint8."""
    shown = onnx.ModelProto()
    shown.CopyFrom(network)
    names = sorted(set(names))
    if not names:
        return {}
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    image = network.graph.input[0].name
    lows: dict[str, list[np.ndarray]] = {name: [] for name in names}
    highs: dict[str, list[np.ndarray]] = {name: [] for name in names}
    sums: dict[str, list[tuple[np.ndarray, float]]] = {name: [] for name in names}
    squares: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for first in range(0, len(images), BATCH):
        for name, values in zip(names, session.run(names, {image: images[first : first + BATCH]})):
            axes = tuple(axis for axis in range(values.ndim) if axis != 1)
            lows[name].append(values.min(axes))
            highs[name].append(values.max(axes))
            sums[name].append((values.sum(axes, np.float64), values.size / values.shape[1]))
            squares[name].append(np.square(values, dtype=np.float64).sum(axes))
    spans = {}
    for name in names:
        count = sum(part for _, part in sums[name])
        mean = sum(part for part, _ in sums[name]) / count
        variance = np.maximum(sum(squares[name]) / count - mean**2, 0.0)
        spans[name] = Span(np.min(lows[name], 0), np.max(highs[name], 0), np.sqrt(variance))
    return spans
