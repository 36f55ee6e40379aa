"""Shared by the core's tests: the real face model, loaded once, and the compiled instruction sets."""

from collections.abc import Iterator

import pytest

from face3d import _core
from face3d.model import FaceModel


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel.load()


@pytest.fixture(params=_core.instruction_sets())
def each_instruction_set(request) -> Iterator[None]:
    """Runs the test once per compiled instruction set."""
    best = _core.instruction_sets()[-1]
    _core.select_instruction_set(request.param)
    yield
    _core.select_instruction_set(best)
