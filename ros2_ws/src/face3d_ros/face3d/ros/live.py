"""`face3d live` and `face3d replay`: the nodes as processes; what they give on a line, in a window, in files."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from face3d import demo, resources, runtime
from face3d.model import FaceModel
from face3d.movie import FaceTable, Movie
from face3d.ros import bag, environment
from face3d.ros.conversions import read_calibration
from face3d.ros.listener import Listener
from face3d.ros.node_group import NodeGroup
from face3d.ros.status_line import StatusLine
from face3d.ros.window import Window, why_not
from face3d.runtime.sidecar import Sidecar
from face3d.source import SourceError, open_source, plug

_NO_FACE = 5.0  # seconds without any face after which the user should hear of it
_QUIET = 2.0  # seconds without a further image after which a source that has ended is worked off
_START = 30.0  # seconds in which the first image must have come
_IN_FLIGHT = 3  # images of a file that may be under way: enough to keep all processes busy
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WORKER = "reconstruction_node"
_IMAGE_REMAPS = {"image": "camera/image_raw", "camera_info": "camera/camera_info"}


@dataclass(frozen=True)
class LiveOptions:
    """What a run does.

    source   webcam index, video file, folder, bag; None: the webcam if there is one, else the demo clip
    out      folder for overlay.mp4 and faces.csv; None writes nothing
    window   whether to show the overlay where that is possible
    domain   ROS domain; None: ROS_DOMAIN_ID, else one of this run's own
    seconds  end after so many; None: with the source, or Ctrl-C
    realtime  whether a file that is too fast for this machine loses images, as a camera would, instead of waiting
    camera, detection, reconstruction   parameters of these nodes
    """

    source: str | None = None
    out: Path | None = Path("out/live")
    window: bool = True
    domain: int | None = None
    seconds: float | None = None
    realtime: bool = False
    camera: dict[str, object] = field(default_factory=dict)
    detection: dict[str, object] = field(default_factory=dict)
    reconstruction: dict[str, object] = field(default_factory=dict)


def run(options: LiveOptions) -> int:
    """Run until the source ends, the time is over, the window is closed or Ctrl-C; returns the exit code.

    Raises SourceError, FileNotFoundError (no network or face model), ValueError (one that is none, or no calibration)
    or OSError before anything is started.
    """
    status = StatusLine()
    source, fps, live = _find_source(options.source, status)
    _check_network(options.reconstruction)
    if options.camera.get("calibration"):
        read_calibration(str(options.camera["calibration"]))
    domain, lock = environment.isolate(options.domain)
    environment.use_profile()
    stop = _Stop()
    for number in _SIGNALS:  # all of them end as cleanly as Ctrl-C
        signal.signal(number, stop)
    with contextlib.ExitStack() as stack:
        if lock is not None:
            stack.enter_context(lock)
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        stack.callback(rclpy.try_shutdown)
        movie = table = None
        if options.out is not None:
            movie = stack.enter_context(Movie(options.out / "overlay.mp4", fps))
            table = stack.enter_context(FaceTable(options.out / "faces.csv"))
        window = _open_window(status) if options.window else None
        if window is not None:
            stack.callback(window.close)
        listener = Listener(movie, table, fps, window)
        stack.callback(listener.destroy_node)
        nodes = stack.enter_context(NodeGroup())
        status.say(f"source: {source}")
        status.say(f"topics: ROS_DOMAIN_ID={domain}, this machine only; Ctrl-C ends")
        problem = ""
        if not stop.told:
            _start(nodes, source, live, options)
            problem = _watch(nodes, listener, options.seconds, status, stop)
        for number in _SIGNALS:  # processes are ended and files finished without another interruption
            signal.signal(number, signal.SIG_IGN)
        status.close()
        nodes.stop()
        _relay(nodes, status)
    status.say(_summary(listener, options.out))
    if problem:
        status.say(f"face3d: {problem}")
    return 1 if problem else 0


def _find_source(name: str | None, status: StatusLine) -> tuple[str, float, bool]:
    """The source to play, its images per second, and whether it is a camera. Raises SourceError."""
    plug(bag.open_bag)
    if name is None:
        with contextlib.suppress(SourceError), open_source("0") as webcam:
            return "0", webcam.fps, True
        status.say("no webcam: playing the demo clip (choose with SOURCE=... or --source)")
        name = str(demo.demo_clip())
    with open_source(name) as source:
        return name, source.fps, source.live


def _check_network(worker: dict[str, object]) -> None:
    """Read the face model and the network that the parameters of the reconstruction node name: what is none, or does
    not fit, is said now and not by a node. Whether the backend can run it here only the node finds out."""
    model = FaceModel.load(str(worker.get("model") or "") or None)
    path = resources.network(str(worker.get("network") or "") or None)
    if path.suffix == runtime.ENGINE:
        runtime.check_metadata(Sidecar.read(path).metadata, model, path)
    else:
        runtime.load(path, model).close()


def _open_window(status: StatusLine) -> Window | None:
    reason = why_not()
    if reason:
        status.say(f"no window: {reason}; the overlay goes to the video only")
        return None
    return Window()


def _start(nodes: NodeGroup, source: str, live: bool, options: LiveOptions) -> None:
    worker: dict[str, object] = {}
    camera: dict[str, object] = {"source": source, "wait_for_subscribers": 3}
    if not (live or options.realtime):
        # An answer may come before the node takes the next image out.
        worker |= {"queue": _IN_FLIGHT, "overlay_rate": 0.0}
        camera |= {"in_flight": _IN_FLIGHT, "stamps": "paced"}
    # The slowest to start goes first; the camera waits for both, and for the listener's gate.
    nodes.start(_WORKER, worker | options.reconstruction, _IMAGE_REMAPS)
    nodes.start("detection_node", options.detection, _IMAGE_REMAPS)
    nodes.start("camera_node", camera | options.camera)


class _Stop:
    """Is told by a signal to end the run. It raises nothing: in the middle of writing a frame that would leave a video
    without one, and in a destructor a traceback."""

    def __init__(self) -> None:
        self.told = False

    def __call__(self, number: int, frame: object) -> None:
        self.told = True


def _watch(
    nodes: NodeGroup, listener: Listener, seconds: float | None, status: StatusLine, stop: _Stop
) -> str:
    """Let the listener work until the run is over; returns what went wrong, or an empty text."""
    executor = SingleThreadedExecutor()
    executor.add_node(listener)
    began = time.monotonic()
    told = False
    while True:
        executor.spin_once(timeout_sec=0.05)
        now = time.monotonic()
        listener.open_gate()
        _relay(nodes, status)
        failed = nodes.failed()
        if failed:
            return f"{failed} has ended with an error; what it said is above"
        if stop.told:
            return ""
        if not status.due():
            if listener.window_closed() or (seconds is not None and now - began >= seconds):
                return ""
            if listener.frames and not nodes.running("camera_node") and _worked_off(listener, now):
                return listener.errors.get("camera_node", "")  # a recording that has broken off
            continue
        if not listener.frames:
            if listener.errors.get(_WORKER):
                return listener.errors[_WORKER]
            if not nodes.running("camera_node"):
                return "the source ended before its first image"
            if now - began > _START:
                return f"no image came within {_START:g} s"
            status.update("starting ...")
            continue
        status.update(_describe(listener))
        if not told and not listener.faces and now - listener.first_frame > _NO_FACE:
            told = True
            status.say(
                f"no face in the first {_NO_FACE:g} s: is one in view, upright, lit, and larger than 70 pixels?"
            )


def _worked_off(listener: Listener, now: float) -> bool:
    """Whether all images of a source that has ended are accounted for, or no more will come."""
    sent = listener.reported("camera_node", "frames")
    done = listener.reported(_WORKER, "frames") + listener.reported(_WORKER, "dropped")
    drawn = listener.frames + listener.reported(_WORKER, "overlays_skipped")
    everything = done >= sent > 0 and drawn >= listener.reported(_WORKER, "frames")
    return everything or now - listener.last_frame > _QUIET


def _relay(nodes: NodeGroup, status: StatusLine) -> None:
    for line in nodes.lines():
        status.say(line)


def _describe(listener: Listener) -> str:
    """One line on how it goes right now."""
    latency = listener.latency()
    parts = [
        f"{listener.reports.get(_WORKER, {}).get('rate', '-'):>5} images/s",
        f"latency {1e3 * latency[0]:.0f} ms (95 %: {1e3 * latency[1]:.0f})" if latency else "latency -",
        f"dropped {listener.reported(_WORKER, 'dropped')}",
        f"faces {listener.reported(_WORKER, 'faces')}",
        f"{listener.reported(_WORKER, 'frames')} images",
    ]
    problems = listener.reported("camera_node", "problems") + listener.reported(_WORKER, "problems")
    if problems:
        parts.append(f"{problems} bad images")
    return "  ".join(parts)


def _summary(listener: Listener, out: Path | None) -> str:
    """What the whole run gave."""
    worked = max(listener.reported(_WORKER, "frames"), listener.frames)
    sent = max(listener.reported("camera_node", "frames"), worked)
    parts = [
        f"{worked} of {sent} images reconstructed, {listener.frames} drawn",
        f"{listener.faces} faces in {len(listener.ids)} tracks",
    ]
    if listener.foreign:
        parts.append(f"{listener.foreign} faces of another face model left out")
    if listener.unreadable:
        parts.append(f"{listener.unreadable} overlays that are no images left out")
    if listener.latencies:
        median, high = np.percentile(listener.latencies, (50, 95)) * 1e3
        parts.append(f"latency {median:.0f} ms (95 %: {high:.0f})")
    if out is not None and listener.frames:
        parts.append(f"-> {out / 'overlay.mp4'}, {out / 'faces.csv'}")
    return "; ".join(parts)
