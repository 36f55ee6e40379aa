"""Bags: what is recorded comes back, and what is no bag is said to be none."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from face3d import cli
from face3d.camera import Camera
from face3d.movie import Movie
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


def write_grey(
    path: Path, topics: dict[str, list[tuple[int, int]]], encodings: Sequence[str] = ("mono8",)
) -> None:
    """A bag of tiny grey images (of topic number `n`, 10 n) with (stamp, time of recording), nanoseconds.

    encodings  that the images say they have, in turn
    """
    from rosbags.rosbag2 import Writer
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_JAZZY)
    names = ("sensor_msgs/msg/Image", "std_msgs/msg/Header", "builtin_interfaces/msg/Time")
    image, header, time = (types.types[name] for name in names)
    with Writer(path, version=9) as writer:
        for number, (topic, times) in enumerate(topics.items(), 1):
            connection = writer.add_connection(topic, image.__msgtype__, typestore=types)
            for (stamp, recorded), encoding in zip(times, itertools.cycle(encodings)):
                head = header(time(*divmod(stamp, 10**9)), "f")
                message = image(head, 2, 6, encoding, 0, 6, np.full(12, 10 * number, np.uint8))
                writer.write(connection, recorded, types.serialize_cdr(message, image.__msgtype__))


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


def test_ctrl_c_records_no_half_frame(tmp_path: Path, clip: Path, monkeypatch) -> None:
    put = BagWriter._put

    def interrupted(writer: BagWriter, connection: Any, stamp: int, message: object) -> None:
        put(writer, connection, stamp, message)
        if writer.frames == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(BagWriter, "_put", interrupted)
    with open_source(clip) as source, BagWriter(tmp_path / "bag") as writer:
        assert record(source, writer) == 4
    with open_bag(str(tmp_path / "bag")) as source:
        counts = {connection.topic: connection.msgcount for connection in source._reader.connections}
    assert counts == {"/camera/image_raw": 4, "/camera/camera_info": 4}


def test_a_video_that_is_cut_off_is_said(tmp_path: Path, capsys) -> None:
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    with Movie(whole, 10.0) as movie:
        for number in range(20):
            movie.write(picture(number))
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for source, damaged in ((whole, False), (cut, True)):
        assert cli.main(["record", str(source), "-o", str(tmp_path / f"bag of {source.stem}")]) == 0
        assert ("damaged or cut off" in capsys.readouterr().err) == damaged


def test_a_video_is_recorded_in_its_own_time(tmp_path: Path, clip: Path) -> None:
    with open_source(clip) as source, BagWriter(tmp_path / "bag") as writer:
        assert record(source, writer, seconds=0.5) == 13
    with open_bag(str(tmp_path / "bag")) as source:
        stamps = np.array([frame.stamp for frame in source])
    np.testing.assert_allclose(np.diff(stamps) * 1e-9, 1 / 25, atol=1e-3)


def test_there_may_be_several_image_topics(tmp_path: Path) -> None:
    write_grey(tmp_path / "bag", {"/few": [(0, 1000)], "/many": [(0, 1000), (0, 1001), (0, 1003)]})
    with open_bag(str(tmp_path / "bag")) as source:
        frames = list(source)
        assert source.name.endswith("/many") and frames[0].image[0, 0, 0] == 20 and source.camera is None
        assert [frame.stamp for frame in frames] == [0, 1, 3], "stamps that stand still go on as recorded"
    with open_bag(f"{tmp_path / 'bag'}:/few") as source:
        assert source.count == 1 and next(iter(source)).image[0, 0, 0] == 10
    with pytest.raises(SourceError, match="no images on /none"):
        open_bag(f"{tmp_path / 'bag'}:/none")
    write_grey(tmp_path / "depth", {"/cam/depth/image": [(0, 1), (1, 2)], "/cam/color/image": [(0, 1)]})
    with open_bag(str(tmp_path / "depth")) as source:
        assert source.name.endswith("/cam/color/image")


SECOND = 10**9


def paced(*seconds: float, start: int = STAMPS[0]) -> list[int]:
    return [start + round(second * SECOND) for second in seconds]


def test_the_rate_knows_no_pauses(tmp_path: Path) -> None:
    times = paced(0, 0.04, 0.08, 0.12, 60.0, 60.04, 60.08, 60.16, 60.20)  # a pause, and one lost image
    other = paced(-100, 1000)  # another camera, which was recorded for longer
    write_grey(tmp_path / "bag", {"/a": [(t, t) for t in times], "/b": [(t, t) for t in other]})
    with open_bag(str(tmp_path / "bag")) as source:
        assert source.name.endswith("/a") and source.fps == pytest.approx(25.0)
        assert [frame.stamp for frame in source] == times, "the pause is still there"


YEAR = 365 * 24 * 3600


@pytest.mark.parametrize(
    "stamps, expected",
    [
        (paced(0, 1, YEAR, 3, 4), paced(0, 1, 2, 3, 4)),  # one stamp is broken
        (paced(0, 1, -YEAR, 3, 4), paced(0, 1, 2, 3, 4)),
        (paced(0, 1, 2, 2, 2), paced(0, 1, 2, 3, 4)),  # they stop
        (paced(0, 1, YEAR, YEAR + 1, YEAR + 2), paced(0, 1, 2, 3, 4)),  # the camera's clock is set wrong
        ([0, *paced(1, 2, 3, 4)], [0, *paced(1, 2, 3, 4)]),  # it begins with a broken one
        (paced(0, 0.5, 1, 1.5, 2), paced(0, 0.5, 1, 1.5, 2)),  # simulated time, at half the speed
        (paced(0, 5, 10, 15, 20), paced(0, 5, 10, 15, 20)),  # at five times
    ],
)
def test_broken_stamps_go_on_at_the_recordings_pace(tmp_path: Path, stamps, expected) -> None:
    recorded = paced(0, 1, 2, 3, 4)
    write_grey(tmp_path / "bag", {"/a": list(zip(stamps, recorded))})
    with open_bag(str(tmp_path / "bag")) as source:
        assert [frame.stamp for frame in source] == expected


def test_simulated_time_that_stands_still_stays_simulated(tmp_path: Path) -> None:
    stamps = paced(7, 8, 8, 8, 9.5, start=0)
    write_grey(tmp_path / "bag", {"/a": list(zip(stamps, paced(0, 1, 1.5, 1.7, 2.5)))})
    with open_bag(str(tmp_path / "bag")) as source:
        assert [frame.stamp for frame in source] == paced(7, 8, 8.5, 8.7, 9.5, start=0)


def test_what_is_no_bag_is_left_to_others(tmp_path: Path, clip: Path) -> None:
    cv2.imwrite(str(tmp_path / "image.png"), picture())
    for name in (tmp_path, clip, tmp_path / "nowhere", "0"):
        assert open_bag(str(name)) is None


def test_a_damaged_calibration_is_left_out(tmp_path: Path, caplog, monkeypatch) -> None:
    info = BagWriter._info

    def damaged(*words):
        message = info(*words)
        message.k[0] = np.nan
        return message

    monkeypatch.setattr(BagWriter, "_info", damaged)
    write(tmp_path / "bag")
    with open_bag(str(tmp_path / "bag")) as source:
        assert source.camera is None and len(list(source)) == len(STAMPS)
    assert "its calibration is left out: camera_info is damaged" in caplog.text


def test_rectified_images_are_of_the_camera_p(tmp_path: Path, monkeypatch) -> None:
    """image_raw and image_rect share a camera_info; of a bag that is recorded again, K is what the images are of."""
    from rosbags.rosbag2 import Writer

    info, add = BagWriter._info, Writer.add_connection

    def other(*words):
        message = info(*words)
        message.p[[0, 2, 5, 6]] = 280.0, 150.0, 290.0, 125.0
        return message

    def renamed(self, topic, *words, **options):
        return add(self, topic.replace("image_raw", "image_rect"), *words, **options)

    with monkeypatch.context() as patch:
        patch.setattr(BagWriter, "_info", other)
        write(tmp_path / "raw", quality=90)
        patch.setattr(Writer, "add_connection", renamed)
        write(tmp_path / "rect", quality=90)
    with open_bag(str(tmp_path / "raw")) as source:
        assert not source.rectified and source.camera == CAMERA
    assert cli.main(["record", str(tmp_path / "rect"), "-o", str(tmp_path / "again")]) == 0
    for name in ("rect", "again"):
        with open_bag(str(tmp_path / name)) as source:
            assert source.rectified == (name == "rect")
            assert source.camera == Camera(320, 240, 280.0, 290.0, 150.0, 125.0)


def test_empty_and_damaged_bags_are_named(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "empty"):
        pass
    with pytest.raises(SourceError, match="the recording is empty"):
        open_bag(str(tmp_path / "empty"))
    for suffix in (".mcap", ".db3"):
        for content in (b"", b"this is no bag" * 100):
            (tmp_path / f"junk{suffix}").write_bytes(content)
            with pytest.raises(SourceError, match=rf"junk\{suffix} is not a bag that can be read"):
                open_bag(str(tmp_path / f"junk{suffix}"))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "metadata.yaml").write_text("rosbag2_bagfile_information: {}\n")
    with pytest.raises(SourceError, match="torn is not a bag that can be read"):
        open_bag(str(tmp_path / "torn"))


def test_a_cut_recording_gives_what_it_has_or_says_so(tmp_path: Path) -> None:
    write(tmp_path / "bag", storage="mcap")
    (file,) = (tmp_path / "bag").glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"is not a bag that can be read|is damaged"):
        for _ in open_bag(str(file)) or ():
            pass


def test_images_that_cannot_be_read_are_named_once_and_counted(tmp_path: Path, caplog) -> None:
    times = [(stamp, stamp) for stamp in STAMPS[:4]]
    write_grey(tmp_path / "some", {"/images": times}, encodings=("32FC1", "mono8"))
    with open_bag(str(tmp_path / "some")) as source:
        assert [frame.stamp for frame in source] == STAMPS[1:4:2]
    assert caplog.text.count("unknown image encoding '32FC1'") == 1
    assert "2 of 4 images are left out" in caplog.text
    write_grey(tmp_path / "none", {"/images": times}, encodings=("32FC1",))
    with pytest.raises(SourceError, match=r"none of the images on /images .* unknown image encoding '32FC1'"):
        list(open_bag(str(tmp_path / "none")) or ())


def test_a_bag_is_recorded_again(tmp_path: Path) -> None:
    """From raw images to compressed ones: stamps, frame and calibration stay."""
    write(tmp_path / "bag", frame_id="left_eye")
    command = ["record", str(tmp_path / "bag"), "-o", str(tmp_path / "new"), "--jpeg", "90"]
    assert cli.main(command) == 0
    with open_bag(str(tmp_path / "new")) as source:
        assert [frame.stamp for frame in source] == STAMPS
        assert (source.frame_id, source.camera) == ("left_eye", CAMERA)


def test_a_writer_that_cannot_begin_leaves_nothing_open(tmp_path: Path, monkeypatch) -> None:
    from rosbags.rosbag2 import Writer

    closed: list[Writer] = []
    close = Writer.close

    def fail(self: Writer, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "add_connection", fail)
    monkeypatch.setattr(Writer, "close", lambda self: (closed.append(self), close(self)))
    with pytest.raises(SourceError, match=r"cannot write a bag to .*No space left"):
        BagWriter(tmp_path / "bag")
    assert len(closed) == 1


def test_an_existing_bag_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "bag")
    with pytest.raises(SourceError, match="cannot write a bag to"):
        BagWriter(tmp_path / "bag")
