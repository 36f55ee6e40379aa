"""What subscribers of others get: with the default quality of service, with that of sensors, and late."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import rclpy
from face3d_msgs.msg import Blendshapes, FaceMesh, FaceState, FaceTopology
from geometry_msgs.msg import PoseStamped
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Image
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker

from face3d.ros.node_group import NodeGroup
from tests.ros.probe import BOX, FRAME, Probe, nanoseconds, picture

START, STEP = 1_700_000_000_123_456_789, 40_000_000
KINDS = {
    "face_mesh": FaceMesh,
    "face_mesh/marker": Marker,
    "face_pose": PoseStamped,
    "face_state": FaceState,
    "face_blendshapes": Blendshapes,
    "face_overlay": Image,
    "/tf": TFMessage,
}
DEFAULT = QoSProfile(depth=10)


def test_usual_subscribers_get_everything(node, probe: Probe) -> None:
    got: dict[tuple[str, str], list] = defaultdict(list)
    for topic, kind in KINDS.items():
        for name, qos in (("default", DEFAULT), ("sensor", qos_profile_sensor_data)):
            probe.node.create_subscription(kind, topic, got[topic, name].append, qos)
    probe.listen("face_mesh")
    probe.spin(lambda: all(map(probe.node.count_publishers, KINDS)))
    probe.connect("reconstruction_node")
    stamp = START - STEP
    while not all(got.values()):
        stamp += STEP
        assert stamp < START + 20 * STEP, f"nothing on {[key for key, found in got.items() if not found]}"
        probe.send(picture(), stamp, BOX if stamp == START else None)
        probe.spin(
            lambda stamp=stamp: stamp in [nanoseconds(mesh.header.stamp) for mesh in probe.got["face_mesh"]]
        )
        probe.rest(0.2)
    for (topic, _), messages in got.items():
        for message in messages:
            header = message.transforms[0].header if topic == "/tf" else message.header
            assert header.frame_id == FRAME and START <= nanoseconds(header.stamp) <= stamp, topic
    check_marker(got["face_mesh/marker", "default"][-1])


def check_marker(marker: Marker) -> None:
    """What RViz asks of a list of triangles; it refuses others, or draws nothing."""
    turn, scale = marker.pose.orientation, marker.scale
    assert np.linalg.norm([turn.x, turn.y, turn.z, turn.w]) == pytest.approx(1.0)
    assert (scale.x, scale.y, scale.z) == (1.0, 1.0, 1.0) and marker.color.a > 0.0
    assert (marker.type, marker.action) == (Marker.TRIANGLE_LIST, Marker.ADD)
    assert len(marker.points) % 3 == 0 and len(marker.points) > 3000 and marker.ns
    assert len(marker.colors) in (0, len(marker.points))
    corners = np.array([(point.x, point.y, point.z) for point in marker.points])
    assert np.isfinite(corners).all() and (corners[:, 2] > 0.0).all(), "in front of the camera"
    assert marker.lifetime.sec + marker.lifetime.nanosec > 0, "a node that dies leaves no face behind"


def test_quality_of_service_is_a_parameter(domain, probe: Probe, network: Path) -> None:
    changed = {
        "qos_overrides./robot/face_mesh.publisher.reliability": "best_effort",
        "qos_overrides./robot/face_state.publisher.depth": 3,
    }
    with NodeGroup() as nodes:
        nodes.start("reconstruction_node", {"network": str(network), **changed}, {"__ns": "/robot"})
        probe.spin(lambda: probe.node.count_publishers("/robot/face_overlay"))
        probe.spin(lambda: probe.level("robot/reconstruction_node") is not None)
        found = {
            topic: probe.node.get_publishers_info_by_topic(f"/robot/{topic}")[0].qos_profile.reliability
            for topic in ("face_mesh", "face_state", "face_overlay")
        }
    assert found.pop("face_mesh") == ReliabilityPolicy.BEST_EFFORT
    assert set(found.values()) == {ReliabilityPolicy.RELIABLE}


def test_the_topology_comes_late_and_again(node, probe: Probe) -> None:
    """Whoever comes later gets it, once, and so does the next one."""
    probe.spin(lambda: probe.node.count_publishers("face_mesh/topology"))
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    for number in range(2):
        late = rclpy.create_node(f"late_{number}", context=probe.node.context)
        probe._executor.add_node(late)
        found: list[FaceTopology] = []
        late.create_subscription(FaceTopology, "face_mesh/topology", found.append, latched)
        probe.spin(lambda found=found: found)
        probe.rest(0.3)
        assert len(found) == 1 and found[0].vertex_count == 1 + max(found[0].triangles)
        probe._executor.remove_node(late)
        late.destroy_node()
