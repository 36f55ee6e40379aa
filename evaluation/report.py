"""The whole report: what was measured, the table of the targets, the chapters, the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from evaluation import chapters, chapters_tracks
from evaluation.chapters import MEASURES
from evaluation.measures import SYNTHETIC_PASS
from evaluation.tables import number, table, verdict

# The goals that were set before there was a network: the most that a number may be.
SYNTHETIC_TARGETS = {"vertices": 2.0, "rotation": 2.5, "nme": 2.0}
REAL_TARGETS = {
    ("0-30", "all 68"): 3.7,
    ("0-30", "without the jaw"): 2.8,
    ("30-60", "all 68"): 5.4,
    ("60-90", "all 68"): 10.0,
}
_NOTE = (
    "NME: mean distance of the 68 points in the picture over the square root of the area of their box. Brackets: 95 % "
    "bootstrap interval. On photographs and clips it is over pictures and pieces of a clip of a second or two: it says "
    "how a number would change with other pictures of these people. With other people it would change more."
)


def summary(results: Mapping) -> str:
    """The table of the targets; the README shows it."""
    rows = []
    if "synthetic" in results:
        for key, most in SYNTHETIC_TARGETS.items():
            value = results["synthetic"]["passes"][key][SYNTHETIC_PASS]
            name = f"synthetic faces, {SYNTHETIC_PASS} passes, {MEASURES[key]}"
            rows.append((name, number(value), verdict(value, most)))
    for key, which in (("photographs", "photographs"), ("held out", "held-out photographs")):
        for (yaw, part), most in REAL_TARGETS.items() if key in results else ():
            entry = results[key]["yaw"][yaw]
            name = f"{which}, yaw {yaw}° ({entry['faces']} faces), {part}, NME %"
            rows.append((name, number(entry[part]), verdict(entry[part], most)))
    if "scans" in results:
        scan = results["scans"]
        name = (
            f"head scan ({scan['pictures']} pictures), shape, mm; the mean face has {scan['mean face']:.2f}"
        )
        rows.append((name, number(scan["shape"]), f"none; the model can reach {scan['best fit']:.2f}"))
        for yaw, entry in scan["yaw"].items():
            value, most = entry["all 68"], REAL_TARGETS[yaw, "all 68"]
            rows.append(
                (
                    f"head scan, yaw {yaw}° ({entry['pictures']} pictures), all 68, NME %",
                    number(value),
                    verdict(value, most),
                )
            )
    return table(("measure", "value [95 % interval]", "target"), rows)


def write(results: Mapping, figures: Sequence[tuple[str, Path]], path: Path) -> None:
    """Markdown at `path`, figures linked relative to it; beside it results.json with the same numbers."""
    about = results["network"]
    sections = [
        "# How exact the network is",
        f"Network of {about['samples']} samples, {about['date']}, SHA-256 {about['sha256'][:16]}. Measured on "
        f"{results['date']}{', quick: small sets' if results['quick'] else ''}.",
        _NOTE,
        "## Targets",
        summary(results),
    ]
    if "photographs" in results:
        sections += chapters.photographs(results["photographs"])
    if "held out" in results:
        sections += chapters.photographs(results["held out"], "Held-out photographs", chapters.HELD_OUT)
    if "conditions" in results:
        sections += chapters.conditions(results["conditions"])
    if "scans" in results:
        sections += chapters.scans(results["scans"])
    if "videos" in results:
        sections += chapters.videos(results["videos"], results["steadiness"])
    if "people" in results:
        sections += chapters.people(results["people"])
    if "confidence" in results:
        sections += chapters_tracks.confidence(results["confidence"])
    if "starts" in results:
        sections += chapters_tracks.starts(results["starts"])
    if "synthetic" in results:
        sections += chapters.synthetic(results["synthetic"])
    if figures:
        sections.append("## Figures")
        sections += [f"### {title}\n\n![{title}]({file.relative_to(path.parent)})" for title, file in figures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    plain = json.dumps(results, indent=1, default=asdict)
    path.with_name("results.json").write_text(plain + "\n", encoding="utf-8")
