"""The network for processors: rearranged it gives the same numbers, with narrow weights nearly the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import processor_form
from face3d import runtime
from face3d.runtime import prior_points


def made(kernel: int, stride: int, pad: int, width: int = 40) -> onnx.ModelProto:
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
    model = made(kernel, stride, pad)
    images = np.random.default_rng(4).integers(0, 256, (2, 9, 40, 40), dtype=np.uint8)
    expected = run(model, images)
    processor_form.arrange(model)
    kinds = [node.op_type for node in model.graph.node]
    assert "Resize" not in kinds and "Slice" not in kinds
    (stem,) = (node for node in model.graph.node if node.name == "stem")
    (weights,) = (tensor for tensor in model.graph.initializer if tensor.name == stem.input[1])
    assert weights.dims[1] == 9 * stride
    np.testing.assert_allclose(run(model, images), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


def test_a_cut_that_names_no_axes_stays() -> None:
    model = made(7, 4, 3)
    first, second = (node for node in model.graph.node if node.op_type == "Slice")
    for name, values in (("begins", [0, 0, 0, 0]), ("ends", [9, 9, 10, 10])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(values), name))
    first.input[1:] = ["begins", "ends"]
    first.output[:] = second.output
    model.graph.node.remove(second)
    images = np.random.default_rng(4).integers(0, 256, (2, 9, 40, 40), dtype=np.uint8)
    expected = run(model, images)
    processor_form.arrange(model)
    assert "Slice" in [node.op_type for node in model.graph.node]
    np.testing.assert_allclose(run(model, images), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("kernel", "stride", "pad", "width"), [(3, 4, 1, 42), (5, 2, 2, 40)])
def test_a_stem_that_does_not_fit_stays(kernel, stride, pad, width) -> None:
    """Its outputs are not those of the joined pixels, or their channels are no multiple of four."""
    model = made(kernel, stride, pad, width)
    images = np.random.default_rng(5).integers(0, 256, (1, 9, width, width), dtype=np.uint8)
    expected = run(model, images)
    processor_form.arrange(model)
    np.testing.assert_allclose(run(model, images), expected, rtol=1e-5, atol=1e-3)
    assert any("stem_w" in node.input for node in model.graph.node)


def small(*nodes: onnx.NodeProto, weights: np.ndarray, width: int | str = 40) -> onnx.ModelProto:
    """A network that begins with `nodes`: from `image` (bytes) and `stem_w` to `stem`."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 12, 40, width])
    out = helper.make_tensor_value_info("stem", TensorProto.FLOAT, ["batch", 8, "rows", "columns"])
    constants = [numpy_helper.from_array(weights.astype(np.float32), "stem_w")]
    graph = helper.make_graph(list(nodes), "small", [image], [out], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


CAST = helper.make_node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT)
STEM = {"kernel_shape": [4, 4], "strides": [4, 4]}


def stem(image: str = "wide", out: str = "stem", **attributes) -> onnx.NodeProto:
    return helper.make_node("Conv", [image, "stem_w"], [out], out, **(STEM | attributes))


@pytest.mark.parametrize(
    ("nodes", "inputs"),
    [
        ([CAST, stem(group=2)], 6),
        ([CAST, stem(dilations=[1, 2], pads=[0, 1, 0, 2])], 12),
        ([CAST, stem(auto_pad="SAME_UPPER")], 12),
        ([CAST, stem(out="a"), stem(out="b"), helper.make_node("Add", ["a", "b"], ["stem"])], 12),
        ([CAST, helper.make_node("Relu", ["wide"], ["more"]), stem("more")], 12),
        ([CAST, helper.make_node("Neg", ["stem_w"], ["made"]),
          helper.make_node("Conv", ["wide", "made"], ["stem"], **STEM)], 12),
        ([CAST, helper.make_node("Cast", ["image"], ["too"], to=TensorProto.FLOAT), stem(out="a"), stem("too", "b"),
          helper.make_node("Add", ["a", "b"], ["stem"])], 12),
        ([helper.make_node("DequantizeLinear", ["image", "one"], ["wide"]),
          stem()], 12),
    ],
    ids=["groups", "dilations", "auto_pad", "two stems", "no convolution", "computed weights", "two casts", "no cast"],
)  # fmt: skip
def test_a_beginning_that_is_no_plain_stem_stays(nodes, inputs) -> None:
    rng = np.random.default_rng(7)
    model = small(*nodes, weights=rng.normal(size=(8, inputs, 4, 4)))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1), "one"))
    images = rng.integers(0, 256, (1, 12, 40, 40), dtype=np.uint8)
    before, expected = list(model.graph.node), run(model, images)
    processor_form.arrange(model)
    assert list(model.graph.node) == before
    np.testing.assert_array_equal(run(model, images), expected)


def test_an_image_of_any_width_and_a_cast_that_is_an_output_stay() -> None:
    weights = np.ones((8, 12, 4, 4))
    free, shown = small(CAST, stem(), weights=weights, width="width"), small(CAST, stem(), weights=weights)
    shown.graph.output.append(helper.make_tensor_value_info("wide", TensorProto.FLOAT, ["batch", 12, 40, 40]))
    for model in (free, shown):
        processor_form.arrange(model)
        assert [node.op_type for node in model.graph.node] == ["Cast", "Conv"]


