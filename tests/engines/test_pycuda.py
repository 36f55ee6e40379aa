"""The real PyCUDA on a driver that counts: does it take and free what the stand-in of these tests says it does?

Needs PyCUDA and a C compiler, no GPU; the network is the stand-in's. Left out where PyCUDA is not installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pycuda") is None, reason="PyCUDA is not installed"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler"),
]

PROGRAM = """
import ctypes, gc, json, os, pathlib, sys, threading
sys.setdlopenflags(os.RTLD_LAZY)  # the driver has only the functions that are used
import numpy as np
import pycuda.driver as cuda
from face3d.runtime import NetworkError, nvidia, tensorrt
from tests.engines.fake_tensorrt import Fake
from tests.engines.stand_ins import check_answers, in_thread, write_engine

fake = Fake(None)
tensorrt.find_tensorrt = lambda: nvidia.TensorRT(fake, nvidia.TENSORRT)
driver, seen = ctypes.CDLL("libcuda.so.1"), {}
engine = write_engine(pathlib.Path(sys.argv[1]))
batch = np.random.default_rng(0).integers(0, 255, (11, 9, 200, 200), dtype=np.uint8)

def note(name):
    gc.collect()
    numbers = (ctypes.c_int * 6)()
    driver.counts(numbers)
    seen[name] = [*numbers, len(fake.alive)]

def load():
    return tensorrt.TensorRTRuntime(engine)

network = load()
for count in (1, 3, 11):
    check_answers(network, batch[:count])
in_thread(lambda: check_answers(network, batch[:2]))
note("in use")
network.close(), network.close()
note("closed by its thread")
in_thread(load().close)
note("closed by another thread")
network = in_thread(load)
in_thread(lambda: check_answers(network, batch[:2]))
in_thread(lambda: (network.close(), note("closed by a thread with the number of the one that loaded")))
network = load()
del network
note("forgotten")
fake.refuse = "address"
try:
    load()
except NetworkError:
    note("refused")
fake.refuse = ""
cuda.init()
own = cuda.Device(0).retain_primary_context()
own.push()
note("a context of the program's own")
network = load()
check_answers(network, batch[:2])
network.close()
in_thread(load().close)
note("and it is still there")
cuda.Context.pop()
own.detach()
left_open = load()
print(json.dumps(seen))
"""


def test_everything_is_freed_by_whichever_thread(tmp_path: Path, root: Path) -> None:
    source = Path(__file__).with_name("counting_driver.c")
    library = tmp_path / "libcuda.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    environment = dict(
        os.environ, LD_LIBRARY_PATH=str(tmp_path), PYTHONPATH=os.pathsep.join(filter(None, sys.path))
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        capture_output=True,
        text=True,
        cwd=root,
        env=environment,
        timeout=600,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr  # PyCUDA prints what it could not free
    seen = json.loads(done.stdout)
    # contexts, device and page-locked memory, streams, refused calls, this thread's stack, TensorRT's objects
    assert seen.pop("in use") == [1, 3, 3, 1, 0, 0, 3]
    assert (
        seen.pop("a context of the program's own")
        == seen.pop("and it is still there")
        == [1, 0, 0, 0, 0, 1, 0]
    )
    assert len(seen) == 5 and all(numbers == [0] * 7 for numbers in seen.values()), seen
