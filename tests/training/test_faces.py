"""The synthetic faces: exact geometry, everything occurs, repeatable."""

import cv2
import numpy as np
import pytest

from face3d import renderer
from face3d.camera import Pose
from training.faces import FaceGenerator
from training.faces import head_fields as hf
from training.faces.expressions import HIGHEST, plain
from training.faces.lids import LashLook, draw_lashes
from training.faces.poses import View, rotation
from training.faces.render import LIP, OPEN
from training.faces.skin_maps import BROW_ZOOM, skin_map
from training.faces.strands import draw_locks, paint_locks


def test_head_contains_the_face_model(generator, model):
    """The rendered head's face is the model's face, so the model's projection falls on the rendered pixels."""
    rng = np.random.default_rng(0)
    identity = rng.standard_normal(200).astype(np.float32)
    expression = generator.expressions.draw(rng, 1.0).coefficients
    head = generator.head.shape(identity, expression)
    face = model.shape(identity, expression)
    assert np.abs(head[generator.head.face_rows] - face).max() < 1e-5


@pytest.mark.parametrize("yaw", [-60.0, 0.0, 35.0])
def test_projected_landmarks_lie_on_the_rendered_parts(generator, model, yaw):
    """Visible eyelid, nose and mouth points have the depth map's depth, and eyeballs are seen between the lids."""
    identity, expression = np.zeros(200, np.float32), np.zeros(84, np.float32)
    pose = Pose(rotation(yaw, 5.0, 8.0), 800.0, np.array([144.0, 150.0]))
    head = generator.head.shape(identity, expression)
    depth, index, _ = renderer.rasterize(pose.project(head), generator.head.triangles, 288, 288)
    points = pose.project(model.landmarks(identity, expression))
    # the far wing of the nose hides behind it
    seen = {-60.0: [27, 30, 33], 0.0: list(range(27, 68)), 35.0: [*range(27, 34), *range(36, 68)]}[yaw]
    near = points[seen]
    column, row = np.rint(near[:, 0]).astype(int), np.rint(near[:, 1]).astype(int)
    assert np.abs(depth[row, column] - near[:, 2]).max() < 6.0
    if yaw == 0.0:
        part = generator.head.triangle_part
        names = generator.head.part_names
        for start, name in ((36, "eye_right"), (42, "eye_left")):
            u, v = points[start : start + 6, :2].mean(0)
            assert names[part[index[round(float(v)), round(float(u))]]] == name


def test_lids_close_by_the_share_that_is_asked_for(generator, model):
    """The lids of any face, smiling or not, meet at 1 and leave half of its own opening at 0.5."""
    rng = np.random.default_rng(3)
    index = {plain(name): k for k, name in enumerate(generator.head.expression_names)}
    closers = [unit for units in generator.expressions.lids for unit in units]
    for _ in range(8):
        identity = rng.standard_normal(200).astype(np.float32)
        rest = np.zeros(84, np.float32)
        rest[[index["mouthsmileleft"], index["eyesquintright"], index["jawopen"]]] = rng.uniform(0, 0.8, 3)
        wide = generator.lids.opening(identity, rest)
        for share in (0.5, 1.0):
            asked = rest.copy()
            asked[[index["eyeblinkleft"], index["eyeblinkright"]]] = share
            found = generator.lids.close(identity, asked, generator.expressions.lids)
            assert np.array_equal(np.delete(found, closers), np.delete(rest, closers))
            y = model.shape(identity, found)[model.anchors68, 1]
            gap = [y[[43, 44]].mean() - y[[46, 47]].mean(), y[[37, 38]].mean() - y[[40, 41]].mean()]
            reached = found[[index["eyeblinkleft"], index["eyeblinkright"]]] < 1.1
            assert np.abs(np.array(gap) - (1 - share) * wide)[reached].max(initial=0) < 5e-4


