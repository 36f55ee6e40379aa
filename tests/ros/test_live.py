"""`face3d live`, `replay` and `record` as a user runs them: real processes, real topics, real files."""

from __future__ import annotations

import csv
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from face3d.movie import FaceTable
from face3d.ros.environment import child_environment
from face3d.ros.live import _Stop
from tests.ros.probe import PATIENCE, Probe, picture


def face3d(*arguments: str, network: Path | None = None, **options) -> subprocess.Popen:
    """Start the command."""
    environment = child_environment()
    environment.pop("ROS_DOMAIN_ID", None)
    if network is not None:
        environment["FACE3D_NETWORK"] = str(network)
    return subprocess.Popen(
        [sys.executable, "-m", "face3d", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
        **options,
    )


def finish(process: subprocess.Popen, seconds: float = PATIENCE) -> str:
    """Wait for the command and return what it printed; nothing of it may be left."""
    try:
        output = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError(f"not finished after {seconds} s: {process.communicate()[0]}") from None
    assert "Traceback" not in output, output
    assert not children(process.pid), "processes are left over"
    return output


def children(parent: int) -> list[str]:
    """Command lines of the nodes that the command `parent` has started."""
    mark, found = f"FACE3D_PARENT={parent}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


def rows(path: Path) -> list[dict]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_live_writes_what_came_over_the_topics(domain, clip: Path, network: Path, tmp_path: Path) -> None:
    process = face3d("live", "--source", str(clip), "--out", str(tmp_path / "out"), network=network)
    output = finish(process)
    assert process.returncode == 0, output
    assert "25 of 25 images reconstructed, 25 drawn" in output
    movie = cv2.VideoCapture(str(tmp_path / "out" / "overlay.mp4"))
    assert movie.get(cv2.CAP_PROP_FRAME_COUNT) == 25 and movie.get(cv2.CAP_PROP_FPS) == 25.0
    table = rows(tmp_path / "out" / "faces.csv")
    assert len(table) > 5 and {row["id"] for row in table} == {"1"}
    numbers = [int(row["frame"]) for row in table]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 24
    stamps = [float(row["stamp"]) for row in table]
    assert stamps[-1] - stamps[0] == pytest.approx((numbers[-1] - numbers[0]) / 25, abs=0.002)
    assert all(tuple(row) == FaceTable.COLUMNS for row in table)
    focal = 160.0 / math.tan(math.radians(30.0))  # of 320 pixels, seen in 60 degrees
    for row in table:
        far = float(row["position_z"])
        assert far == pytest.approx(focal / float(row["scale"]), rel=0.15), "near is large"
        u = focal * float(row["position_x"]) / far + 159.5
        assert float(row["box_x"]) < u < float(row["box_x"]) + float(row["box_width"])


def test_a_recording_that_breaks_off_is_a_failure(domain, network: Path, tmp_path: Path) -> None:
    """What came before it is written all the same."""
    for number in range(3):
        assert cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number)[..., ::-1])
    (tmp_path / "3.png").write_bytes(b"the card was full")
    out = tmp_path / "out"
    process = face3d("live", "--source", str(tmp_path), "--out", str(out), network=network)
    output = finish(process)
    assert process.returncode == 1 and "3 of 3 images reconstructed" in output, output
    assert re.search("^face3d: .*3.png is not an image", output, re.MULTILINE)
    assert cv2.VideoCapture(str(out / "overlay.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_live_ends_cleanly_when_told_to(
    domain, clip: Path, network: Path, tmp_path: Path, number: int
) -> None:
    process = face3d("live", "--source", str(clip), "--loop", "--out", str(tmp_path), network=network)
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "overlay.mp4").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    assert len(children(process.pid)) == 3
    process.send_signal(number)
    output = finish(process)
    assert process.returncode == 0 and "images reconstructed" in output
    movie = cv2.VideoCapture(str(tmp_path / "overlay.mp4"))
    assert movie.get(cv2.CAP_PROP_FRAME_COUNT) >= 1, "the video is finished properly"


@pytest.mark.parametrize("seconds", [0.0, 0.4, 1.2])
def test_live_ends_cleanly_while_its_nodes_start(
    domain, clip: Path, network: Path, tmp_path: Path, seconds: float
) -> None:
    process = face3d("live", "--source", str(clip), "--out", str(tmp_path), network=network)
    deadline = time.monotonic() + PATIENCE
    while not children(process.pid):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    seen = time.monotonic()
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    waited = time.monotonic() - seen  # longer than it was to where this process got no processor
    output = finish(process)
    assert process.returncode == 0 and "error" not in output.lower()
    drawn = int(re.search(r"(\d+) drawn", output)[1])
    assert drawn == 0 or waited > 1.0
    movie = cv2.VideoCapture(str(tmp_path / "overlay.mp4"))
    assert (movie.get(cv2.CAP_PROP_FRAME_COUNT) > 0) == (drawn > 0), (
        "no video of nothing, and else a whole one"
    )


