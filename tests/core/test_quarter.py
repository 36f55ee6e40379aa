"""Quarter turns: the same face in an image that is turned."""

import math

import numpy as np
import pytest

from face3d import resources, runtime
from face3d import rotation as so3
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.crop import box_of_pose, pose_from_box
from face3d.quarter import quarters_of, roll_of, turned, turned_geometry, turned_pose
from face3d.tracker import Tracker
from tests.core.pictures import photograph

WIDTH, HEIGHT = 101, 60


def tilted(degrees: float, at=(70.0, 20.0)) -> Pose:
    rotation = (
        so3.exp(np.array([0.0, 0.0, math.radians(degrees)])) @ FRONTAL @ so3.exp(np.array([0.2, -0.4, 0.0]))
    )
    return Pose(rotation, 300.0, np.array(at))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_what_is_projected_lands_on_the_same_pixels(quarters) -> None:
    """A point at a pixel's centre stays on that pixel, whichever way the image lies."""
    points = np.random.default_rng(0).normal(0, 0.05, (20, 3)).astype(np.float32)
    pose = tilted(10)
    columns, rows = np.rint(pose.project(points)[:, :2]).astype(int).T
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    inside = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
    assert inside.sum() > 10
    image[rows[inside], columns[inside]] = 255
    view = turned(image, quarters)
    assert np.array_equal(view, np.rot90(image, quarters)) and view.flags.c_contiguous
    raster = turned_pose(pose, quarters, WIDTH, HEIGHT).project(points)
    columns, rows = np.rint(raster[inside, :2]).astype(int).T
    assert (view[rows, columns] == 255).all()
    assert np.allclose(raster[:, 2], pose.project(points)[:, 2])


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_back_again(quarters) -> None:
    face = Geometry.mean(tilted(25))
    size = (WIDTH, HEIGHT) if quarters % 2 == 0 else (HEIGHT, WIDTH)
    there = turned_geometry(face, quarters, WIDTH, HEIGHT)
    back = turned_geometry(there, -quarters % 4, *size)
    assert np.allclose(back.pose.rotation, face.pose.rotation)
    assert np.allclose(back.pose.translation, face.pose.translation)


@pytest.mark.parametrize("degrees", range(-180, 181, 15))
def test_every_head_is_upright_in_its_view(degrees) -> None:
    pose = tilted(degrees)
    view = turned_pose(pose, quarters_of(pose), WIDTH, HEIGHT)
    assert abs(math.degrees(roll_of(view))) < 45 + 15  # yaw and pitch lean the head's axis, too
    assert quarters_of(tilted(0)) == 0


@pytest.mark.parametrize("degrees", [30.0, 90.0, -120.0, 180.0])
def test_a_tilted_box_is_the_upright_one_turned_about_its_middle(degrees) -> None:
    box = (40.0, 10.0, 30.0, 30.0)
    middle, upright = np.array([54.5, 24.5]), pose_from_box(box)
    pose = pose_from_box((*box, math.radians(degrees)))
    turn = so3.exp(np.array([0.0, 0.0, math.radians(degrees)]))
    assert np.allclose(pose.rotation, turn @ upright.rotation) and pose.scale == upright.scale
    assert np.allclose(pose.translation - middle, turn[:2, :2] @ (upright.translation - middle))
    assert math.degrees(roll_of(pose)) % 360 == pytest.approx(degrees % 360)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photograph_gives_the_turned_face(model, quarters) -> None:
    """The network sees the same crop either way, so it says the same."""
    tracker = Tracker(model, runtime.load(resources.network(), model))
    face = Geometry.mean(Pose(FRONTAL, 900.0, np.array([330.0, 235.0])))
    image = photograph(model, [face])
    box = box_of_pose(face.pose)
    (upright,) = tracker.reconstruct(image, [box])
    view = turned(image, quarters)
    centre = turned_pose(face.pose, quarters, 640, 480).translation
    side, roll = box[2], -quarters * math.pi / 2
    shift = centre - pose_from_box((0.0, 0.0, side, side, roll)).translation
    (found,) = tracker.reconstruct(view, [(*shift, side, side, roll)])
    wanted = turned_pose(upright.geometry.pose, quarters, 640, 480)
    assert so3.angle(found.geometry.pose.rotation, wanted.rotation) < 0.01
    assert np.allclose(found.geometry.pose.translation, wanted.translation, atol=0.2)
    assert np.allclose(found.geometry.identity, upright.geometry.identity, atol=0.1)
    assert found.confidence == pytest.approx(upright.confidence, abs=0.05)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_an_upright_face_is_not_held_upside_down(model, quarters) -> None:
    """Whichever way a detector that is wrong says that it lies: the network's first glance knows."""
    face = Geometry.mean(Pose(FRONTAL, 900.0, np.array([330.0, 235.0])))
    sure = {0: 0.99, 1: 0.6, 2: 0.7, 3: 0.6}

    class Believing:
        """Sure of a face any way, a little less so at the first glance, and surest of the upright one."""

        metadata: dict = {}
        seen: list[int] = []

        def infer(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            self.seen.append(len(batch))
            confidence = np.ones(len(batch), np.float32)
            if len(self.seen) == 1:
                confidence[:] = sure[quarters]
            elif len(self.seen) == 2:
                confidence[:] = [sure[(quarters + turns) % 4] for turns in (1, 2, 3)]
            return np.zeros((len(batch), 290), np.float32), confidence

        def close(self) -> None:
            pass

    network = Believing()
    tracker = Tracker(model, network)
    box = (*box_of_pose(face.pose), quarters * math.pi / 2)
    (found,) = tracker.reconstruct(photograph(model, [face]), [box])
    assert network.seen == [1, 3, 1, 1, 1], "all ways share a batch, and the best goes on"
    assert abs(math.degrees(roll_of(found.geometry.pose))) < 1