def test_a_closed_eye_shows_no_eyeball_and_an_open_one_does(generator):
    names = generator.head.expression_names
    blink = np.array([plain(name).startswith("eyeblink") for name in names], np.float32)
    pose = Pose(rotation(0.0, 0.0, 0.0), 900.0, np.array([144.0, 150.0]))
    eyes = [generator.head.part_names.index(name) for name in ("eye_left", "eye_right")]
    shown = []
    for expression in (np.zeros(84, np.float32), blink):
        found = generator.lids.close(np.zeros(200, np.float32), expression, generator.expressions.lids)
        raster = pose.project(generator.head.shape(np.zeros(200, np.float32), found))
        _, index, _ = renderer.rasterize(raster, generator.head.triangles, 288, 288)
        shown.append(np.isin(generator.head.triangle_part[index[index >= 0]], eyes).sum())
    assert shown[0] > 200 and shown[1] < 0.06 * shown[0]


def test_painted_brows_lie_where_people_have_them_and_never_on_the_lids(generator):
    maps, fields = generator.maps, generator.fields
    points = fields.mean[fields.landmarks]
    rims = skin_map(points[[37, 38, 43, 44]])
    column, row = np.rint((rims - maps.brow_origin) * BROW_ZOOM).astype(int).T
    assert maps.brows[:, row, column].max() < 5
    ahead = fields.mean[fields.skin & (fields.normals[:, 2] > 0.2)]
    where = (skin_map(ahead) - maps.brow_origin) * BROW_ZOOM
    column, row = np.rint(where).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < maps.brows.shape[2]) & (row < maps.brows.shape[1])
    weight = maps.brows.mean(0)[row[inside], column[inside]]
    for side in (-1, 1):
        mine = weight * (side * ahead[inside, 0] > 0)
        centre = (ahead[inside] * mine[:, None]).sum(0) / mine.sum()
        corners = points[[36, 39] if side < 0 else [42, 45]].mean(0)
        assert 0.014 < centre[1] - corners[1] < 0.026
        assert abs(side * (centre[0] - corners[0])) < 0.008


def test_lashes_darken_the_rim_of_a_visible_eye_only(generator):
    vertices = generator.drawn.mean
    look = LashLook.draw(np.random.default_rng(0), makeup=True)
    view = View(Pose(rotation(0.0, 0.0, 0.0), 900.0, np.array([144.0, 150.0])), None)
    lashes = generator.lids.lashes(vertices, view, look)
    clear = np.full((288, 288, 3), 200, np.uint8)
    draw_lashes(clear, lashes, look, np.full((288, 288), np.inf, np.float32), 900.0)
    darkened = np.argwhere((clear < 150).all(-1))
    eyes = view.project(vertices)[generator.head.anchors68[36:48], :2]
    assert len(darkened) > 60
    assert (darkened[:, ::-1] > eyes.min(0) - 12).all() and (darkened[:, ::-1] < eyes.max(0) + 12).all()
    hidden = np.full((288, 288, 3), 200, np.uint8)
    draw_lashes(hidden, lashes, look, np.full((288, 288), -1e3, np.float32), 900.0)
    assert (hidden == 200).all()


def test_loose_hair_is_seen_in_front_of_the_head_only(generator):
    view = View(Pose(rotation(0.0, 0.0, 0.0), 800.0, np.array([144.0, 150.0])), None)
    rng, black = np.random.default_rng(4), np.full(3, 0.02, np.float32)
    locks = draw_locks(rng, generator.wardrobe.cap, generator.drawn.mean, black, view)
    colours = np.zeros((len(locks), 3), np.uint8)
    shown = []
    for nearer in (np.inf, -1e3):  # nothing there yet; something in front of everything
        image = np.full((288, 288, 3), 200, np.uint8)
        paint_locks(image, locks, colours, np.full((288, 288), nearer, np.float32), 800.0)
        shown.append(int((image < 190).all(-1).sum()))
    assert shown[0] > 20 and shown[1] == 0
    assert max(lock.hairs[..., 2].max() for lock in locks) < 100  # they fall over the front of the head


