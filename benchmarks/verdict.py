"""What a soak has found: samples, moments of loss, and what grew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.losses import Moment
from benchmarks.meanwhile import Meanwhile
from benchmarks.usage import Usage

_SETTLE = 0.1  # share of the time, at the beginning, in which caches and pools may fill; more of a short run
_LEAK = 1.0  # MB from one third of the time to the next that are noise; what leaks grows in both steps
_STEP = 24.0  # MB that a pool may take once and keep
_SLOWER = 2.0  # ratio of median latencies beyond noise; other programs use this machine, too
NODES = ("camera_node", "detection_node", "reconstruction_node")
_TOLD = 30  # moments of loss that are worth a line, the largest ones


@dataclass(frozen=True)
class Sample:
    """One interval. latency: median and 95th percentile, ms, None when no mesh came; missing: images without a mesh
    so far; others: cores that programs took which are no part of the run."""

    seconds: float
    meshes: int
    latency: tuple[float, float] | None
    missing: int
    usage: dict[str, Usage]
    others: float = 0.0


@dataclass
class Soak:
    """All samples, the moments of loss, and what was left when everything had ended.

    images, missing, dropped  numbers: of the camera, without a mesh, passed over by reconstruction_node
    usual   what the machine did in a second without a loss, medians
    left    names in /dev/shm that were not there before
    settle  share of the samples, at the beginning, that does not count
    leak    MB by which memory may grow from one third to the next
    """

    samples: list[Sample] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    images: int = 0
    missing: int = 0
    dropped: int = 0
    usual: Meanwhile = field(default_factory=Meanwhile)
    left: list[str] = field(default_factory=list)
    settle: float = _SETTLE
    leak: float = _LEAK

    def settled(self) -> list[Sample]:
        """The samples that count, at least three. Raises ValueError when there are not so many."""
        samples = self.samples[int(np.ceil(self.settle * len(self.samples))) :]
        if len(samples) < 3:
            raise ValueError(f"{len(self.samples)} samples tell nothing; run for longer, or look more often")
        return samples

    def growth(self) -> list[str]:
        """What grew or stayed behind, in words; empty when all is flat."""
        found = []
        for name in self.samples[-1].usage:
            usage = [sample.usage[name] for sample in self.settled()]
            memory = _thirds([use.memory for use in usage])
            if min(np.diff(memory)) > self.leak or memory[2] - memory[0] > _STEP:
                text = ", ".join(f"{value:.1f}" for value in memory)
                found.append(f"{name}: memory of the thirds is {text} MB")
            for what in ("threads", "files"):
                before, _, after = _thirds([getattr(use, what) for use in usage])
                if after > before + 1:
                    found.append(f"{name}: {what} went from {before:.0f} to {after:.0f}")
            before, _, after = _thirds([len(use.shared) for use in usage])
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
        medians = [sample.latency[0] for sample in self.settled() if sample.latency is not None]
        before, _, after = _thirds(medians)
        return (
            [f"median latency went from {before:.1f} to {after:.1f} ms"] if after > _SLOWER * before else []
        )


def _thirds(values: Sequence[float]) -> tuple[float, float, float]:
    """Medians of the first, the second and the last third."""
    first, second, third = (float(np.median(part)) for part in np.array_split(np.array(values), 3))
    return first, second, third


HEADER = (
    f"{'minutes':>7} {'meshes/s':>8} {'latency ms (95 %)':>18} {'missing':>7} {'others':>6}   "
    f"memory own / resident MB / threads / files / segments: {', '.join((*NODES, 'listener'))}"
)


def line(sample: Sample, interval: float) -> str:
    """A sample as a line of the table."""
    held = "   ".join(
        f"{use.memory:.1f}/{use.resident:.0f}/{use.threads}/{use.files}/{len(use.shared)}"
        for use in sample.usage.values()
    )
    latency = f"{sample.latency[0]:.1f} ({sample.latency[1]:.1f})" if sample.latency else "-"
    rate = sample.meshes / interval
    return f"{sample.seconds / 60:7.2f} {rate:8.1f} {latency:>18} {sample.missing:7} {sample.others:6.2f}   {held}"


def summary(soak: Soak) -> list[str]:
    """What became of the images, every moment of loss, and how much others disturbed, in words."""
    text = f"{soak.images} images, {soak.missing} without a mesh"
    if soak.moments:
        text += f", in {len(soak.moments)} moments; reconstruction_node passed over {soak.dropped}"
    told = sorted(soak.moments, key=lambda moment: -moment.missing)[:_TOLD]
    lines: list[str] = []
    causes: Counter[str] = Counter()
    for moment in soak.moments:
        lines += [f"  {moment.text()}"] if moment in told else []
        found = moment.causes(soak.usual)
        causes += found
        if found and moment in told:
            lines.append(f"    cause: {_counts(found)}")
    if len(told) < len(soak.moments):
        lines.append("  (and smaller ones)")
    if causes:
        text += f" (cause: {_counts(causes)})"
        lines.append(f"in a second without a loss {soak.usual.text()}")
    others = [sample.others for sample in soak.samples]
    if others:
        lines.append(f"other programs took {np.median(others):.2f} cores, {max(others):.2f} at most")
    return ["", text, *lines]


def _counts(causes: Counter[str]) -> str:
    return ", ".join(f"{cause}: {images}" for cause, images in causes.most_common())
