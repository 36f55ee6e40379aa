"""The face model: what it evaluates, the mesh it comes with, and the files it refuses."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from face3d import _core, resources
from face3d.model import FaceModel, FaceModelError

NO_IDENTITY, NEUTRAL = np.zeros(200, np.float32), np.zeros(84, np.float32)


@pytest.fixture(scope="module")
def mean(model: FaceModel) -> np.ndarray:
    return model.shape(NO_IDENTITY, NEUTRAL)


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(resources.face_model()) as archive:
        return {name: archive[name] for name in archive.files}


def unit(model: FaceModel, **weights: float) -> np.ndarray:
    expression = NEUTRAL.copy()
    for name, weight in weights.items():
        expression[model.expression_names.index(f"arkit/{name}")] = weight
    return expression


def random_face(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    expression = rng.random(84) * (rng.random(84) < 0.2)
    return rng.standard_normal(200).astype(np.float32), expression.astype(np.float32)


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Model to camera, degrees; positive yaw turns the subject's left cheek away from the camera's left."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ np.diag([1.0, -1, -1]) @ about_x @ about_y


def edges_of(triangles: np.ndarray) -> np.ndarray:
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def visible(vertices: np.ndarray, triangles: np.ndarray, size: int = 500) -> np.ndarray:
    """Pixels that each triangle has in a frontal view of 0.3 m."""
    raster = (vertices * [1, -1, -1] * size / 0.3).astype(np.float32) + np.float32([size / 2, size / 2, 0])
    index = _core.rasterize(raster, triangles, size, size)[1]
    return np.bincount(index[index >= 0], minlength=len(triangles))


def test_shape_equals_a_naive_evaluation(model):
    for seed in range(3):
        identity, expression = random_face(seed)
        coefficients = np.concatenate([identity, expression]).astype(np.float64)
        control = model.mean + np.tensordot(coefficients, model.basis.astype(np.float64), 1)
        fine = np.add.reduceat(model.data[:, None] * control[model.indices], model.indptr[:-1])
        result = model.shape(identity, expression)
        assert result.shape == (model.vertex_count, 3) and result.dtype == np.float32
        np.testing.assert_allclose(result, fine, atol=1e-6)
        np.testing.assert_array_equal(model.shape(identity, expression, lod=True), result[: model.control_count])


def test_basis_at_gives_the_same_surface(model):
    identity, expression = random_face(5)
    vertices = np.array([0, model.vertex_count - 1, model.sellion, model.control_count + 7, 0])
    mean, of_identity, of_expression = model.basis_at(vertices)
    points = mean + np.tensordot(identity, of_identity, 1) + np.tensordot(expression, of_expression, 1)
    np.testing.assert_allclose(points, model.shape(identity, expression)[vertices], atol=1e-6)


def test_the_mean_has_human_size_and_is_symmetric(model, mean):
    assert np.abs(mean[model.anchors68].mean(0)).max() < 1e-6
    points = mean[model.landmarks68]
    pupils = points[42:48].mean(0) - points[36:42].mean(0)
    assert 0.060 < pupils[0] < 0.066
    assert 0.135 < points[16, 0] - points[0, 0] < 0.150
    assert 0.100 < points[27, 1] - points[8, 1] < 0.125
    assert points[30, 2] > points[8, 2] > points[0, 2]
    mirrored = model.mean[model.mirror] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, model.mean, atol=1e-6)


def test_identity_modes_are_symmetric_or_antisymmetric(model):
    modes = model.identity.astype(np.float32)
    mirrored = modes[:, model.mirror] * np.float32([-1, 1, 1])
    error = np.minimum(np.abs(modes - mirrored).max((1, 2)), np.abs(modes + mirrored).max((1, 2)))
    assert error.max() < 3e-5


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


def test_landmarks_without_rotation_are_the_fixed_vertices(model):
    identity, expression = random_face(1)
    expected = model.shape(identity, expression)[model.landmarks68]
    np.testing.assert_allclose(model.landmarks(identity, expression), expected, atol=1e-6)


def test_jaw_landmarks_slide_to_the_contour_on_the_far_side_only(model):
    identity, expression = random_face(2)
    fixed = model.landmarks(identity, expression)
    frontal = model.landmarks(identity, expression, rotation())
    assert np.linalg.norm(frontal - fixed, axis=1).max() < 0.012
    turned = rotation(yaw=40)  # the subject's left (+x) turns away from the camera
    slid = model.landmarks(identity, expression, turned)
    np.testing.assert_array_equal(slid[17:], fixed[17:])
    far, near = slice(11, 17), slice(0, 6)
    outwards = (slid - fixed) @ turned[0]
    assert (outwards[far] > 0.004).all(), "the far side's points reach further out than the fixed ones"
    assert np.linalg.norm((slid - fixed)[near], axis=1).max() < 0.012
    skin = np.unique(model.triangles[model.parts["skin"]])
    surface = (model.shape(identity, expression)[skin] @ turned.T)[:, :2]
    for point in slid[far] @ turned.T:
        level = surface[np.abs(surface[:, 1] - point[1]) < 0.003, 0]
        assert point[0] > level.max() - 0.012, "on the silhouette, or near it beside nose and lips"


def test_sliding_does_not_depend_on_roll(model):
    identity, expression = random_face(3)
    upright = model.landmarks(identity, expression, rotation(yaw=-35, pitch=10))
    rolled = model.landmarks(identity, expression, rotation(yaw=-35, pitch=10, roll=70))
    np.testing.assert_allclose(upright, rolled, atol=1e-7)


def test_the_jaw_slides_without_leaps(model):
    """In the image it moves no faster than a vertex beside the ear does."""
    identity, expression = random_face(5)
    poses = [rotation(yaw=yaw) for yaw in np.arange(-40.0, 40.0, 0.1)]
    seen = [(model.landmarks(identity, expression, pose) @ pose.T)[:17, :2] for pose in poses]
    fixed = model.landmarks(identity, expression)
    beside = [(fixed[[0, 16]] @ pose.T)[:, :2] for pose in poses]
    fastest = np.linalg.norm(np.diff(beside, axis=0), axis=2).max()
    assert np.linalg.norm(np.diff(seen, axis=0), axis=2).max() < 1.5 * fastest


def test_landmarks_of_a_mesh_are_those_of_its_coefficients(model):
    identity, expression = random_face(4)
    mesh = model.shape(identity, expression)
    np.testing.assert_allclose(model.landmarks_of(mesh), model.landmarks(identity, expression), atol=1e-6)
    for yaw in (-40, 0, 25):
        turned = rotation(yaw=yaw, pitch=5)
        moved = model.landmarks_of(mesh, turned) - model.landmarks(identity, expression, turned)
        assert np.linalg.norm(moved, axis=1).max() < 1e-6


def test_names_regions_and_codes(model, mean):
    names = model.expression_names
    assert len(set(names)) == 84 and sum(name.startswith("arkit/") for name in names) == 50
    assert {"lips", "inner_lips", "eyelids", "brows", "nose", "cheeks", "ears", "jaw", "forehead"} <= set(model.regions)
    for name, mask in model.regions.items():
        assert mask.shape == (model.vertex_count,) and mask.dtype == bool and 100 < mask.sum() < 8000, name
    near = {"lips": slice(48, 60), "inner_lips": slice(60, 68), "eyelids": slice(36, 48), "brows": slice(17, 27),
            "nose": slice(28, 35), "jaw": slice(6, 11)}
    for name, marks in near.items():
        gap = mean[model.regions[name]][None] - mean[model.landmarks68[marks], None]
        assert np.linalg.norm(gap, axis=2).min(1).max() < 0.004, f"a landmark of the {name} is far from the region"
    assert model.codes.shape == (model.vertex_count, 3) and model.codes.dtype == np.uint8
    assert (model.codes.min(0) == 0).all() and (model.codes.max(0) == 255).all()


def test_arrays_are_read_only(model):
    for array in (model.mean, model.basis, model.identity, model.triangles, model.codes, model.regions["lips"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("sizes", [(199, 84), (200, 83), (84, 200)])
def test_wrong_number_of_coefficients(model, sizes):
    with pytest.raises(ValueError, match=r"expected identity \(200,\) and expression \(84,\), found"):
        model.shape(np.zeros(sizes[0]), np.zeros(sizes[1]))


def test_the_file_is_small_and_its_hash_follows_its_contents(model, arrays, tmp_path):
    assert resources.face_model().stat().st_size < 6_000_000
    path = tmp_path / "same.npz"
    np.savez(path, **arrays)
    assert FaceModel.load(path).hash == model.hash
    arrays = {**arrays, "mean": arrays["mean"] * np.float32(1.001)}
    np.savez(path, **arrays)
    assert FaceModel.load(path).hash != model.hash


def test_a_model_with_fewer_coefficients_is_padded(model, arrays, tmp_path):
    path = tmp_path / "small.npz"
    small = {"identity": arrays["identity"][:80].astype(np.float32), "expression": arrays["expression"][:10],
             "expression_names": arrays["expression_names"][:10]}
    np.savez(path, **{**arrays, **small})
    loaded = FaceModel.load(path)
    identity, expression = random_face(4)
    result = loaded.shape(identity, expression)
    identity[80:] = expression[10:] = 0
    np.testing.assert_allclose(result, model.shape(identity, expression), atol=1e-6)
    assert len(loaded.expression_names) == 84


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("mean", None, "`mean`: expected this array"),
        ("mean", lambda a: a[:, :2], r"`mean`: expected shape \(any, 3\), found \(4041, 2\)"),
        ("mean", lambda a: a[:-1], r"`identity`: expected shape \(any, 4040, 3\)"),
        ("mean", lambda a: np.where(np.arange(len(a))[:, None] == 5, np.nan, a), "`mean`: expected finite numbers"),
        ("identity", lambda a: np.concatenate([a, a[:1]]), "at most 200 coefficients, found 201"),
        ("identity", lambda a: a.astype(np.int16), "`identity`: expected float16 or float32, found int16"),
        ("expression_names", lambda a: np.repeat(a[:1], 84), "different strings"),
        ("expression_names", lambda a: a[:-1], r"`expression_names`: expected shape \(84\), found \(83,\)"),
        ("triangles", lambda a: a.astype(np.int64) + 32_000, r"`triangles`: expected indices in 0 .. 32548"),
        ("triangles", lambda a: a.astype(float), "`triangles`: expected integers"),
        ("subdivision_indptr", lambda a: a[::-1], "`subdivision_indptr`"),
        ("subdivision_indptr", lambda a: a[:100], "`subdivision_indptr`"),
        ("part_ends", lambda a: a[::-1], "`part_ends`"),
        ("region_masks", lambda a: a[:, :-1], r"`region_masks`: expected shape"),
        ("landmarks68", lambda a: a[:67], r"`landmarks68`: expected shape \(68\)"),
        ("lod_triangles", lambda a: a.astype(np.int32) - 1, "`lod_triangles`: expected indices"),
        ("format_version", lambda a: a + 1, "`format_version`: expected the integer 1"),
    ],
)
def test_a_wrong_array_is_named(arrays, tmp_path, name, change, message):
    wrong = {key: value for key, value in arrays.items() if key != name or change is not None}
    if change is not None:
        wrong[name] = change(arrays[name])
    path = tmp_path / "wrong.npz"
    np.savez(path, **wrong)
    with pytest.raises(FaceModelError, match=message) as error:
        FaceModel.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_file_of_another_kind(tmp_path, content):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(FaceModelError, match="not a face model"):
        FaceModel.load(path)


def test_a_damaged_copy(tmp_path):
    data = bytearray(resources.face_model().read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "damaged.npz"
    path.write_bytes(data)
    with pytest.raises(FaceModelError, match=r"damaged\.npz"):
        FaceModel.load(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FaceModelError, match="not a face model, or damaged"):
        FaceModel.load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        FaceModel.load(tmp_path / "nowhere.npz")


def test_a_model_that_has_been_evaluated_can_be_pickled(model):
    identity, expression = random_face(5)
    expected, marks = model.shape(identity, expression), model.landmarks(identity, expression, rotation(yaw=20))
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.shape(identity, expression), expected)
    np.testing.assert_array_equal(copy.landmarks(identity, expression, rotation(yaw=20)), marks)
    assert copy.hash == model.hash and not copy.mean.flags.writeable
    assert not any(mask.flags.writeable for mask in copy.regions.values())
