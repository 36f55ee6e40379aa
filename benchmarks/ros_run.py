"""One run of the nodes over real topics between a camera and a listener that are programs of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.ros_domain import REMAPS, own_domain, watch_nodes
from benchmarks.usage import Usage

MESH = ("face3d_msgs.msg.FaceMesh", "face_mesh")
MARKER = ("visualization_msgs.msg.Marker", "face_mesh/marker")
OVERLAY = ("sensor_msgs.msg.Image", "face_overlay")
_EVERY = 1.0  # seconds from one hiccup to the next
_WARM_UP = 1.5  # seconds after the first message that do not count
_PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


@dataclass(frozen=True)
class Setting:
    """What runs.

    size, rate   of the camera's images: bgr8, out of memory
    source       instead, a file that camera_node plays at `rate`
    together     the nodes, and camera_node where there is one, in one process
    topic, ears  message type and topic that the listener takes, and further arguments of benchmarks.ros_listener
    others       further topics that somebody listens to
    hiccup       seconds for which reconstruction_node (all nodes of its process) is stopped, once a second
    profile      whether camera and listener have this package's Fast DDS profile
    """

    size: tuple[int, int] = (640, 480)
    rate: float = 60.0
    source: str = ""
    together: bool = False
    topic: tuple[str, str] = MESH
    ears: Sequence[str] = ()
    others: Sequence[tuple[str, str]] = ()
    hiccup: float = 0.0
    profile: bool = True
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What the listener saw in the time that counts.

    sent       images of the camera in that time; None of a camera_node, which does not say when it sent them
    late       images, in the whole run, that the camera sent more than half a period behind
    latencies  of the messages, ms: from the stamp of the image until the listener's callback had it
    seconds    between first and last message
    usage      of the nodes' processes at the end; cpu: processor time per second, of all of them together
    dropped    images that reconstruction_node says it has missed, after the first second
    """

    sent: int | None
    late: int
    latencies: np.ndarray
    seconds: float
    usage: dict[str, Usage]
    cpu: float
    dropped: int

    @property
    def rate(self) -> float:
        """Messages per second."""
        return (len(self.latencies) - 1) / self.seconds

    @property
    def lost(self) -> int:
        """Images for which no message came; with a camera_node, those that reconstruction_node knows of."""
        return self.dropped if self.sent is None else self.sent - len(self.latencies)

    @property
    def lost_share(self) -> float:
        """Of all images, how many are lost: 0..1."""
        return self.lost / max(len(self.latencies) + self.lost, 1)

    def text(self) -> str:
        """All of it in a line."""
        median, high = np.percentile(self.latencies, (50, 95))
        memory = sum(usage.resident for usage in self.usage.values())
        return (
            f"{self.rate:.1f}/s, {self.lost} of {self.sent or 'all'} lost, {median:.1f} ms (95 %: {high:.1f}, "
            f"longest {self.latencies.max():.1f}), {100 * self.cpu:.0f} % of a core, {memory:.0f} MB"
        )


def measure(setting: Setting, seconds: float) -> Result:
    """Run camera, nodes and listener for some seconds.

    Raises RuntimeError when a program fails or nothing comes.
    """
    from rclpy.executors import SingleThreadedExecutor

    from face3d.ros.node_group import NodeGroup

    with own_domain("face3d_benchmark") as (node,), NodeGroup() as nodes, contextlib.ExitStack() as programs:
        reports = watch_nodes(node)
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        listen = [(*setting.topic, *setting.ears), *((*other, "--raw") for other in setting.others)]
        ears = [
            programs.enter_context(_program("benchmarks.ros_listener", words, setting)) for words in listen
        ]
        names = _start(nodes, setting)
        programs.enter_context(_hiccups(nodes.process_id(names[0]), setting.hiccup))
        lens = None
        if not setting.source:
            size = "x".join(map(str, setting.size))
            words = ("--size", size, "--rate", str(setting.rate), "--seconds", str(seconds))
            lens = programs.enter_context(_program("benchmarks.ros_camera", words, setting))
        watch: list[tuple[float, dict[str, Usage], int]] = []
        deadline = time.monotonic() + 60.0 + seconds
        while time.monotonic() < deadline and (lens is None or lens.poll() is None):
            executor.spin_once(timeout_sec=0.1)
            if nodes.failed():
                raise RuntimeError(f"{nodes.failed()} ended: {' | '.join(nodes.lines()[-3:])}")
            report = reports["reconstruction_node"]
            if report.get("frames", "0") != "0":
                usage = {name: Usage.of(nodes.process_id(name)) for name in names}
                now = (time.monotonic(), usage, int(report["dropped"]))
                watch = [watch[0] if watch else now, now]
                if lens is None and watch[1][0] - watch[0][0] > seconds:
                    break
        if not watch:
            raise RuntimeError(f"no image came: {' | '.join(nodes.lines()[-3:])}")
        sent = None if lens is None else _told("benchmarks.ros_camera", lens)
        ears[0].send_signal(signal.SIGINT)
        heard = _told("benchmarks.ros_listener", ears[0])
    (begin, first, missed), (end, last, dropped) = watch
    cpu = sum(last[name].cpu - first[name].cpu for name in names) / max(end - begin, 1e-3)
    return _evaluate(sent, heard, last, cpu, dropped - missed)


