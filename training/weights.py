"""Weights of the committed network, read back from its ONNX file, so that training goes on from what is shipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import numpy_helper

from face3d.engine.graph import load
from training.network import AUXILIARY, FaceNetwork, NetworkConfig

HALF = "_half"
"""Suffix of initializers that engines/export.py stores as float16."""


def build_network(config: dict[str, Any]) -> FaceNetwork:
    """Network from a configuration as JSON gives it, with lists for tuples."""
    settings: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in config.items()}
    return FaceNetwork(NetworkConfig(**settings))


def read_weights(path: Path) -> dict:
    """Checkpoint {network, config, samples} from an ONNX file that `export` wrote.

    The auxiliary layers are not in the file: they start anew. Raises ValueError (NetworkError) for a foreign file.
    """
    graph = load(path)
    metadata = {item.key: item.value for item in graph.metadata_props}
    if "network" not in metadata:
        raise ValueError(
            f"{path} does not say which network it holds; export it with python -m engines.export"
        )
    config = json.loads(metadata["network"])
    state = build_network(config).state_dict()
    found = {item.name.removesuffix(HALF): numpy_helper.to_array(item) for item in graph.graph.initializer}
    for node in graph.graph.node:
        if node.op_type == "Identity" and node.input[0] in found:  # the exporter merges equal weights
            found[node.output[0]] = found[node.input[0]]
    found = {name.removeprefix("network."): values for name, values in found.items()}
    for name in state.keys() & found.keys():
        state[name] = torch.from_numpy(found[name].astype(np.float32)).reshape(state[name].shape)
    expected = {name for name in state if not name.startswith(AUXILIARY) and "num_batches" not in name}
    if expected - found.keys():
        raise ValueError(f"{path} lacks weights, for one {sorted(expected - found.keys())[0]}")
    return {"network": state, "config": config, "samples": int(metadata["samples"])}


def grow(weights: dict, network: FaceNetwork) -> dict:
    """State of `network` from the `weights` of one with fewer blocks or channels, with the same answers at first.

    Blocks that are more begin as the identity. Channels that are more begin with random filters, and what was there
    does not see them yet (zeros, which learn). Raises ValueError where the network is smaller than the weights.
    """
    state = network.state_dict()
    for name, old in weights.items():
        if name not in state or any(new < size for new, size in zip(state[name].shape, old.shape)):
            raise ValueError(
                f"the network is smaller than its weights: {name} {tuple(old.shape)} does not fit in"
            )
        grown = state[name].clone()
        if grown.dim() > 1:
            grown[: len(old), old.shape[1] :] = 0
        grown[tuple(slice(size) for size in old.shape)] = old
        state[name] = grown
    return state
