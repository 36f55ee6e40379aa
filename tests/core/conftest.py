"""Shared by the core's tests: the real face model, its mean face and a picture of it, a tiny network, and the compiled
instruction sets."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from face3d import _core
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.model import FaceModel
from tests.core.faces import NEUTRAL, NO_IDENTITY
from tests.core.networks import metadata, write_network
from tests.core.pictures import photograph


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel.load()


@pytest.fixture(scope="session")
def mean(model: FaceModel) -> np.ndarray:
    """The mean face, (V, 3) float32 in metres. To be read only."""
    found = model.shape(NO_IDENTITY, NEUTRAL)
    found.flags.writeable = False
    return found


@pytest.fixture(params=_core.instruction_sets())
def each_instruction_set(request) -> Iterator[None]:
    """Runs the test once per compiled instruction set."""
    best = _core.instruction_sets()[-1]
    _core.select_instruction_set(request.param)
    yield
    _core.select_instruction_set(best)


@pytest.fixture(scope="session")
def picture(model: FaceModel) -> np.ndarray:
    """A photograph of the mean face, (480, 640, 3) uint8 RGB."""
    return photograph(model, [Geometry.mean(Pose(FRONTAL, 1000.0, (330.0, 240.0)))])


@pytest.fixture
def network(model: FaceModel, tmp_path) -> Path:
    """A network that is always sure and nearly leaves the prior alone."""
    return write_network(tmp_path / "tiny.onnx", metadata(model), confidence=0.9)
