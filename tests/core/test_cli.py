"""The command line as a newcomer uses it, right and wrong."""

import json
import math
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from face3d import cli
from face3d.camera import FRONTAL, Pose
from face3d.codec import Geometry
from tests.core.pictures import photograph


def save(path, image):
    assert cv2.imwrite(str(path), image[..., ::-1])
    return str(path)


def test_image_writes_all_files(model, picture, network, tmp_path, capsys) -> None:
    photo = save(tmp_path / "anna.jpg", picture)
    out = tmp_path / "out"
    assert cli.main(["image", photo, "--out", str(out), "--network", str(network), "--iterations", "2"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["anna.glb", "anna.json", "anna.obj", "anna.png"]
    data = json.loads((out / "anna.json").read_text())
    assert data["image"] == {"width": 640, "height": 480} and len(data["faces"]) == 1
    assert cv2.imread(str(out / "anna.png")).shape == (480, 640, 3)
    assert "1 face" in capsys.readouterr().out


def test_the_field_of_view_is_what_distances_depend_on(picture, network, tmp_path) -> None:
    """The same picture seen through half the angle is further away, by the ratio of the focal lengths."""
    photo = save(tmp_path / "a.png", picture)
    found = {}
    for box in ([], ["--box", "250,170,160,160"]):
        for fov in ("60", "30"):
            command = ["image", photo, "--out", str(tmp_path / "o"), "--network", str(network), *box]
            assert cli.main([*command, "--fov", fov]) == 0
            data = json.loads((tmp_path / "o/a.json").read_text())
            focal = 320.0 / math.tan(math.radians(0.5 * float(fov)))
            assert data["camera"]["fx"] == pytest.approx(focal, abs=1e-3)
            found[fov] = data["faces"][0]["head"]["position"][2] / focal
        assert found["30"] == pytest.approx(found["60"], rel=0.05)


def test_image_takes_a_box(model, picture, network, tmp_path) -> None:
    photo = save(tmp_path / "a.png", np.full_like(picture, 90))
    command = [
        "image",
        photo,
        "--out",
        str(tmp_path / "o"),
        "--network",
        str(network),
        "--box",
        "200,100,150,150",
    ]
    assert cli.main(command) == 0
    (entry,) = json.loads((tmp_path / "o/a.json").read_text())["faces"]
    x, y, width, height = entry["box"]
    assert x < 275 < x + width and y < 175 < y + height


def test_several_faces_are_all_written(model, network, tmp_path) -> None:
    faces = [Geometry.mean(Pose(FRONTAL, 800.0, (u, 240.0))) for u in (150.0, 480.0)]
    photo = save(tmp_path / "two.png", photograph(model, faces))
    assert cli.main(["image", photo, "--out", str(tmp_path), "--network", str(network)]) == 0
    entries = json.loads((tmp_path / "two.json").read_text())["faces"]
    assert [entry["id"] for entry in entries] == [0, 1]
    assert (tmp_path / "two.obj").is_file() and (tmp_path / "two_1.glb").is_file()


def test_image_never_overwrites_a_photograph(model, network, tmp_path) -> None:
    faces = [Geometry.mean(Pose(FRONTAL, 800.0, (u, 240.0))) for u in (150.0, 480.0)]
    photos = [save(tmp_path / name, photograph(model, faces)) for name in ("a.png", "a_1.png")]
    before = [(tmp_path / name).read_bytes() for name in ("a.png", "a_1.png")]
    command = ["image", *photos, "--out", str(tmp_path), "--network", str(network), "--iterations", "1"]
    assert cli.main(command) == 0
    assert [(tmp_path / name).read_bytes() for name in ("a.png", "a_1.png")] == before
    assert (tmp_path / "a_overlay.png").is_file() and (tmp_path / "a_1_overlay.png").is_file()
    # The second face of `a` and the first of `a_1` are two files.
    assert (tmp_path / "a_1.obj").is_file() and (tmp_path / "a_1_.obj").is_file()


def test_image_run_twice_in_one_folder_writes_an_overlay_for_each(picture, network, tmp_path, capsys) -> None:
    """The second time the first one's overlay is a photograph, too."""
    photos = [save(tmp_path / name, picture) for name in ("a.png", "a_overlay.png")]
    assert cli.main(["image", *photos, "--out", str(tmp_path), "--network", str(network)]) == 0
    written = [line.split(" -> ")[1].split(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert len(set(written)) == 2 and not set(written) & set(photos)
    assert all(Path(path).is_file() for path in written)


def test_image_reads_from_a_pipe(picture, network, tmp_path) -> None:
    data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sender = threading.Thread(target=pipe.write_bytes, args=(data,))
    sender.start()
    assert cli.main(["image", str(pipe), "--out", str(tmp_path / "o"), "--network", str(network)]) == 0
    sender.join()


def test_no_face_is_exit_code_3_and_a_message(network, tmp_path, capsys) -> None:
    photo = save(tmp_path / "wall.png", np.full((200, 200, 3), 128, np.uint8))
    assert cli.main(["image", photo, "--out", str(tmp_path / "o"), "--network", str(network)]) == 3
    assert "wall.png: no face found" in capsys.readouterr().err
    assert list((tmp_path / "o").iterdir()) == []


def test_a_bad_file_does_not_stop_the_others(picture, network, tmp_path, capsys) -> None:
    (tmp_path / "text.jpg").write_text("I am no photograph")
    good = save(tmp_path / "good.png", picture)
    command = ["image", str(tmp_path / "text.jpg"), str(tmp_path / "gone.jpg"), good]
    assert cli.main([*command, "--out", str(tmp_path / "o"), "--network", str(network)]) == 1
    error = capsys.readouterr().err
    assert "text.jpg is not an image" in error and "gone.jpg" in error and "Traceback" not in error
    assert (tmp_path / "o/good.json").is_file()


def test_folders_and_files_in_each_others_place_are_named(picture, network, tmp_path, capsys) -> None:
    photo, file = save(tmp_path / "a.png", picture), tmp_path / "file"
    file.write_text("a file")
    (tmp_path / "folder").mkdir()
    for words, text in (
        (("image", str(tmp_path), "--out", str(tmp_path / "o")), "is a folder; name its photographs"),
        (("image", photo, "--out", str(file)), "cannot be made a folder"),
        (("image", photo, "--out", str(file / "o")), "cannot be made a folder"),
        (("video", str(tmp_path / "a.png"), "--csv", str(tmp_path / "folder")), "is a folder, where a file"),
        (("video", "", "--csv", str(tmp_path / "a.csv")), "the source has no name"),
    ):
        assert cli.main([*words, "--network", str(network)]) == 1
        error = capsys.readouterr().err
        assert text in error and error.count("\n") == 1, error


def test_engine_says_what_is_no_engine(tmp_path, capsys) -> None:
    onnx = tmp_path / "a.onnx"
    onnx.write_bytes(b"")
    for path, text in ((onnx, "is a network; `face3d engine build"), (tmp_path / "b.engine", "no engine at")):
        assert cli.main(["engine", "info", str(path)]) == 1
        assert text in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        cli.main(["engine", "build", "--compute-capability", "abc"])
    assert stop.value.code == 2 and "written like 8.9, got 'abc'" in capsys.readouterr().err


def test_photographs_of_one_name_do_not_overwrite_each_other(picture, network, tmp_path) -> None:
    photos = [save(tmp_path / "a.png", picture), save(tmp_path / "a.jpg", picture)]
    assert cli.main(["image", *photos, "--out", str(tmp_path / "o"), "--network", str(network)]) == 0
    assert len(list((tmp_path / "o").glob("*.json"))) == 2


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--box", "1,2,3"], "x,y,width,height"),
        (["--box", "1,2,0,5"], "positive"),
        (["--box", "1,nan,5,5"], "finite"),
        (["--iterations", "0"], "--iterations: expected a whole number, from 1 to 20, got '0'"),
        (["--iterations", "many"], "--iterations: expected a whole number"),
        (["--min-confidence", "nan"], "--min-confidence: expected a number, from 0 to 1"),
        (["--fov", "0"], "--fov: expected a number, from 1 to 170, got '0'"),
        (["--threads", "100000"], "--threads: expected a whole number, from 1 to 64"),
        ([], "required: --out"),
    ],
)
def test_wrong_arguments_are_exit_code_2(tmp_path, capsys, extra, words) -> None:
    out = ["--out", str(tmp_path)] if extra else []
    try:
        code = cli.main(["image", "a.png", *out, *extra])
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and words in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ("video", "a.mp4", "--csv", "{table}", "--fov", "0"),
        ("video", "a.mp4", "--csv", "{table}", "--detect-every", "0"),
        ("record", "a.mp4", "--out", "bag", "--jpeg", "101"),
        ("record", "a.mp4", "--out", "bag", "--seconds", "-1"),
        ("replay", "bag", "--rate", "0"),
        ("live", "--fps", "-3"),
        ("live", "--domain", "233"),
    ],
)
def test_numbers_out_of_range_are_said_before_anything_is_touched(tmp_path, capsys, wrong) -> None:
    table = tmp_path / "old.csv"
    table.write_text("kept")
    with pytest.raises(SystemExit) as stop:
        cli.main([word.format(table=table) for word in wrong])
    assert stop.value.code == 2 and f"{wrong[-2]}: expected a" in capsys.readouterr().err
    assert table.read_text() == "kept"


