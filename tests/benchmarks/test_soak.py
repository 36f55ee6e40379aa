"""The soak's verdict: what it must find, and what it must not take for a leak."""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, astuple, replace

import numpy as np
import pytest

from benchmarks.losses import Losses
from benchmarks.meanwhile import Meanwhile, median, of
from benchmarks.standstill import Standstill
from benchmarks.usage import Usage
from benchmarks.verdict import Sample, Soak, summary

COUNT = 180  # half an hour
FLAT = Usage(memory=150.0, resident=220.0, threads=17, files=40, shared=("a", "b"), cpu=0.0)


def soak(*, latency=lambda n: 12.0, **changes) -> Soak:
    """Half an hour of a node whose usage is FLAT but for `changes`: functions of the sample's number."""
    noise = np.random.default_rng(4).normal(0.0, 0.3, COUNT)
    samples = []
    for n in range(COUNT):
        usage = replace(FLAT, memory=FLAT.memory + noise[n])
        usage = replace(usage, **{name: getattr(usage, name) + change(n) for name, change in changes.items()})
        value = latency(n)
        samples.append(
            Sample(10.0 * n, 600, None if value is None else (value, 2 * value), 0, {"node": usage})
        )
    return Soak(samples)


def test_flat_is_flat() -> None:
    for flat in (
        soak(),
        soak(memory=lambda n: 40.0 if n < 10 else 0.0),  # before it has settled
        soak(memory=lambda n: 100.0 if n % 30 == 0 else 0.0),  # spikes
        soak(memory=lambda n: 10.0 if n > 100 else 0.0),  # a pool that is filled once
        soak(threads=lambda n: n % 2, files=lambda n: n % 2),
        soak(latency=lambda n: 300.0 if n % 20 == 0 else 12.0),  # something else was busy for a moment
    ):
        assert flat.growth() == [] and flat.slower() == []


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"memory": lambda n: 4.0 * n / COUNT}, "memory of the thirds"),  # 38 bytes per image at 60/s
        ({"memory": lambda n: 50.0 * (n > 100)}, "memory of the thirds"),
        ({"threads": lambda n: n // 30}, "threads went from 1"),
        ({"files": lambda n: n // 10}, "files went from"),
        ({"shared": lambda n: ("c",) * (n > 120)}, "segments went from 2 to 3"),
    ],
)
def test_what_grows_is_found(changes: dict, text: str) -> None:
    (complaint,) = soak(**changes).growth()
    assert complaint.startswith("node: ")
    assert text in complaint


def test_segments_that_stay_behind_slowness_and_silence_are_found() -> None:
    left = soak()
    left.left = ["fastrtps_1"]
    assert left.growth() == ["left in /dev/shm: fastrtps_1"]
    assert "from 12.0 to 30.0 ms" in soak(latency=lambda n: 12.0 if n < 90 else 30.0).slower()[0]
    silent = soak(latency=lambda n: None if n > 170 else 12.0)
    assert silent.slower() == ["no mesh at all in 9 of 180 intervals"]
    json.loads(json.dumps(asdict(silent), allow_nan=False))


def test_too_few_samples_are_no_verdict() -> None:
    with pytest.raises(ValueError, match="2 samples tell nothing"):
        Soak(soak().samples[:2]).growth()


def touched(size: int) -> mmap.mmap:
    """Fresh memory; not from an allocator, as what others have given back to it would be there already."""
    block = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages
        block.madvise(mmap.MADV_NOHUGEPAGE)  # one of them is touched once, and is five hundred
    for page in range(0, size, mmap.PAGESIZE):
        block[page] = 1
    return block


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="counts what Linux says of processes")
def test_usage_of_this_process() -> None:
    gc.collect()  # what the tests before have left must not go meanwhile
    before = Usage.of("self")
    block = touched(40_000_000)
    with open(os.devnull) as file:
        after = Usage.of(os.getpid())
        assert after.files == before.files + 1 and not file.closed
    assert 30 < after.memory - before.memory < 60
    block.close()
    assert after.resident > after.memory
    assert after.cpu >= before.cpu > 0 and after.threads >= 1


SECOND = 10**9


def played(
    missing: set[int], dropped: dict[int, int], count: int = 600, machine=lambda s: Meanwhile()
) -> Losses:
    """Ten seconds of images at 60/s, without the meshes of some; the node's `dropped` rises in some seconds."""
    losses, total = Losses(), 0
    for number in range(count):
        stamp = 5 * SECOND + number * SECOND // 60
        losses.image(stamp)
        if number not in missing:
            losses.mesh(stamp)
            losses.mesh(stamp)  # of a second face
        if number % 60 == 59:
            lost = dropped.get(number // 60, 0)
            total += lost
            report = {"dropped": total, "losses": f"{lost} in 40 ms" if lost else "", "tracks_started": 1}
            seconds = number / 60
            losses.report(seconds, {key: str(value) for key, value in report.items()}, machine(seconds))
            losses.settle(number / 60)
    losses.settle(count / 60 + 2.0, patience=0.0)
    return losses


def test_losses_are_told_with_their_moment_and_what_the_node_says() -> None:
    assert played(set(), {}).moments == []
    losses = played({100, 101, 450}, {1: 2})
    assert (losses.images, losses.missing, losses.dropped) == (600, 3, 2)
    first, second = losses.moments
    assert (first.image, first.missing, first.dropped, first.words) == (99, 2, 2, ["2 in 40 ms"])
    assert abs(first.seconds - 100 / 60) < 1.0 and 15 < first.pause < 18
    assert (second.image, second.missing, second.dropped) == (449, 1, 0), "no face was found in it"
    found = soak()
    found.moments, found.images, found.missing = losses.moments, losses.images, losses.missing
    text = "\n".join(summary(found))
    assert (
        "600 images" in text
        and "3 without a mesh, in 2 moments" in text
        and "passed over: 2 in 40 ms" in text
    )
    json.dumps(asdict(found))


def test_losses_without_end_are_told_in_parts() -> None:
    losses = played(set(range(600, 3000)), dict.fromkeys(range(10, 50), 60), 3600)
    assert 2 <= len(losses.moments) <= 4
    assert sum(moment.missing for moment in losses.moments) == 2400 == losses.dropped


def test_what_the_host_takes_every_second_explains_no_loss() -> None:
    usual = Meanwhile(stood=0.01, stolen=0.04)
    assert Meanwhile(stood=0.015, stolen=0.05).cause(usual) == "not known"
    assert Meanwhile(stood=0.01, stolen=0.07).cause(usual) == "the host stopped the processors"


@pytest.mark.parametrize(
    "burst, cause",
    [
        ({"stood": 0.08, "waited": 0.3, "others": 0.4}, "the host stopped the processors"),
        ({"stolen": 0.08}, "the host stopped the processors"),
        ({"others": 0.6, "waited": 0.3}, "other programs"),
        ({"read": 3.0}, "pages were read from files"),
        ({"collections": 1.0}, "garbage collection"),
        ({"waited": 0.3}, "the run's programs were in each other's way"),
        ({}, "not known"),
    ],
)
def test_a_loss_is_put_down_to_what_the_machine_did_then_and_not_otherwise(burst: dict, cause: str) -> None:
    def machine(seconds: float) -> Meanwhile:
        every = Meanwhile(0.002, 0.001, 0.05, 0.03, 40.0, 0.0, 800.0, 0.0)
        usual = Meanwhile(*(value * seconds for value in astuple(every)))
        return usual + (Meanwhile(**burst) if seconds > 1.1 else Meanwhile())

    losses = played({100, 101}, {1: 2}, machine=machine)
    (moment,) = losses.moments
    ((images, meanwhile),) = moment.lost
    assert images == 2
    for name, value in burst.items():
        assert getattr(meanwhile, name) == pytest.approx(value + getattr(machine(1.0), name), rel=0.1)
    found = soak()
    found.moments, found.dropped, found.usual = losses.moments, losses.dropped, median(losses.usual)
    assert found.usual.waited == pytest.approx(0.03, rel=0.1), "without the second of the loss"
    lines = summary(found)
    assert f"    cause: {cause}: 2" in lines and lines[1].endswith(f"passed over 2 (cause: {cause}: 2)")


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="counts what Linux says of processes")
def test_the_machines_part_in_this_process() -> None:
    """Two threads that want the same processor wait for each other, and fresh memory is touched page by page."""
    allowed, before = os.sched_getaffinity(0), of([os.getpid()])
    try:
        os.sched_setaffinity(0, {min(allowed)})
        rival = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
        block = touched(20_000_000)
        deadline = time.monotonic() + 60.0
        while of([os.getpid()]).since(before).waited <= 0.01 and time.monotonic() < deadline:
            end = time.process_time() + 0.02  # the other one takes its time to start
            while time.process_time() < end:
                pass
    finally:
        os.sched_setaffinity(0, allowed)
        rival.kill()
        rival.wait()
    found = of([os.getpid()]).since(before)
    assert found.waited > 0.01 and found.switched > 0 and found.touched > 1000 and len(block)
    assert of([2**22 + 1]) == Meanwhile(), "a process that is gone does not count"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs Linux's processors")
def test_time_in_which_no_timer_comes_is_a_standstill() -> None:
    """A program that a signal stops sleeps too long, which is what a processor that stands still looks like."""
    with Standstill() as watch:
        before, deadline = watch.seconds, time.monotonic() + 60.0
        while watch.seconds - before < 0.2 and time.monotonic() < deadline:  # they take their time to start
            before = watch.seconds
            for program in watch._programs:
                program.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            for program in watch._programs:
                program.send_signal(signal.SIGCONT)
            time.sleep(0.3)
        assert watch.seconds - before >= 0.2
        programs = watch._programs
    assert all(program.returncode is not None for program in programs)
