"""Channels cut off and scaled: the network gives the same numbers, and every channel is as wide as the widest."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import channels
from engines.activations import observe
from engines.rewriting import Graph

IMAGES = np.random.default_rng(1).integers(96, 160, (24, 9, 16, 16), dtype=np.uint8)
DEAD = [2, 5]
"""Units of the perceptron that no image wakes."""


@pytest.fixture
def network() -> onnx.ModelProto:
    """A residual block with channels of very different widths, and a perceptron with a sum, some units dead."""
    rng, node = np.random.default_rng(2), helper.make_node
    widths = np.geomspace(1, 30, 8)
    constants = {
        "stem_w": rng.normal(size=(8, 9, 4, 4)) * widths[:, None, None, None] / 255, "stem_b": rng.normal(size=8),
        "body_w": rng.normal(size=(8, 8, 3, 3)), "body_b": rng.normal(size=8),
        "out_w": rng.normal(size=(8, 8, 1, 1)), "first_w": rng.normal(size=(12, 128)), "first_b": np.zeros(12),
        "look_w": rng.normal(size=(128, 12)),
        "deep_w": rng.normal(size=(12, 12)), "deep_b": rng.normal(size=12),
        "last_w": rng.normal(size=(5, 12)), "last_b": rng.normal(size=5),
    }  # fmt: skip
    constants["first_b"][DEAD] = -1e6
    initializers = [
        numpy_helper.from_array(values.astype(np.float32), name) for name, values in constants.items()
    ]
    nodes = [
        node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT),
        node("Conv", ["wide", "stem_w", "stem_b"], ["stem"], "stem", strides=[4, 4]),
        node("Relu", ["stem"], ["seen"]),
        node("Conv", ["seen", "body_w", "body_b"], ["body"], "body", pads=[1, 1, 1, 1]),
        node("Add", ["body", "seen"], ["sum"]),
        node("Relu", ["sum"], ["block"]),
        node("Conv", ["block", "out_w"], ["out"], "out"),
        node("Flatten", ["out"], ["flat"]),
        node("Gemm", ["flat", "first_w", "first_b"], ["first"], "first", transB=1),
        node("MatMul", ["flat", "look_w"], ["look"], "look"),
        node("Add", ["first", "look"], ["both"]),
        node("Relu", ["both"], ["units"]),
        node("Gemm", ["units", "deep_w", "deep_b"], ["deep"], "deep", transB=1),
        node("Relu", ["deep"], ["deep_units"]),
        node("Add", ["units", "deep_units"], ["all"]),
        node("Gemm", ["all", "last_w", "last_b"], ["answer"], "last", transB=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 9, 16, 16])
    out = helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["batch", 5])
    graph = helper.make_graph(nodes, "small", [image], [out], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(network: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(network)
    return onnxruntime.InferenceSession(network.SerializeToString()).run(None, {"image": images})[0]


def test_what_never_answers_is_cut_off(network) -> None:
    expected = run(network, IMAGES)
    asleep = channels.cut_silent(network, IMAGES)
    np.testing.assert_allclose(run(network, IMAGES), expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    graph = Graph(network)
    first, look, deep = (
        next(n for n in network.graph.node if n.name == name) for name in ("first", "look", "deep")
    )
    assert asleep >= len(DEAD)
    assert (
        len(graph.weights(first))
        == len(graph.weights(look))
        == graph.weights(deep).shape[1]
        <= 12 - len(DEAD)
    )


def test_a_unit_that_one_image_wakes_stays(network) -> None:
    loud = np.where(np.arange(9)[:, None, None] % 2, 255, np.zeros((16, 16))).astype(np.uint8)[None]
    usual, once = (observe(network, ["both"], images)["both"] for images in (IMAGES, loud))
    beyond = once.high - usual.high - usual.deviation
    beyond[DEAD] = 0
    unit = int(np.argmax(beyond))
    graph = Graph(network)
    first = next(node for node in network.graph.node if node.name == "first")
    between = 0.5 * (once.high[unit] + usual.high[unit] + usual.deviation[unit])
    assert once.high[unit] > between > usual.high[unit] + usual.deviation[unit]
    graph.change(
        first,
        0,
        lambda values, axis: values if values.ndim > 1 else values - between * (np.arange(12) == unit),
    )
    other = onnx.ModelProto()
    other.CopyFrom(network)
    asleep = channels.cut_silent(network, IMAGES)
    images = np.concatenate([IMAGES, loud])
    assert channels.cut_silent(other, images) < asleep


def test_channels_become_as_wide_as_the_widest(network) -> None:
    expected = run(network, IMAGES)
    names = ["seen", "body", "block"]

    def widths() -> np.ndarray:
        """The largest of the tensors that share a channel."""
        spans = observe(network, names, IMAGES)
        return np.max([spans[name].width for name in names], 0)

    before = widths()
    channels.equalise(network, IMAGES)
    np.testing.assert_allclose(run(network, IMAGES), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert before.min() < 0.5 * before.max()
    np.testing.assert_allclose(widths(), before.max(), rtol=1e-4)


def test_a_channel_that_is_hardly_seen_is_not_blown_up(network) -> None:
    graph = Graph(network)
    stem = next(node for node in network.graph.node if node.name == "stem")
    body = next(node for node in network.graph.node if node.name == "body")
    for node in (stem, body):
        graph.change(node, 0, lambda values, axis: np.concatenate([1e-4 * values[:1], values[1:]]))
    before = observe(network, ["seen"], IMAGES)["seen"].width
    channels.equalise(network, IMAGES)
    after = observe(network, ["seen"], IMAGES)["seen"].width
    assert after[0] == pytest.approx(channels.LARGEST * before[0], rel=1e-3)
