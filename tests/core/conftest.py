"""Shared by the core's tests: the real face model, its mean face, and the compiled instruction sets."""

from collections.abc import Iterator

import numpy as np
import pytest

from face3d import _core
from face3d.model import FaceModel
from tests.core.faces import NEUTRAL, NO_IDENTITY


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
