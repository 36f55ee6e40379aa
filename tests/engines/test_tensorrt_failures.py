"""The TensorRT backend where a call fails: what is said, that nothing is left, and that the next frame works."""

from __future__ import annotations

import numpy as np
import pytest

from face3d.runtime import NetworkError
from face3d.runtime.tensorrt import TensorRTRuntime
from tests.engines import fake_cuda
from tests.engines.fake_cuda import Gpu
from tests.engines.fake_tensorrt import Fake
from tests.engines.stand_ins import check_answers, nothing_left, use, write_engine


@pytest.mark.parametrize(
    "call", ["Device", "retain_primary_context", "Stream", "pagelocked_empty", "mem_alloc"]
)
def test_failing_calls_while_loading_leave_nothing(gpu, tmp_path, call) -> None:
    gpu.fail_at = call
    with pytest.raises(NetworkError, match=f"{call} failed") as caught:
        TensorRTRuntime(write_engine(tmp_path))
    nothing_left(gpu)  # also while the error, with its traceback, is alive
    assert caught.value


def test_running_out_of_memory_half_way_leaves_nothing(gpu, tmp_path, monkeypatch) -> None:
    original = fake_cuda.Memory.__init__
    made: list[int] = []

    def last_one_fails(self, gpu, size) -> None:
        made.append(size)
        if len(made) == 6:
            raise fake_cuda.Error("out of memory")
        original(self, gpu, size)

    monkeypatch.setattr(fake_cuda.Memory, "__init__", last_one_fails)
    with pytest.raises(NetworkError, match="out of memory"):
        TensorRTRuntime(write_engine(tmp_path))
    nothing_left(gpu)


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        (
            "deserialize",
            "cannot be loaded: the plan is from elsewhere; deserialisation failed; build it again",
        ),
        ("dtype", "other tensors"),
        ("context", "cannot be run.*memory full"),
        ("address", "refuses the memory of 'confidence'"),
    ],
)
def test_what_tensorrt_refuses_while_loading_leaves_nothing(monkeypatch, tmp_path, refuse, words) -> None:
    gpu = Gpu()
    fake = use(monkeypatch, gpu, Fake(gpu, refuse))
    with pytest.raises(NetworkError, match=words) as caught:
        TensorRTRuntime(write_engine(tmp_path))
    assert caught.value and not fake.alive  # destroyed although the traceback lives
    nothing_left(gpu)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize(
    "failing", ["memcpy_async", "synchronize", "Context.push", "execute", "shape", "capture"]
)
def test_failing_frames_say_so_and_the_next_one_works(monkeypatch, tmp_path, batch, failing, graph) -> None:
    if failing == "capture" and not graph:
        pytest.skip("nothing is captured")
    gpu = Gpu()
    fake = use(monkeypatch, gpu, Fake(gpu))
    network = TensorRTRuntime(write_engine(tmp_path), cuda_graph=graph)
    check_answers(network, batch[:2])
    if failing in ("execute", "shape", "capture"):
        fake.refuse = failing
    else:
        gpu.fail_at, gpu.failures = failing, 1
    with pytest.raises(RuntimeError, match=r"failed|could not run|refuses a batch"):
        network.infer(batch[:3])
    assert gpu.stack() == []
    assert not any(stream.queue or stream.capturing is not None for stream in gpu.streams.values())
    fake.refuse, gpu.fail_at = "", None
    check_answers(network, batch[:3])
    check_answers(network, batch[:2])
    network.close()
    nothing_left(gpu)


def test_closing_a_broken_gpu_still_releases(gpu, tmp_path, batch) -> None:
    network = TensorRTRuntime(write_engine(tmp_path))
    gpu.fail_at = "synchronize"
    with pytest.raises(RuntimeError, match="the GPU failed: synchronize"):
        network.infer(batch[:1])
    next(iter(gpu.streams.values())).queue.clear()  # nothing runs any more
    network.close()
    nothing_left(gpu)


def test_a_gpu_that_refuses_to_free_is_logged(gpu, tmp_path, caplog) -> None:
    network = TensorRTRuntime(write_engine(tmp_path))
    gpu.fail_at, gpu.failures = "free", 1
    network.close()
    network.close()
    assert caplog.text.count("memory could not be freed: free failed") == 1
    assert len(gpu.open) == 1 and gpu.stack() == [], "one block, the rest is freed"
    with pytest.raises(RuntimeError, match="closed"):
        network.infer(np.zeros((1, 9, 200, 200), np.uint8))
