"""Health of a node, on /diagnostics every second: what came, was lost, went wrong, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node

from face3d.ros.conversions import nanoseconds

STEADY = Clock(clock_type=ClockType.STEADY_TIME)
"""For timers that also go on while a simulated clock stands still."""

_PERIOD = 1.0
_SILENCE = 2.0  # seconds without an image that are worth a warning
_MEMORY = 5.0  # seconds for which a problem stays in the report
_BEHIND = 0.3  # seconds for which a loss shows that there is too little time
_SAME_CLOCK = 5.0  # seconds behind its stamp from which it is of another clock, as in a replayed bag
_RESTART = 1000  # a gap in sequence numbers that large is another publisher, not loss


class Health:
    """Counts of one node and their report.

    node   reports under its name, through its logger and clock
    topic  where its images come from, for the texts; "" for a node that makes the images itself
    extra  called for every report: further keys and values
    """

    def __init__(self, node: Node, topic: str, extra: Callable[[], dict[str, object]] = dict) -> None:
        self._node, self._topic, self._extra = node, topic, extra
        self.frames = self.dropped = self.problems = 0
        self._sequence: int | None = None
        self._last_frame: float | None = None
        self._last_loss = -1e9
        self._problem, self._problem_time, self._fatal = "", -1e9, ""
        self._reported = (time.monotonic(), 0, 0)
        self._work: list[float] = []
        self._latency: list[float] = []
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = node.create_timer(_PERIOD, self.report, clock=STEADY)

    def received(self, info: dict | None = None) -> None:
        """An image came; `info` is rclpy's message info: its sequence numbers show what was lost before."""
        self.frames += 1
        self._last_frame = time.monotonic()
        sequence = (info or {}).get("publication_sequence_number")
        if sequence and self._sequence is not None and 1 < sequence - self._sequence < _RESTART:
            self.dropped += sequence - self._sequence - 1
            self._last_loss = self._last_frame
        self._sequence = sequence

    @property
    def behind(self) -> bool:
        """Whether images were lost a moment ago: there is no time for anything that can wait."""
        return time.monotonic() - self._last_loss < _BEHIND

    def finished(self, stamp: Time, started: float) -> None:
        """Work on the image of `stamp` that began at `started` (time.perf_counter) is done and published."""
        self._work.append(time.perf_counter() - started)
        latency = (self._node.get_clock().now().nanoseconds - nanoseconds(stamp)) * 1e-9
        if 0.0 <= latency < _SAME_CLOCK:
            self._latency.append(latency)

    def problem(self, text: str) -> None:
        """Something went wrong with one image: counted, reported, and logged at most every five seconds."""
        self.problems += 1
        self._problem, self._problem_time = text, time.monotonic()
        self._node.get_logger().error(text, throttle_duration_sec=_MEMORY)

    def fatal(self, text: str) -> None:
        """The node cannot work for now (empty text: it can again)."""
        if text and text != self._fatal:
            self._node.get_logger().error(text)
        self._fatal = text

    def report(self, wait: float = 0.0) -> None:
        """Publish the state; the timer does it once a second. `wait` seconds at most until all have it."""
        now = time.monotonic()
        then, frames, dropped = self._reported
        self._reported = (now, self.frames, self.dropped)
        rate = (self.frames - frames) / max(now - then, 1e-3)
        values: dict[str, object] = {
            "frames": self.frames,
            "dropped": self.dropped,
            "problems": self.problems,
            "rate": f"{rate:.1f}",
            **_quantiles("work", self._work),
            **_quantiles("latency", self._latency),
            **self._extra(),
        }
        self._work.clear()
        self._latency.clear()
        level, text = self._judge(now, rate, self.dropped - dropped)
        status = DiagnosticStatus(
            level=level,
            name=f"{self._node.get_fully_qualified_name().lstrip('/')}: images",
            message=text,
            hardware_id="",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
        if wait:
            self._publisher.wait_for_all_acked(Duration(seconds=wait))

    def _judge(self, now: float, rate: float, dropped: int) -> tuple[bytes, str]:
        if self._fatal:
            return DiagnosticStatus.ERROR, self._fatal
        if now - self._problem_time < _MEMORY:
            return DiagnosticStatus.ERROR, self._problem
        where = f" on {self._topic}" if self._topic else ""
        if self._last_frame is None:
            return DiagnosticStatus.WARN, f"no image yet{where}"
        if now - self._last_frame > _SILENCE:
            return DiagnosticStatus.WARN, f"no image{where} for {now - self._last_frame:.0f} s"
        if dropped:
            return DiagnosticStatus.WARN, f"{rate:.1f} frames/s, {dropped} dropped in the last second"
        return DiagnosticStatus.OK, f"{rate:.1f} frames/s"


def _quantiles(name: str, values: list[float]) -> dict[str, str]:
    """Median and 95th percentile in milliseconds, when there is anything."""
    if not values:
        return {}
    median, high = np.percentile(values, (50, 95)) * 1e3
    return {f"{name}_ms": f"{median:.1f}", f"{name}_p95_ms": f"{high:.1f}"}
