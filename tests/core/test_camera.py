"""Poses, cameras and rotations: round trips and agreement with full perspective."""

import math

import numpy as np
import pytest

from face3d import rotation as so3
from face3d.camera import FRONTAL, Camera, Pose
from face3d.crop import CROP_METRES, Crop, crop_of, pose_from_box


def random_pose(rng: np.random.Generator) -> Pose:
    turn = so3.exp(rng.normal(size=3) * 0.5)
    return Pose(turn @ FRONTAL, rng.uniform(300, 2000), rng.uniform(50, 600, 2))


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-5, 0.3, 2.0, math.pi - 1e-6, math.pi])
def test_log_inverts_exp(angle: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        axis = rng.normal(size=3)
        vector = axis / np.linalg.norm(axis) * angle
        matrix = so3.exp(vector)
        assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
        back = so3.log(matrix)
        assert np.allclose(so3.exp(back), matrix, atol=1e-7)
        if angle < 3.0:
            assert np.allclose(back, vector, atol=1e-9)


def test_exp_is_the_matrix_exponential() -> None:
    rng = np.random.default_rng(8)
    for size in (0.0, 1e-9, 1e-4, 0.3, 3.0, 7.0):
        x, y, z = vector = size * rng.normal(size=3)
        hat = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        series, term = np.eye(3), np.eye(3)
        for order in range(1, 120):
            term = term @ hat / order
            series += term
        np.testing.assert_allclose(so3.exp(vector), series, atol=1e-6 if size > 5 else 1e-12)
    assert np.isnan(so3.exp(np.array([np.inf, 0.0, 0.0]))).any()


def test_angle_is_the_logarithm_of_the_way_between() -> None:
    rng = np.random.default_rng(9)
    a, turn = so3.exp(rng.normal(size=3)), rng.normal(size=3) * 0.4
    assert so3.angle(so3.exp(turn) @ a, a) == pytest.approx(np.linalg.norm(turn))
    assert so3.angle(a, a) < 1e-7


def test_poses_keep_what_cannot_change_and_copy_what_can() -> None:
    mine = np.eye(3)
    pose = Pose(mine, 1.0, (0.0, 0.0))
    mine[0, 0] = 5.0
    assert pose.rotation[0, 0] == 1.0 and not pose.rotation.flags.writeable
    assert Pose(pose.rotation, 2.0, pose.translation).rotation is pose.rotation
    turned = Pose(pose.rotation.T, 1.0, (0.0, 0.0)).rotation  # a view of another layout
    assert turned.flags.c_contiguous


def test_the_kernels_matrix_projects_into_a_crop() -> None:
    rng = np.random.default_rng(10)
    pose, crop = random_pose(rng), Crop(300.5, 210.25, 173.0)
    points = rng.normal(size=(50, 3)).astype(np.float32) * 0.1
    expected = pose.to_crop(crop).project(points)
    found = np.c_[points, np.ones(50)] @ pose.matrix(crop).T.astype(np.float64)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    direct = pose.scale * points.astype(np.float64) @ pose.rotation.T
    direct[:, :2] += pose.translation
    np.testing.assert_allclose(pose.project(points), direct, atol=2e-3)


def test_orthonormal_stops_drift() -> None:
    rng = np.random.default_rng(2)
    rotation = np.eye(3)
    for _ in range(10_000):
        rotation = so3.orthonormal(so3.exp(rng.normal(size=3) * 0.1) @ rotation)
    assert np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-14


def test_frontal_face_projects_upright_and_nose_is_near() -> None:
    pose = Pose(FRONTAL, 1000.0, (320.0, 240.0))
    left_ear, chin, nose = pose.project(np.array([[0.07, 0, -0.05], [0, -0.06, 0], [0, 0, 0.04]], np.float32))
    assert left_ear[0] == pytest.approx(390) and chin[1] == pytest.approx(300)
    assert nose[2] == pytest.approx(-40) and left_ear[2] == pytest.approx(50)


def test_crop_round_trip_is_exact_and_centred() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(50, 3)).astype(np.float32) * 0.08
    for _ in range(20):
        pose, crop = random_pose(rng), Crop(*rng.uniform(50, 600, 2), rng.uniform(40, 500))
        back = pose.to_crop(crop).from_crop(crop)
        assert np.allclose(back.translation, pose.translation, atol=1e-10)
        assert back.scale == pytest.approx(pose.scale, rel=1e-14)
        image, inside = pose.project(points), pose.to_crop(crop).project(points)
        expected = (image[:, :2] - crop.centre) * 200 / crop.size + 99.5
        assert np.allclose(inside[:, :2], expected, atol=2e-3)
        own = pose.to_crop(crop_of(pose))
        assert np.allclose(own.translation, 99.5) and own.scale == pytest.approx(200 / CROP_METRES)


