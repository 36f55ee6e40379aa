"""Soak: the nodes for a long time, and whether anything grows.

    python -m benchmarks.soak --minutes 30 [--rate 60] [--source FILE] [--json out/soak.json]

The three nodes play a clip again and again, somebody listens to meshes, markers and overlays. Every few seconds:
meshes received, latency from stamp to receiver, images without a mesh, processor time that other programs took, and
memory, threads, open files and shared memory of every process. At the end, every moment in which images got lost, with
what the machine did then (processors that stood still, other programs, waiting for a processor, pages read, garbage
collections) and what it does otherwise, and the verdict: it compares thirds of the time, the start left out: what leaks
grows from each to the next. Ctrl-C ends it early, with a verdict on what there is. The exit code is 1 when something
grew or stayed behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from benchmarks import meanwhile  # noqa: E402
from benchmarks.losses import Losses  # noqa: E402
from benchmarks.meanwhile import Meanwhile  # noqa: E402
from benchmarks.ros_domain import REMAPS, own_domain, watch_nodes  # noqa: E402
from benchmarks.standstill import Standstill  # noqa: E402
from benchmarks.usage import Usage, busy  # noqa: E402
from benchmarks.verdict import HEADER, NODES, Sample, Soak, line, summary  # noqa: E402

_WAITING = 60.0  # seconds for the first mesh
_WARM_UP = 2.0  # seconds after it that do not count


def run(
    source: str,
    seconds: float,
    rate: float,
    interval: float = 10.0,
    parameters: dict[str, object] | None = None,
    told: Callable[[Sample], None] = lambda sample: None,
) -> Soak:
    """Play `source` in a loop at `rate` images/s for some seconds, in whole intervals, or until Ctrl-C.

    parameters  of the reconstruction node
    told        is given every sample as it is taken
    Raises RuntimeError when a node ends or no mesh comes.
    """
    from rclpy.executors import SingleThreadedExecutor

    from face3d.ros.node_group import NodeGroup

    soak = Soak()
    seen: set[str] = set()
    before = set(os.listdir("/dev/shm"))
    with own_domain("face3d_soak") as (node,), NodeGroup() as nodes, Standstill() as standstill:
        ears = _Ears(node, lambda: _totals(nodes, standstill))
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        nodes.start("reconstruction_node", parameters or {}, REMAPS)
        nodes.start("detection_node", {}, REMAPS)
        nodes.start("camera_node", {"source": source, "rate": rate, "loop": True, "wait_for_subscribers": 2})
        with contextlib.suppress(KeyboardInterrupt):
            _wait_for(lambda: ears.latencies, executor, nodes)
            ears.begin()
            _wait_for(lambda: ears.seconds() > _WARM_UP, executor, nodes)
            ears.begin()
            used = _used(nodes)
            for number in range(max(1, round(seconds / interval))):
                while ears.seconds() < (number + 1) * interval:
                    executor.spin_once(timeout_sec=0.1)
                _check(nodes)
                usage = _usage(nodes)
                seen.update(segment for each in usage.values() for segment in each.shared)
                now = _used(nodes)
                soak.samples.append(ears.sample(usage, (now - used) / interval))
                used = now
                told(soak.samples[-1])
        ears.end(soak)
    soak.left = sorted(name for name in seen - before if (Path("/dev/shm") / name).exists())
    return soak


def _usage(nodes) -> dict[str, Usage]:
    return {name: Usage.of(nodes.process_id(name)) for name in NODES} | {"listener": Usage.of("self")}


def _used(nodes) -> float:
    """Seconds of processor time that programs have spent which are no part of the run."""
    return busy() - sum(usage.cpu for usage in _usage(nodes).values())


def _totals(nodes, standstill: Standstill) -> Meanwhile:
    """What the machine did until now."""
    stolen = meanwhile.stolen()
    return meanwhile.of(nodes.process_id(name) for name in NODES) + Meanwhile(
        stood=standstill.seconds, stolen=stolen, others=_used(nodes) - stolen
    )


class _Ears:
    """What an rclpy.Node hears of the run; `totals` says what the machine did until now."""

    def __init__(self, node, totals: Callable[[], Meanwhile]) -> None:
        from face3d_msgs.msg import FaceMesh
        from sensor_msgs.msg import CameraInfo, Image
        from visualization_msgs.msg import Marker

        from face3d.ros.qos import IMAGE_OUT, OUTPUT

        self.latencies: list[float] = []
        self._totals = totals
        self._losses = Losses()
        self._start = time.monotonic()
        self._clock = node.get_clock()
        self._reports = watch_nodes(node, self._on_report)
        node.create_subscription(FaceMesh, "face_mesh", self._on_mesh, OUTPUT)
        node.create_subscription(CameraInfo, "camera/camera_info", self._on_info, OUTPUT, raw=True)
        for kind, topic, qos in ((Marker, "face_mesh/marker", OUTPUT), (Image, "face_overlay", IMAGE_OUT)):
            node.create_subscription(kind, topic, lambda _: None, qos, raw=True)

    def begin(self) -> None:
        """The time begins now: what it took until there is a face does not count."""
        self._losses, self._start = Losses(), time.monotonic()
        self.latencies.clear()

    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._start

    def sample(self, usage: dict[str, Usage], others: float) -> Sample:
        """What came since the last sample."""
        latency = None
        if self.latencies:
            median, most = np.percentile(self.latencies, (50, 95)).tolist()
            latency = (median, most)
        sample = Sample(self.seconds(), len(self.latencies), latency, self._losses.missing, usage, others)
        self.latencies.clear()
        return sample

    def end(self, soak: Soak) -> None:
        """The listening ends."""
        losses = self._losses
        soak.moments, soak.usual = losses.moments, meanwhile.median(losses.usual)
        soak.images, soak.missing, soak.dropped = losses.images, losses.missing, losses.dropped

    def _on_mesh(self, message) -> None:
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        self.latencies.append((self._clock.now().nanoseconds - stamp) * 1e-6)
        self._losses.mesh(stamp)

    def _on_info(self, data: bytes) -> None:
        sec, nanosec = struct.unpack_from("=iI", data, 4)
        self._losses.image(sec * 10**9 + nanosec)

    def _on_report(self, name: str) -> None:
        if name == "reconstruction_node":
            report = self._reports[name]
            totals = self._totals() + Meanwhile(collections=float(report["collections"]))
            self._losses.report(self.seconds(), report, totals)
            self._losses.settle(self.seconds())


def _wait_for(condition: Callable[[], object], executor, nodes) -> None:
    """Return when the condition holds. Raises RuntimeError."""
    deadline = time.monotonic() + _WAITING
    while not condition():
        executor.spin_once(timeout_sec=0.1)
        _check(nodes)
        if time.monotonic() > deadline:
            raise RuntimeError(f"no mesh within {_WAITING:g} s: {' | '.join(nodes.lines()[-3:])}")


def _check(nodes) -> None:
    """Raise RuntimeError when a node has ended."""
    if nodes.failed():
        raise RuntimeError(f"{nodes.failed()} ended: {' | '.join(nodes.lines()[-3:])}")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


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

    # Also where a shell that started it in the background ignores one of them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
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
    print("\n".join(summary(soak)))
    try:
        complaints = soak.growth() + soak.slower()
    except ValueError as error:
        complaints = [str(error)]
    flat = "flat: memory, threads, files, shared memory, latency; nothing left behind"
    print("\n".join(complaints) or flat)
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main())