def _start(nodes, setting: Setting) -> list[str]:
    """Start the nodes; returns the names of their processes."""
    from face3d.ros import process

    camera = {"source": setting.source, "rate": setting.rate, "loop": True, "wait_for_subscribers": 2}
    if setting.together:
        alone = camera if setting.source else {"camera": False}
        nodes.start(process.ALL, {**setting.parameters, **alone}, REMAPS)
        return [process.ALL]
    nodes.start("reconstruction_node", setting.parameters, REMAPS)
    nodes.start("detection_node", {}, REMAPS)
    if setting.source:
        nodes.start("camera_node", camera)
    return ["reconstruction_node", "detection_node", *(["camera_node"] if setting.source else [])]


def _told(module: str, program: subprocess.Popen) -> dict:
    """What a program says at its end. Raises RuntimeError when it failed."""
    text = program.communicate(timeout=20)[0]
    if program.returncode or not text:
        raise RuntimeError(f"{module} failed with exit code {program.returncode}")
    return json.loads(text)


def _evaluate(sent: dict | None, heard: dict, usage: dict[str, Usage], cpu: float, dropped: int) -> Result:
    stamps, arrivals = (np.array(heard[name], np.int64) for name in ("stamps", "arrivals"))
    if len(stamps) < 2:
        raise RuntimeError("nothing arrived")
    if len(np.unique(stamps)) != len(stamps):
        raise RuntimeError("messages came twice")
    begin = stamps[0] + round(_WARM_UP * 1e9)
    counts = stamps >= begin
    taken = arrivals[counts]
    images = None if sent is None else int((np.array(sent["stamps"], np.int64) >= begin).sum())
    seconds = (taken[-1] - taken[0]) * 1e-9
    late = 0 if sent is None else sent["late"]
    return Result(images, late, (taken - stamps[counts]) * 1e-6, seconds, usage, cpu, dropped)


@contextlib.contextmanager
def _hiccups(process: int, seconds: float) -> Iterator[None]:
    """Meanwhile the process stands still for so many seconds, once a second, as where there is no time for it."""
    if not seconds:
        yield
        return
    ending = threading.Event()

    def disturb() -> None:
        while not ending.wait(_EVERY - seconds):
            try:
                os.kill(process, signal.SIGSTOP)
                time.sleep(seconds)
            finally:
                os.kill(process, signal.SIGCONT)

    thread = threading.Thread(target=disturb, daemon=True)
    thread.start()
    try:
        yield
    finally:  # before the process is gone, whose number may be another's then
        ending.set()
        thread.join()


@contextlib.contextmanager
def _program(module: str, arguments: Sequence[str], setting: Setting) -> Iterator[subprocess.Popen]:
    """A program of this folder, ended like by Ctrl-C: killed, it would leave its shared memory behind."""
    from face3d.ros.environment import child_environment

    child = child_environment()
    child["PYTHONPATH"] = os.pathsep.join((os.getcwd(), child["PYTHONPATH"]))
    for name in () if setting.profile else _PROFILES:
        child.pop(name, None)
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, env=child, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        try:
            yield program
        finally:
            program.send_signal(signal.SIGINT)
            try:
                program.communicate(timeout=10)
            except (subprocess.TimeoutExpired, ValueError):
                program.kill()
