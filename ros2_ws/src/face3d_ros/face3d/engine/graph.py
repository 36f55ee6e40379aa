"""Rewriting ONNX networks before TensorRT sees them: folding, bytes, and half precision.

TensorRT builds strongly typed networks here: the types are those of the graph, in every version, and nothing is
decided by timing. So half precision is written into the graph. Needs the package `onnx`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from face3d.runtime import NetworkError

if TYPE_CHECKING:
    import onnx

_LARGE = 1 << 16
"""Weights from which a matrix product is worth narrow arithmetic."""
_SIMPLE = {"Add", "Clip", "Flatten", "MaxPool", "Relu", "Reshape", "Resize", "Slice"}
"""What may stand between narrow products without being widened again."""
_TYPED = {"Resize": (0,), "Reshape": (0,), "Slice": (0,)}
"""Inputs that follow the type of the data; of other operators all do."""


def load(path: Path) -> onnx.ModelProto:
    """An ONNX file. Raises NetworkError when it is none, or when the package onnx is missing."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ModuleNotFoundError as error:
        raise NetworkError(f"the Python package {error.name} is missing: `pip install onnx`") from None
    try:
        return onnx.load(str(path))
    except DecodeError as error:
        raise NetworkError(f"{path} is not an ONNX file: {error}") from error


def fold(path: Path, widen: bool = True) -> onnx.ModelProto:
    """The network with constants computed and batch norms multiplied into the convolutions, in float32.

    widen  `widen_bytes`, too
    ONNX Runtime does it, with its basic level, which leaves only operators of the ONNX standard.
    """
    source = load(path)
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        folded = load(Path(options.optimized_model_filepath))
    del folded.metadata_props[:]
    folded.metadata_props.extend(source.metadata_props)
    standard = [opset for opset in folded.opset_import if opset.domain in ("", "ai.onnx")]
    del folded.opset_import[:]
    folded.opset_import.extend(standard)
    return widen_bytes(folded) if widen else folded


def widen_bytes(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network with its bytes cast to float32 before anything else: TensorRT has bytes as inputs only."""
    import onnx
    from onnx import TensorProto, helper

    nodes = network.graph.node
    for image in network.graph.input:
        users = [node for node in nodes if image.name in node.input]
        if image.type.tensor_type.elem_type != TensorProto.UINT8 or all(n.op_type == "Cast" for n in users):
            continue
        wide = f"{image.name}_wide"
        for node in users:
            for position, name in enumerate(node.input):
                if name == image.name:
                    node.input[position] = wide
        nodes.insert(0, helper.make_node("Cast", [image.name], [wide], wide, to=TensorProto.FLOAT))
        del network.graph.value_info[:]  # some were of bytes
        network = onnx.shape_inference.infer_shapes(network)
        nodes = network.graph.node
    return network


def is_quantised(network: onnx.ModelProto) -> bool:
    """Whether the network says itself what is int8 (QuantizeLinear)."""
    return any(node.op_type == "QuantizeLinear" for node in network.graph.node)


def to_half(network: onnx.ModelProto) -> onnx.ModelProto:
    """A folded network computing in float16, inputs and outputs unchanged.

    Only what costs time does: convolutions and large matrix products, and what stands between them. The first
    convolution stays float32: its weights take bytes, hold the 1/255 and are too small for float16. So does what
    comes after the last ReLU: the coefficients are wanted to more than three digits; and so do positions in the image.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    network = onnx.shape_inference.infer_shapes(network, strict_mode=True)
    graph = network.graph
    nodes = list(graph.node)
    narrow = narrow_layers(graph)
    floats = {
        value.name
        for value in (*graph.value_info, *graph.input, *graph.output)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    weights = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    half_made = {name for index in narrow for name in nodes[index].output if name in floats}
    added: set[str] = set()
    result: list[onnx.NodeProto] = []
    for index, node in enumerate(nodes):
        wants_half = index in narrow
        for position, name in enumerate(node.input):
            if position not in _TYPED.get(node.op_type, range(len(node.input))):
                continue
            converted = f"{name}_{'half' if wants_half else 'full'}"
            if name in weights and wants_half:
                if converted not in added:
                    values = numpy_helper.to_array(weights[name]).astype(np.float16)
                    graph.initializer.append(numpy_helper.from_array(values, converted))
            elif name in floats and name not in weights and (name in half_made) != wants_half:
                if converted not in added:
                    kind = TensorProto.FLOAT16 if wants_half else TensorProto.FLOAT
                    result.append(helper.make_node("Cast", [name], [converted], converted, to=kind))
            else:
                continue
            added.add(converted)
            node.input[position] = converted
        result.append(node)
    used = {name for node in result for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(result)
    graph.initializer.extend(kept)
    onnx.checker.check_model(network, full_check=True)
    return network


def narrow_layers(graph: onnx.GraphProto) -> set[int]:
    """Indices of the nodes of a folded network that may compute in float16 or int8.

    These are the convolutions but the first, what stands between them, large matrix products with constant weights, and
    simple operators that follow; of all these, what comes before the last ReLU.
    """
    nodes = list(graph.node)
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer}
    made = {name: index for index, node in enumerate(nodes) for name in node.output}
    before = [{made[name] for name in node.input if name in made} for node in nodes]
    convolutions = [index for index, node in enumerate(nodes) if node.op_type == "Conv"]
    body: set[int] = set(convolutions[1:])  # and what they need
    wanted = list(body)
    while wanted:
        new = before[wanted.pop()] - body
        body |= new
        wanted += new
    first = first_layers(nodes)
    after = behind(nodes, set(convolutions[:1]))  # and what needs the first convolution
    last = last_layers(nodes, {output.name for output in graph.output})
    narrow = (body & after) - first - last
    for index, node in enumerate(nodes):
        if index in first | last:
            continue
        typed = _TYPED.get(node.op_type, range(len(node.input)))
        data = {made[node.input[position]] for position in typed if node.input[position] in made}
        large = node.op_type in ("Gemm", "MatMul") and sizes.get(node.input[1], 0) >= _LARGE
        if large or (node.op_type in _SIMPLE and data and data <= narrow):
            narrow.add(index)
    return narrow


def behind(nodes: list, first: set[int]) -> set[int]:
    """Indices of `first` and of the nodes that need one of them, directly or not. nodes: in the order of computing."""
    found = set(first)
    reached = {name for index in first for name in nodes[index].output}
    for index, node in enumerate(nodes):
        if reached & set(node.input):
            found.add(index)
            reached |= set(node.output)
    return found


def first_layers(nodes: list) -> set[int]:
    """Indices of the nodes up to and with the first convolution."""
    for index, node in enumerate(nodes):
        if node.op_type == "Conv":
            return set(range(index + 1))
    return set()


def last_layers(nodes: list, outputs: set[str]) -> set[int]:
    """Indices of the nodes after the last ReLU before each output."""
    found: set[int] = set()
    wanted = set(outputs)
    for index in range(len(nodes) - 1, -1, -1):
        if wanted & set(nodes[index].output) and nodes[index].op_type != "Relu":
            found.add(index)
            wanted |= set(nodes[index].input)
    return found
