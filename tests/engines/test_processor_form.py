"""The network for processors: rearranged it gives the same numbers, with narrow weights nearly the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import processor_form


def network(kernel: int, stride: int, pad: int, width: int = 40) -> onnx.ModelProto:
    """A stem of bytes, a coarser map brought up to it, and a matrix product."""
    rng, node = np.random.default_rng(3), helper.make_node
    fine = (width + 2 * pad - kernel) // stride + 1
    constants = {
        "stem_w": rng.normal(size=(8, 9, kernel, kernel)) / 255, "stem_b": rng.normal(size=8),
        "body_w": rng.normal(size=(8, 8, 3, 3)), "last_w": rng.normal(size=(290, 8 * fine * fine)),
        "last_b": rng.normal(size=290), "scales": np.array([1, 1, 2, 2]),
    }  # fmt: skip
    constants = {name: values.astype(np.float32) for name, values in constants.items()}
    constants |= {"none": np.zeros(0, np.float32), "begin": np.array([0]), "end": np.array([fine])}
    constants |= {"axis_2": np.array([2]), "axis_3": np.array([3])}
    nodes = [
        node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT),
        node("Conv", ["wide", "stem_w", "stem_b"], ["stem"], "stem", strides=[stride] * 2, pads=[pad] * 4),
        node("Conv", ["stem", "body_w"], ["half"], "body", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Resize", ["half", "none", "scales"], ["big"], "resize", mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        node("Slice", ["big", "begin", "end", "axis_2"], ["low"]),
        node("Slice", ["low", "begin", "end", "axis_3"], ["cut"]),
        node("Add", ["cut", "stem"], ["sum"]),
        node("Flatten", ["sum"], ["flat"]),
        node("Gemm", ["flat", "last_w", "last_b"], ["coefficients"], "last", transB=1),
    ]  # fmt: skip
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 9, width, width])
    out = helper.make_tensor_value_info("coefficients", TensorProto.FLOAT, ["batch", 290])
    initializers = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "small", [image], [out], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"image": images})[0]


@pytest.mark.parametrize(("kernel", "stride", "pad"), [(7, 4, 3), (5, 4, 2), (8, 4, 2), (3, 4, 0)])
def test_rearranged_it_gives_the_same(kernel, stride, pad) -> None:
    model = network(kernel, stride, pad)
    images = np.random.default_rng(4).integers(0, 256, (2, 9, 40, 40), dtype=np.uint8)
    expected = run(model, images)
    arranged = processor_form.arrange(model)
    kinds = [node.op_type for node in arranged.graph.node]
    assert "Resize" not in kinds and "Slice" not in kinds
    (stem,) = (node for node in arranged.graph.node if node.name == "stem")
    (weights,) = (tensor for tensor in arranged.graph.initializer if tensor.name == stem.input[1])
    assert weights.dims[1] == 9 * stride
    np.testing.assert_allclose(run(arranged, images), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("kernel", "stride", "pad", "width"), [(3, 4, 1, 42), (5, 2, 2, 40)])
def test_a_stem_that_does_not_fit_stays(kernel, stride, pad, width) -> None:
    """Its outputs are not those of the joined pixels, or their channels are no multiple of four."""
    model = network(kernel, stride, pad, width)
    images = np.random.default_rng(5).integers(0, 256, (1, 9, width, width), dtype=np.uint8)
    expected = run(model, images)
    np.testing.assert_allclose(run(processor_form.arrange(model), images), expected, rtol=1e-5, atol=1e-3)
    assert any("stem_w" in node.input for node in model.graph.node)


def test_block_weights_are_within_their_step() -> None:
    """Half a step of the weights, and half a step of the inputs, per product, as if all errors had the same sign."""
    model = network(7, 4, 3)
    images = np.random.default_rng(6).integers(0, 256, (3, 9, 40, 40), dtype=np.uint8)
    expected = run(model, images)
    (weights,) = (numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "last_w")
    narrow = processor_form.narrow(model)
    (product,) = (node for node in narrow.graph.node if node.name == "last")
    assert product.op_type == "MatMulNBits" and "last_w" not in {t.name for t in narrow.graph.initializer}
    error = np.abs(run(narrow, images) - expected)
    scale = np.abs(weights).max() * np.abs(expected).max()
    assert 0 < error.max() < 0.02 * scale
    assert error.mean() < 0.01 * np.abs(expected).mean()
