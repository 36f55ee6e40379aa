#!/bin/sh
# Build the two packages of ros2_ws with colcon against the ROS wheels; run by `make setup`.
#
#     scripts/build_workspace.sh VENV WORKSPACE [PACKAGE...]
#
# VENV holds the ROS wheels (see setup_ros.py), WORKSPACE receives build/, install/ and log/; without PACKAGE
# everything is built. Python files are linked, not copied, so that an edit in the source tree takes effect at once.
set -eu
venv=$1 workspace=$2
shift 2
source_tree=$(cd "$(dirname "$0")/../ros2_ws/src" && pwd)

. "$venv/ros_env.sh"
unset PYTHONPATH # colcon must not see a half-built package of an earlier run
if [ $# -gt 0 ]; then set -- --packages-select "$@"; fi
# One package after the other, but two compilers within one: messages and core are of the same size.
MAKEFLAGS=-j2 exec "$venv/bin/colcon" --log-base "$workspace/log" build \
    --base-paths "$source_tree" --build-base "$workspace/build" --install-base "$workspace/install" \
    --merge-install --symlink-install --executor sequential --event-handlers console_cohesion+ "$@" \
    --cmake-args -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF "-DPython3_EXECUTABLE=$venv/bin/python"
