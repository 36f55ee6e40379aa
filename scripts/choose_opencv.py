"""Print which OpenCV this machine can load, `opencv` (with windows) or `opencv-headless`; for `make setup`.

The wheel with windows loads libGL, libX11 and glib from the system and cannot even be imported where they are
missing (servers, containers); the headless wheel needs nothing but shows no window.
"""

from __future__ import annotations

import ctypes

# What opencv-python 5.0's binaries name as NEEDED and neither bundle nor get from the C library.
SYSTEM_LIBRARIES = (
    "libGL.so.1",
    "libX11.so.6",
    "libXext.so.6",
    "libSM.so.6",
    "libICE.so.6",
    "libglib-2.0.so.0",
    "libgthread-2.0.so.0",
    "libxcb.so.1",
)


def missing_libraries() -> list[str]:
    """The system libraries of `SYSTEM_LIBRARIES` that the loader does not find."""
    missing = []
    for name in SYSTEM_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


if __name__ == "__main__":
    print("opencv-headless" if missing_libraries() else "opencv")
