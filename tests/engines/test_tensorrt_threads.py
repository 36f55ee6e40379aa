"""The TensorRT backend is loaded, run and closed by any thread, and ends with the program."""

from __future__ import annotations

import subprocess
import sys
import threading

from face3d.runtime.tensorrt import TensorRTRuntime
from tests.engines.stand_ins import check_answers, in_thread, nothing_left, write_engine


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


def test_loaded_on_a_thread_that_has_ended(gpu, tmp_path, batch) -> None:
    network = in_thread(lambda: TensorRTRuntime(write_engine(tmp_path)))
    in_thread(lambda: check_answers(network, batch[:2]))
    left = in_thread(lambda: (network.close(), list(gpu.stack()), list(gpu.pycuda_stack())))
    assert left == (None, [], [])
    nothing_left(gpu)


def test_the_program_ends_while_a_frame_is_under_way(tmp_path) -> None:
    write_engine(tmp_path)
    program = """
import os, sys, threading, time
from pathlib import Path
import numpy as np
import pytest
from face3d.runtime.tensorrt import TensorRTRuntime
from tests.engines.fake_cuda import Gpu
from tests.engines.fake_tensorrt import Fake
from tests.engines.stand_ins import use

gpu = Gpu()
use(pytest.MonkeyPatch(), gpu, Fake(gpu))
network = TensorRTRuntime(Path(sys.argv[1]))
gpu.seconds = 0.2
def forever():
    while True:
        network.infer(np.zeros((1, 9, 200, 200), np.uint8))
threading.excepthook = lambda given: os.write(1, b"%s\\n" % str(given.exc_value).encode())  # a line in one piece
threading.Thread(target=forever, daemon=True).start()
while not any(stream.queue for stream in gpu.streams.values()):
    time.sleep(0.001)
time.sleep(0.05)  # now it waits for its frame
gpu.seconds = 0
import atexit
atexit._run_exitfuncs()
os.write(1, b"%s\\n" % str(gpu.open).encode())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "face3d.engine"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == "" and done.returncode == 0
    assert sorted(done.stdout.splitlines()) in (["[]"], ["[]", "this network is closed"])
