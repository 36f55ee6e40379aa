#!/bin/sh
# Check what only the system's package manager can provide, before anything is installed; run by `make setup`.
#
#     scripts/check_machine.sh [PYTHON]
#
# Prints the path of the Python to use (PYTHON if given, else the first supported one found). When something is
# missing it prints one line per problem that names the Debian/Ubuntu package, and exits with 1.
set -u
asked=${1:-}
packages="" wanted=""

need() { # need PACKAGE WHAT
    packages="$packages $1"
    wanted="${wanted:+$wanted, }$2"
}

supported() { # the interpreter exists and is 3.10 to 3.13
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
    echo "face3d: this is $(uname -s) on $(uname -m), but the ROS 2 wheels exist for Linux on x86_64 only;" \
        "with ROS 2 Jazzy installed, build ros2_ws with colcon instead (README, 'With ROS 2 installed'); without" \
        "ROS, 'pip install ros2_ws/src/face3d_ros' gives the face3d command" >&2
    exit 1
fi

python=""
if [ -n "$asked" ]; then
    if ! command -v "$asked" >/dev/null 2>&1; then
        echo "face3d: PYTHON=$asked was not found; give an existing interpreter of Python 3.10 to 3.13" >&2
        exit 1
    elif ! supported "$asked"; then
        echo "face3d: PYTHON=$asked is $("$asked" --version 2>&1 | head -n 1), but 3.10 to 3.13 is needed (sudo apt install" \
            "python3 on Debian 12 and Ubuntu 22.04 or later brings one)" >&2
        exit 1
    fi
    python=$asked
else
    for candidate in python3 python3.12 python3.11 python3.13 python3.10; do
        if supported "$candidate"; then python=$candidate && break; fi
    done
    if [ -z "$python" ] && command -v python3 >/dev/null 2>&1; then
        echo "face3d: $(python3 --version 2>&1 | head -n 1) is not supported, Python 3.10 to 3.13 is needed: sudo apt install" \
            "python3.12 python3.12-venv python3.12-dev (or another of these), or point to one with" \
            "make PYTHON=/path/to/python3.12" >&2
        exit 1
    elif [ -z "$python" ]; then
        need python3 "Python 3.10 to 3.13"
        need python3-venv "its venv module"
        need python3-dev "its C headers"
    fi
fi

if [ -n "$python" ]; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || need "python$version-venv" "Python's venv module"
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.isfile(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' >/dev/null 2>&1 ||
        need "python$version-dev" "Python's C headers"
fi
command -v "${CXX:-c++}" >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || need g++ "a C++ compiler"
command -v "${CC:-cc}" >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || need gcc "a C compiler"
command -v cmake >/dev/null 2>&1 || need cmake "cmake"
command -v make >/dev/null 2>&1 || need make "make"

if [ -n "$packages" ]; then
    echo "face3d: missing: $wanted. Install with: sudo apt install$packages" >&2
    exit 1
fi
"$python" -c 'import sys; print(sys.executable)'
