"""1 x 1 convolutions whose result stays float: matrix products of bytes that are not rounded to bytes again.

A face that stands still trembles by what rounding does to the camera's noise, and every rounding adds to it. So maps
of three sizes that are brought up and added, the logits of the heat maps, and the shortcut beside a residual block are
not rounded. ONNX Runtime multiplies bytes to floats for matrices (MatMulIntegerToFloat), not for convolutions; with
its pixels first and its channels last, a 1 x 1 convolution is a product of matrices. `arrange` writes it so, still in
float; `narrow` comes after quantising.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper

from engines.rewriting import Graph, attributes

LOGIT = 60.0
"""Beyond it a map's logits are cut, three times what is seen: so their exponentials need no subtraction first."""
_BETWEEN = {"Add", "Gather", "Transpose"}
"""What may stand between a product and the next layer."""
_LAST, _FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
"""Channels to the last axis, and back."""


@dataclass
class Arranged:
    """Names of nodes: those that take bytes (`narrow`), and those that stay float (`wide`)."""

    narrow: set[str] = field(default_factory=set)
    wide: set[str] = field(default_factory=set)


def arrange(graph: Graph) -> Arranged:
    """Rewrite the graph in place; the same numbers, but for the rounding of sums in another order."""
    found = Arranged()
    for softmax in [node for node in graph.proto.node if node.op_type == "Softmax"]:
        _read_maps(graph, softmax, found)
    for conv in [node for node in graph.proto.node if node.op_type == "Conv"]:
        _multiply(graph, conv, found)
    products = [node for node in graph.proto.node if node.name in found.narrow and node.op_type == "MatMul"]
    ahead = [name for node in products for name in node.output]
    wide: set[str] = set()
    while ahead:
        for user in graph.users(ahead.pop()):
            if user.op_type in _BETWEEN and user.name not in wide:
                wide.add(user.name)
                ahead += user.output
    found.wide |= wide
    return found


def narrow(graph: Graph) -> None:
    """After quantising: products of bytes with their bias, and no rounding behind them."""
    for product in [node for node in graph.proto.node if node.op_type == "MatMul"]:
        read = [graph.maker(name) for name in product.input]
        if any(node is None or node.op_type != "DequantizeLinear" for node in read):
            continue
        old, out, bias = [product], product.output[0], []
        users = graph.users(out)
        if len(users) == 1 and users[0].op_type == "Add" and graph.constant(users[0].input[1]) is not None:
            old, out, bias = [product, users[0]], users[0].output[0], [users[0].input[1]]
        (data, data_scale, data_zero), (rows, scales, zeros) = (
            node.input for node in read if node is not None
        )
        inputs = [data, rows, data_scale, scales, data_zero, zeros, *bias]
        new = helper.make_node("MatMulIntegerToFloat", inputs, [out], product.name, domain="com.microsoft")
        graph.replace(old, [new])


def _single(graph: Graph, conv: onnx.NodeProto) -> np.ndarray | None:
    """Weights (outputs, inputs) of a plain convolution of 1 x 1 pixels; None of anything else."""
    weights = graph.weights(conv) if conv.op_type == "Conv" else None
    if weights is None or weights.shape[2:] != (1, 1) or any(attributes(conv).get("pads", [0])):
        return None
    return weights[:, :, 0, 0]


def _multiply(graph: Graph, conv: onnx.NodeProto, found: Arranged) -> None:
    """A 1 x 1 convolution that is added to something as a product."""
    users, weights = graph.users(conv.output[0]), _single(graph, conv)
    if weights is None or not users or any(user.op_type not in _BETWEEN for user in users):
        return
    name, out = conv.name, conv.output[0]
    nodes = [helper.make_node("Transpose", [conv.input[0]], [f"{name}_last"], f"{name}_last", perm=_LAST)]
    strides = attributes(conv).get("strides", [1, 1])
    if any(stride != 1 for stride in strides):
        cut = [graph.add(f"{name}_{what}", np.array(values)) for what, values in (
            ("from", [0, 0]), ("to", [np.iinfo(np.int64).max] * 2), ("axes", [1, 2]), ("steps", strides))]  # fmt: skip
        nodes.append(helper.make_node("Slice", [f"{name}_last", *cut], [f"{name}_cut"], f"{name}_cut"))
    nodes += _product(graph, conv, weights, nodes[-1].output[0], f"{name}_product")
    found.narrow |= {node.name for node in nodes if node.op_type != "Add"}
    nodes.append(helper.make_node("Transpose", [nodes[-1].output[0]], [out], f"{name}_first", perm=_FIRST))
    graph.replace([conv], nodes)


