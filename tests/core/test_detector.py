"""dlib's detector behind our settings."""

import numpy as np
import pytest

from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from face3d.crop import box_of_pose, overlap
from face3d.detector import STILL, Detector, DetectorSettings, _clip
from tests.core.pictures import photograph


def head(u: float, v: float, box_side: float) -> Geometry:
    pose = Pose(FRONTAL, 1.0, (u, v))
    scale = box_side / box_of_pose(pose)[2]
    return Geometry.mean(Pose(FRONTAL, scale, (u, v)))


@pytest.mark.parametrize("side", [76, 130, 240])
def test_rendered_faces_are_found_where_they_are(model, side) -> None:
    face = head(330, 250, side)
    (hit,) = Detector().detect(photograph(model, [face]))
    assert overlap(hit.box, box_of_pose(face.pose)) > 0.6
    assert 0.4 < hit.confidence <= 1.0


def test_several_faces_the_surest_first(model) -> None:
    faces = [head(150, 240, 110), head(450, 230, 160)]
    hits = Detector().detect(photograph(model, faces))
    assert len(hits) == 2 and hits[0].confidence >= hits[1].confidence
    for face in faces:
        assert max(overlap(hit.box, box_of_pose(face.pose)) for hit in hits) > 0.6


def test_photograph_settings_find_small_faces_and_large_images_shrink(model) -> None:
    small = photograph(model, [head(100, 80, 42)], 200, 160)
    assert len(Detector(STILL).detect(small)) == 1
    large = photograph(model, [head(960, 540, 500)], 1920, 1080)
    (hit,) = Detector(DetectorSettings(max_pixels=100_000)).detect(large)
    assert overlap(hit.box, box_of_pose(head(960, 540, 500).pose)) > 0.6


def test_nothing_in_nothing() -> None:
    assert Detector().detect(np.zeros((120, 160, 3), np.uint8)) == []
    assert Detector().detect(np.zeros((1, 1, 3), np.uint8)) == []
    with pytest.raises(ValueError, match="image"):
        Detector().detect(np.zeros((120, 160), np.uint8))


def test_boxes_are_clipped_to_the_image() -> None:
    assert _clip((-10, 40, 50, 100), 100, 200) == pytest.approx((0, 40, 40, 100))
    assert _clip((90, 0, 50, 50), 100, 100) is None
    assert _clip((150, 0, 50, 50), 100, 100) is None


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="min_face"):
        DetectorSettings(min_face=0)
