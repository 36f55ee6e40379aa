"""The window with the overlay, where there is a screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import cv2
import numpy as np

_PATIENCE = 20.0  # seconds for a first window to open
_TITLE = "face3d - press q to end"


class Window:
    """Opens with the first image; `closed` once the user has pressed q or Esc, or closed it."""

    def __init__(self) -> None:
        self.closed = False
        self._open = False

    def show(self, image: np.ndarray) -> None:
        """Show an image (H, W, 3) uint8 RGB."""
        if self.closed:
            return
        if not self._open:
            # OpenCV's Qt complains line after line that its wheel brings no fonts; the window needs none.
            os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(_TITLE, image.shape[1], image.shape[0])
            self._open = True
        cv2.imshow(_TITLE, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        self.closed = cv2.waitKey(1) & 0xFF in (ord("q"), 27)
        self.closed = self.closed or cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1

    def close(self) -> None:
        """Close it; a second call does nothing."""
        if self._open:
            cv2.destroyAllWindows()
            self._open = False


def why_not() -> str:
    """Why no window can be shown here; an empty text when one can."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no screen"
    if re.search(r"GUI:\s+(NONE|NO)\b", cv2.getBuildInformation()):
        return "this OpenCV is built without windows (package opencv-python-headless)"
    # A screen that is named but not to be had makes Qt abort the process: let it abort another one.
    attempt = [sys.executable, "-c", "import cv2; cv2.namedWindow('face3d'); cv2.destroyAllWindows()"]
    try:
        code = subprocess.run(attempt, capture_output=True, timeout=_PATIENCE).returncode
    except subprocess.TimeoutExpired:
        code = -1
    return "the screen does not let us open one" if code else ""
