"""What a glTF scene holds besides its meshes: the camera in the origin, and where it sees a face.

glTF is y up and looks along -z: a camera's optical frame (x right, y down, z forward) turned by half a turn about x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from face3d.motion import quaternion

if TYPE_CHECKING:
    from face3d.camera import Camera
    from face3d.track import Face

SCENE_FROM_OPTICAL = np.diag([1.0, -1.0, -1.0])
SCENE_FROM_OPTICAL.setflags(write=False)
_NEAR, _FAR = 0.01, 100.0  # of the camera, metres


def place(face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Where a face's mesh (model frame) is in the scene: translation (3,) in metres, rotation (4,) x, y, z, w."""
    rotation, translation = face.metric()
    return SCENE_FROM_OPTICAL @ translation, quaternion(SCENE_FROM_OPTICAL @ rotation)


def add_camera(document: dict, camera: Camera) -> None:
    """Put a camera and its node, the first of all nodes, into a glTF document.

    It looks along its node's -z; its principal point is always the middle.
    """
    document["cameras"] = [
        {
            "type": "perspective",
            "perspective": {
                "yfov": float(2.0 * np.arctan(0.5 * camera.height / camera.fy)),
                "aspectRatio": camera.width * camera.fy / (camera.height * camera.fx),
                "znear": _NEAR,
                "zfar": _FAR,
            },
        }
    ]
    document["nodes"] = [{"camera": 0, "name": "camera"}]