def test_a_signal_interrupts_no_frame() -> None:
    """A video would be left without it, and a destructor with a traceback."""
    stop = _Stop()
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert stop.told


def test_a_loop_goes_on(domain, probe: Probe, clip: Path, network: Path) -> None:
    """Also where what the camera waited for at the start has gone since."""
    probe.listen("face_overlay")
    process = face3d(
        "live", "--source", str(clip), "--loop", "--no-out", "--domain", str(domain), network=network
    )
    probe.spin(lambda: len(probe.got["face_overlay"]) > 40)
    process.send_signal(signal.SIGINT)
    output = finish(process)
    drawn = int(re.search(r"(\d+) drawn", output)[1])
    assert process.returncode == 0 and drawn > 30, output


def test_a_run_may_have_its_time(domain, clip: Path, network: Path) -> None:
    process = face3d("live", "--source", str(clip), "--loop", "--seconds", "3", "--no-out", network=network)
    output = finish(process)
    assert process.returncode == 0 and "images reconstructed" in output, output


def test_nodes_do_not_survive_their_command(domain, clip: Path, network: Path, tmp_path: Path) -> None:
    process = face3d("live", "--source", str(clip), "--loop", "--out", str(tmp_path), network=network)
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "overlay.mp4").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.kill()
    process.wait()
    while children(process.pid):
        assert time.monotonic() < deadline + PATIENCE, children(process.pid)
        time.sleep(0.1)


def test_wrong_sources_are_one_line(domain, network: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear reader,\n" * 100)
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").write_text("")
    for arguments, text in (
        (("live", "--source", str(letter)), "is not a video that can be decoded"),
        (("live", "--source", str(tmp_path / "nowhere.mp4")), "no source"),
        (("live", "--source", str(letter), "--network", str(tmp_path / "no.onnx")), "is not a video"),
        (("replay", str(tmp_path / "bag")), "is not a bag that can be read"),
        (("replay", str(letter)), "is no rosbag2 bag"),
        (("record", str(letter), "-o", str(tmp_path / "new")), "is not a video that can be decoded"),
    ):
        process = face3d(*arguments, network=network, cwd=tmp_path)
        output = finish(process)
        assert process.returncode == 1 and text in output and len(output.splitlines()) == 1, output


def test_a_missing_network_is_said_before_anything_starts(domain, clip: Path, tmp_path: Path) -> None:
    process = face3d("live", "--source", str(clip), "--network", str(tmp_path / "no.onnx"), cwd=tmp_path)
    output = finish(process)
    assert process.returncode == 1 and "no network at" in output and str(tmp_path / "no.onnx") in output


@pytest.mark.parametrize("option", ["--network", "--model"])
def test_nor_does_anything_start_with_a_file_that_is_none(domain, clip: Path, tmp_path: Path, option) -> None:
    letter = tmp_path / ("letter.onnx" if option == "--network" else "letter.npz")
    letter.write_text("Dear reader,\n")
    process = face3d("live", "--source", str(clip), option, str(letter), cwd=tmp_path)
    output = finish(process)
    assert process.returncode == 1 and f"{letter}" in output and len(output.splitlines()) == 1, output
    assert not (tmp_path / "out").exists()


def test_recorded_and_replayed(domain, clip: Path, network: Path, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    assert "25 images ->" in finish(face3d("record", str(clip), "-o", str(bag), "--jpeg", "95"))
    process = face3d("replay", str(bag), "--rate", "0.5", "--out", str(tmp_path / "out"), network=network)
    output = finish(process)
    assert process.returncode == 0 and "25 of 25 images reconstructed" in output, output
    table = rows(tmp_path / "out" / "faces.csv")
    stamps = [float(row["stamp"]) for row in table]
    frames = [int(row["frame"]) for row in table]
    assert len(table) > 5 and len(set(stamps)) == len(stamps)
    # The recording's own stamps, whatever the speed of the replay.
    assert stamps[-1] - stamps[0] == pytest.approx((frames[-1] - frames[0]) / 25, abs=0.002)