def test_a_stem_without_pads_is_joined() -> None:
    rng = np.random.default_rng(8)
    model = small(CAST, stem(), weights=rng.normal(size=(8, 12, 4, 4)))
    images = rng.integers(0, 256, (1, 12, 40, 40), dtype=np.uint8)
    expected = run(model, images)
    processor_form.arrange(model)
    assert "stem_w" not in {tensor.name for tensor in model.graph.initializer}
    np.testing.assert_allclose(run(model, images), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


def test_block_weights_are_within_their_step() -> None:
    """Half a step of the weights, and half a step of the inputs, per product, as if all errors had the same sign."""
    model = made(7, 4, 3)
    images = np.random.default_rng(6).integers(0, 256, (3, 9, 40, 40), dtype=np.uint8)
    expected = run(model, images)
    (weights,) = (numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "last_w")
    processor_form.narrow(model)
    (product,) = (node for node in model.graph.node if node.name == "last")
    assert product.op_type == "MatMulNBits" and "last_w" not in {t.name for t in model.graph.initializer}
    error = np.abs(run(model, images) - expected)
    scale = np.abs(weights).max() * np.abs(expected).max()
    assert 0 < error.max() < 0.02 * scale
    assert error.mean() < 0.01 * np.abs(expected).mean()


def looked_up(places: np.ndarray, square: float = -0.005) -> tuple[onnx.ModelProto, np.ndarray]:
    """A network whose output are the points of a prior, as the trained ones look them up; and the weights."""
    rng, node = np.random.default_rng(9), helper.make_node
    weights = np.concatenate([rng.uniform(0, 2, (6, 3)), np.full((6, 1), square)], 1).astype(np.float32)
    constants = {
        "weights": weights, "places": places.astype(np.float32), "from": np.array([3, 0, 0]),
        "to": np.array([6, 200, 200]),
        "axes": np.array([1, 2, 3]), "steps": np.array([1, 8, 8]), "flat": np.array([0, 3, -1]), "one": np.array([1]),
        "nothing": np.float32(0), "away": np.float32(1e9),
    }  # fmt: skip
    nodes = [
        node("Slice", ["image", "from", "to", "axes", "steps"], ["cut"]),
        node("Reshape", ["cut", "flat"], ["cells"]),
        node("Cast", ["cells"], ["code"], to=TensorProto.FLOAT),
        node("Mul", ["code", "code"], ["squares"]),
        node("ReduceSum", ["squares", "one"], ["square"], keepdims=1),
        node("Equal", ["square", "nothing"], ["empty"]),
        node("Where", ["empty", "away", "square"], ["size"]),
        node("Concat", ["code", "size"], ["all"], axis=1),
        node("MatMul", ["weights", "all"], ["near"]),
        node("Softmax", ["near"], ["shares"], axis=2),
        node("MatMul", ["shares", "places"], ["found"]),
        node("Mul", ["found", "found"], ["points"]),
    ]  # fmt: skip
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 9, 200, 200])
    out = helper.make_tensor_value_info("points", TensorProto.FLOAT, ["batch", 6, 2])
    initializers = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "points", [image], [out], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), weights


LINE = (np.arange(0, 200, 8) - 99.5) / 100
PLACES = np.stack(np.meshgrid(LINE, LINE), -1).reshape(-1, 2)


def test_the_prior_s_points_become_an_input_that_the_core_makes() -> None:
    model, weights = looked_up(PLACES)
    images = np.random.default_rng(10).integers(0, 256, (2, 9, 200, 200), dtype=np.uint8)
    images[1, 3:6, :, :90] = 0
    expected = run(model, images)
    metadata = processor_form.narrow(model)
    assert [node.op_type for node in model.graph.node] == ["Mul"]
    found = prior_points.finder(metadata).find(images)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (points,) = session.run(None, {"image": images, prior_points.NAME: found})
    np.testing.assert_allclose(points, expected, atol=1e-5)
    assert metadata == {prior_points.NAME: prior_points.describe(weights, 8)}


@pytest.mark.parametrize(
    ("places", "square"), [(PLACES + 0.01, -0.005), (PLACES[:, ::-1], -0.005), (PLACES, 0.005)]
)
def test_another_look_up_stays_in_the_network(places, square) -> None:
    model, _ = looked_up(places, square)
    images = np.random.default_rng(11).integers(1, 9, (1, 9, 200, 200), dtype=np.uint8)
    expected = run(model, images)
    assert processor_form.narrow(model) == {}
    np.testing.assert_array_equal(run(model, images), expected)


def test_the_committed_int8_form_is_arranged_as_today(network) -> None:
    """Its stem takes bytes of joined pixels, nothing is upsampled number by number, sums of maps are not rounded."""
    quantised = network.with_suffix(runtime.INT8)
    if not quantised.is_file():
        pytest.skip("no int8 form is committed")
    graph = onnx.load(quantised).graph
    kinds = {node.op_type for node in graph.node}
    beginnings = {node.op_type for node in graph.node if graph.input[0].name in node.input}
    again = "make it again: python -m engines.quantize"
    assert "MatMulIntegerToFloat" in kinds and "Resize" not in kinds, again
    assert "Transpose" in beginnings and "Cast" not in beginnings, again
    assert prior_points.NAME in [entry.name for entry in graph.input] and "Softmax" not in kinds, again