def test_a_seed_repeats_its_samples(generator):
    other = FaceGenerator(seed=11, head=generator.head)
    again = FaceGenerator(seed=11, head=generator.head)
    for difficulty in (0.0, 0.5, 1.0, 1.0):
        a, b = other.draw(difficulty), again.draw(difficulty)
        assert np.array_equal(a.image, b.image) and np.array_equal(a.identity, b.identity)
        assert np.array_equal(a.expression, b.expression) and np.array_equal(a.pose.rotation, b.pose.rotation)


@pytest.mark.parametrize("difficulty", [0.0, 0.4, 1.0])
def test_samples_have_the_promised_form(generator, difficulty):
    faces = 0
    for _ in range(12):
        sample = generator.draw(difficulty)
        assert sample.image.shape == (288, 288, 3) and sample.image.dtype == np.uint8
        assert sample.image.flags.c_contiguous
        assert sample.identity.shape == (200,) and sample.identity.dtype == np.float32
        assert sample.expression.shape == (84,) and sample.expression.dtype == np.float32
        assert sample.expression.min() >= 0 and sample.expression.max() <= HIGHEST
        assert sample.pose.is_finite()
        assert 120 < 0.25 * sample.pose.scale < 270  # perspective enlarges what is in front
        assert np.abs(sample.pose.rotation @ sample.pose.rotation.T - np.eye(3)).max() < 1e-9
        faces += sample.face
    assert faces >= (12 if difficulty == 0.0 else 7)


def test_difficulty_outside_its_range_is_refused(generator):
    with pytest.raises(ValueError, match="difficulty"):
        generator.draw(1.5)


def test_the_image_shows_the_face_where_the_pose_says(generator):
    """Without hair and things in front, the eyes' pixels are eyeball-coloured: brighter or darker than the lids'."""
    fields = generator.fields
    assert (fields.attributes[:, OPEN] >= 0).all() and (fields.attributes[:, OPEN] <= 1.0001).all()
    assert fields.material.max() <= hf.MOUTH
    lips = fields.attributes[generator.head.anchors68[[51, 57]], LIP]
    assert (lips > 0.3).all()


def test_the_lighter_head_looks_like_the_whole_one_and_has_no_gaps(generator):
    rng = np.random.default_rng(5)
    for yaw in (0.0, 45.0, -80.0):
        identity, expression = rng.standard_normal(200).astype(np.float32), np.zeros(84, np.float32)
        expression[rng.integers(0, 84, 4)] = rng.uniform(0, 1, 4)
        pose = Pose(rotation(yaw, 5.0, 0.0), 800.0, np.array([144.0, 150.0]))
        seen = [
            renderer.rasterize(pose.project(head.shape(identity, expression)), head.triangles, 288, 288)[0]
            for head in (generator.head, generator.drawn)
        ]
        covered = np.isfinite(seen[0])
        inner = cv2.erode(covered.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        assert np.isfinite(seen[1][inner]).all()
        off = np.abs(seen[1][inner] - seen[0][inner]) / 0.8  # millimetres
        assert np.median(off) < 0.2 and (off > 2).mean() < 0.02
    assert len(generator.drawn.triangles) < 0.5 * len(generator.head.triangles)


def test_nostrils_are_dark_and_nothing_else_is(generator):
    nostrils, fields = generator.wardrobe.nostrils, generator.fields
    before = fields.attributes.copy()
    base = fields.mean[fields.landmarks[33]]
    darkest = []
    for seed in range(8):
        after = before.copy()
        nostrils.shade(np.random.default_rng(seed), after)
        assert np.array_equal(np.delete(after, 2, 1), np.delete(before, 2, 1))
        left = np.where(before[:, 2] > 0.1, after[:, 2] / np.maximum(before[:, 2], 0.1), 1.0)
        apart = fields.mean[left < 0.7] - base
        assert np.linalg.norm(apart, axis=1).max() < 0.025 and (apart[:, 1] > -0.004).all()  # not on the lip
        assert abs((apart[:, 0] > 0).mean() - 0.5) < 0.1  # both sides
        darkest.append(left.min())
    assert min(darkest) < 0.2 < max(darkest)  # people differ
