"""Tiny ONNX networks for the core's tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from face3d.camera import IMAGE_SIZE
from face3d.crop import CROP_METRES
from face3d.model import FaceModel


def metadata(model: FaceModel) -> dict[str, str]:
    """What a fitting network says of itself."""
    return {"face_model": model.hash, "crop_metres": str(CROP_METRES), "image_size": str(IMAGE_SIZE)}


def write_network(
    path: Path,
    meta: Mapping[str, str],
    *,
    shape: tuple = ("batch", 9, 200, 200),
    dtype: int = TensorProto.UINT8,
    outputs: int = 290,
    names: tuple[str, str] = ("coefficients", "confidence"),
    confidence: float = 1.0,
    expression: float | np.ndarray = 0.0,
) -> Path:
    """A network whose identity coefficients are the mean of the first plane / 255: they differ from row to row.

    `expression`, one number or 84, and `confidence` are constant; nothing moves the pose.
    """
    weight = np.zeros((1, outputs), np.float32)
    weight[0, :200] = 1.0 / 255.0
    bias = np.zeros(outputs, np.float32)
    if outputs > 200:
        bias[200:284] = expression
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "space"], ["planes"], keepdims=0),
        helper.make_node("Slice", ["planes", "zero", "one", "one"], ["first"]),
        helper.make_node("Gemm", ["first", "weight", "bias"], [names[0]]),
        helper.make_node("ReduceMean", ["first", "one"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["silent"]),
        helper.make_node("Add", ["silent", "sure"], [names[1]]),
    ]
    constants = {
        "space": np.array([2, 3]),
        "zero": np.array([0]),
        "one": np.array([1]),
        "weight": weight,
        "bias": bias,
        "nothing": np.zeros(1, np.float32),
        "sure": np.full(1, confidence, np.float32),
    }
    # Slice wants its axis as the third input: rows of (start, end, axes) = (0, 1, 1).
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", dtype, shape)],
        [
            helper.make_tensor_value_info(names[0], TensorProto.FLOAT, [shape[0], outputs]),
            helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [shape[0]]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(network, dict(meta))
    onnx.save(network, str(path))
    return path
