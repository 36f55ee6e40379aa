"""face3d: real-time 3D face reconstruction. The core, free of ROS and of training code."""

__version__ = "0.1.0"
