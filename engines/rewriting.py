"""A network's graph with what rewriting needs: constants by name, who makes a tensor, and who uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

PRODUCTS = ("Conv", "Gemm", "MatMul")
"""Operators that multiply with a matrix of weights."""


class Graph:
    """Wraps `network.graph`, which is changed in place."""

    def __init__(self, network: onnx.ModelProto) -> None:
        self.proto = network.graph
        self._look()

    def _look(self) -> None:
        self._constants = {tensor.name: tensor for tensor in self.proto.initializer}
        self._made = {name: node for node in self.proto.node for name in node.output}

    def constant(self, name: str) -> np.ndarray | None:
        """Values of an initializer, None when the tensor is computed."""
        return numpy_helper.to_array(self._constants[name]) if name in self._constants else None

    def add(self, name: str, values: np.ndarray) -> str:
        """A new initializer; returns its name."""
        self.proto.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        self._constants[name] = self.proto.initializer[-1]
        return name

    def maker(self, name: str) -> onnx.NodeProto | None:
        """The node that computes a tensor; None for inputs and constants."""
        return self._made.get(name)

    def users(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that take a tensor."""
        return [node for node in self.proto.node if name in node.input]

    def outputs(self) -> set[str]:
        """Names of the network's outputs."""
        return {output.name for output in self.proto.output}

    def replace(self, old: list[onnx.NodeProto], new: list[onnx.NodeProto]) -> None:
        """Put nodes in the place of the last of some old ones, in the order of computing."""
        place = list(self.proto.node).index(old[-1]) + 1
        for node in reversed(new):
            self.proto.node.insert(place, node)
        for node in old:
            self.proto.node.remove(node)
        self._look()

    def tidy(self) -> None:
        """Drop nodes and initializers that nothing uses, and shapes that may have changed."""
        wanted = self.outputs()
        for node in reversed(list(self.proto.node)):
            if wanted & set(node.output):
                wanted |= set(node.input)
            else:
                self.proto.node.remove(node)
        kept = [tensor for tensor in self.proto.initializer if tensor.name in wanted]
        del self.proto.initializer[:], self.proto.value_info[:]
        self.proto.initializer.extend(kept)
        self._look()

    def name_nodes(self) -> None:
        """Give those nodes a name that have none."""
        for index, node in enumerate(self.proto.node):
            node.name = node.name or f"node_{index}"

    def weights(self, product: onnx.NodeProto) -> np.ndarray | None:
        """Constant weights (outputs, inputs, ...) of one of PRODUCTS; None when they are computed or not plain."""
        values = self.constant(product.input[1])
        if values is None or not self._is_plain(product, values):
            return None
        return values if _is_row_major(product) else values.T

    def change(
        self, product: onnx.NodeProto, axis: int, change: Callable[[np.ndarray, int], np.ndarray]
    ) -> None:
        """Put changed weights into a product: `change` gets the weights (outputs, inputs, ...) and the axis, 0 for
        the outputs, which gets the bias, too, or 1 for the inputs. Raises ValueError where these are computed."""
        values = self.weights(product)
        if values is None:
            raise ValueError(f"{product.name}: the weights are computed")
        weights = change(values, axis).astype(np.float32)
        self._put(product, 1, weights if _is_row_major(product) else weights.T)
        if axis == 0 and len(product.input) > 2:
            bias = self.constant(product.input[2])
            if bias is None:
                raise ValueError(f"{product.name}: the bias is computed")
            self._put(product, 2, change(bias, 0).astype(np.float32))

    def _put(self, node: onnx.NodeProto, position: int, values: np.ndarray) -> None:
        """New values of a constant that may have other users."""
        name = node.input[position]
        if len(self.users(name)) == 1:
            self._constants[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), name))
        else:
            node.input[position] = self.add(f"{name}_of_{node.output[0]}", values)

    def _is_plain(self, product: onnx.NodeProto, values: np.ndarray) -> bool:
        found = attributes(product)
        if product.op_type == "Conv":
            return found.get("group", 1) == 1 and values.ndim == 4
        if product.op_type == "Gemm" and (
            found.get("alpha", 1.0) != 1.0 or found.get("beta", 1.0) != 1.0 or found.get("transA", 0)
        ):
            return False
        return product.op_type in PRODUCTS and values.ndim == 2


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes by name; those that it does not have are the operator's defaults."""
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _is_row_major(product: onnx.NodeProto) -> bool:
    return product.op_type == "Conv" or bool(attributes(product).get("transB", 0))
