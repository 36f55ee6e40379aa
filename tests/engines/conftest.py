"""Shared by the tests of engines: the real face model, the committed network, and a stand-in of a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from face3d import resources
from face3d.model import FaceModel
from face3d.runtime import NetworkError, nvidia
from tests.engines.fake_cuda import Gpu
from tests.engines.fake_tensorrt import Fake
from tests.engines.stand_ins import use


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel.load()


@pytest.fixture(scope="session")
def network() -> Path:
    return resources.network()


@pytest.fixture(autouse=True)
def no_engine_of_the_user(monkeypatch, tmp_path) -> None:
    """Tests neither find nor overwrite an engine that somebody has built."""
    monkeypatch.setenv("FACE3D_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACE3D_ENGINE", raising=False)


@pytest.fixture(scope="session")
def tensorrt() -> nvidia.TensorRT:
    """The TensorRT that is installed; the test is skipped where there is none."""
    try:
        return nvidia.find_tensorrt()
    except NetworkError as error:
        pytest.skip(str(error))


@pytest.fixture
def gpu(monkeypatch) -> Gpu:
    """The stand-in of a machine with a GPU, whose packages are found."""
    gpu = Gpu()
    use(monkeypatch, gpu, Fake(gpu))
    return gpu


@pytest.fixture
def batch() -> np.ndarray:
    """Eleven crops, (11, 9, 200, 200) uint8."""
    return np.random.default_rng(0).integers(0, 255, (11, 9, 200, 200), dtype=np.uint8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` are skipped where they cannot run, with the reason."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    try:
        nvidia.find_tensorrt()
        nvidia.find_cuda()
    except NetworkError as error:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=str(error)))
