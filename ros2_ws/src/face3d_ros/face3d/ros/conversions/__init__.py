"""Messages to core types and back: the one place that knows how messages are laid out."""

from face3d.ros.conversions.arrays import nanoseconds, packed, to_region, to_stamp
from face3d.ros.conversions.cameras import (
    from_camera,
    image_size,
    is_rectified,
    read_calibration,
    rectified,
    to_camera,
)
from face3d.ros.conversions.faces import (
    ARKIT,
    BlendshapeWriter,
    from_detections,
    from_state,
    to_boxes,
    to_mesh,
    to_pose,
    to_pose_stamped,
    to_state,
    to_topology,
    to_transform,
)
from face3d.ros.conversions.image_bytes import read_image
from face3d.ros.conversions.images import BadImage, Picture, from_rgb, image_type, read_picture, to_rgb
from face3d.ros.conversions.marker import MarkerWriter

__all__ = [
    "ARKIT",
    "BadImage",
    "BlendshapeWriter",
    "MarkerWriter",
    "Picture",
    "from_camera",
    "from_detections",
    "from_rgb",
    "from_state",
    "image_size",
    "image_type",
    "is_rectified",
    "nanoseconds",
    "packed",
    "read_calibration",
    "read_image",
    "read_picture",
    "rectified",
    "to_boxes",
    "to_camera",
    "to_mesh",
    "to_pose",
    "to_pose_stamped",
    "to_region",
    "to_rgb",
    "to_stamp",
    "to_state",
    "to_topology",
    "to_transform",
]
