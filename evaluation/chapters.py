"""The chapters of the report about accuracy: photographs, scans, clips, people and synthetic faces, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.measures import PARTS, PASSES, SYNTHETIC_PASS, Interval
from evaluation.tables import number, plain, table

_MOVED = (("distance", 2), ("kept", 1))
MEASURES = {"nme": "NME %", "rotation": "rotation °", "vertices": "vertices mm"}


HELD_OUT = (
    "No number was fitted to these pictures, and networks are not chosen by them: they say what the development set, "
    "which was looked at all the time, cannot say any more."
)


def photographs(result: Mapping, title: str = "Photographs and single frames", about: str = "") -> list[str]:
    """From `evaluation.photographs.measure`, and what was left out."""
    left = "; ".join(f"{count} times {reason}" for reason, count in result["left out"].items())
    start = ["detector's box", *(f"pass {step}" for step in range(1, PASSES + 1))]
    by_pass = [(name, *(number(result["passes"][part][k]) for part in PARTS)) for k, name in enumerate(start)]
    names = {"mean": "ours - mean of both", "mediapipe": "ours - MediaPipe", "dlib": "ours - dlib"}
    by_reference = [
        (names.get(key, key), *(number(values[part]) for part in PARTS))
        for key, values in result["references"].items()
    ]
    by_yaw = [
        (f"{yaw}°", str(e["faces"]), number(e["all 68"]), number(e["without the jaw"]), number(e["floor"]))
        for yaw, e in result["yaw"].items()
    ]
    by_source = [
        (name, str(e["faces"]), f"{e['yaw']:.0f}°", *(plain(e[key]) for key in (*PARTS, "floor")))
        for name, e in result["sources"].items()
    ]
    return [
        f"## {title}",
        *([about] if about else []),
        f"{result['faces']} faces, {result['trials']} trials: the detector's box and shaken ones, mirrored, too. The "
        f"detector finds {number(result['detected'], 1)} % of the faces; the others start from a box made of the "
        f"reference. {number(result['kept'], 1)} % of the trials end with a confidence of 0.3 or more. "
        f"Left out: {left or 'nothing'}.",
        f"Median NME over the trials: {number(result['median'])} %. Mean without faces that the picture's border cuts "
        f"(a fifth of the crop outside): {number(result['whole'])} %.",
        "What should not matter: from another box the points of a face move by "
        f"{number(result['steadiness']['boxes'])} % from their average, in the mirrored picture by "
        f"{number(result['steadiness']['mirror'])} %.",
        "NME in %, against the mean of MediaPipe and dlib, after each pass:",
        table(("", *PARTS), by_pass),
        f"After pass {PASSES} against each reference, and the references against each other, the noise floor:",
        table(("", *PARTS), by_reference),
        f"After pass {PASSES} by yaw, which MediaPipe's points say:",
        table(("yaw", "faces", "all 68", "without the jaw", "MediaPipe - dlib, all 68"), by_yaw),
        f"After pass {PASSES} by picture:",
        table(("", "faces", "largest yaw", *PARTS, "MediaPipe - dlib"), by_source),
    ]


def conditions(result: Mapping) -> list[str]:
    """From `evaluation.conditions.measure`."""
    rows = [
        (name, *(number(entry[program][key], digits) for program in entry for key, digits in _MOVED))
        for name, entry in result.items()
    ]
    return [
        "## Hard conditions",
        "The same pictures, spoiled: how far the 68 points move from what the same program says of the picture as it "
        "is, in % of the face's size, and in how many of 100 it still finds the face. Ours starts from the box of the "
        "picture as it is; MediaPipe looks for the face by itself.",
        table(("", "ours, moved %", "kept %", "MediaPipe, moved %", "found %"), rows),
    ]


def videos(clips: Mapping[str, Mapping], steadiness: Mapping) -> list[str]:
    """From `evaluation.videos`: its `measure` by clip, `jitter` and `stillness`."""
    shares, openings = [], []
    for name, clip in clips.items():
        found = [number(clip[key], 1) if key in clip else "" for key in ("tracked", "tracked of seen")]
        measures = ("all 68", "without the jaw", "floor")
        errors = [number(clip[key]) if key in clip else "" for key in measures]
        shares.append((name, clip["about"], str(clip["frames"]), *found, str(clip["tracks"]), *errors))
        if "lids" in clip:
            keys = [
                f"{what}{against}"
                for what in ("lids", "mouth")
                for against in ("", ", MediaPipe", ", floor", ", slope")
            ]
            openings.append((name, *(number(clip[key]) for key in keys)))
    still = [
        (name, *(_moved(entry[way], second) for way in ("one_euro", "none") for second in (0, 1)))
        for name, entry in steadiness["jitter"].items()
    ]
    rest = [
        (name, number(entry["identity"]), number(entry["mouth"]))
        for name, entry in steadiness["stillness"].items()
        if entry
    ]
    heads = ("clip", "", "frames", "with a face %", "of those MediaPipe sees %", "tracks", "NME %")
    pair = ("", ", against MediaPipe", ", MediaPipe with dlib", ", slope")
    return [
        "## Clips, through the tracker",
        "One pass a frame, the product's settings. A clip without a face should have 0 %, one with a face one track.",
        table((*heads, "without the jaw %", "MediaPipe - dlib %"), shares),
        "Opening of lids and mouth over time: Pearson's r against the references' mean, against MediaPipe alone, and "
        "of MediaPipe with dlib. Where little opens or closes, r says little. The slope is 1 where "
        "ours open and close as far as the references' do.",
        table(("clip", *(what + end for what in ("lids", "mouth") for end in pair)), openings),
        "## Steadiness",
        "A still photograph at 640 x 480 with camera noise (3 of 255): root mean square motion of the 68 points, px:",
        table(
            (
                "photograph",
                "as shipped, first second",
                "second second",
                "not smoothed, first second",
                "second second",
            ),
            still,
        ),
        "Identity should rest while the face moves. Root mean square over time, mm, of the neutral face's surface "
        "and of the lips by expression. An identity that is not learned rests, too: see its correlation below.",
        table(("clip", "identity", "mouth"), rest),
    ]


def scans(result: Mapping) -> list[str]:
    """From `evaluation.scans`: its `measure`, and `track` under "track"."""
    keys = ("all 68", "without the jaw", "rotation")
    heads = ("NME %, all 68", "without the jaw", "rotation °")
    start = ["detector's box", *(f"pass {step}" for step in range(1, PASSES + 1))]
    by_pass = [(name, *(number(result["passes"][key][k]) for key in keys)) for k, name in enumerate(start)]
    by_yaw = [
        (f"{yaw}°", str(entry["pictures"]), *(number(entry[key]) for key in (*keys, "rest", "shape")))
        for yaw, entry in result["yaw"].items()
    ]
    track = result["track"]
    shapes = [
        ("the mean face, which knows nothing", f"{result['mean face']:.2f}", ""),
        ("from one picture, with its expression", number(result["shape"]), ""),
        ("one frame of the turning head, identity alone", number(track["single"]), ""),
        *(
            (f"the track's identity after {frames} frames", f"{e['error']:.2f}", f"{e['deviation']:.3f}")
            for frames, e in track["tracked"].items()
        ),
        ("the model fitted to the scan itself: its best", f"{result['best fit']:.2f}", ""),
    ]
    names = ("found", "MediaPipe", "dlib", "MediaPipe - dlib")
    others = [
        (f"{yaw}°", str(entry["pictures"]), *(number(entry[name]) for name in names))
        for yaw, entry in result["others"].items()
    ]
    common = ", ".join(f"{name} {value:+.1f}°" for name, value in result["common"].items())
    return [
        "## A head scan, whose shape is known",
        f"{result['pictures']} pictures of one textured scan of a real head, drawn from all sides in several lights, "
        "sizes and distances before photographs; a shaken box made of the points. One head: the intervals are over "
        "pictures, and say nothing of other people.",
        table(("after", *heads), by_pass),
        f"After pass {PASSES} by yaw. What all rotations have in common ({common}: where straight ahead is, is partly "
        'a matter of definition) is taken out in "the rest".',
        table(("yaw", "pictures", *heads, "the rest °", "shape mm"), by_yaw),
        "Shape: mean distance of the scan's face from our mesh after the similarity that brings them closest, in true "
        f"millimetres; {result['vertices']} vertices between the ears, from the chin to 35 mm above the brows, without "
        "hair. The deviation is what the tracker says of its own identity, in spreads among people.",
        table(("shape of", "mm", "deviation"), shapes),
        "How far the references can be believed: the same pictures, their points against those that were placed on the "
        "scan by hand, NME without the jaw in %, where MediaPipe finds the face:",
        table(("yaw", "pictures", "MediaPipe finds %", "MediaPipe", "dlib", "MediaPipe - dlib"), others),
    ]


def _moved(seconds: tuple[Interval, Interval] | None, second: int) -> str:
    return "lost" if seconds is None else number(seconds[second], 3)


def people(result: Mapping) -> list[str]:
    """From `evaluation.people.measure`."""
    rows = [
        ("the mean face", number(result["mean face"]), "", ""),
        ("one picture", number(result["one picture"]), "", ""),
    ]
    rows += [
        (f"{count} averaged", number(entry["error"]), number(entry["is"]), f"{entry['said']:.2f}")
        for count, entry in result["averaged"].items()
    ]
    gain = result["gain"]
    return [
        "## Identity from many pictures",
        f"{result['people']} synthetic people, {result['pictures']} pictures of each in other light, pose and "
        "expression, averaged as over a track. Error of the neutral face after similarity alignment; error of the "
        "coefficients in spreads among people (1: nothing is known), beside the deviation that the tracker states, "
        "which does not know of errors that all pictures share.",
        table(("identity of", "mm", "coefficients", "stated"), rows),
        f"The averages point the right way (correlation of their displacements from the mean face with the truth's "
        f"{gain['correlation']:.2f}) and go {100 * gain['slope']:.0f} % of it.",
    ]


def synthetic(result: Mapping) -> list[str]:
    """From `evaluation.synthetic.measure`."""
    names = ["start", *(f"pass {step}" for step in range(1, PASSES + 1))]
    rows = [(name, *(number(result["passes"][key][k]) for key in MEASURES)) for k, name in enumerate(names)]
    yaw = [
        (f"{name}°", str(entry["faces"]), *(number(entry[key]) for key in MEASURES))
        for name, entry in result["yaw"].items()
    ]
    kinder = [
        (f"difficulty {name}", *(number(entry[key]) for key in MEASURES))
        for name, entry in result["kinder"].items()
    ]
    stay = [(f"pass {step}", number(value)) for step, value in enumerate(result["fixed point"], 1)]
    units = [("identity, mean of the first ten", number(result["identity"]))]
    units += [(name, number(value)) for name, value in result["units"].items()]
    return [
        "## Held-back synthetic faces",
        f"{result['faces']} faces at full difficulty. Vertices: mean distance after similarity alignment. "
        f"{number(result['faces kept'], 1)} % of the faces and {number(result['empty refused'], 1)} % of the empty "
        "crops are told apart by a confidence of 0.5.",
        table(("after", *MEASURES.values()), rows),
        f"By yaw, after pass {SYNTHETIC_PASS}:",
        table(("yaw", "faces", *MEASURES.values()), yaw),
        f"The same on {next(iter(result['kinder'].values()))['faces']} kinder faces of each difficulty: 0 is a plain "
        "picture, nearly frontal, with nothing in the way; the faces above are of difficulty 1.",
        table(("faces", *MEASURES.values()), kinder),
        "Fixed point: started at the truth, where it should stay.",
        table(("after", "NME %"), stay),
        f"Correlation of coefficients with the truth after pass {PASSES}:",
        table(("coefficient", "r"), units),
    ]
