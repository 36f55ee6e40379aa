"""The report's figures, put together from the measurements. They show real people: for out/ only, never committed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluation.conditions import Found
from evaluation.figures import Painter, grid, plot, save
from evaluation.measures import PASSES
from evaluation.photographs import Trials
from evaluation.scan import Scan
from evaluation.scans import Ruler
from evaluation.scans import Trials as ScanTrials
from evaluation.synthetic import Synthetic
from evaluation.videos import Run
from face3d.model import FaceModel

_HEADS = ("photograph", "start", "68 points", "mesh", "alone", "from the side")


def photographs(trials: Trials, model: FaceModel, folder: Path, which: str = "") -> list[tuple[str, Path]]:
    """Figures of photographs: one of each source, the worst ones, and what each pass changes. which: begins titles."""
    painter = Painter(model, 160)
    error = trials.errors("all 68")[:, PASSES]
    mean = np.array([error[trials.owner == index].mean() for index in range(len(trials.examples))])
    stills = [i for i, example in enumerate(trials.examples) if example.source == example.cluster]
    worst = list(np.argsort(-mean)[:10])
    made = [
        ("Photographs", _sheet(trials, stills, painter), "photographs.jpg"),
        ("The ten worst faces", _sheet(trials, worst, painter), "worst.jpg"),
        ("Pass by pass", _passes(trials, stills[:6], painter), "passes.jpg"),
        ("What the network is fed, first and last", _fed(trials, stills[:6], painter), "fed.jpg"),
    ]
    return [(which + title, save(folder / name, picture)) for title, picture, name in made]


def conditions(found: Found, model: FaceModel, folder: Path) -> list[tuple[str, Path]]:
    """Some faces, a row for each condition, with our points."""
    painter = Painter(model, 120)
    rows = [
        [painter.overlay(image, painter.window(face), face, points=True) for image, face in shown]
        for shown in found.shown.values()
    ]
    return [("Hard conditions, in the order of the table", save(folder / "conditions.jpg", grid(rows)))]


def synthetic(result: Synthetic, model: FaceModel, folder: Path) -> list[tuple[str, Path]]:
    """Synthetic faces: picture, start, the passes, the truth, and what the network is fed in the second pass."""
    painter = Painter(model, 160)
    rows = []
    for index in range(0, min(len(result.samples), 40), 5):
        image, truth = result.samples[index].image, result.truths[index]
        window = painter.window(truth)
        steps = [result.history[step][index] for step in (0, 1, 2, PASSES)]
        tiles = [painter.photo(image, window), *(painter.overlay(image, window, g) for g in steps)]
        rows.append([*tiles, painter.overlay(image, window, truth), *painter.codes(image, steps[1])[1:]])
    heads = (
        "picture",
        "start",
        "pass 1",
        "pass 2",
        f"pass {PASSES}",
        "truth",
        "PNCC, pass 1",
        "normals, pass 1",
    )
    return [("Synthetic faces", save(folder / "synthetic.jpg", grid(rows, heads)))]


def scans(trials: ScanTrials, scan: Scan, model: FaceModel, folder: Path) -> list[tuple[str, Path]]:
    """The scan from some sides, pass by pass, and how far its face lies from our mesh."""
    painter, ruler = Painter(model, 160), Ruler(scan, model)
    order = np.argsort([shot.view.yaw for shot in trials.shots])
    rows = []
    for index in order[np.linspace(0, len(order) - 1, 10).astype(int)]:
        image, steps = trials.shots[index].image, [step[index] for step in trials.history]
        last, window = steps[PASSES], painter.window(steps[PASSES])
        rows.append(
            [
                painter.photo(image, window),
                *(painter.overlay(image, window, g) for g in (steps[0], steps[1], last)),
                painter.overlay(image, window, last, points=True),
                painter.seen(window, last),
                painter.turned(last, 60.0),
                painter.distances(*ruler.map(model.shape(last.identity, last.expression))),
            ]
        )
    heads = (
        "picture",
        "start",
        "pass 1",
        f"pass {PASSES}",
        "68 points",
        "alone",
        "from the side",
        "scan: red 5 mm off",
    )
    return [("The head scan", save(folder / "scan.jpg", grid(rows, heads)))]


def videos(
    runs: Sequence[Run], numbers: dict[str, dict], model: FaceModel, folder: Path
) -> list[tuple[str, Path]]:
    """A strip of each clip, and the openings of lids and mouth over time."""
    painter = Painter(model, 140)
    made = []
    for run in runs:
        found = [(image, face.geometry) for image, face in run.strip if face is not None]
        if found:
            rows = [
                [painter.photo(image, painter.window(g)) for image, g in found],
                [painter.overlay(image, painter.window(g), g) for image, g in found],
                [painter.seen(painter.window(g), g) for image, g in found],
            ]
            made.append((f"Clip {run.clip.name}", save(folder / f"clip_{run.clip.name}.jpg", grid(rows))))
        series = numbers[run.clip.name].get("series")
        if series and len(series["frame"]) > 2:
            plots = [
                plot(series[key], series["frame"], f"{run.clip.name}: opening of the {key} over time")
                for key in ("lids", "mouth")
            ]
            path = save(folder / f"openings_{run.clip.name}.png", np.vstack(plots))
            made.append((f"Openings in {run.clip.name}", path))
    return made


def _sheet(trials: Trials, chosen: Sequence[int], painter: Painter) -> np.ndarray:
    rows = []
    for index in chosen:
        image, steps = trials.examples[index].image, trials.geometries[index]
        last, window = steps[PASSES], painter.window(steps[0])
        rows.append(
            [
                painter.photo(image, window),
                painter.overlay(image, window, steps[0]),
                painter.overlay(image, window, last, points=True),
                painter.overlay(image, window, last),
                painter.seen(window, last),
                painter.turned(last, 60.0),
            ]
        )
    half = (len(rows) + 1) // 2
    pairs = [left + right for left, right in zip(rows[:half], [*rows[half:], []])]
    return grid(pairs, _HEADS * (2 if len(rows) > 1 else 1))


def _fed(trials: Trials, chosen: Sequence[int], painter: Painter) -> np.ndarray:
    """Crop, PNCC and normals of the first pass, and of the last: what they show is what the passes have found."""
    rows = []
    for index in chosen:
        image, steps = trials.examples[index].image, trials.geometries[index]
        rows.append([*painter.codes(image, steps[0]), *painter.codes(image, steps[PASSES])])
    return grid(
        rows, [f"{name}, {when}" for when in ("first", "last") for name in ("crop", "PNCC", "normals")]
    )


def _passes(trials: Trials, chosen: Sequence[int], painter: Painter) -> np.ndarray:
    rows = []
    for index in chosen:
        image, steps = trials.examples[index].image, trials.geometries[index]
        window = painter.window(steps[0])
        rows.append(
            [
                painter.photo(image, window),
                *(painter.overlay(image, window, geometry) for geometry in steps),
            ]
        )
    return grid(rows, ["photograph", "start", *(f"pass {step}" for step in range(1, PASSES + 1))])