def test_crop_edges_keep_the_pixel_convention() -> None:
    crop = Crop(99.5, 99.5, 200.0)  # the whole of a 200 x 200 image: nothing moves
    pose = Pose(FRONTAL, 800.0, (12.0, 34.0))
    assert np.allclose(pose.to_crop(crop).translation, (12.0, 34.0))


def test_metric_pose_agrees_with_perspective() -> None:
    """A face projected by full perspective and refitted by weak perspective gives its metric pose back."""
    rng = np.random.default_rng(4)
    camera = Camera.from_fov(1280, 720, 70.0)
    cloud = rng.normal(size=(2000, 3)) * 0.004  # small, so that the linearisation is exact enough
    cloud -= cloud.mean(0)
    for position in ([0, 0, 1.0], [0.5, 0.1, 1.0], [-0.4, -0.3, 0.8]):
        rotation = so3.exp(rng.normal(size=3) * 0.4) @ FRONTAL
        pixels = camera.project(cloud @ rotation.T + position)
        affine, *_ = np.linalg.lstsq(np.c_[cloud, np.ones(len(cloud))], pixels, rcond=None)
        u, singular, vt = np.linalg.svd(affine[:3].T, full_matrices=False)
        top = u @ vt  # nearest weak perspective to the affine camera
        pose = Pose(np.vstack([top, np.cross(top[0], top[1])]), math.sqrt(singular.prod()), affine[3])
        found, translation = camera.metric(pose)
        assert np.allclose(translation, position, rtol=2e-3, atol=1e-3)
        assert so3.angle(found, rotation) < math.radians(0.5)


def closest_weak_perspective(points: np.ndarray, pixels: np.ndarray, start: Pose) -> Pose:
    """The pose whose weak perspective brings points (K, 3) closest to pixels (K, 2): Gauss-Newton, numeric slopes."""

    def moved(step: np.ndarray) -> Pose:
        return Pose(
            so3.exp(step[:3]) @ start.rotation,
            start.scale * np.exp(step[3]),
            start.translation + 100 * step[4:],
        )

    def seen(pose: Pose) -> np.ndarray:
        return (pose.scale * points @ pose.rotation[:2].T + pose.translation).ravel()

    for _ in range(10):
        slopes = np.stack([(seen(moved(h)) - seen(moved(-h))) / 2e-5 for h in 1e-5 * np.eye(6)], axis=1)
        start = moved(np.linalg.lstsq(slopes, pixels.ravel() - seen(start), rcond=None)[0])
    return start