def test_missing_network_and_model_are_one_line(picture, tmp_path, capsys) -> None:
    photo = save(tmp_path / "a.png", picture)
    for option, words in (("--network", "no network at"), ("--model", "no face model at")):
        command = ["image", photo, "--out", str(tmp_path), option, str(tmp_path / "gone")]
        assert cli.main(command) == 1
        error = capsys.readouterr().err
        assert words in error and "Traceback" not in error


def test_ros_commands_say_when_ros_is_missing(monkeypatch, capsys) -> None:
    def missing(name):
        raise ModuleNotFoundError("No module named 'rclpy'", name="rclpy")

    monkeypatch.setattr(cli.importlib, "import_module", missing)
    assert cli.main(["live"]) == 1
    assert capsys.readouterr().err == "face3d live: needs ROS 2 (rclpy is missing); run `make setup`\n"


def test_what_fails_while_it_runs_is_one_line(monkeypatch, capsys) -> None:
    def run(arguments):
        raise RuntimeError("this command needs ROS 2")

    module = SimpleNamespace(__doc__="", add_arguments=lambda parser: None, run=run)
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: module)
    assert cli.main(["live"]) == 1
    assert capsys.readouterr().err == "face3d live: this command needs ROS 2\n"


@pytest.mark.parametrize("command", [[], ["image"], ["video"]])
def test_help_explains(capsys, command) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and "face3d" in text and "Traceback" not in text
    if command:
        assert "Exit codes" in text and "default:" in text


def test_unknown_and_missing_commands_are_exit_code_2(capsys) -> None:
    for arguments in ([], ["dance"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 2


def test_live_never_overwrites_its_source(tmp_path, monkeypatch, capsys) -> None:
    environment = SimpleNamespace(check=lambda: None)
    nodes = SimpleNamespace(environment=environment, live=SimpleNamespace())
    monkeypatch.setitem(sys.modules, "face3d.ros", nodes)
    clip = tmp_path / "overlay.mp4"
    clip.write_bytes(b"a clip")
    assert cli.main(["live", "--source", str(clip), "--out", str(tmp_path)]) == 1
    assert "would overwrite what is read" in capsys.readouterr().err and clip.read_bytes() == b"a clip"
