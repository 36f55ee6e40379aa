"""Channels of a float network, changed so that it computes the same: those that never answer are cut off, the
others scaled to one width.

One scale for all channels of a tensor, which is what int8 kernels have, leaves a channel that is five times narrower
than the widest one a fifth of the steps. Between two layers a channel may be divided by any number that the next
layer's weights are multiplied by; weights have a scale for each of their outputs anyway. Channels of tensors that are
added share that number (Nagel et al., ICCV 2019, without the weights' side of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from onnx import helper

from engines.activations import Span, observe
from engines.rewriting import PRODUCTS, Graph

LARGEST = 16.0
"""Most that a channel is widened: one that calibration has hardly seen may become wider than it knows."""
_ALIKE = {"Add", "Relu", "Resize", "Slice"}
"""Operators that keep channels apart, and do not mind a positive scale."""


@dataclass
class Group:
    """Tensors whose channels belong together, the products that make them, and those that take them."""

    tensors: list[str]
    makers: list[onnx.NodeProto]
    takers: list[onnx.NodeProto]


def cut_silent(network: onnx.ModelProto, images: np.ndarray) -> int:
    """Cut off units, in place, that no image comes within a standard deviation of waking; returns how many.

    Units are the channels of matrix products behind which a ReLU stands; training leaves some of them dead.
    """
    graph = Graph(network)
    _split_sums(graph)
    found = [group for group in groups(graph) if all(node.op_type != "Conv" for node in group.makers)]
    before = [_before_relu(graph, group) for group in found]
    spans = observe(network, (name for names in before for name in names), images)
    cut = 0
    for group, names in zip(found, before):
        if not names:
            continue
        silent = np.all([spans[name].high + spans[name].deviation < 0.0 for name in names], 0)
        if silent.all():
            continue
        kept = np.flatnonzero(~silent)
        for node in group.makers:
            graph.change(node, 0, partial(_take, kept))
        for node in group.takers:
            graph.change(node, 1, partial(_take, kept))
        cut += int(silent.sum())
    graph.tidy()
    return cut


def equalise(network: onnx.ModelProto, images: np.ndarray) -> None:
    """Scale channels, in place, so that all of a tensor are as wide as the widest, as far as its group agrees."""
    graph = Graph(network)
    found = groups(graph)
    wide = [_not_only_before_relu(graph, group) for group in found]
    spans = observe(network, (name for names in wide for name in names), images)
    for group, names in zip(found, wide):
        factor = _factor([spans[name] for name in names])
        for node in group.makers:
            graph.change(node, 0, partial(_divide, factor))
        for node in group.takers:
            graph.change(node, 1, partial(_multiply, factor))


def groups(graph: Graph) -> list[Group]:
    """All groups whose tensors are made and taken by products of constant weights, and operators between them."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        parents.setdefault(name, name)
        while parents[name] != name:
            name = parents[name]
        return name

    fixed = graph.outputs() | {image.name for image in graph.proto.input}
    for node in graph.proto.node:
        data = [name for name in node.input if name and graph.constant(name) is None]
        if node.op_type in PRODUCTS and graph.weights(node) is not None and data == [node.input[0]]:
            root(node.output[0])
        elif node.op_type in _ALIKE and len(data) == (2 if node.op_type == "Add" else 1):
            for name in data:
                parents[root(name)] = root(node.output[0])
        elif node.op_type != "Shape":
            fixed |= {*data, *node.output}
    kept = {root(name) for name in fixed}
    together: dict[str, Group] = {}
    for name in list(parents):
        if root(name) not in kept:
            together.setdefault(root(name), Group([], [], [])).tensors.append(name)
    for node in graph.proto.node:
        if node.op_type in PRODUCTS:
            if (made := together.get(root(node.output[0]))) is not None:
                made.makers.append(node)
            if (taken := together.get(root(node.input[0]))) is not None:
                taken.takers.append(node)
    return [group for group in together.values() if group.makers and group.takers]


def _split_sums(graph: Graph) -> None:
    """A product of a sum as a sum of products, so that the summands' units need not be the same."""
    for product in [node for node in graph.proto.node if node.op_type == "Gemm"]:
        added, weights = graph.maker(product.input[0]), graph.weights(product)
        if added is None or added.op_type != "Add" or weights is None:
            continue
        shared = len(graph.users(added.output[0])) > 1 or added.output[0] in graph.outputs()
        if shared or any(graph.constant(name) is not None for name in added.input):
            continue
        out, name = product.output[0], product.name
        parts = []
        for summand, what, bias in zip(added.input, ("one", "other"), (product.input[2:], [])):
            rows = graph.add(f"{name}_{what}_rows", weights)
            inputs = [summand, rows, *bias]
            parts.append(helper.make_node("Gemm", inputs, [f"{out}_{what}"], f"{name}_{what}", transB=1))
        parts.append(helper.make_node("Add", [f"{out}_one", f"{out}_other"], [out], f"{name}_sum"))
        graph.replace([product], parts)
    graph.tidy()


def _before_relu(graph: Graph, group: Group) -> list[str]:
    """What the ReLUs of a group take; nothing when a product takes something else than a ReLU's result."""
    makers = [graph.maker(node.input[0]) for node in group.takers]
    if any(maker is None or maker.op_type != "Relu" for maker in makers):
        return []
    return [maker.input[0] for maker in makers if maker is not None]


def _not_only_before_relu(graph: Graph, group: Group) -> list[str]:
    """The tensors that are there after a ReLU is made a part of the layer before it."""
    return [name for name in group.tensors if any(user.op_type != "Relu" for user in graph.users(name))]


def _factor(spans: list[Span]) -> np.ndarray:
    """(channels,) what to divide by, 1 for the widest."""
    width = np.max([span.width for span in spans], 0)
    return np.maximum(width / max(width.max(), np.finfo(np.float32).tiny), 1.0 / LARGEST)


def _take(kept: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    return values.take(kept, axis)


def _divide(factor: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    return values / _along(factor, values, axis)


def _multiply(factor: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    return values * _along(factor, values, axis)


def _along(factor: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    """`factor` in a shape that multiplies an axis of `values`."""
    return factor.reshape([-1 if index == axis else 1 for index in range(values.ndim)])
