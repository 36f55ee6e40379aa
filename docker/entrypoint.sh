#!/bin/bash
# Every command in the container runs with ROS 2, face3d and their Python environment.
set -e
source /opt/ros/jazzy/setup.bash
source /opt/face3d/setup.bash
export PATH="/opt/venv/bin:/opt/face3d/lib/face3d:$PATH"
exec "$@"
