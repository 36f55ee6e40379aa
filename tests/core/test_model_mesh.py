"""The face model's mesh: without cracks, wound one way, its mouth and eyes open and shut."""

from __future__ import annotations

import numpy as np
import pytest

from face3d import _core
from tests.core.faces import NEUTRAL, NO_IDENTITY, random_face, unit


def edges_of(triangles: np.ndarray) -> np.ndarray:
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def visible(vertices: np.ndarray, triangles: np.ndarray, size: int = 500) -> np.ndarray:
    """Pixels that each triangle has in a frontal view of 0.3 m."""
    raster = (vertices * [1, -1, -1] * size / 0.3).astype(np.float32) + np.float32([size / 2, size / 2, 0])
    index = _core.rasterize(raster, triangles, size, size)[1]
    return np.bincount(index[index >= 0], minlength=len(triangles))


def test_the_mesh_has_no_cracks_and_winds_one_way(model, mean):
    assert 25_000 <= model.vertex_count <= 35_000 and len(model.triangles) >= 60_000
    for triangles, vertices in ((model.triangles, mean), (model.lod_triangles, mean[: model.control_count])):
        edges = edges_of(triangles)
        assert len(np.unique(edges, axis=0)) == len(edges), "an edge is used twice in the same direction"
        a, b, c = (vertices[triangles[:, i]] for i in range(3))
        assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 0
    assert len(np.unique(model.triangles)) == model.vertex_count


def test_the_skin_ends_in_one_outer_loop_and_two_in_the_sockets(model):
    skin = np.concatenate([model.triangles[model.parts[name]] for name in ("skin", "mouth")])
    edges = edges_of(skin)
    directed = set(map(tuple, edges.tolist()))
    border = {a: b for a, b in directed if (b, a) not in directed}
    assert len(border) == sum((b, a) not in directed for a, b in directed), "the border touches itself"
    loops = 0
    while border:
        start, at = border.popitem()
        while at != start:
            at = border.pop(at)
        loops += 1
    assert loops == 3


@pytest.mark.parametrize("part", ["eye_left", "eye_right", "teeth_upper", "teeth_lower", "tongue"])
def test_parts_wind_counter_clockwise_from_outside(model, mean, part):
    a, b, c = (mean[model.triangles[model.parts[part], i]] for i in range(3))
    centre = a.mean(0)
    assert np.einsum("ti,ti->t", np.cross(b - centre, c - centre), a - centre).sum() > 0


def test_the_subjects_left_eye_is_at_positive_x(model, mean):
    left = mean[np.unique(model.triangles[model.parts["eye_left"]])]
    assert left[:, 0].min() > 0
    np.testing.assert_allclose(left.mean(0), mean[model.landmarks68[42:48]].mean(0), atol=0.02)


def test_the_mouth_bag_is_hidden_until_the_mouth_opens(model):
    mouth = np.zeros(len(model.triangles), bool)
    mouth[model.parts["mouth"]] = True
    for seed in range(6):
        identity = random_face(seed)[0] * (seed > 0)
        closed = visible(model.shape(identity, NEUTRAL), model.triangles)
        assert closed[mouth].sum() <= 12, "lips apart at neutral"
        open_ = visible(model.shape(identity, unit(model, jawOpen=1)), model.triangles)
        assert open_[model.parts["mouth"].start :].sum() > 800


def test_a_blink_hides_the_eyeballs(model):
    for seed in range(6):
        identity = random_face(seed)[0]
        eyes = np.r_[model.parts["eye_left"], model.parts["eye_right"]]
        open_ = visible(model.shape(identity, NEUTRAL), model.triangles)[eyes].sum()
        shut = visible(model.shape(identity, unit(model, eyeBlinkLeft=1, eyeBlinkRight=1)), model.triangles)
        assert open_ > 300 and shut[eyes].sum() < 0.04 * open_


def test_gaze_units_move_the_eyeball(model, mean):
    looking = model.shape(NO_IDENTITY, unit(model, eyeLookOutLeft=1))
    front = np.unique(model.triangles[model.parts["eye_left"]])
    front = front[np.argsort(mean[front, 2])[-20:]]
    assert (looking - mean)[front, 0].min() > 0.003
