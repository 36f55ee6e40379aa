"""Detections and reconstructed faces to messages, and detections back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from face3d_msgs.msg import Blendshapes, Face, FaceArray, FaceMesh, FaceState, FaceTopology
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, Transform, TransformStamped, Vector3
from std_msgs.msg import Header

from face3d.camera import Pose as WeakPose
from face3d.codec import Geometry
from face3d.detector import Detection
from face3d.model import FaceModel
from face3d.motion import ARKIT, HeadPose, head_pose
from face3d.motion import Blendshapes as Weights
from face3d.ros.conversions.arrays import nanoseconds, packed, to_region
from face3d.track import Face as TrackedFace


def to_boxes(message: FaceArray) -> list[tuple[float, float, float, float, float]]:
    """Boxes (x, y, width, height, roll) in pixels and radians of the detected faces.

    Left out are those that are empty, or tilted by what is no number.
    """
    return [
        (float(box.x_offset), float(box.y_offset), float(box.width), float(box.height), face.roll)
        for face in message.faces
        if (box := face.box).width and box.height and math.isfinite(face.roll)
    ]


def from_detections(detections: Iterable[Detection], header: Header, width: int, height: int) -> FaceArray:
    """FaceArray of the detections in an image of `width` x `height` pixels."""
    faces = [
        Face(id=number, confidence=hit.confidence, box=to_region(hit.box, width, height), roll=hit.roll)
        for number, hit in enumerate(detections)
    ]
    return FaceArray(header=header, faces=faces)


def to_topology(model: FaceModel, header: Header) -> FaceTopology:
    """What never changes about the meshes of a face model."""
    parts = sorted(model.parts.items(), key=lambda item: item[1].start)
    offsets = [*(part.start for _, part in parts), len(model.triangles)]
    return FaceTopology(
        header=header,
        model_hash=model.hash,
        vertex_count=model.vertex_count,
        triangles=packed("I", model.triangles.astype(np.uint32)),
        part_names=[name for name, _ in parts],
        part_offsets=packed("I", np.array(offsets, np.uint32)),
        landmarks=packed("I", model.landmarks68.astype(np.uint32)),
        sellion=int(model.sellion),
        expression_names=list(model.expression_names),
    )


def to_mesh(number: int, vertices: np.ndarray, header: Header) -> FaceMesh:
    """FaceMesh of the track `number` with vertices (N, 3) float32 in the header's frame, metres."""
    return FaceMesh(header=header, id=number, vertices=packed("f", vertices))


def to_pose(face: TrackedFace, model: FaceModel) -> Pose:
    """Pose of the frame face_<id> in the camera's optical frame: origin at the sellion, metres."""
    head = head_pose(face, model)
    x, y, z = head.position.tolist()
    qx, qy, qz, qw = head.quaternion.tolist()
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def to_pose_stamped(pose: Pose, header: Header) -> PoseStamped:
    """The pose with its header."""
    return PoseStamped(header=header, pose=pose)


def to_transform(pose: Pose, header: Header, child: str) -> TransformStamped:
    """The same pose as a transform from the header's frame to the frame `child`."""
    at = pose.position
    transform = Transform(translation=Vector3(x=at.x, y=at.y, z=at.z), rotation=pose.orientation)
    return TransformStamped(header=header, child_frame_id=child, transform=transform)


def to_state(face: TrackedFace, pose: Pose, header: Header) -> FaceState:
    """FaceState: coefficients, weak-perspective pose, box and confidence."""
    geometry = face.geometry
    return FaceState(
        header=header,
        id=face.id,
        confidence=float(face.confidence),
        box=to_region(face.box, face.camera.width, face.camera.height),
        pose=pose,
        rotation=geometry.pose.rotation.reshape(-1),
        scale=geometry.pose.scale,
        translation=geometry.pose.translation,
        identity=packed("f", geometry.identity),
        expression=packed("f", geometry.expression),
    )


@dataclass(frozen=True)
class ReceivedFace:
    """What a FaceState says, with the names of `face3d.track.Face`: stamp in nanoseconds, box in pixels.

    head  the pose of the frame face_<id>
    """

    id: int
    stamp: int
    confidence: float
    geometry: Geometry
    box: tuple[float, float, float, float]
    head: HeadPose


def from_state(message: FaceState) -> ReceivedFace:
    """The face of a FaceState; raises ValueError when its coefficients have another number than the model's."""
    pose = WeakPose(np.reshape(message.rotation, (3, 3)), message.scale, message.translation)
    box, at, turn = message.box, message.pose.position, message.pose.orientation
    return ReceivedFace(
        message.id,
        nanoseconds(message.header.stamp),
        message.confidence,
        Geometry(message.identity, message.expression, pose),
        (float(box.x_offset), float(box.y_offset), float(box.width), float(box.height)),
        HeadPose(np.array([at.x, at.y, at.z]), np.array([turn.x, turn.y, turn.z, turn.w])),
    )


class BlendshapeWriter:
    """Messages with a face's weights under ARKit's names; `known` is how many of them the model has."""

    def __init__(self, model: FaceModel) -> None:
        self._weights = Weights(model)
        self.known = self._weights.known
        self._names = list(ARKIT)

    def write(self, face: TrackedFace, header: Header) -> Blendshapes:
        """Blendshapes of a face: weights 0 to 1, 0 for names that the model has no shape for."""
        weights = self._weights.weights(face.geometry.expression)
        return Blendshapes(header=header, id=face.id, names=self._names, weights=packed("f", weights))
