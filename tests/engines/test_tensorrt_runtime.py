"""The TensorRT backend against stand-ins that check every rule of CUDA's memory, streams and contexts."""

from __future__ import annotations

import numpy as np
import pytest

from face3d.runtime import NetworkError
from face3d.runtime.tensorrt import TensorRTRuntime
from tests.engines.stand_ins import check_answers, nothing_left, write_engine


@pytest.mark.parametrize("graph", [False, True])
def test_every_batch_is_answered_and_everything_freed(gpu, tmp_path, batch, graph) -> None:
    network = TensorRTRuntime(write_engine(tmp_path), cuda_graph=graph)
    allocated = gpu.allocations
    for count in (1, 1, 3, 4, 1, 11, 1):  # 11 runs in parts of 4, 4 and 3
        check_answers(network, batch[:count])
    assert gpu.allocations == allocated, "a frame allocates"
    assert (gpu.captures > 0) == graph and (gpu.launches >= 9 if graph else gpu.launches == 0)
    assert gpu.stack() == [], "the context is left on the thread"
    network.close()
    nothing_left(gpu)
    network.close()
    with pytest.raises(RuntimeError, match="closed"):
        network.infer(batch)


def test_results_belong_to_the_caller(gpu, tmp_path, batch) -> None:
    network = TensorRTRuntime(write_engine(tmp_path))
    first, _ = network.infer(batch[:1])
    kept = first.copy()
    network.infer(batch[1:2])
    assert np.array_equal(first, kept)
    network.close()


def test_contexts_of_others_stay_current(gpu, tmp_path, batch) -> None:
    """A program that uses PyCUDA itself, and another library that uses the driver."""
    own = gpu.module().Device(0).retain_primary_context()
    gpu.stack().append(own)  # by the other library
    own.push()
    before = list(gpu.stack()), list(gpu.pycuda_stack())
    network = TensorRTRuntime(write_engine(tmp_path), cuda_graph=True)
    assert (gpu.stack(), gpu.pycuda_stack()) == before
    check_answers(network, batch[:5])
    assert (gpu.stack(), gpu.pycuda_stack()) == before
    network.close()
    assert (gpu.stack(), gpu.pycuda_stack()) == before
    assert gpu.open == [own.name]


def test_forgotten_networks_are_freed(gpu, tmp_path, batch) -> None:
    network = TensorRTRuntime(write_engine(tmp_path), cuda_graph=True)
    check_answers(network, batch[:1])
    del network
    nothing_left(gpu)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compute_capabilities": ["8.6", "12.0"]}, r"compute capability 8\.6, 12\.0.*Stand-in.*has 8\.9"),
        ({"gpu": "Other"}, "built on another GPU, Other; this one is Stand-in"),
        ({"max_batch": 16}, "takes batches of at most 8, not 16"),
    ],
)
def test_engines_for_other_gpus_are_refused(gpu, tmp_path, changes, words) -> None:
    with pytest.raises(NetworkError, match=f"{words}.*face3d engine build"):
        TensorRTRuntime(write_engine(tmp_path, **changes))
    nothing_left(gpu)
