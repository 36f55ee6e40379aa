"""Shared by all tests: where the repository is, and the core from the source tree when it is not installed."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A developer who compiled `_core` in place runs pytest without `make setup`.
if importlib.util.find_spec("face3d") is None:
    sys.path.insert(0, str(ROOT / "ros2_ws" / "src" / "face3d_ros"))

# One thread per library: the machine's cores are shared with the nodes that tests start.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return ROOT
