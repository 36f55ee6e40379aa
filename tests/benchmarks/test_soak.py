"""The soak's verdict: what it must find, and what it must not take for a leak."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace

import numpy as np
import pytest

from benchmarks.losses import Losses
from benchmarks.usage import Usage
from benchmarks.verdict import Sample, Soak, summary

COUNT = 180  # half an hour
FLAT = Usage(memory=150.0, resident=220.0, threads=17, files=40, shared=("a", "b"), cpu=0.0)
RNG = np.random.default_rng(4)


def soak(*, latency=lambda n: 12.0, **changes) -> Soak:
    """Half an hour of a node whose usage is FLAT but for `changes`: functions of the sample's number."""
    noise = RNG.normal(0.0, 0.3, COUNT)
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


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="counts what Linux says of processes")
def test_usage_of_this_process() -> None:
    before = Usage.of("self")
    block = np.ones(40_000_000 // 8)
    with open(os.devnull) as file:
        after = Usage.of(os.getpid())
        assert after.files == before.files + 1 and not file.closed
    assert 30 < after.memory - before.memory < 60 and block.all()
    assert after.resident > after.memory
    assert after.cpu >= before.cpu > 0 and after.threads >= 1


SECOND = 10**9


def played(missing: set[int], dropped: dict[int, int], count: int = 600) -> Losses:
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
            losses.report(number / 60, {key: str(value) for key, value in report.items()})
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
    assert "600 images" in text and "3 without a mesh, in 2 moments" in text and "passed over: 2 in 40 ms" in text
    json.dumps(asdict(found))


def test_losses_without_end_are_told_in_parts() -> None:
    losses = played(set(range(600, 3000)), dict.fromkeys(range(10, 50), 60), 3600)
    assert 2 <= len(losses.moments) <= 4
    assert sum(moment.missing for moment in losses.moments) == 2400 == losses.dropped
