"""Health of a node, on /diagnostics every second: what came, was lost, went wrong, and how long it took."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node

from face3d.ros.conversions import nanoseconds
from face3d.ros.gate import Gate

STEADY = Clock(clock_type=ClockType.STEADY_TIME)
"""For timers that also go on while a simulated clock stands still."""

_PERIOD = 1.0
_SILENCE = 2.0  # seconds without an image that are worth a warning
_MEMORY = 5.0  # seconds for which a problem stays in the report
_SAME_CLOCK = 5.0  # seconds behind its stamp from which it is of another clock, as in a replayed bag
_TOLD = 5  # losses that a report tells of one by one


class Health:
    """Counts of one node and their report.

    node   reports under its name, through its logger and clock
    topic  where its images come from, for the texts; "" for a node that makes the images itself
    extra  called for every report: further keys and values
    pause  seconds that the node may pass images over on purpose; 0: it is to get all of them

    `seldom` is a callback group for what need not be looked at for every image: it opens once a second.
    """

    def __init__(
        self, node: Node, topic: str, extra: Callable[[], dict[str, object]] = dict, pause: float = 0.0
    ) -> None:
        self._node, self._topic, self._extra, self._pause = node, topic, extra, pause
        self.frames = self.dropped = self.problems = 0
        self._publishers = 1
        self._last_frame: float | None = None
        self._losses: list[str] = []
        self._started = self._spent = 0.0
        self._problem, self._problem_time, self._fatal = "", -1e9, ""
        self._reported = (time.monotonic(), 0, 0)
        self._work: list[float] = []
        self._latency: list[float] = []
        self.seldom = Gate()
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = node.create_timer(_PERIOD, self.report, clock=STEADY)

    def received(self, lost: int = 0, publishers: int = 1) -> None:
        """Work on an image begins.

        lost        images that were lost since the one before
        publishers  of the images, now
        """
        self.seldom.open = False
        now, self._started = time.monotonic(), time.perf_counter()
        self._publishers = publishers
        if lost and not self._pause:
            self._lost(lost, now)
        self._spent = 0.0
        self._last_frame = now
        self.frames += 1

    def finished(self, stamp: Time) -> None:
        """Work on the image of `stamp` is done and published."""
        self._spent = time.perf_counter() - self._started
        self._work.append(self._spent)
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
        self.seldom.open = True
        now = time.monotonic()
        then, frames, dropped = self._reported
        self._reported = (now, self.frames, self.dropped)
        rate = (self.frames - frames) / max(now - then, 1e-3)
        values: dict[str, object] = {
            "frames": self.frames,
            "dropped": self.dropped,
            "losses": "; ".join(self._losses[:_TOLD]) + ("; ..." if len(self._losses) > _TOLD else ""),
            "problems": self.problems,
            "rate": f"{rate:.1f}",
            "collections": sum(each["collections"] for each in gc.get_stats()[1:]),
            **_quantiles("work", self._work),
            **_quantiles("latency", self._latency),
            **self._extra(),
        }
        self._losses.clear()
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

    def _lost(self, count: int, now: float) -> None:
        self.dropped += count
        since = 1e3 * (now - (self._last_frame or now))
        self._losses.append(f"{count} in {since:.0f} ms, {1e3 * self._spent:.0f} of them at work")

    def _judge(self, now: float, rate: float, dropped: int) -> tuple[bytes, str]:
        if self._fatal:
            return DiagnosticStatus.ERROR, self._fatal
        if now - self._problem_time < _MEMORY:
            return DiagnosticStatus.ERROR, self._problem
        where = f" on {self._topic}" if self._topic else ""
        if self._last_frame is None:
            nobody = self._topic and not self._node.count_publishers(self._topic)
            return DiagnosticStatus.WARN, f"no image yet{where}" + (", nobody publishes it" if nobody else "")
        if now - self._last_frame > _SILENCE + self._pause:
            return DiagnosticStatus.WARN, f"no image{where} for {now - self._last_frame:.0f} s"
        if self._publishers > 1:
            text = f"{rate:.1f} frames/s{where} from {self._publishers} publishers, which are taken for one camera"
            return DiagnosticStatus.WARN, text
        if dropped:
            return DiagnosticStatus.WARN, f"{rate:.1f} frames/s, {dropped} dropped in the last second"
        return DiagnosticStatus.OK, f"{rate:.1f} frames/s"


def _quantiles(name: str, values: list[float]) -> dict[str, str]:
    """Median and 95th percentile in milliseconds, when there is anything."""
    if not values:
        return {}
    median, high = np.percentile(values, (50, 95)) * 1e3
    return {f"{name}_ms": f"{median:.1f}", f"{name}_p95_ms": f"{high:.1f}"}
