"""Reconstruct the faces of photographs.

For each photograph NAME.* the output folder receives
  NAME.png           the photograph with the meshes drawn over it
  NAME.json          per face: id, confidence, box, 68 landmarks, the head's pose in metres, weak-perspective pose,
                     identity and expression coefficients
  NAME.obj NAME.glb  the mesh of each face (NAME_1, NAME_2 ... for further faces), metres, colours from the
                     photograph; the GLB has it before the photograph's camera
NAME.png becomes NAME_overlay.png where it would overwrite one of the photographs.

Exit codes: 0 every photograph has a face; 1 a file could not be read or written (the others are done);
2 wrong arguments; 3 a photograph has no face.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from face3d import export, still
from face3d.camera import Camera
from face3d.cli import FAILED, NO_FACE, OK, USAGE, describe
from face3d.commands import common
from face3d.detector import STILL, Detector
from face3d.overlay import Overlay
from face3d.source import SourceError, read_image
from face3d.track import Face
from face3d.tracker import Tracker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="PNG, JPEG, WebP, TIFF or BMP file"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="output folder; made when missing"
    )
    parser.add_argument(
        "--box",
        type=common.parse_box,
        metavar="x,y,w,h",
        help="where the face is, in pixels (brows to chin), instead of detecting faces; one photograph only; "
        "--box=-9,... where it begins left of the picture",
    )
    parser.add_argument(
        "--iterations",
        type=common.number(int, 1, 20),
        default=4,
        metavar="N",
        help="network passes per face, 1 to 20; default: %(default)s",
    )
    parser.add_argument(
        "--min-confidence",
        type=common.number(float, 0, 1),
        default=0.3,
        metavar="C",
        help="detections of which the network is less sure than this are dropped, 0..1; default: %(default)s",
    )
    common.add_fov_argument(parser, "field of view along the longer side: distances in metres depend on it")
    common.add_overlay_arguments(parser)
    common.add_model_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.box is not None and len(arguments.photos) > 1:
        print("face3d image: --box goes with one photograph", file=sys.stderr)
        return USAGE
    tracker = common.load_tracker(arguments)
    detector = Detector(STILL) if arguments.box is None else None
    overlay = Overlay(tracker.model, arguments.overlay, labels=False)
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = _names(arguments.photos)
    pictures = _overlay_paths(arguments.out, names, arguments.photos)
    failed = empty = 0
    for path, name, picture in tqdm(
        list(zip(arguments.photos, names, pictures)),
        unit="photo",
        disable=True if len(names) < 2 else None,
        leave=False,
    ):
        try:
            if path.is_dir():
                raise SourceError(f"{path} is a folder; name its photographs, for example {path}/*.jpg")
            image = read_image(path)
            faces = find_faces(image, tracker, detector, arguments)
            if faces:
                stems = _mesh_stems(arguments.out, name, len(faces), names)
                write_results(picture, stems, image, faces, tracker, overlay)
        except SourceError as error:
            failed += 1
            _say(f"face3d image: {error}", error=True)
            continue
        except OSError as error:
            failed += 1
            _say(f"face3d image: results of {path} not written: {describe(error)}", error=True)
            continue
        if not faces:
            empty += 1
            hint = "" if arguments.box else "; --box x,y,w,h says where it is"
            _say(f"face3d image: {path}: no face found{hint}", error=True)
            continue
        count = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        _say(f"{path}: {count} -> {picture}, {arguments.out / name}.json .obj .glb")
    return FAILED if failed else NO_FACE if empty else OK


def find_faces(
    image: np.ndarray, tracker: Tracker, detector: Detector | None, arguments: argparse.Namespace
) -> list[Face]:
    """The faces of one photograph, numbered from 0."""
    camera = Camera.from_fov(image.shape[1], image.shape[0], arguments.fov)
    if detector is None:
        return tracker.reconstruct(image, [arguments.box], arguments.iterations, camera)
    return still.find(image, tracker, detector, arguments.iterations, arguments.min_confidence, camera)


def write_results(
    picture: Path,
    stems: Sequence[Path],
    image: np.ndarray,
    faces: Sequence[Face],
    tracker: Tracker,
    overlay: Overlay,
) -> None:
    """Overlay, JSON and meshes of one photograph; the stems are those of the faces. Raises OSError."""
    drawn = cv2.cvtColor(overlay.draw(image, faces), cv2.COLOR_RGB2BGR)
    picture.write_bytes(cv2.imencode(".png", drawn)[1].tobytes())
    export.write_json(f"{stems[0]}.json", faces[0].camera, faces, tracker.model)
    triangles = tracker.model.triangles
    for stem, face in zip(stems, faces):
        colors = export.vertex_colors(image, face.raster(), triangles)
        export.write_obj(f"{stem}.obj", face.vertices, triangles, colors)
        export.write_glb(f"{stem}.glb", face, triangles, colors)


def _names(paths: Sequence[Path]) -> list[str]:
    """Output names: the files' stems, with the suffix kept where two photographs would share one."""
    stems = [path.stem for path in paths]
    names: list[str] = []
    for path, stem in zip(paths, stems):
        name = stem if stems.count(stem) == 1 else path.name.replace(".", "_")
        number = 2
        while name in names:
            name, number = f"{path.name.replace('.', '_')}_{number}", number + 1
        names.append(name)
    return names


def _overlay_paths(folder: Path, names: Sequence[str], photos: Sequence[Path]) -> list[Path]:
    """Where the overlays go: NAME.png, unless that is one of the photographs, or another one's overlay."""

    def is_photo(path: Path) -> bool:
        return path.exists() and any(photo.exists() and photo.samefile(path) for photo in photos)

    paths: list[Path] = []
    for name in names:
        path = folder / f"{name}.png"
        while path in paths or is_photo(path):
            path = path.with_name(f"{path.stem}_overlay.png")
        paths.append(path)
    return paths


def _mesh_stems(folder: Path, name: str, count: int, names: Sequence[str]) -> list[Path]:
    """Files of the faces, without suffix: NAME, NAME_1 ..., and none that belongs to another photograph."""
    stems = [name]
    for index in range(1, count):
        stem = f"{name}_{index}"
        while stem in names:
            stem += "_"
        stems.append(stem)
    return [folder / stem for stem in stems]


def _say(text: str, error: bool = False) -> None:
    tqdm.write(text, file=sys.stderr if error else sys.stdout)
