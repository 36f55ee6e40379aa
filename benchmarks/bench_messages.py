"""ROS messages of one tracked face: building, publishing to a subscriber, and until it has the message."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.ros_domain import own_domain
from benchmarks.scenes import SIZES, Clip, named
from benchmarks.table import NotHere, Row, summarised, timed
from face3d import runtime
from face3d.camera import Camera
from face3d.model import FaceModel
from face3d.track import Face, TrackerState
from face3d.tracker import Tracker


def rows(quick: bool) -> Iterator[Row]:
    """Raises NotHere without ROS 2."""
    try:
        from face3d_msgs.msg import FaceMesh, FaceState
        from sensor_msgs.msg import Image
        from std_msgs.msg import Header
        from visualization_msgs.msg import Marker

        from face3d.ros import conversions
        from face3d.ros.markers import MarkerWriter
    except ImportError as error:
        raise NotHere(f"messages need ROS 2 and the built workspace ({error})") from error
    runs = 10 if quick else 200
    model, clip = FaceModel.load(), Clip(1)
    face, header = _face(model, clip), Header(frame_id="camera")
    vertices = face.camera_vertices()
    writer = MarkerWriter(Marker(header=header), model.lod_triangles)
    builders: dict[str, tuple[type, Callable[[], object]]] = {
        "face_mesh": (FaceMesh, lambda: conversions.to_mesh(1, vertices, header)),
        "face_state": (
            FaceState,
            lambda: conversions.to_state(face, conversions.to_pose(face, model), header),
        ),
        "face_mesh/marker, low detail": (Marker, lambda: writer.write(vertices, header.stamp)),
    }
    yield timed("message: vertices to the camera's frame", face.camera_vertices, runs)
    for size in SIZES:
        (image,), _ = clip.scene(size, 1)
        builders[f"image, {named(size)}"] = (Image, partial(conversions.from_rgb, image, header))
    for name, (kind, build) in builders.items():
        yield timed(f"build {name}", build, runs)
        publish, receive = _transport(kind, build(), runs)
        yield summarised(f"publish {name}", publish)
        yield summarised(f"receive {name}", receive, note="from publish() to a callback in this process")
        if kind is Marker:  # rclpy makes an object of every corner; RViz, in C++, does not
            _, receive = _transport(kind, build(), runs, raw=True)
            yield summarised(f"receive {name}, serialised", receive, note="without rclpy's objects")


def _face(model: FaceModel, clip: Clip) -> Face:
    (image,), boxes = clip.scene(SIZES[0], 1)
    network = runtime.load(None, model)
    faces, _ = Tracker(model, network).step(image, Camera.from_fov(*SIZES[0]), boxes, TrackerState(), 0)
    if not faces:
        raise RuntimeError("no face was tracked")
    return faces[0]


def _transport(kind: type, message: object, runs: int, raw: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of `publish()`, and from its return to the callback of a node in this process, which takes the
    message as rclpy makes it, or `raw`: its bytes."""
    from rclpy.executors import SingleThreadedExecutor

    from face3d.ros.qos import OUTPUT

    with own_domain("face3d_sender", "face3d_receiver") as (sender, receiver):
        arrived: list[float] = []
        receiver.create_subscription(
            kind, "message", lambda _: arrived.append(time.perf_counter()), OUTPUT, raw=raw
        )
        executor = SingleThreadedExecutor(context=receiver.context)
        executor.add_node(receiver)
        publisher = sender.create_publisher(kind, "message", OUTPUT)
        deadline = time.monotonic() + 10.0
        while publisher.get_subscription_count() == 0:
            if time.monotonic() > deadline:
                raise RuntimeError("publisher and subscriber do not find each other")
            time.sleep(0.01)
        times = []
        for _ in range(runs + 1):
            before, start = len(arrived), time.perf_counter()
            publisher.publish(message)
            sent = time.perf_counter()
            while len(arrived) == before and time.perf_counter() < sent + 2.0:
                executor.spin_once(timeout_sec=0.5)
            if len(arrived) > before:
                times.append((sent - start, arrived[-1] - sent))
        executor.shutdown()
    if len(times) < 2:
        raise RuntimeError(f"no {kind.__name__} arrived")
    return tuple(1e3 * np.array(times[1:]).T)
