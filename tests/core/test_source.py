"""Images from photographs, folders and videos, and clear words for what is none of them."""

import sys

import cv2
import numpy as np
import pytest

from face3d import cli, source
from face3d.movie import Movie
from face3d.source import Frame, SourceError, open_source, read_image

PICTURE = np.zeros((40, 60, 3), np.uint8)
PICTURE[:20, :30] = (200, 30, 20)  # a red corner, left above
PICTURE[20:] = (10, 60, 180)


def save(path, image, *flags):
    assert cv2.imwrite(str(path), image, *flags)
    return path


def test_colours_are_rgb(tmp_path) -> None:
    image = read_image(save(tmp_path / "a.png", PICTURE[..., ::-1]))
    assert np.array_equal(image, PICTURE) and image.flags.c_contiguous


def test_grey_alpha_and_16_bit_are_converted(tmp_path) -> None:
    grey = read_image(save(tmp_path / "grey.png", PICTURE[..., 0]))
    assert grey.shape == (40, 60, 3) and np.array_equal(grey[..., 1], PICTURE[..., 0])
    deep = read_image(save(tmp_path / "deep.png", PICTURE[..., ::-1].astype(np.uint16) * 257))
    assert np.abs(deep.astype(int) - PICTURE).max() <= 1
    deep_grey = read_image(save(tmp_path / "deep_grey.png", PICTURE[..., 0].astype(np.uint16) * 257))
    assert np.abs(deep_grey[..., 0].astype(int) - PICTURE[..., 0]).max() <= 1
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, 30:] = 0
    clear = read_image(save(tmp_path / "alpha.png", np.dstack([PICTURE[..., ::-1], alpha])))
    assert np.array_equal(clear[:, :30], PICTURE[:, :30]) and (clear[:, 30:] == 255).all()


def test_exif_orientation_is_honoured(tmp_path) -> None:
    jpeg = cv2.imencode(".jpg", PICTURE[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    # A little-endian Exif block with one entry: orientation (0x0112) = 6, turn by 90 degrees clockwise.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg[:2] + segment + jpeg[2:])
    image = read_image(path)
    assert image.shape == (60, 40, 3)
    assert image[5, 35, 0] > 150 and image[5, 5, 2] > 120  # the red corner is now right above


# the last one says that it has 60,000 x 60,000 pixels
@pytest.mark.parametrize("content", [b"", b"not a picture", b"P6 60000 60000 255\n" + bytes(99)])
def test_what_is_no_photograph_is_refused(tmp_path, content) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.jpg is not an image"):
        read_image(path)
    with pytest.raises(SourceError, match=r"cannot read .*gone\.jpg"):
        read_image(tmp_path / "gone.jpg")


def test_folder_in_the_order_of_names(tmp_path) -> None:
    for index in (3, 1, 2):
        save(tmp_path / f"{index}.png", np.full((8, 8, 3), index, np.uint8))
    (tmp_path / "notes.txt").write_text("no image")
    with open_source(str(tmp_path)) as folder:
        frames = list(folder)
    assert folder.count == 3 and not folder.live
    assert [frame.image[0, 0, 0] for frame in frames] == [1, 2, 3]
    assert [frame.stamp for frame in frames] == [0, 33_333_333, 66_666_667]


def test_video_round_trip(tmp_path) -> None:
    path = tmp_path / "clip.mp4"
    with Movie(path, 25.0) as movie:
        for index in range(10):
            movie.write(np.full((48, 64, 3), (20 * index, 100, 50), np.uint8))
    with open_source(path) as video:
        assert video.fps == 25.0 and video.count == 10
        frames = list(video)
    assert len(frames) == 10
    steps = np.diff([frame.stamp for frame in frames])
    assert (steps > 0).all() and abs(steps.mean() - 40e6) < 1e5
    assert abs(int(frames[9].image[20, 30, 0]) - 180) < 12  # red stays red


def test_text_as_video_and_missing_sources_are_refused(tmp_path) -> None:
    for name in ("notes.txt", "notes.mp4"):
        path = tmp_path / name
        path.write_text("This is not a video.\n" * 100)
        with pytest.raises(SourceError, match="not a video"):
            open_source(path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(SourceError, match="not a video"):
        open_source(tmp_path / "empty.mp4")
    with pytest.raises(SourceError, match=r"no source 'nowhere\.mp4'"):
        open_source("nowhere.mp4")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match="holds no images"):
        open_source(tmp_path / "folder")


def test_missing_webcam_is_said() -> None:
    with pytest.raises(SourceError, match="no webcam 93"):
        open_source("93")


def test_plugs_come_first(monkeypatch) -> None:
    class Bag:
        def __iter__(self):
            yield Frame(1, PICTURE)

    monkeypatch.setattr(source, "_plugs", [])
    source.plug(lambda text: Bag() if text.endswith(".bag") else None)
    assert [frame.stamp for frame in open_source("a.bag")] == [1]


def test_a_bag_without_ros_is_not_taken_for_a_folder_of_images(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").write_text("")
    monkeypatch.setitem(sys.modules, "face3d.ros.bag", None)
    assert cli.main(["record", str(tmp_path / "bag"), "-o", str(tmp_path / "new")]) == 1
    error = capsys.readouterr().err
    assert "is a bag, and reading one needs ROS 2" in error and len(error.splitlines()) == 1
