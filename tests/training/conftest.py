"""The generator and the face model, as slow to make as they are to share."""

import pytest

from face3d.model import FaceModel
from training.faces import FaceGenerator


@pytest.fixture(scope="module")
def generator() -> FaceGenerator:
    """A new one for every file of tests: what it draws must not depend on which files ran before."""
    return FaceGenerator(seed=7)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()
