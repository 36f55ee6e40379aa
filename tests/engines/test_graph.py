"""What is rewritten for TensorRT computes the same: bytes, positions, and what may be narrow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from face3d.engine import graph
from face3d.engine.builder import BuildSettings, build
from tests.core.networks import metadata

CELLS = 25  # a side of the map


@pytest.fixture(scope="module")
def path(model, tmp_path_factory) -> Path:
    """A network that also finds positions: by heat maps, and in the bytes of the prior without a convolution."""
    rng = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    grid = np.stack(np.meshgrid(np.linspace(-1, 1, CELLS), np.linspace(-1, 1, CELLS)), -1).reshape(-1, 2)
    constants = {
        "stem_w": weights(16, 9, 7, 7) / 255, "body_w": weights(16, 16, 3, 3), "maps_w": weights(64, 16, 1, 1),
        "first_w": weights(512, 256), "last_w": weights(290, 512), "sure_w": weights(1, 512),
        "cells": grid.astype(np.float32), "byte": np.float32(255), "sharp": np.float32(3e5),
        "scales": np.array([1, 1, 2, 2], np.float32), "none": np.zeros(0, np.float32),
        "from": np.array([0, 0]), "to": np.array([CELLS, CELLS]), "sides": np.array([2, 3]),
        "first_plane": np.array([3, 0, 0]), "last_plane": np.array([4, 200, 200]), "axes": np.array([1, 2, 3]),
        "every": np.array([1, 8, 8]), "flat": np.array([0, 64, -1]), "row": np.array([0, 1, -1]),
        "twice": np.array([1, 64, 1]), "whole": np.array([-1]),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT),
        node("Conv", ["wide", "stem_w"], ["stem"], "stem", strides=[8, 8], pads=[3, 3, 3, 3]),
        node("Relu", ["stem"], ["seen"]),
        node("Conv", ["seen", "body_w"], ["half"], "body", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Resize", ["half", "none", "scales"], ["big"], "resize", mode="nearest"),
        node("Slice", ["big", "from", "to", "sides"], ["cut"], "cut"),
        node("Add", ["cut", "seen"], ["sum"], "sum"),
        node("Conv", ["sum", "maps_w"], ["maps"], "maps"),
        node("Reshape", ["maps", "flat"], ["logits"]),
        node("Softmax", ["logits"], ["heat"], "heat", axis=2),
        node("MatMul", ["heat", "cells"], ["points"], "points"),
        node("Slice", ["image", "first_plane", "last_plane", "axes", "every"], ["codes"], "look"),
        node("Cast", ["codes"], ["codes_wide"], to=TensorProto.FLOAT),
        node("Div", ["codes_wide", "byte"], ["unit"]),
        node("Mul", ["unit", "sharp"], ["far"], "far"),  # beyond float16
        node("Reshape", ["far", "row"], ["far_row"]),
        node("Softmax", ["far_row"], ["where"], "where", axis=2),
        node("MatMul", ["where", "cells"], ["prior"], "prior"),
        node("Tile", ["prior", "twice"], ["priors"]),
        node("Concat", ["points", "priors"], ["both"], axis=2),
        node("Flatten", ["both"], ["row_of_points"]),
        node("Gemm", ["row_of_points", "first_w"], ["hidden"], "first", transB=1),
        node("Relu", ["hidden"], ["units"]),
        node("Gemm", ["units", "last_w"], ["coefficients"], "last", transB=1),
        node("Gemm", ["units", "sure_w"], ["sure"], "sure", transB=1),
        node("Reshape", ["sure", "whole"], ["sure_row"]),
        node("Sigmoid", ["sure_row"], ["confidence"]),
    ]
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    content = helper.make_graph(
        nodes,
        "points",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 9, 200, 200])],
        [
            helper.make_tensor_value_info("coefficients", TensorProto.FLOAT, ["batch", 290]),
            helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch"]),
        ],
        initializers,
    )
    network = helper.make_model(content, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(network, metadata(model))
    onnx.checker.check_model(network, full_check=True)
    out = tmp_path_factory.mktemp("points") / "points.onnx"
    onnx.save(network, out)
    return out


@pytest.fixture(scope="module")
def batch() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 9, 200, 200), dtype=np.uint8)


def run(network: onnx.ModelProto, batch: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["coefficients", "confidence"], {"image": batch})


def named(network: onnx.ModelProto, indices: set[int]) -> set[str]:
    return {network.graph.node[index].name for index in indices}


def test_bytes_are_only_cast(path, batch) -> None:
    folded = graph.fold(path)
    users = [node.op_type for node in folded.graph.node if "image" in node.input]
    assert set(users) == {"Cast"}
    for found, expected in zip(run(folded, batch), run(onnx.load(path), batch)):
        assert np.array_equal(found, expected)


def test_positions_stay_wide(path) -> None:
    folded = graph.fold(path)
    narrow = named(folded, graph.narrow_layers(folded.graph))
    assert {"body", "resize", "cut", "sum", "maps", "first"} <= narrow
    assert not {"stem", "heat", "points", "look", "far", "where", "prior", "last", "sure"} & narrow


def test_the_limits_of_a_narrow_clip_are_narrow_too() -> None:
    """ONNX wants them of the data's type: a ReLU6 between convolutions."""
    rng, node = np.random.default_rng(2), helper.make_node
    constants = {f"w{i}": (0.3 * rng.normal(size=(4, 4, 3, 3))).astype(np.float32) for i in range(4)}
    constants |= {"zero": np.float32(0), "six": np.float32(6)}
    pads = {"pads": [1, 1, 1, 1]}
    nodes = [
        node("Conv", ["x", "w0"], ["a"], "first", **pads), node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "w1"], ["c"], "body", **pads), node("Clip", ["c", "zero", "six"], ["d"], "clip"),
        node("Conv", ["d", "w2"], ["e"], "end", **pads), node("Relu", ["e"], ["f"]),
        node("Conv", ["f", "w3"], ["y"], "last", **pads),
    ]  # fmt: skip
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 8, 8]) for name in "xy"]
    initializers = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    network = helper.make_model(
        helper.make_graph(nodes, "relu6", ends[:1], ends[1:], initializers),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
    )  # fmt: skip
    feed = {"x": rng.normal(size=(1, 4, 8, 8)).astype(np.float32)}
    (wide,) = onnxruntime.InferenceSession(network.SerializeToString()).run(None, feed)
    half = graph.to_half(network)
    assert {"body", "clip", "end"} <= (narrow := named(network, graph.narrow_layers(network.graph)))
    assert not narrow & {"first", "last"}, "not bytes, and not the result"
    (found,) = onnxruntime.InferenceSession(half.SerializeToString()).run(None, feed)
    np.testing.assert_allclose(found, wide, atol=0.01 * np.abs(wide).max())


