"""Evaluation on held-back synthetic faces: what the network makes of faces whose truth is known exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from face3d import codec
from face3d import rotation as so3
from face3d.camera import Pose
from face3d.codec import Geometry
from face3d.model import FaceModel
from training.alignment import align
from training.faces import FaceConfig, FaceGenerator, Sample
from training.priors import PriorConfig, start_prior

TEST_SEED = 900_001
"""Seed of the test faces; training seeds stay below 900,000."""

YAW_BINS = ((0, 30), (30, 60), (60, 90))
TRACKED_UNITS = ("jawOpen", "mouthSmileLeft", "eyeBlinkLeft", "browInnerUp", "mouthPucker")

Infer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass
class TestSet:
    """Synthetic faces with truth, and samples without a face for the confidence."""

    faces: list[Sample]
    empty: list[Sample]

    @staticmethod
    def draw(
        count: int, config: FaceConfig | None = None, seed: int = TEST_SEED, difficulty: float = 1.0
    ) -> TestSet:
        """`count` faces and the faceless samples that come between them."""
        generator = FaceGenerator(config or FaceConfig(), seed)
        faces: list[Sample] = []
        empty: list[Sample] = []
        while len(faces) < count:
            sample = generator.draw(difficulty)
            (faces if sample.face else empty).append(sample)
        return TestSet(faces, empty)


def truth_of(sample: Sample) -> Geometry:
    return Geometry(sample.identity, sample.expression, sample.pose)


def iterate(
    infer: Infer,
    images: Sequence[np.ndarray],
    priors: Sequence[Geometry],
    model: FaceModel,
    passes: int,
    batch: int = 16,
) -> tuple[list[list[Geometry]], np.ndarray]:
    """Estimates after each pass, [pass][image], and the confidences (images,) of the last pass.

    images: (H, W, 3) uint8 RGB each; priors: where to look first in each of them.
    """
    history = []
    confidences = np.zeros(len(images))
    for _ in range(passes):
        estimates = []
        for begin in range(0, len(images), batch):
            part = slice(begin, begin + batch)
            encoded = [codec.encode(image, p, model) for image, p in zip(images[part], priors[part])]
            outputs, confidences[part] = infer(np.stack([tensor for tensor, _ in encoded]))
            for output, prior, (_, crop) in zip(outputs, priors[part], encoded):
                estimates.append(codec.decode(output, prior, crop))
        priors = estimates
        history.append(estimates)
    return history, confidences


def landmark_error(guess: Geometry, truth: Geometry, model: FaceModel) -> float:
    """NME of 68 points in 2D: mean distance over the square root of the true points' box area."""
    points = [
        g.pose.project(model.landmarks(g.identity, g.expression, g.pose.rotation))[:, :2]
        for g in (guess, truth)
    ]
    width, height = np.ptp(points[1], axis=0)
    return float(np.linalg.norm(points[0] - points[1], axis=1).mean() / np.sqrt(width * height))


def errors_of(estimates: list[Geometry], truths: list[Geometry], model: FaceModel) -> dict[str, np.ndarray]:
    """Per sample: nme (fraction), rotation (degrees), vertices (mm, mean after similarity alignment)."""
    columns: dict[str, list[float]] = {"nme": [], "rotation": [], "vertices": []}
    for guess, truth in zip(estimates, truths):
        columns["nme"].append(landmark_error(guess, truth, model))
        columns["rotation"].append(np.degrees(so3.angle(guess.pose.rotation, truth.pose.rotation)))
        shapes = [model.shape(g.identity, g.expression, lod=True).astype(np.float64) for g in (guess, truth)]
        columns["vertices"].append(1e3 * np.linalg.norm(align(*shapes) - shapes[1], axis=1).mean())
    return {name: np.array(values) for name, values in columns.items()}


def yaw_of(pose: Pose) -> float:
    """Degrees between the face's outward axis and the camera, in the horizontal plane."""
    outward = pose.rotation[:, 2]
    return float(np.degrees(np.arctan2(outward[0], -outward[2])))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-9 and b.std() > 1e-9 else 0.0


def evaluate(infer: Infer, test: TestSet, model: FaceModel, passes: int = 4, seed: int = 7) -> dict:
    """All numbers of one network as a JSON-ready dictionary; see the keys below."""
    rng = np.random.default_rng(seed)
    truths = [truth_of(sample) for sample in test.faces]
    starts = [start_prior(truth, PriorConfig(), rng) for truth in truths]
    images = [sample.image for sample in test.faces]
    history, confidence = iterate(infer, images, starts, model, passes)
    report: dict = {"faces": len(truths), "start": _means(errors_of(starts, truths, model))}
    for index, estimates in enumerate(history, 1):
        errors = errors_of(estimates, truths, model)
        report[f"pass {index}"] = _means(errors)
    yaw = np.abs([yaw_of(truth.pose) for truth in truths])
    report["yaw bins"] = {
        f"{low}-{high}": float(errors["nme"][(yaw >= low) & (yaw < high)].mean())
        for low, high in YAW_BINS
        if ((yaw >= low) & (yaw < high)).any()
    }
    stay, _ = iterate(infer, images, truths, model, passes)
    report["fixed point"] = [_means(errors_of(estimates, truths, model))["nme"] for estimates in stay]
    guess = np.stack([g.identity for g in history[-1]])
    truth = np.stack([g.identity for g in truths])
    report["identity correlation"] = float(
        np.mean([correlation(guess[:, k], truth[:, k]) for k in range(10)])
    )
    report["unit correlation"] = _unit_correlations(history[-1], truths, model)
    if test.empty:
        shown = [start_prior(truth_of(sample), PriorConfig(), rng) for sample in test.empty]
        _, empty = iterate(infer, [sample.image for sample in test.empty], shown, model, 1)
        report["confidence"] = {
            "faces": float((confidence > 0.5).mean()),
            "empty": float((empty < 0.5).mean()),
        }
    return report


def _unit_correlations(
    estimates: list[Geometry], truths: list[Geometry], model: FaceModel
) -> dict[str, float]:
    names = [name.rsplit("/", 1)[-1] for name in model.expression_names]
    columns = {unit: names.index(unit) for unit in TRACKED_UNITS if unit in names}
    return {
        unit: correlation(
            np.array([g.expression[k] for g in estimates]), np.array([g.expression[k] for g in truths])
        )
        for unit, k in columns.items()
    }


def _means(errors: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in errors.items()}


def format_report(report: dict) -> str:
    """The report as a Markdown table and a few lines."""
    lines = ["| after | NME % | rotation deg | vertices mm |", "|---|---|---|---|"]
    for key in ["start", *(key for key in report if key.startswith("pass "))]:
        row = report[key]
        lines.append(f"| {key} | {100 * row['nme']:.2f} | {row['rotation']:.2f} | {row['vertices']:.2f} |")
    bins = ", ".join(f"{key}: {100 * value:.2f}" for key, value in report["yaw bins"].items())
    lines.append(f"\nNME % by yaw: {bins}")
    lines.append(
        "From the truth, passes 1-4, NME %: " + ", ".join(f"{100 * v:.2f}" for v in report["fixed point"])
    )
    units = ", ".join(f"{key} {value:.2f}" for key, value in report["unit correlation"].items())
    lines.append(f"Correlation with the truth: identity {report['identity correlation']:.2f}, {units}")
    if "confidence" in report:
        found, refused = report["confidence"]["faces"], report["confidence"]["empty"]
        lines.append(
            f"Confidence: {100 * found:.1f} % of faces kept, {100 * refused:.1f} % of empty crops refused"
        )
    return "\n".join(lines)
