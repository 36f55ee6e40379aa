"""Shared by the core's tests: the real face model, loaded once."""

import pytest

from face3d.model import FaceModel


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel.load()
