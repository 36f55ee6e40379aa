"""1 x 1 convolutions as products with float results: the same numbers, and nothing rounded behind them."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import processor_form
from engines.quantize import quantize
from engines.rewriting import Graph
from tests.core.networks import metadata

IMAGES = np.random.default_rng(1).integers(0, 256, (16, 9, 200, 200), dtype=np.uint8)
CELLS = 25


@pytest.fixture
def network(model) -> onnx.ModelProto:
    """A residual block with a shortcut, and positions read from heat maps."""
    rng, node = np.random.default_rng(2), helper.make_node
    sides = np.linspace(-1, 1, CELLS)
    constants = {
        "stem_w": rng.normal(size=(16, 9, 7, 7)) / 1500, "stem_b": rng.normal(size=16),
        "body_w": rng.normal(size=(16, 16, 3, 3)) / 12, "body_b": rng.normal(size=16),
        "short_w": rng.normal(size=(16, 16, 1, 1)) / 4, "short_b": rng.normal(size=16),
        "mix_w": rng.normal(size=(16, 16, 3, 3)) / 12, "mix_b": rng.normal(size=16),
        "maps_w": rng.normal(size=(24, 16, 1, 1)), "maps_b": rng.normal(size=24),
        "cells": np.stack(np.meshgrid(sides, sides), -1).reshape(-1, 2),
        "last_w": rng.normal(size=(290, 48)), "sure_w": rng.normal(size=(1, 48)),
    }  # fmt: skip
    initializers = [
        numpy_helper.from_array(values.astype(np.float32), name) for name, values in constants.items()
    ]
    for name, values in (("flat", [0, 0, -1]), ("row", [-1])):
        initializers.append(numpy_helper.from_array(np.array(values), name))
    nodes = [
        node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT),
        node("Conv", ["wide", "stem_w", "stem_b"], ["stem"], "stem", strides=[4, 4], pads=[3, 3, 3, 3]),
        node("Relu", ["stem"], ["seen"]),
        node("Conv", ["seen", "body_w", "body_b"], ["body"], "body", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Conv", ["seen", "short_w", "short_b"], ["short"], "short", strides=[2, 2]),
        node("Add", ["body", "short"], ["sum"], "sum"),
        node("Relu", ["sum"], ["block"]),
        node("Conv", ["block", "mix_w", "mix_b"], ["mix"], "mix", pads=[1, 1, 1, 1]),
        node("Relu", ["mix"], ["mixed"]),
        node("Conv", ["mixed", "maps_w", "maps_b"], ["maps"], "maps"),
        node("Reshape", ["maps", "flat"], ["logits"]),
        node("Softmax", ["logits"], ["heat"], "heat", axis=2),
        node("MatMul", ["heat", "cells"], ["points"], "points"),
        node("Flatten", ["points"], ["flat_points"]),
        node("Gemm", ["flat_points", "last_w"], ["coefficients"], "last", transB=1),
        node("Gemm", ["flat_points", "sure_w"], ["sure"], "sure", transB=1),
        node("Sigmoid", ["sure"], ["sure_row"]),
        node("Reshape", ["sure_row", "row"], ["confidence"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 9, 200, 200])
    outputs = [
        helper.make_tensor_value_info("coefficients", TensorProto.FLOAT, ["batch", 290]),
        helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch"]),
    ]
    graph = helper.make_graph(nodes, "small", [image], outputs, initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(made, metadata(model))
    return made


def run(network: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(network)
    return onnxruntime.InferenceSession(network.SerializeToString()).run(None, {"image": images})[0]


def test_it_computes_the_same(network) -> None:
    expected = run(network, IMAGES[:3])
    found = processor_form.arrange(network)
    kinds = {node.name: node.op_type for node in network.graph.node}
    assert kinds["short"] == kinds["maps"] == "MatMul" and kinds["body"] == kinds["mix"] == "Conv"
    assert "Softmax" not in kinds.values()
    assert {"short", "maps"} <= found.narrow and "sum" in found.wide and not found.narrow & found.wide
    np.testing.assert_allclose(run(network, IMAGES[:3]), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


def test_logits_of_any_size_give_numbers(network) -> None:
    """Where the maps are sharp beyond exponentials of float32, the place is still that of the largest cell."""
    Graph(network).change(
        next(node for node in network.graph.node if node.name == "maps"), 0, lambda values, axis: 1e4 * values
    )
    processor_form.arrange(network)
    assert np.isfinite(run(network, IMAGES[:2])).all()


def test_products_of_bytes_are_not_rounded(network, tmp_path) -> None:
    path = tmp_path / "float.onnx"
    onnx.save(network, path)
    quantised = quantize(path, IMAGES)
    made = {name: node for node in quantised.graph.node for name in node.output}
    products = {node.name for node in quantised.graph.node if node.op_type == "MatMulIntegerToFloat"}
    assert products == {"short", "maps"}
    rounded = {node.input[0] for node in quantised.graph.node if node.op_type == "QuantizeLinear"}
    for node in quantised.graph.node:
        if node.name in products:
            assert made[node.input[0]].op_type in ("QuantizeLinear", "Reshape", "Transpose", "Slice")
            assert not rounded & set(node.output), node.name
    expected, found = run(network, IMAGES), run(quantised, IMAGES)
    assert np.abs(found - expected).mean() < 0.05 * np.abs(expected).mean()
