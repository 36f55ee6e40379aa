"""The nodes over real topics: the demo clip from camera_node to /face_mesh, as another process receives it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.ros_domain import own_domain
from benchmarks.table import Row
from face3d import demo, resources

_RATE = 30.0  # images per second that the camera node offers
_MESHES = 30.0  # per second that have to arrive
_LATENCY = 80.0  # ms from the image's stamp to the mesh's arrival, 95th percentile
_MEMORY = 400.0  # MB of the reconstruction node
_WARM_UP = 1.0  # seconds after the first mesh that do not count


class _Run:
    """What a subscriber to /face_mesh sees of one run."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self.latencies: list[float] = []
        self.images = 0
        self.memory = 0.0

    @property
    def rate(self) -> float:
        """Meshes per second between the first and the last."""
        return (len(self.arrivals) - 1) / (self.arrivals[-1] - self.arrivals[0])


def rows(quick: bool) -> Iterator[Row]:
    """Rate, latency and memory with the committed network. Raises RuntimeError when the nodes give nothing."""
    resources.network()  # says where it looked when it is missing, before anything is started
    clip = demo.demo_clip()
    seconds = 5.0 if quick else 15.0
    given = _measure(str(clip), _RATE, seconds)
    note = f"camera at {_RATE:g}/s: {len(given.latencies)} meshes of {given.images} images"
    low = 0.98 * _MESHES  # the camera's own pace, as measured over a finite time
    yield Row("nodes: meshes received, camera at 30/s", given.rate, "/s", floor=low, note=note)
    median, high = np.percentile(given.latencies, (50, 95))
    yield Row("nodes: image stamp to mesh received, 95 %", high, "ms", _LATENCY, note=f"median {median:.1f}")
    yield Row("nodes: reconstruction node's memory", given.memory, "MB", _MEMORY, note="resident")
    fast = _measure(str(clip), 120.0, seconds)
    yield Row("nodes: meshes received, camera at 120/s", fast.rate, "/s", note="what the pipeline can do")


def _measure(clip: str, rate: float, seconds: float) -> _Run:
    """Start the three nodes in a domain of their own and listen for some seconds."""
    from face3d_msgs.msg import FaceMesh
    from rclpy.executors import SingleThreadedExecutor
    from sensor_msgs.msg import Image

    from face3d.ros.node_group import NodeGroup
    from face3d.ros.qos import IMAGE_IN, OUTPUT

    run = _Run()
    with own_domain("face3d_benchmark") as (node,), NodeGroup() as nodes:
        begin = [float("inf")]

        def on_mesh(message: FaceMesh) -> None:
            now = time.monotonic()
            begin[0] = min(begin[0], now + _WARM_UP)
            if now >= begin[0]:
                stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
                run.arrivals.append(now)
                run.latencies.append((node.get_clock().now().nanoseconds - stamp) * 1e-6)

        def on_image(_: bytes) -> None:
            run.images += time.monotonic() >= begin[0]

        node.create_subscription(FaceMesh, "face_mesh", on_mesh, OUTPUT)
        node.create_subscription(Image, "camera/image_raw", on_image, IMAGE_IN, raw=True)
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        remaps = {"image": "camera/image_raw", "camera_info": "camera/camera_info"}
        nodes.start("reconstruction_node", {}, remaps)
        nodes.start("detection_node", {}, remaps)
        camera = {"source": clip, "rate": rate, "loop": True, "wait_for_subscribers": 3}
        nodes.start("camera_node", camera)
        deadline = time.monotonic() + 60.0
        while time.monotonic() < min(deadline, begin[0] + seconds):
            executor.spin_once(timeout_sec=0.1)
            if nodes.failed():
                raise RuntimeError(f"{nodes.failed()} ended: {' | '.join(nodes.lines()[-3:])}")
        if len(run.arrivals) < 2:
            raise RuntimeError(f"no meshes within a minute: {' | '.join(nodes.lines()[-3:])}")
        run.memory = nodes.memory("reconstruction_node")
    return run