def _product(
    graph: Graph, conv: onnx.NodeProto, weights: np.ndarray, data: str, out: str
) -> list[onnx.NodeProto]:
    """Data with its channels last times the weights of a 1 x 1 convolution, and its bias."""
    rows = graph.add(f"{conv.name}_rows", weights.T)
    if len(conv.input) < 3:
        return [helper.make_node("MatMul", [data, rows], [out], conv.name)]
    return [
        helper.make_node("MatMul", [data, rows], [f"{out}_only"], conv.name),
        helper.make_node("Add", [f"{out}_only", conv.input[2]], [out], f"{conv.name}_bias"),
    ]


def _read_maps(graph: Graph, softmax: onnx.NodeProto, found: Arranged) -> None:
    """Means under the softmax of maps, (B, P, k): from logits with pixels first, which no one has to turn around.

    A map's own bias leaves its softmax as it is.
    """
    reshape, users = graph.maker(softmax.input[0]), graph.users(softmax.output[0])
    if reshape is None or reshape.op_type != "Reshape":
        return
    conv = graph.maker(reshape.input[0])
    weights = None if conv is None else _single(graph, conv)
    if conv is None or weights is None or len(users) != 1 or users[0].op_type != "MatMul":
        return
    values = graph.constant(users[0].input[1])
    if values is None or values.ndim != 2 or attributes(softmax).get("axis", -1) not in (2, -1):
        return
    if any(stride != 1 for stride in attributes(conv).get("strides", [])):
        return
    if len(graph.users(reshape.output[0])) != 1:
        return
    name, (cells, means) = conv.name, values.shape
    rows = graph.add(f"{name}_rows", weights.T)
    shape = graph.add(f"{name}_shape", np.array([-1, cells, weights.shape[1]]))
    both = graph.add(f"{name}_means", np.concatenate([values, np.ones((cells, 1), values.dtype)], 1).T)
    parts = graph.add(f"{name}_parts", np.array([means, 1]))
    least, most = (np.array(value, np.float32) for value in (-LOGIT, LOGIT))
    limits = [graph.add(f"{name}_least", least), graph.add(f"{name}_most", most)]
    node = helper.make_node
    nodes = [
        node("Transpose", [conv.input[0]], [f"{name}_last"], f"{name}_last", perm=_LAST),
        node("Reshape", [f"{name}_last", shape], [f"{name}_pixels"], f"{name}_pixels"),
        node("MatMul", [f"{name}_pixels", rows], [f"{name}_logits"], name),
        node("Clip", [f"{name}_logits", *limits], [f"{name}_safe"], f"{name}_safe"),
        node("Exp", [f"{name}_safe"], [f"{name}_shares"], f"{name}_shares"),
        node("MatMul", [both, f"{name}_shares"], [f"{name}_sums"], f"{name}_sums"),
        node("Split", [f"{name}_sums", parts], [f"{name}_top", f"{name}_sum"], f"{name}_split", axis=1),
        node("Div", [f"{name}_top", f"{name}_sum"], [f"{name}_mean"], f"{name}_mean"),
        node("Transpose", [f"{name}_mean"], list(users[0].output), f"{name}_points", perm=[0, 2, 1]),
    ]
    found.narrow |= {node.name for node in nodes[:3]}
    found.wide |= {node.name for node in nodes[3:]}
    graph.replace([softmax, users[0]], nodes)
    graph.tidy()
