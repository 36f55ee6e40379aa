"""Where the package finds its files."""

from pathlib import Path

import pytest

from face3d import resources


def test_the_face_model_is_found_in_the_source_tree() -> None:
    assert resources.face_model().name == "face_model.npz"


def test_a_given_path_wins_and_a_wrong_one_is_said(tmp_path, monkeypatch) -> None:
    file = tmp_path / "mine.npz"
    file.touch()
    monkeypatch.setenv("FACE3D_MODEL", str(tmp_path / "other.npz"))
    assert resources.face_model(file) == file
    with pytest.raises(FileNotFoundError, match=r"no face model at .*other\.npz"):
        resources.face_model()
    with pytest.raises(FileNotFoundError, match=r"no network at .*gone\.onnx; take engines/face3d\.onnx"):
        resources.network(tmp_path / "gone.onnx")


def test_environment_and_prefix_are_searched(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "prefix/lib/python3.12/site-packages/face3d")
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    with pytest.raises(FileNotFoundError) as caught:
        resources.network()
    message = str(caught.value)
    assert "share/face3d/face3d.onnx" in message and "FACE3D_NETWORK" in message and "make train" in message
    share = tmp_path / "prefix/share/face3d"
    share.mkdir(parents=True)
    (share / "face3d.onnx").touch()
    assert resources.network() == share / "face3d.onnx"
    overlay = tmp_path / "ws/install/face3d/share/face3d"
    overlay.mkdir(parents=True)
    (overlay / "face_model.npz").touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ws/install/face3d"))
    assert resources.face_model() == overlay / "face_model.npz"
    mine = tmp_path / "mine.onnx"
    mine.touch()
    monkeypatch.setenv("FACE3D_NETWORK", str(mine))
    assert resources.network() == Path(mine)
