"""The measure of head scans on heads whose shape is known exactly: the model's own."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="distances to meshes need the packages of training")

from evaluation.scan import Scan, colors_at, face_area, place, read_obj
from evaluation.scan_views import SIZE, View, shoot
from evaluation.scans import Ruler
from face3d import rotation as so3
from face3d.codec import EXPRESSION, IDENTITY
from face3d.model import FaceModel
from face3d.renderer import vertex_normals
from training.alignment import Similarity

TURN = so3.exp(np.array([0.15, -0.2, 0.1]))
NEUTRAL = np.zeros(EXPRESSION, np.float32)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()


@pytest.fixture(scope="module")
def identity() -> np.ndarray:
    return (0.8 * np.random.default_rng(3).standard_normal(IDENTITY)).astype(np.float32)


@pytest.fixture(scope="module")
def scan(model, identity) -> Scan:
    """A head of the model, turned, moved, 5 % larger, with a texture that is red left and green right."""
    shape = model.shape(identity, NEUTRAL).astype(np.float64)
    points = shape[model.landmarks68]
    skin = model.triangles[model.parts["skin"]]
    used = np.unique(skin)
    where = np.full(len(shape), -1, np.int32)
    where[used] = np.arange(len(used))
    texture = np.zeros((8, 8, 3), np.uint8)
    texture[:, :4, 0] = texture[:, 4:, 1] = 200
    uv = np.stack([0.5 + 5 * shape[used, 0], 0.5 + 0 * shape[used, 0]], 1).astype(np.float32)

    def moved(x):
        return 1.05 * x @ TURN.T + [0.3, 0.1, -0.2]

    return place("head", moved(shape[used]), where[skin], texture, uv, moved(points), model)


def test_a_scan_is_placed_where_the_model_is_in_its_own_size(scan, model, identity):
    points = model.landmarks(identity, NEUTRAL).astype(np.float64)
    found = Similarity.between(points, scan.landmarks)
    assert found.scale == pytest.approx(1.05, rel=1e-4), "turned and moved only"
    assert np.degrees(np.linalg.norm(so3.log(found.rotation))) < 2.0, "the turn, of 15, is undone"
    assert np.linalg.norm(scan.landmarks.mean(0) - 1.05 * points.mean(0)) < 0.004


def test_the_face_is_between_the_ears_and_without_neck(scan, model):
    face = scan.vertices[scan.face]
    assert 0.3 < scan.face.mean() < 0.9
    assert np.abs(face[:, 0]).max() < np.abs(scan.vertices[:, 0]).max(), "no ears"
    assert face[:, 1].min() > scan.landmarks[8, 1] - 0.01, "nothing below the chin"
    assert (face_area(model) & model.regions["ears"]).sum() == 0


def test_a_head_has_no_error_against_itself_whatever_its_pose_and_size(scan, model, identity):
    ruler = Ruler(scan, model)
    itself = model.shape(identity, NEUTRAL).astype(np.float64)
    assert ruler.error(itself) < 0.03
    assert ruler.error(0.7 * itself @ TURN.T + 1.0) == pytest.approx(ruler.error(itself), abs=0.02)


def test_the_fit_is_nearer_than_the_mean_face(scan, model):
    ruler = Ruler(scan, model)
    mean = ruler.error(model.shape(np.zeros(IDENTITY, np.float32), NEUTRAL))
    assert ruler.error(scan.best.shape) < 0.35 * mean


def test_known_millimetres_are_measured_in_the_size_of_the_scan(scan, model, identity):
    """Dents and bumps of 2 mm, half and half, that no similarity takes away; the scan is 5 % larger than the model."""
    shape = model.shape(identity, NEUTRAL)
    normals = vertex_normals(shape, model.triangles)
    wave = np.sign(np.sin(200 * shape[:, 0]) * np.sin(200 * shape[:, 1]))[:, None]  # squares of 16 mm
    rough = shape.astype(np.float64) + 0.002 * wave * normals
    error = Ruler(scan, model).distances(rough)
    assert 0.6 * 2.1 < error.mean() < 1.02 * 2.1, "on the slopes between the squares it is less"
    assert np.percentile(error, 75) == pytest.approx(2.1, rel=0.1)


@pytest.mark.parametrize("yaw", [-60.0, 0.0, 40.0])
def test_pictures_show_the_face_where_the_truth_says(scan, model, yaw):
    view = View(yaw, pitch=5.0, height=160.0, aside=(9.0, -6.0))
    plain = np.full((20, 30, 3), 255, np.uint8)
    shot = shoot(scan, view, model, plain, np.random.default_rng(0))
    assert shot.image.shape == (SIZE[1], SIZE[0], 3) and shot.image.dtype == np.uint8
    ahead = shot.landmarks[30, 0] - shot.landmarks[[36, 45], 0].mean()
    assert np.sign(round(ahead / 5)) == np.sign(yaw), "yaw > 0 looks to the right in the picture"
    np.testing.assert_allclose(shot.pose.translation, [SIZE[0] / 2 + 9, SIZE[1] / 2 - 6])
    # the subject's right half (left in a frontal picture) is red, the other one green
    right, left = (np.rint(shot.landmarks[[k]].mean(0)).astype(int) for k in (48, 54))
    if yaw == 0:
        assert shot.image[right[1], right[0], 0] > 2 * shot.image[right[1], right[0], 1]
        assert shot.image[left[1], left[0], 1] > 2 * shot.image[left[1], left[0], 0]
    weak = shot.pose.project(scan.landmarks.astype(np.float32))[17:, :2]
    assert np.linalg.norm(weak - shot.landmarks[17:], axis=1).max() < 8, "perspective moves points by little"


def test_a_camera_further_away_sees_less_perspective(scan, model):
    plain = np.zeros((4, 4, 3), np.uint8)
    gaps = []
    for distance in (0.6, 6.0):
        shot = shoot(scan, View(20.0, distance=distance), model, plain, np.random.default_rng(0))
        weak = shot.pose.project(scan.landmarks.astype(np.float32))[17:, :2]
        gaps.append(np.linalg.norm(weak - shot.landmarks[17:], axis=1).mean())
    assert gaps[1] < 0.2 * gaps[0]


def test_textures_are_read_from_the_bottom(scan):
    color = colors_at(scan, np.array([[[0.1, 0.5], [0.9, 0.5]]], np.float32))
    assert color[0, 0, 0] > 0 == color[0, 0, 1] and color[0, 1, 1] > 0 == color[0, 1, 0]


def test_wavefront_files(tmp_path):
    path = tmp_path / "two.obj"
    path.write_text(
        "# two triangles, an edge of which is a seam of the texture\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"
        "vt 0 0\nvt .5 0\nvt .5 .5\nvt 1 1\nf 1/1 2/2 3/3\nf 1/1 3/4 4/2\n"
    )
    vertices, triangles, uv = read_obj(path)
    assert len(vertices) == 5, "vertex 3 has two places in the texture"
    np.testing.assert_allclose(vertices[triangles[1]], [[0, 0, 0], [1, 1, 0], [0, 1, 0]])
    np.testing.assert_allclose(uv[triangles[1]], [[0, 0], [1, 1], [0.5, 0]])
    path.write_text("v 0 0 0\nf 1/1 1/1 1/1 1/1\n")
    with pytest.raises(ValueError, match="triangles"):
        read_obj(path)