@pytest.mark.parametrize("distance", [0.5, 1.0])
def test_metric_pose_of_a_whole_face_agrees_with_perspective(model, distance) -> None:
    """What a camera really sees, told by weak perspective: the face's points give back most of what that loses."""
    camera, rng = Camera.from_fov(640, 480), np.random.default_rng(2)
    vertices = model.shape(np.zeros(200), np.zeros(84)).astype(np.float64)
    front = vertices[vertices[:, 2] > -0.045][::20]
    errors = []
    for _ in range(20):
        rotation = so3.exp(np.radians(rng.normal(size=3) * (10.0, 25.0, 8.0))) @ FRONTAL
        position = np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.15, 0.15), 1.0]) * distance
        pixels = camera.project(front @ rotation.T + position)
        start = Pose(rotation, camera.fx / distance, camera.project(position[None])[0])
        pose = closest_weak_perspective(front, pixels, start)
        for found, translation in (camera.metric(pose, front[::3]), camera.metric(pose)):
            seen = camera.project(front @ found.T + translation)
            apart = np.linalg.norm(seen - pixels, axis=1).mean()
            errors.append((np.linalg.norm(translation - position), so3.angle(found, rotation), apart))
    metres, radians, apart = np.array(errors).reshape(20, 2, 3).mean(0).T
    assert metres[0] < 0.005 and metres[0] < 0.8 * metres[1]
    assert radians[0] < math.radians(2.0) and radians[0] < 0.8 * radians[1]
    assert apart[0] < 0.5 * apart[1]


def test_metric_pose_is_that_of_two_steps_of_gauss_newton(model) -> None:
    """Slopes by differences, solved by least squares, for faces all over the image."""
    camera, rng = Camera(640, 480, 500.0, 530.0, 330.0, 235.0), np.random.default_rng(3)
    points = model.shape(np.zeros(200), np.zeros(84)).astype(np.float64)[::64]

    def moved(
        rotation: np.ndarray, translation: np.ndarray, step: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return so3.exp(step[:3]) @ rotation, translation + step[3:]

    def seen(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        return camera.project(points @ rotation.T + translation).ravel()

    for _ in range(10):
        turn = so3.exp(np.radians(rng.normal(size=3) * (10.0, 25.0, 8.0))) @ FRONTAL
        pose = Pose(turn, rng.uniform(400.0, 1200.0), rng.uniform((100, 80), (540, 400)))
        expected = camera.metric(pose)
        wanted = (pose.scale * points @ pose.rotation[:2].T + pose.translation).ravel()
        for _ in range(2):
            slopes = [
                (seen(*moved(*expected, h)) - seen(*moved(*expected, -h))) / 2e-5 for h in 1e-5 * np.eye(6)
            ]
            step = np.linalg.lstsq(np.stack(slopes, axis=1), wanted - seen(*expected), rcond=None)[0]
            expected = moved(*expected, step)
        for found, value in zip(camera.metric(pose, points), expected):
            np.testing.assert_allclose(found, value, rtol=0, atol=1e-7)


def test_metric_pose_survives_a_camera_inside_the_face(model) -> None:
    camera = Camera.from_fov(640, 480)
    vertices = model.shape(np.zeros(200), np.zeros(84))[::64]
    pose = Pose(FRONTAL, camera.fx / 0.03, (320.0, 240.0))
    for found, plain in zip(camera.metric(pose, vertices), camera.metric(pose)):
        assert np.array_equal(found, plain)


def test_metric_on_axis_is_plain() -> None:
    camera = Camera.from_fov(640, 480, 60.0)
    rotation, translation = camera.metric(Pose(FRONTAL, camera.fx / 0.5, (camera.cx, camera.cy)))
    assert np.allclose(rotation, FRONTAL) and np.allclose(translation, (0, 0, 0.5))


def test_box_pose_scales_with_the_box() -> None:
    small, large = pose_from_box((10, 20, 100, 100)), pose_from_box((10, 20, 200, 200))
    assert large.scale == pytest.approx(2 * small.scale)
    assert np.allclose(large.translation - 9.5, 2 * (small.translation - 9.5) + (0, -10))


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 5), (0, 0, -1, 5), (float("nan"), 0, 5, 5), (1, 2, 3), (1, 2, 3, 4, 5, 6), ()]
)
def test_bad_boxes_are_refused(box: tuple) -> None:
    with pytest.raises(ValueError, match="face box"):
        pose_from_box(box)


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="crop"):
        Crop(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="rotation"):
        Pose(np.eye(2), 1.0, (0, 0))
    with pytest.raises(ValueError, match="focal"):
        Camera(640, 480, 0.0, 1.0, 0, 0)
    with pytest.raises(ValueError, match="field of view"):
        Camera.from_fov(640, 480, 180.0)
