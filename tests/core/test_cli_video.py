"""`face3d video` as a newcomer uses it, right and wrong."""

import csv
import math
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from face3d import cli
from face3d.detector import Detection
from face3d.movie import Movie
from face3d.overlay import Overlay
from face3d.search import Search
from tests.core.glb import Glb


def film(path: Path, image: np.ndarray, frames: int, fps: float = 30.0) -> Path:
    """A video that shows one image."""
    with Movie(path, fps) as movie:
        for _ in range(frames):
            movie.write(image)
    return path


def test_video_writes_movie_and_table(model, picture, network, tmp_path, capsys) -> None:
    clip = film(tmp_path / "clip.mp4", picture, 6)
    out, table = tmp_path / "o/overlay.mp4", tmp_path / "o/faces.csv"
    assert (
        cli.main(["video", str(clip), "--out", str(out), "--csv", str(table), "--network", str(network)]) == 0
    )
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == [str(index) for index in range(6)]
    assert {row["id"] for row in rows} == {"1"}
    assert all(float(row["position_z"]) > 0.1 for row in rows)
    capture = cv2.VideoCapture(str(out))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    assert "frames: 6, with faces: 6, faces tracked: 1" in capsys.readouterr().out


def test_video_without_a_face_and_without_a_video(network, tmp_path, capsys) -> None:
    clip = film(tmp_path / "wall.mp4", np.full((120, 160, 3), 128, np.uint8), 3)
    command = ["--csv", str(tmp_path / "a.csv"), "--network", str(network)]
    assert cli.main(["video", str(clip), *command]) == 3
    assert "no face found in 3 frames" in capsys.readouterr().err
    text = tmp_path / "text.mp4"
    text.write_text("no video\n" * 100)
    assert cli.main(["video", str(text), *command]) == 1
    assert "not a video" in capsys.readouterr().err
    assert cli.main(["video", str(clip)]) == 2
    assert "nothing to write" in capsys.readouterr().err


def test_ctrl_c_in_the_middle_of_a_frame_leaves_whole_files(
    picture, network, tmp_path, capsys, monkeypatch
) -> None:
    """Most of a frame's time passes in OpenCV: Ctrl-C is raised where that comes back, and it has written the frame."""
    clip = film(tmp_path / "clip.mp4", picture, 6)

    make = cv2.VideoWriter

    class Interrupted:
        fourcc = make.fourcc

        def __init__(self, *arguments) -> None:
            self._writer, self._left = make(*arguments), 3
            self.isOpened, self.release = self._writer.isOpened, self._writer.release

        def write(self, image: np.ndarray) -> None:
            self._writer.write(image)
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("face3d.movie.cv2.VideoWriter", Interrupted)
    out, table = tmp_path / "overlay.mp4", tmp_path / "faces.csv"
    command = ["video", str(clip), "--out", str(out), "--csv", str(table), "--network", str(network)]
    assert cli.main(command) == cli.INTERRUPTED
    captured = capsys.readouterr()
    assert "frames: 3, with faces: 3" in captured.out and not captured.err
    assert cv2.VideoCapture(str(out)).get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert len(table.read_text().splitlines()) == 1 + 3


def test_ctrl_c_names_only_what_is_written(network, tmp_path, capsys, monkeypatch) -> None:
    clip = film(tmp_path / "wall.mp4", np.full((120, 160, 3), 128, np.uint8), 6)
    out, glb = tmp_path / "overlay.mp4", tmp_path / "face.glb"
    for frames in (0, 2):
        looks = iter([[]] * frames)

        def look(search: Search, image: np.ndarray, tracked: bool, looks=looks) -> list[Detection]:
            for found in looks:
                return found
            raise KeyboardInterrupt

        monkeypatch.setattr(Search, "look", look)
        command = ["video", str(clip), "--out", str(out), "--glb", str(glb), "--network", str(network)]
        assert cli.main(command) == cli.INTERRUPTED
        said = capsys.readouterr().out.strip()
        assert said.startswith(f"frames: {frames}") and not glb.exists() and str(glb) not in said
        assert out.exists() == (str(out) in said) == (frames > 0)


