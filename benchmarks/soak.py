"""Soak: the nodes for a long time, and whether anything grows.

    python -m benchmarks.soak --minutes 30 [--rate 60] [--source FILE] [--json out/soak.json]

The three nodes play a clip again and again, somebody listens to meshes, markers and overlays. Every few seconds:
meshes received, latency from stamp to receiver, images dropped, and memory, threads, open files and shared memory of
every process. The verdict compares thirds of the time, the start left out: what leaks grows from each to the next. The
exit code is 1 when something grew or stayed behind.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from benchmarks.ros_domain import REMAPS, own_domain, watch_reconstruction  # noqa: E402
from benchmarks.usage import Usage  # noqa: E402

_SETTLE = 0.1  # share of the time, at the beginning, in which caches and pools may fill; more of a short run
_LEAK = 1.0  # MB from one third of the time to the next that are noise; what leaks grows in both steps
_STEP = 24.0  # MB that a pool may take once and keep
_SLOWER = 2.0  # ratio of median latencies beyond noise; other programs use this machine, too
_NODES = ("camera_node", "detection_node", "reconstruction_node")


@dataclass(frozen=True)
class Sample:
    """One interval. latency: median and 95th percentile, ms, None when no mesh came; dropped: images so far."""

    seconds: float
    meshes: int
    latency: tuple[float, float] | None
    dropped: int
    usage: dict[str, Usage]


@dataclass
class Soak:
    """All samples, and what was left when everything had ended: names in /dev/shm that were not there before.

    settle  share of the samples, at the beginning, that does not count
    leak    MB by which memory may grow from one third to the next
    """

    samples: list[Sample] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    settle: float = _SETTLE
    leak: float = _LEAK

    def thirds(self, value: Callable[[Sample], float]) -> tuple[float, float, float]:
        """Median of a value over each third of the time, the start left out."""
        settled = self.samples[int(np.ceil(self.settle * len(self.samples))) :]
        if len(settled) < 3:
            raise ValueError(f"{len(self.samples)} samples tell nothing; run for longer, or look more often")
        parts = np.array_split(np.array([value(sample) for sample in settled]), 3)
        return tuple(float(np.median(part)) for part in parts)

    def growth(self) -> list[str]:
        """What grew or stayed behind, in words; empty when all is flat."""
        found = []
        for name in self.samples[-1].usage:
            memory = self.thirds(lambda sample, name=name: sample.usage[name].memory)
            if min(np.diff(memory)) > self.leak or memory[2] - memory[0] > _STEP:
                text = ", ".join(f"{value:.1f}" for value in memory)
                found.append(f"{name}: memory of the thirds is {text} MB")
            for what in ("threads", "files"):
                before, _, after = self.thirds(lambda sample, n=name, w=what: getattr(sample.usage[n], w))
                if after > before + 1:
                    found.append(f"{name}: {what} went from {before:.0f} to {after:.0f}")
            before, _, after = self.thirds(lambda sample, name=name: len(sample.usage[name].shared))
            if after > before:
                found.append(f"{name}: shared memory segments went from {before:.0f} to {after:.0f}")
        if self.left:
            found.append(f"left in /dev/shm: {', '.join(self.left)}")
        return found

    def slower(self) -> list[str]:
        """Whether latency grew or meshes failed to come, in words; a machine with other work may have its reasons."""
        silent = sum(sample.latency is None for sample in self.samples)
        if silent:
            return [f"no mesh at all in {silent} of {len(self.samples)} intervals"]
        before, _, after = self.thirds(lambda sample: sample.latency[0])
        return (
            [f"median latency went from {before:.1f} to {after:.1f} ms"] if after > _SLOWER * before else []
        )


def run(
    source: str,
    seconds: float,
    rate: float,
    interval: float = 10.0,
    parameters: dict[str, object] | None = None,
    told: Callable[[Sample], None] = lambda sample: None,
) -> Soak:
    """Play `source` in a loop at `rate` images/s for some seconds, in whole intervals.

    parameters  of the reconstruction node
    told        is given every sample as it is taken
    Raises RuntimeError when a node ends or no mesh comes.
    """
    from face3d_msgs.msg import FaceMesh
    from rclpy.executors import SingleThreadedExecutor
    from sensor_msgs.msg import Image
    from visualization_msgs.msg import Marker

    from face3d.ros.node_group import NodeGroup
    from face3d.ros.qos import IMAGE_OUT, OUTPUT

    soak, seen = Soak(), set()
    before = set(os.listdir("/dev/shm"))
    with own_domain("face3d_soak") as (node,), NodeGroup() as nodes:
        latencies: list[float] = []

        def on_mesh(message: FaceMesh) -> None:
            stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
            latencies.append((node.get_clock().now().nanoseconds - stamp) * 1e-6)

        node.create_subscription(FaceMesh, "face_mesh", on_mesh, OUTPUT)
        report = watch_reconstruction(node)
        for kind, topic, qos in ((Marker, "face_mesh/marker", OUTPUT), (Image, "face_overlay", IMAGE_OUT)):
            node.create_subscription(kind, topic, lambda _: None, qos, raw=True)
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        nodes.start("reconstruction_node", parameters or {}, REMAPS)
        nodes.start("detection_node", {}, REMAPS)
        nodes.start("camera_node", {"source": source, "rate": rate, "loop": True, "wait_for_subscribers": 2})
        began = _wait_for(lambda: latencies, executor, nodes)
        for number in range(max(1, round(seconds / interval))):
            latencies.clear()
            while time.monotonic() < began + (number + 1) * interval:
                executor.spin_once(timeout_sec=0.1)
            if nodes.failed():
                raise RuntimeError(f"{nodes.failed()} ended: {' | '.join(nodes.lines()[-3:])}")
            usage = {name: Usage.of(nodes.process_id(name)) for name in _NODES} | {
                "listener": Usage.of("self")
            }
            seen.update(segment for each in usage.values() for segment in each.shared)
            latency = tuple(map(float, np.percentile(latencies, (50, 95)))) if latencies else None
            sample = Sample(time.monotonic() - began, len(latencies), latency, int(report.get("dropped", 0)), usage)
            soak.samples.append(sample)
            told(sample)
    soak.left = sorted(name for name in seen - before if (Path("/dev/shm") / name).exists())
    return soak


def _wait_for(condition: Callable[[], object], executor, nodes, patience: float = 60.0) -> float:
    """The time (monotonic) at which the condition holds. Raises RuntimeError."""
    deadline = time.monotonic() + patience
    while not condition():
        executor.spin_once(timeout_sec=0.1)
        if nodes.failed() or time.monotonic() > deadline:
            raise RuntimeError(f"no mesh within {patience:g} s: {' | '.join(nodes.lines()[-3:])}")
    return time.monotonic()


HEADER = (
    f"{'minutes':>7} {'meshes/s':>8} {'latency ms (95 %)':>18} {'dropped':>7}   "
    f"memory own / resident MB / threads / files / segments: {', '.join((*_NODES, 'listener'))}"
)


def line(sample: Sample, interval: float) -> str:
    """A sample as a line of the table."""
    held = "   ".join(
        f"{use.memory:.1f}/{use.resident:.0f}/{use.threads}/{use.files}/{len(use.shared)}"
        for use in sample.usage.values()
    )
    latency = f"{sample.latency[0]:.1f} ({sample.latency[1]:.1f})" if sample.latency else "-"
    rate = sample.meshes / interval
    return f"{sample.seconds / 60:7.2f} {rate:8.1f} {latency:>18} {sample.dropped:7}   {held}"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="default: %(default)g")
    parser.add_argument("--rate", type=float, default=60.0, help="images per second; default: %(default)g")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--source", help="default: the demo clip")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    chosen = parser.parse_args()
    from face3d import demo

    print(HEADER)
    soak = run(
        chosen.source or str(demo.demo_clip()),
        60.0 * chosen.minutes,
        chosen.rate,
        chosen.interval,
        told=lambda sample: print(line(sample, chosen.interval), flush=True),
    )
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(asdict(soak), indent=1, allow_nan=False) + "\n")
    complaints = soak.growth() + soak.slower()
    flat = "flat: memory, threads, files, shared memory, latency; nothing left behind"
    print("\n".join(complaints) or flat)
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main())
