"""The TensorRT backend against stand-ins that check every rule of CUDA's memory, streams and contexts."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from face3d.runtime import NetworkError, cuda, cuda_graph, nvidia, tensorrt
from face3d.runtime.nvidia import TensorRT
from face3d.runtime.sidecar import Sidecar, sha256
from face3d.runtime.tensorrt import TensorRTRuntime
from tests.engines import fake_cuda
from tests.engines.fake_cuda import Driver, Gpu
from tests.engines.fake_tensorrt import Fake

T = TypeVar("T")
CONTENT = b"the engine" * 100


def write_engine(folder: Path, **changes: object) -> Path:
    """An engine file of the stand-in, with its sidecar."""
    path = folder / "face3d.engine"
    path.write_bytes(CONTENT)
    values: dict = {
        "inputs": {"image": ["uint8", [None, 9, 200, 200]]},
        "outputs": {"coefficients": ["float32", [None, 290]], "confidence": ["float32", [None]]},
        "max_batch": 4,
        "precision": "fp16",
        "onnx": "face3d.onnx",
        "onnx_sha256": "0" * 64,
        "network_sha256": "0" * 64,
        "product": nvidia.TENSORRT,
        "tensorrt_version": Fake.__version__,
        "gpu": "Stand-in",
        "compute_capabilities": ["8.9"],
        "engine_sha256": sha256(CONTENT),
        "size": len(CONTENT),
        "face_model": "",
        "metadata": {},
        "created": "2026-01-01",
    }
    Sidecar(**(values | changes)).write(path)
    return path


@pytest.fixture
def gpu(monkeypatch) -> Gpu:
    gpu = Gpu()
    use(monkeypatch, gpu, Fake(gpu))
    return gpu


def use(monkeypatch, gpu: Gpu, fake: Fake) -> Fake:
    """Put the stand-ins where the packages are looked for."""
    driver = Driver(gpu)
    monkeypatch.setattr(nvidia, "find_cuda", gpu.module)
    monkeypatch.setattr(cuda, "driver", lambda: driver)
    monkeypatch.setattr(cuda_graph, "driver", lambda: driver)
    monkeypatch.setattr(tensorrt, "find_tensorrt", lambda: TensorRT(fake, nvidia.TENSORRT))
    return fake


def nothing_left(gpu: Gpu) -> None:
    gc.collect()
    assert gpu.open == []
    assert gpu.stack() == gpu.pycuda_stack() == []


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (11, 9, 200, 200), dtype=np.uint8)


def check_answers(network: TensorRTRuntime, batch: np.ndarray) -> None:
    coefficients, confidence = network.infer(batch)
    assert coefficients.shape == (len(batch), 290) and coefficients.dtype == np.float32
    assert np.allclose(coefficients, batch[:, 0].mean((1, 2))[:, None] / 255, atol=1e-5)
    assert np.allclose(confidence, 0.5)


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


def test_any_thread_may_run_and_close_it(gpu, tmp_path, batch) -> None:
    network = TensorRTRuntime(write_engine(tmp_path))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            check_answers(network, batch[:2])
            assert gpu.stack() == []
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    closer = threading.Thread(target=network.close)
    closer.start()
    closer.join()
    assert not errors
    nothing_left(gpu)


def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns, called by a thread that ends with it. Its identifier goes to the next one."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_loaded_on_a_thread_that_has_ended(gpu, tmp_path, batch) -> None:
    network = in_thread(lambda: TensorRTRuntime(write_engine(tmp_path)))
    in_thread(lambda: check_answers(network, batch[:2]))
    left = in_thread(lambda: (network.close(), list(gpu.stack()), list(gpu.pycuda_stack())))
    assert left == (None, [], [])
    nothing_left(gpu)


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


def test_the_program_ends_while_a_frame_is_under_way(tmp_path) -> None:
    write_engine(tmp_path)
    program = """
import sys, threading, time
from pathlib import Path
import numpy as np
import pytest
from tests.engines.test_tensorrt_runtime import Fake, Gpu, TensorRTRuntime, use

gpu = Gpu()
use(pytest.MonkeyPatch(), gpu, Fake(gpu))
network = TensorRTRuntime(Path(sys.argv[1]))
gpu.seconds = 0.2
def forever():
    while True:
        network.infer(np.zeros((1, 9, 200, 200), np.uint8))
threading.excepthook = lambda given: print(given.exc_value, flush=True)
threading.Thread(target=forever, daemon=True).start()
while not any(stream.queue for stream in gpu.streams.values()):
    time.sleep(0.001)
time.sleep(0.05)  # now it waits for its frame
gpu.seconds = 0
import atexit
atexit._run_exitfuncs()
print(gpu.open)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "face3d.engine"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == "" and done.returncode == 0
    assert sorted(done.stdout.splitlines()) in (["[]"], ["[]", "this network is closed"])


def test_forgotten_networks_are_freed(gpu, tmp_path, batch) -> None:
    network = TensorRTRuntime(write_engine(tmp_path), cuda_graph=True)
    check_answers(network, batch[:1])
    del network
    nothing_left(gpu)


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