def test_half_precision_computes_the_same(path, batch) -> None:
    half = graph.to_half(graph.fold(path))
    kinds = {tensor.name: tensor.data_type for tensor in half.graph.initializer}
    assert kinds["cells"] == kinds["stem_w"] == TensorProto.FLOAT and "body_w" not in kinds
    for found, expected in zip(run(half, batch), run(onnx.load(path), batch)):
        assert found.dtype == np.float32 and np.abs(found - expected).max() < 2e-3 * np.abs(expected).max()


def test_int8_leaves_positions_alone(path, batch) -> None:
    pytest.importorskip("scipy", reason="synthetic faces need the packages of training")
    from engines.quantize import quantize

    expected = run(onnx.load(path), batch)[0]
    for target in ("cpu", "tensorrt"):
        network = quantize(path, batch, target)
        made = {name: node.op_type for node in network.graph.node for name in node.output}
        for node in network.graph.node:
            if node.name in ("points", "prior", "far"):
                assert "DequantizeLinear" not in {made.get(name) for name in node.input}, node.name
        assert np.abs(run(network, batch)[0] - expected).max() < 0.1 * np.abs(expected).max()


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_tensorrt_builds_it(tensorrt, path, batch, tmp_path, precision) -> None:
    if not tensorrt.rtx:
        pytest.skip("only TensorRT for RTX builds without a GPU")
    network = path
    if precision == "int8":
        pytest.importorskip("scipy", reason="synthetic faces need the packages of training")
        from engines.quantize import quantize

        network = tmp_path / "int8.onnx"
        onnx.save(quantize(path, batch, "tensorrt"), network)
    said: list[str] = []
    build(
        network,
        tmp_path / "x.engine",
        BuildSettings(precision, capabilities=("8.9",)),
        lambda kind, text: said.append(text) if kind == "error" else None,
    )
    assert not said
