"""face3d: real-time 3D face reconstruction. The core, free of ROS and of training code."""

import os

__version__ = "0.1.0"

# Since version 1.29 ONNX Runtime reports to its makers what runs where, and keeps an id of the machine in the user's
# cache, unless this is set before it is imported. Whoever wants that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
