"""Bags: what is recorded comes back, and what is no bag is said to be none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from face3d.camera import Camera
from face3d.ros.bag import open_bag
from face3d.ros.record import BagWriter, record
from face3d.source import Frame, SourceError, open_source
from tests.ros.probe import picture

STAMPS = [1_700_000_000_000_000_007 + number * 50_000_000 for number in range(5)]
CAMERA = Camera(320, 240, 300.0, 310.0, 160.0, 118.0)


def write(path: Path, **options) -> list[np.ndarray]:
    images = [picture(number) for number in range(len(STAMPS))]
    with BagWriter(path, camera=CAMERA, **options) as writer:
        for stamp, image in zip(STAMPS, images):
            writer.write(Frame(stamp, image))
    return images


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("quality", [None, 95])
def test_a_recording_comes_back(tmp_path: Path, storage: str, quality: int | None) -> None:
    images = write(tmp_path / "bag", storage=storage, quality=quality)
    (file,) = [path for path in (tmp_path / "bag").iterdir() if path.suffix in (".mcap", ".db3")]
    for name in (tmp_path / "bag", file):
        with open_bag(str(name)) as source:
            frames = list(source)
            assert (source.count, source.live, source.frame_id) == (5, False, "camera_optical_frame")
            assert source.fps == pytest.approx(20.0) and source.camera == CAMERA
        assert [frame.stamp for frame in frames] == STAMPS
        for frame, image in zip(frames, images):
            difference = np.abs(frame.image.astype(int) - image).mean()
            assert difference == 0.0 if quality is None else difference < 10.0


def test_a_video_is_recorded_in_its_own_time(tmp_path: Path, clip: Path) -> None:
    with open_source(clip) as source, BagWriter(tmp_path / "bag") as writer:
        assert record(source, writer, seconds=0.5) == 13
    with open_bag(str(tmp_path / "bag")) as source:
        stamps = np.array([frame.stamp for frame in source])
    np.testing.assert_allclose(np.diff(stamps) * 1e-9, 1 / 25, atol=1e-3)


def test_there_may_be_several_image_topics(tmp_path: Path) -> None:
    from rosbags.rosbag2 import Writer
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_JAZZY)
    image, header, time = (
        types.types[f"{name}"]
        for name in ("sensor_msgs/msg/Image", "std_msgs/msg/Header", "builtin_interfaces/msg/Time")
    )
    with Writer(tmp_path / "bag", version=9) as writer:
        for topic, count, grey in (("/few", 1, 10), ("/many", 3, 20)):
            connection = writer.add_connection(topic, image.__msgtype__, typestore=types)
            for number in range(count):
                pixels = np.full(12, grey, np.uint8)
                message = image(
                    header(time(0, 0), "f"), 2, 6, "mono8", 0, 6, pixels
                )  # stamps that stand still
                writer.write(connection, 1000 + number, types.serialize_cdr(message, image.__msgtype__))
    with open_bag(str(tmp_path / "bag")) as source:
        frames = list(source)
        assert source.name.endswith("/many") and frames[0].image[0, 0, 0] == 20 and source.camera is None
        assert [frame.stamp for frame in frames] == [0, 1001, 1002]
    with open_bag(f"{tmp_path / 'bag'}:/few") as source:
        assert source.count == 1 and next(iter(source)).image[0, 0, 0] == 10
    with pytest.raises(SourceError, match="no images on /none"):
        open_bag(f"{tmp_path / 'bag'}:/none")


def test_what_is_no_bag_is_left_to_others(tmp_path: Path, clip: Path) -> None:
    cv2.imwrite(str(tmp_path / "image.png"), picture())
    for name in (tmp_path, clip, tmp_path / "nowhere", "0"):
        assert open_bag(str(name)) is None


def test_empty_and_damaged_bags_are_named(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "empty"):
        pass
    with pytest.raises(SourceError, match=r"empty .*recording is empty|empty has no image"):
        open_bag(str(tmp_path / "empty"))
    for suffix in (".mcap", ".db3"):
        for content in (b"", b"this is no bag" * 100):
            (tmp_path / f"junk{suffix}").write_bytes(content)
            with pytest.raises(SourceError, match=rf"junk\{suffix}"):
                open_bag(str(tmp_path / f"junk{suffix}"))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "metadata.yaml").write_text("rosbag2_bagfile_information: {}\n")
    with pytest.raises(SourceError, match="torn is not a bag that can be read"):
        open_bag(str(tmp_path / "torn"))


def test_a_cut_recording_gives_what_it_has_or_says_so(tmp_path: Path) -> None:
    write(tmp_path / "bag", storage="mcap")
    (file,) = (tmp_path / "bag").glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(SourceError, match="bag"):
        for _ in open_bag(str(file)) or ():
            pass


def test_an_existing_bag_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "bag")
    with pytest.raises(SourceError, match="cannot write a bag to"):
        BagWriter(tmp_path / "bag")
