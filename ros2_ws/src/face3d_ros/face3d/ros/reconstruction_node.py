"""The faces in the newest image as meshes, poses and coefficients: one call of the tracker per image."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np
from face3d_msgs.msg import Blendshapes, FaceArray, FaceMesh, FaceState, FaceTopology
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker

from face3d import runtime
from face3d.model import FaceModel
from face3d.overlay import STYLES, Overlay
from face3d.ros import conversions
from face3d.ros.calibration import Calibration
from face3d.ros.conversions import Picture, nanoseconds
from face3d.ros.detections import Detections
from face3d.ros.diagnostics import STEADY, Health
from face3d.ros.image_subscription import ImageSubscription, image_topic
from face3d.ros.markers import DETAILS, Markers
from face3d.ros.overlay_publisher import OverlayPublisher
from face3d.ros.parameters import declare, declare_settings
from face3d.ros.qos import IMAGE_OUT, LATCHED, OUTPUT, create_publisher
from face3d.track import Face, TrackerSettings, TrackerState
from face3d.tracker import Tracker

_RETRY = 5.0  # seconds between tries to load a network that is missing

_TRACKER = {
    "first_iterations": ("Most network passes that start a face.", (1, 10)),
    "max_faces": ("Faces tracked at a time.", (1, 64)),
    "smoothing": ("Smoothing over time.", ("one_euro", "exponential", "none")),
    "steadiness": ("Of one_euro: 2 expects twice the noise, and is steadier and slower.", (0.1, 20.0)),
    "exponential_weight": ("Weight of the new frame in exponential smoothing.", (0.01, 1.0)),
    "prior": ("Which estimate the next frame starts from.", ("smoothed", "raw")),
    "start_confidence": ("Confidence that starts a track.", (0.0, 1.0)),
    "keep_confidence": ("Confidence below which a frame counts as missed.", (0.0, 1.0)),
    "patience": ("Seconds without a good frame after which a track ends.", (0.0, 60.0)),
    "max_misses": ("Frames without a good one after which a track ends.", (1, 10_000)),
    "max_gap": ("Seconds without any image after which all tracks end.", (0.01, 3600.0)),
    "max_turn": ("Largest plausible turn between two frames, radians.", (0.01, math.pi)),
    "max_zoom": ("Largest plausible ratio of scales between two frames.", (1.001, 10.0)),
    "max_shift": ("Largest plausible shift between two frames, fraction of the crop.", (0.01, 2.0)),
    "min_likeness": (
        "Correlation with the frames before, below which a picture is another one.",
        (-1.0, 1.0),
    ),
    "min_crop": ("Smallest plausible crop, pixels.", (8.0, 1000.0)),
}


class ReconstructionNode(Node):
    """image, camera_info, faces -> face_mesh, face_pose, TF, face_state, face_blendshapes, face_overlay."""

    def __init__(self) -> None:
        super().__init__("reconstruction_node")
        model = declare(self, "model", "", "Face model (NPZ); empty: the one that comes with face3d.")
        self._network = declare(
            self, "network", "", "Network (ONNX or TensorRT engine); empty: face3d's own."
        )
        self._backend = declare(
            self,
            "backend",
            runtime.AUTO,
            "What runs the network; auto: TensorRT where an engine fits, else ONNX Runtime.",
            runtime.CHOICES,
        )
        self._threads = declare(self, "threads", 1, "Threads of the network.", (1, 64))
        fov = declare(
            self, "fov", 60.0, "Field of view along the image's longer side, degrees, without a calibrated "
            "camera_info.", (1.0, 170.0),
        )  # fmt: skip
        max_age = declare(
            self, "max_detection_age", 0.5, "Older detections do not start a face, seconds.", (0.0, 10.0)
        )
        transport = declare(self, "transport", "raw", "Kind of image message.", ("raw", "compressed"))
        topic = image_topic(self, transport)
        rectified = declare(
            self, "rectified", conversions.is_rectified(topic), "Whether the images are rectified, so that "
            "camera_info's P counts and not its K; default: as the topic's name says (image_rect).",
        )  # fmt: skip
        queue = declare(
            self,
            "queue",
            1,
            "1: images wait for 80 ms at most, and while some get lost only the newest counts; more: so "
            "many may wait, as none is to get lost, which needs a reliable publisher.",
            (1, 100),
        )
        self._publish_tf = declare(
            self, "publish_tf", True, "Send the frame face_<id> to TF (in a namespace: NAMESPACE/face_<id>)."
        )
        style = declare(self, "overlay_style", "mesh", "What face_overlay shows.", STYLES)
        rate = declare(
            self, "overlay_rate", 30.0, "Overlays per second at most; 0: one for every image.", (0.0, 1000.0)
        )
        detail = declare(self, "marker_detail", "low", "Triangles of the RViz marker.", DETAILS)
        marker_rate = declare(
            self, "marker_rate", 30.0, "Images per second that markers are made for; 0: all.", (0.0, 1000.0)
        )
        self._settings = declare_settings(self, TrackerSettings(), _TRACKER, "tracker")

        self._model = FaceModel.load(Path(model) if model else None)
        self._tracker: Tracker | None = None
        self._state = TrackerState()
        self._detections = Detections(max_age)
        # Nodes in several namespaces share /tf: their faces need names of their own.
        self._frames = f"{self.get_namespace().strip('/')}/face_".lstrip("/")

        self._health = Health(self, topic, self._report)
        # Their events (somebody asks for what they do not offer) are most of what an executor would look at.
        publisher = partial(create_publisher, self, callback_group=self._health.seldom)
        self._meshes = publisher(FaceMesh, "face_mesh", OUTPUT)
        self._topology = publisher(FaceTopology, "face_mesh/topology", LATCHED)
        self._poses = publisher(PoseStamped, "face_pose", OUTPUT)
        self._transforms = publisher(TFMessage, "/tf", OUTPUT)
        self._states = publisher(FaceState, "face_state", OUTPUT)
        self._blendshapes = publisher(Blendshapes, "face_blendshapes", OUTPUT)
        self._blendshape_writer = conversions.BlendshapeWriter(self._model)
        self._marker = publisher(Marker, "face_mesh/marker", OUTPUT)
        self._markers = Markers(self._marker, self._model, detail, marker_rate)
        self._overlay = OverlayPublisher(
            publisher(Image, "face_overlay", IMAGE_OUT), Overlay(self._model, style, smooth=False), rate
        )
        self._topology.publish(
            conversions.to_topology(self._model, Header(stamp=self.get_clock().now().to_msg()))
        )
        self._calibration = Calibration(self, rectified, fov, self._health)
        self._load()
        self._retry = self.create_timer(_RETRY, self._load, clock=STEADY)
        self.create_subscription(FaceArray, "faces", self._on_faces, OUTPUT, raw=True)
        self.images = ImageSubscription(self, transport, self._health, self.work, queue)

    def destroy_node(self) -> None:
        """End the drawing, give the network's memory back, then end the node."""
        self._overlay.close()
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.runtime.close()
        super().destroy_node()

    def _load(self) -> None:
        """Load the network; while it is missing or does not fit, the node stays up and says so."""
        if self._tracker is not None:
            return
        try:
            network = runtime.load(
                self._network or None, self._model, self._backend, self._threads, self.get_logger().info
            )
        except (OSError, ValueError, ImportError) as error:
            self._health.fatal(f"no network, so no faces; trying again every {_RETRY:g} s: {error}")
            return
        self._tracker = Tracker(self._model, network, self._settings)
        self._health.fatal("")

    def _on_faces(self, data: bytes) -> None:
        try:
            message = deserialize_message(data, FaceArray)
        except RuntimeError as error:  # its RMWError is private; rclpy itself drops such a message in silence
            self._health.problem(f"a message on faces cannot be read: {error}")
            return
        self._detections.add(nanoseconds(message.header.stamp), conversions.to_boxes(message))

    def work(self, picture: Picture) -> None:
        """Reconstruct the faces in a picture and publish them."""
        if self._tracker is None:
            return
        image, header = picture
        if not header.frame_id:
            text = (
                "the images name no frame (header.frame_id): no TF is sent, and RViz cannot place the faces"
            )
            self.get_logger().warning(f"{text}; the camera's driver has a parameter for it", once=True)
        stamp = nanoseconds(header.stamp)
        camera = self._calibration.camera(image.shape[1], image.shape[0])
        try:
            faces, self._state = self._tracker.step(
                image, camera, self._detections.take(stamp), self._state, stamp
            )
        except (ValueError, RuntimeError) as error:  # the state is as before: the next image goes on from it
            self._health.problem(f"this image could not be worked on: {error}")
            return
        self._publish(faces, header)
        self._overlay.submit(image, faces, header, self.images.behind)
        self._health.finished(header.stamp)

    def _publish(self, faces: list[Face], header: Header) -> None:
        """All outputs of one image under its own header; what nobody listens to is not made."""
        wants_mesh, wants_marker, wants_pose, wants_transform = (
            publisher.get_subscription_count()
            for publisher in (self._meshes, self._marker, self._poses, self._transforms)
        )
        if wants_marker:
            self._markers.keep(faces, header)
            wants_marker = self._markers.due()
        meshes: list[tuple[Face, np.ndarray]] = []
        if wants_mesh or wants_marker:
            meshes = [(face, face.camera_vertices()) for face in faces]
        if wants_mesh:
            for face, vertices in meshes:
                self._meshes.publish(conversions.to_mesh(face.id, vertices, header))
        transforms = []
        for face in faces:
            pose = conversions.to_pose(face, self._model)
            if wants_pose:
                self._poses.publish(conversions.to_pose_stamped(pose, header))
            self._states.publish(conversions.to_state(face, pose, header))
            if wants_transform and self._publish_tf and header.frame_id:
                transforms.append(conversions.to_transform(pose, header, f"{self._frames}{face.id}"))
            if self._blendshape_writer.known and self._blendshapes.get_subscription_count():
                self._blendshapes.publish(self._blendshape_writer.write(face, header))
        if transforms:
            self._transforms.publish(TFMessage(transforms=transforms))
        if wants_marker:
            self._markers.publish(meshes, header)

    def _report(self) -> dict[str, object]:
        """For diagnostics: what the tracker did since the start."""
        counters = self._state.counters
        return {
            "faces": self._state.tracked,
            "tracks_started": counters.started,
            "tracks_ended": counters.ended,
            "tracks_merged": counters.merged,
            "missed": counters.missed,
            "implausible": counters.implausible,
            "invalid": counters.invalid,
            "changed": counters.changed,
            "refused": counters.refused,
            "resets": counters.resets,
            "overlays_skipped": self._overlay.skipped,
        }


NODE = ReconstructionNode
