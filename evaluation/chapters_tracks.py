"""The chapters of the report about tracks: where they begin, and whether they end with their face, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.tables import number, plain, table


def starts(result: Mapping) -> list[str]:
    """From `evaluation.starts.measure`."""
    rows = [
        (f"{side:.0f}", str(e["faces"]), number(e["begun"], 0), number(e["stay"], 0), plain(e["looks"]))
        for side, e in result["sizes"].items()
    ]
    names = f": {', '.join(result['false'])}" if result["false"] else ""
    return [
        "## Starts: where live tracking begins",
        "Moving scenes at 640 x 480, ten looks a second while nobody is tracked, as the nodes do it. Faces, "
        "synthetic ones in all poses and stills, by the side of their detection box, at most "
        f"{result['looks']} looks; staying is 90 % of the next second's frames.",
        table(("pixels", "faces", "begun %", "and stay %", "looks, median"), rows),
        f"In {len(result['false'])} of {result['empty']} scenes without a face one was shown within "
        f"{result['looks']} looks{names}.",
    ]


def confidence(result: Mapping) -> list[str]:
    """From `evaluation.confidence.measure`."""
    rows = [
        (
            "precision: of the frames that show a face, those that have it there, %",
            number(result["precision"], 1),
        ),
        ("recall: of the frames that have a face, those that show it, %", number(result["recall"], 1)),
        ("faces that end within five frames of a cut or a cover, %", number(result["ended soon"], 1)),
        ("the longest that a face was shown after it had gone, frames", str(result["longest"])),
        (
            "faces that come back with their id after 8 frames behind something, %",
            number(result["kept through"], 1),
        ),
        ("pictures without a face on which a false box starts one, %", number(result["false starts"], 1)),
        ("area under the ROC curve of the network's confidence, frame by frame", number(result["area"], 4)),
    ]
    bins = [
        (f"{entry['from']:.1f} to {entry['to']:.1f}", str(entry["passes"]), f"{entry['face']:.1f}")
        for entry in result["calibration"]
    ]
    held = ", ".join(result["wrong"])
    return [
        "## Confidence: does a track end when its face is gone, and only then",
        f"{result['scenes']} short scenes, {result['frames']} frames, of a swaying camera with noise: a face is cut to "
        "a picture without one, or hidden behind one for 8 frames; pictures without a face get false boxes. Synthetic "
        "faces and real stills; photographs without people, walls, noise, a film. The tracker as shipped.",
        table(("", ""), rows),
        "Calibration: how often there was a face, where the network was so confident in a tracked frame:",
        table(("confidence", "passes", "a face, %"), bins),
        f"Scenes with a wrong face for more than five frames: {held or 'none'}.",
    ]
