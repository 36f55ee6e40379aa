"""Make the ROS 2 wheels of a virtual environment usable for building: run by `make setup`.

The wheels lay out a whole ROS prefix inside the environment, but their exported CMake files name the Python
and numpy headers of the machine that built them. This script puts this interpreter's own in their place, and
writes

  ros_env.sh    the variables that ROS needs, for the Makefile and for a user's shell
  bin/face3d    the command, which reads ros_env.sh: it needs no sourced shell and is not led astray by one

into the environment. Running it twice does no harm. Errors: ends with one line when a wheel is missing.

    .venv/bin/python scripts/setup_ros.py
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

# The folders baked into the wheels, e.g. /opt/python/cp311-cp311/include/python3.11 and
# /opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include.
PYTHON_HEADERS = re.compile(r"/opt/python/cp3\d+-cp3\d+/include/python3\.\d+")
NUMPY_HEADERS = re.compile(r"/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages/numpy/_?core/include")

NEEDED = ("rclpy", "rosidl_default_generators", "ament_cmake", "sensor_msgs", "visualization_msgs")


def patch_headers(prefix: Path) -> int:
    """Replace the foreign header folders in `prefix/share/*/cmake`; returns the number of files changed."""
    import numpy

    python_headers = sysconfig.get_paths()["include"]
    if not (Path(python_headers) / "Python.h").is_file():
        sys.exit(
            f"setup_ros: {python_headers}/Python.h is missing, and the ROS messages are compiled against it. "
            f"Install it with: sudo apt install python3.{sys.version_info.minor}-dev"
        )
    changed = 0
    for path in sorted(prefix.glob("share/*/cmake/*.cmake")):
        old = path.read_text()
        new = NUMPY_HEADERS.sub(lambda _: numpy.get_include(), old)
        new = PYTHON_HEADERS.sub(lambda _: python_headers, new)
        if new != old:
            path.write_text(new)
            changed += 1
    return changed


def library_folders(prefix: Path) -> list[Path]:
    """Folders for LD_LIBRARY_PATH: the prefix's lib/ and the libraries that the ROS wheels bring along."""
    return [prefix / "lib", *sorted(Path(sysconfig.get_paths()["purelib"]).glob("ros_*.libs"))]


def environment_script(prefix: Path) -> str:
    """The text of ros_env.sh. Variables are set, not extended: a sourced system ROS must not be mixed in."""
    libraries = ":".join(str(folder) for folder in library_folders(prefix))
    return f"""\
# Written by scripts/setup_ros.py: the ROS 2 environment of this checkout. Source it, do not edit it.
export PATH="{prefix}/bin:$PATH"
export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3 RMW_IMPLEMENTATION=rmw_fastrtps_cpp
export AMENT_PREFIX_PATH="{prefix}"
export CMAKE_PREFIX_PATH="{prefix}"
export LD_LIBRARY_PATH="{libraries}"
unset PYTHONPATH COLCON_PREFIX_PATH
# The wheels' start-up hook sets the same library path by starting every Python twice; all is set already.
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
"""


def launcher_script(prefix: Path) -> str:
    """The text of the command `face3d`."""
    return f"""\
#!/bin/sh
# Written by scripts/setup_ros.py: runs face3d in this checkout's ROS 2 environment.
. "{prefix}/ros_env.sh"
exec "{prefix}/bin/python" -m face3d "$@"
"""


def main() -> None:
    prefix = Path(sys.prefix)
    if sys.prefix == sys.base_prefix:
        sys.exit("setup_ros: run this with the Python of a virtual environment, e.g. .venv/bin/python")
    missing = [name for name in NEEDED if not (prefix / "share" / name / "package.xml").is_file()]
    if missing:
        sys.exit(f"setup_ros: {', '.join(missing)} not found in {prefix}/share; run `make clean setup`")
    patch_headers(prefix)
    (prefix / "ros_env.sh").write_text(environment_script(prefix))
    launcher = prefix / "bin" / "face3d"
    launcher.write_text(launcher_script(prefix))
    launcher.chmod(0o755)


if __name__ == "__main__":
    main()