def test_video_writes_motion_capture(model, picture, network, tmp_path) -> None:
    clip = film(tmp_path / "clip.mp4", picture, 4, 25.0)
    table, glb = tmp_path / "o/motion.csv", tmp_path / "o/face.glb"
    command = ["video", str(clip), "--blendshapes", str(table), "--glb", str(glb), "--network", str(network)]
    distances = []
    for fov in ("60", "30"):
        assert cli.main([*command, "--fov", fov]) == 0
        with table.open() as file:
            rows = list(csv.DictReader(file))
        assert [float(row["stamp"]) for row in rows] == [0.0, 0.04, 0.08, 0.12] and "jawOpen" in rows[0]
        distances.append(float(rows[-1]["position_z"]))
    assert distances[1] == pytest.approx(
        distances[0] * math.tan(math.pi / 6) / math.tan(math.pi / 12), rel=0.05
    )
    moving = Glb(glb).channels(node=1)
    assert np.allclose(moving["weights"][0], [0.0, 0.04, 0.08, 0.12], atol=1e-6)


def test_video_never_overwrites_its_source(picture, network, tmp_path, capsys) -> None:
    clip = film(tmp_path / "clip.mp4", picture, 1)
    before = clip.read_bytes()
    (tmp_path / "other.mp4").symlink_to(clip)
    for option in ("--out", "--csv", "--glb", "--blendshapes"):
        assert (
            cli.main(["video", str(clip), option, str(tmp_path / "other.mp4"), "--network", str(network)])
            == 1
        )
        assert "would overwrite what is read" in capsys.readouterr().err
    assert clip.read_bytes() == before
    assert cli.main(["video", str(clip), "--csv", "a", "--blendshapes", "./a"]) == 2
    assert "same name" in capsys.readouterr().err
    assert cli.main(["video", str(clip), "--glb", str(tmp_path / "a.gltf")]) == 2
    assert "use a name that ends in .glb" in capsys.readouterr().err


def test_video_never_overwrites_an_image_of_its_folder(picture, network, tmp_path, capsys) -> None:
    photo = tmp_path / "1.png"
    assert cv2.imwrite(str(photo), picture)
    before = photo.read_bytes()
    for option in ("--out", "--csv", "--glb", "--blendshapes"):
        assert cli.main(["video", str(tmp_path), option, str(photo), "--network", str(network)]) == 1
        assert "would overwrite what is read" in capsys.readouterr().err and photo.read_bytes() == before
    for _ in range(2):  # what a run wrote beside the images may be written again
        assert (
            cli.main(["video", str(tmp_path), "--csv", str(tmp_path / "a.csv"), "--network", str(network)])
            == 0
        )


def test_a_video_of_unknown_kind_is_one_line(picture, network, tmp_path, capfd) -> None:
    clip = film(tmp_path / "clip.mp4", picture, 1)
    assert cli.main(["video", str(clip), "--out", str(tmp_path / "o.txt"), "--network", str(network)]) == 1
    error = capfd.readouterr().err
    assert "use a name that ends in .mp4 or .avi" in error and "OpenCV" not in error


def test_a_video_that_is_cut_off_is_said(picture, network, tmp_path, capsys) -> None:
    whole, cut = film(tmp_path / "whole.avi", picture, 20, 10.0), tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    command = ["--csv", str(tmp_path / "a.csv"), "--network", str(network)]
    assert cli.main(["video", str(whole), *command]) == 0
    assert "damaged" not in capsys.readouterr().err
    assert cli.main(["video", str(cut), *command]) == 0
    assert "damaged or cut off" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done_and_says_so(picture, network, tmp_path, monkeypatch) -> None:
    clip, table = film(tmp_path / "clip.mp4", picture, 6), tmp_path / "a.csv"
    draw, calls = Overlay.draw, iter(range(6))

    def interrupted(self, image, faces):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return draw(self, image, faces)

    monkeypatch.setattr(Overlay, "draw", interrupted)
    out = tmp_path / "o.mp4"
    command = ["video", str(clip), "--csv", str(table), "--out", str(out), "--network", str(network)]
    assert cli.main(command) == 130
    assert cv2.VideoCapture(str(out)).get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert len(table.read_text().splitlines()) >= 4
