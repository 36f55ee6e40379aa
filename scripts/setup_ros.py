"""Make the ROS 2 wheels of a virtual environment usable for building: run by `make setup`.

The wheels lay out a whole ROS prefix inside the environment, but their exported CMake files name the Python and
numpy header folders of the machine that built them. This script replaces those by this interpreter's own folders
and writes `ros_env.sh`, the one place that says which variables ROS needs; the `face3d` launcher, the Makefile
and a user's shell all read that file.

    .venv/bin/python scripts/setup_ros.py --workspace build/ros

Running it twice does no harm. Errors: exits with one line when a wheel is missing.
"""

from __future__ import annotations

import argparse
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


def wheel_libraries() -> list[Path]:
    """Folders beside the site packages that hold the libraries which the ROS wheels bring along."""
    return sorted(Path(sysconfig.get_paths()["purelib"]).glob("ros_*.libs"))


def environment_script(prefix: Path, workspace: Path) -> str:
    """The text of ros_env.sh. Variables are set, not extended: a sourced system ROS must not be mixed in."""
    # colcon builds with --merge-install, so the workspace is one more prefix of the same layout; its own
    # local_setup.sh would set the same variables but takes a third of a second at every start.
    install = workspace.resolve() / "install"
    site = Path(sysconfig.get_paths()["purelib"]).relative_to(prefix)
    libraries = [install / "lib", prefix / "lib", *wheel_libraries()]
    return "\n".join(
        [
            "# Written by scripts/setup_ros.py: the ROS 2 environment of this checkout. Source it, do not edit it.",
            f'export PATH="{install}/lib/face3d:{prefix}/bin:$PATH"',
            "export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3 RMW_IMPLEMENTATION=rmw_fastrtps_cpp",
            f'export AMENT_PREFIX_PATH="{install}:{prefix}"',
            f'export CMAKE_PREFIX_PATH="{install}:{prefix}"',
            f'export PYTHONPATH="{install / site}"',
            f'export LD_LIBRARY_PATH="{":".join(map(str, libraries))}"',
            "unset COLCON_PREFIX_PATH",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True, help="colcon's folder, holding build/ and install/")
    parser.add_argument("--env", type=Path, help="file to write (default: ros_env.sh in the virtual environment)")
    arguments = parser.parse_args()

    prefix = Path(sys.prefix)
    if sys.prefix == sys.base_prefix:
        sys.exit("setup_ros: run this with the Python of a virtual environment, e.g. .venv/bin/python")
    missing = [name for name in NEEDED if not (prefix / "share" / name / "package.xml").is_file()]
    if missing:
        sys.exit(f"setup_ros: {', '.join(missing)} not found in {prefix}/share; run `make clean setup`")
    patch_headers(prefix)
    target = arguments.env or prefix / "ros_env.sh"
    target.write_text(environment_script(prefix, arguments.workspace))


if __name__ == "__main__":
    main()
