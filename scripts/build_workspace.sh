#!/bin/sh
# Build the packages of ros2_ws with colcon against the ROS wheels; run by `make setup`.
#
#     scripts/build_workspace.sh VENV WORKSPACE [PACKAGE...]
#
# VENV holds the ROS wheels (see setup_ros.py) and receives the packages: they become part of the same ROS prefix.
# WORKSPACE receives colcon's build/ and log/. Without PACKAGE everything is built. Python files are linked, not
# copied, so that an edit in the source tree takes effect at once.
# With ROS 2 itself installed none of this is needed: `cd ros2_ws && colcon build`.
set -eu
venv=$(cd "$1" && pwd)
mkdir -p "$2"
workspace=$(cd "$2" && pwd)
shift 2
tree=$(cd "$(dirname "$0")/../ros2_ws" && pwd)

. "$venv/ros_env.sh"
if [ $# -gt 0 ]; then set -- --packages-select "$@"; fi
# One package after the other, two compilers within each: the memory of a small machine is enough.
# Both spellings of the interpreter: ament asks for Python3, pybind11 for Python. CMake looks at the files to install
# when it configures, so it does every time: a network's int8 form may have come or gone.
MAKEFLAGS=-j2 exec "$venv/bin/colcon" --log-base "$workspace/log" build \
    --base-paths "$tree/src" "$tree/wheels/tf2_msgs" \
    --build-base "$workspace/build" --install-base "$venv" \
    --merge-install --symlink-install --cmake-force-configure --executor sequential --event-handlers console_cohesion+ "$@" \
    --cmake-args -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF --no-warn-unused-cli \
    "-DPython3_EXECUTABLE=$venv/bin/python" "-DPython_EXECUTABLE=$venv/bin/python"
