"""The network as ONNX Runtime's kernels for processors like it: rearranged, computing the same.

`arrange` comes before quantising and changes no number. The fast kernel of quantised convolutions wants channels in
multiples of four, and the stem has nine: four pixels beside each other become one of 36 channels. Maps are brought up
to a finer one by picking whole rows and columns of pixels, where Resize works number by number.

`narrow` comes after. Where the prior shows the points is left to the core, which feeds it in beside the image
(face3d/runtime/prior_points.py). The image's bytes go into the stem as they are, without the way through float and
back. Large matrix products that are float still get weights of eight bits, one scale for each block of a row; their
inputs are rounded block by block as they come, so that positions keep far more digits than one scale for all faces
would leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from engines import products
from engines.rewriting import Graph, attributes
from face3d.runtime import prior_points
from training.heat_maps import STEP, cell_positions

BLOCK = 32
"""Weights of a row, and inputs, that share a scale."""
_LARGE = 1 << 17
"""Weights from which a matrix product is bound by reading them; fewer stay float."""
_INT8 = 4  # MatMulNBits' accuracy_level: multiplies bytes, sums in 32 bits


def arrange(network: onnx.ModelProto) -> products.Arranged:
    """Rearrange the float network in place and name its nodes; returns which must be narrow and which must not."""
    graph = Graph(network)
    graph.name_nodes()
    _join_pixels(graph)
    for resize in [node for node in graph.proto.node if node.op_type == "Resize"]:
        _pick_pixels(graph, resize)
    found = products.arrange(graph)
    graph.tidy()
    return found


def narrow(network: onnx.ModelProto) -> dict[str, str]:
    """Change the quantised network in place; returns what its metadata must say."""
    graph = Graph(network)
    metadata = _take_points(graph)
    _take_bytes(graph)
    products.narrow(graph)
    for node in [node for node in graph.proto.node if node.op_type in ("Gemm", "MatMul")]:
        _block_weights(graph, node)
    graph.tidy()
    if all(opset.domain != "com.microsoft" for opset in network.opset_import):
        network.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return metadata


def _join_pixels(graph: Graph) -> None:
    """The stem on pixels joined to as many as its horizontal stride: (H, W, C) is (H, W / 4, 4 C) without a copy.

    Nothing changes unless the image is cast for one plain convolution.
    """
    image = graph.proto.input[0]
    sides = [axis.dim_value for axis in image.type.tensor_type.shape.dim]
    casts = [node for node in graph.users(image.name) if node.op_type == "Cast"]
    stems = [node for cast in casts for node in graph.users(cast.output[0])]
    if len(casts) != 1 or len(stems) != 1 or len(sides) != 4 or not all(sides[1:]):
        return
    (cast,), (stem,), (_, channels, height, width) = casts, stems, sides
    plain: dict[str, Any] = {
        "strides": [1, 1],
        "pads": [0, 0, 0, 0],
        "dilations": [1, 1],
        "group": 1,
        "auto_pad": b"NOTSET",
    }
    found = plain | attributes(stem)
    weights = graph.constant(stem.input[1]) if stem.op_type == "Conv" else None
    if (
        weights is None
        or weights.ndim != 4
        or any(found[name] != plain[name] for name in ("dilations", "group", "auto_pad"))
        or cast.output[0] in [output.name for output in graph.proto.output]
    ):
        return
    (down, step), (top, left, bottom, right) = found["strides"], found["pads"]
    outputs, _, rows, columns = weights.shape
    if width % step or (width + left + right - columns) // step + 1 != width // step or channels * step % 4:
        return  # the outputs are not those of the joined pixels, or nothing is gained
    before = -(-left // step)  # joined pixels left of an output's own one
    after = max(0, -(-(columns - left) // step) - 1)
    wide = np.zeros((outputs, channels, rows, (before + 1 + after) * step), np.float32)
    first = before * step - left
    wide[..., first : first + columns] = weights
    wide = wide.reshape(outputs, channels, rows, before + 1 + after, step).transpose(0, 4, 1, 2, 3)
    wide = wide.reshape(outputs, step * channels, rows, before + 1 + after)
    shape = graph.add("joined_shape", np.array([-1, height, width // step, step * channels]))
    joined = [
        helper.make_node("Transpose", [image.name], ["pixels"], "pixels", perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["pixels", shape], ["joined"], "joined"),
        helper.make_node("Transpose", ["joined"], ["joined_planes"], "joined_planes", perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["joined_planes"], ["joined_float"], "joined_float", to=TensorProto.FLOAT),
        helper.make_node(
            "Conv",
            ["joined_float", graph.add(f"{stem.input[1]}_joined", wide), *stem.input[2:]],
            stem.output,
            stem.name,
            kernel_shape=[rows, before + 1 + after],
            strides=[down, 1],
            pads=[top, before, bottom, after],
        ),
    ]
    graph.replace([cast, stem], joined)


def _pick_pixels(graph: Graph, resize: onnx.NodeProto) -> None:
    """Nearest-neighbour upsampling, and what cuts off its end, as a choice of rows and of columns."""
    found = attributes(resize)
    scales = graph.constant(resize.input[2])
    cuts = list(_cuts(graph, resize))
    if (
        found.get("mode") != b"nearest"
        or found.get("nearest_mode") != b"floor"
        or found.get("coordinate_transformation_mode") != b"asymmetric"
        or scales is None
        or len(scales) != 4
        or (scales[:2] != 1).any()
        or (scales % 1 != 0).any()
    ):
        return
    sides = {2: 0, 3: 0}
    for _, ends in cuts:
        sides |= ends
    if not all(sides.values()):
        return
    rows, columns = (
        graph.add(f"{resize.name}_{what}", np.arange(sides[axis]) // int(scales[axis]))
        for axis, what in ((2, "rows"), (3, "columns"))
    )
    name, cut = resize.name, [node for node, _ in cuts]
    last = (cut or [resize])[-1].output[0]
    picked = [
        helper.make_node(
            "Transpose", [resize.input[0]], [f"{name}_pixels"], f"{name}_pixels", perm=[0, 2, 3, 1]
        ),
        helper.make_node("Gather", [f"{name}_pixels", rows], [f"{name}_tall"], f"{name}_tall", axis=1),
        helper.make_node("Gather", [f"{name}_tall", columns], [f"{name}_wide"], f"{name}_wide", axis=2),
        helper.make_node("Transpose", [f"{name}_wide"], [last], f"{name}_planes", perm=[0, 3, 1, 2]),
    ]
    graph.replace([resize, *cut], picked)


def _cuts(graph: Graph, node: onnx.NodeProto) -> Iterator[tuple[onnx.NodeProto, dict[int, int]]]:
    """The chain of Slice nodes behind a node that keep the beginning of some axes, and where they cut each."""
    while len(users := graph.users(node.output[0])) == 1 and users[0].op_type == "Slice":
        (node,) = users
        values = [graph.constant(name) for name in node.input[1:]]
        known = [part for part in values if part is not None]
        if len(known) < max(3, len(values)):
            return
        starts, ends, axes, *steps = known
        if (
            not set(axes.tolist()) <= {2, 3}
            or starts.any()
            or (ends < 0).any()
            or any((step != 1).any() for step in steps)
        ):
            return
        yield node, {int(axis): int(end) for axis, end in zip(axes, ends)}


def _take_points(graph: Graph) -> dict[str, str]:
    """Points of the prior that are looked up in the image, softmax(weights @ codes) @ cells, become an input.

    Returns the metadata that say how it is made: nothing where the network has no such look-up, of every STEP-th pixel.
    """
    places = cell_positions().numpy()
    for product in [node for node in graph.proto.node if node.op_type == "MatMul"]:
        shares, cells = graph.maker(product.input[0]), graph.constant(product.input[1])
        near = graph.maker(shares.input[0]) if shares is not None and shares.op_type == "Softmax" else None
        weights = graph.constant(near.input[0]) if near is not None and near.op_type == "MatMul" else None
        if weights is None or weights.shape[1:] != (4,) or not (weights[:, 3] < 0).all():
            continue
        if cells is None or cells.shape != places.shape or not np.allclose(cells, places, atol=1e-6):
            continue
        batch = graph.proto.input[0].type.tensor_type.shape.dim[0].dim_param or "batch"
        axes = [batch, len(weights), 2]
        graph.proto.input.append(helper.make_tensor_value_info(prior_points.NAME, TensorProto.FLOAT, axes))
        for user in graph.users(product.output[0]):
            user.input[:] = [prior_points.NAME if name == product.output[0] else name for name in user.input]
        return {prior_points.NAME: prior_points.describe(weights, STEP)}
    return {}


def _take_bytes(graph: Graph) -> None:
    """Bytes that are cast to float and quantised with scale 1 are not: the stem gets the image's own."""
    for cast in [node for node in graph.proto.node if node.op_type == "Cast"]:
        users = graph.users(cast.output[0])
        if [user.op_type for user in users] != ["QuantizeLinear"]:
            continue
        (quantise,) = users
        scale, zero = graph.constant(quantise.input[1]), graph.constant(quantise.input[2])
        if scale != 1.0 or zero != 0:
            raise ValueError(
                f"{cast.name}: calibration has not seen bytes from 0 to 255 (scale {scale}, zero {zero})"
            )
        for user in graph.users(quantise.output[0]):
            user.input[0] = cast.input[0]
        graph.replace([cast, quantise], [])


def _block_weights(graph: Graph, node: onnx.NodeProto) -> None:
    """A large matrix product with constant float weights, as MatMulNBits with eight bits."""
    rows = graph.weights(node)
    if rows is None or rows.size < _LARGE:
        return
    outputs, inputs = rows.shape
    blocks = np.zeros((outputs, -(-inputs // BLOCK) * BLOCK), np.float32)
    blocks[:, :inputs] = rows
    blocks = blocks.reshape(outputs, -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(2), 1e-12) / 127
    # Unsigned, about 128, as the operator has them.
    quantised = (np.rint(blocks / scales[:, :, None]) + 128).astype(np.uint8)
    product = helper.make_node(
        "MatMulNBits",
        [
            node.input[0],
            graph.add(f"{node.input[1]}_bytes", quantised),
            graph.add(f"{node.input[1]}_scales", scales),
            *(["", "", node.input[2]] if len(node.input) > 2 else []),
        ],
        node.output,
        node.name,
        domain="com.microsoft",
        K=inputs,
        N=outputs,
        bits=8,
        block_size=BLOCK,
        accuracy_level=_INT8,
    )
    graph.replace([node], [product])
