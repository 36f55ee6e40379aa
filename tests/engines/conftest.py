"""Shared by the tests of engines: the real face model and the committed network."""

from __future__ import annotations

from pathlib import Path

import pytest

from face3d import resources
from face3d.model import FaceModel
from face3d.runtime import NetworkError, nvidia


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
