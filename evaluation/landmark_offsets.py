"""Where MediaPipe puts the 68 points on rendered faces, measured from the model's anchors.

    python -m evaluation.landmark_offsets

Prints the table OFFSETS of training/landmarks.py: medians over faces, averaged over both sides of the face. The faces
are rendered, so their geometry is known exactly. The evaluation's other reference, dlib's predictor, has no say: it was
trained on data for non-commercial use, and the table goes into the face model that is shipped.
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np

from evaluation.references import References, reference_of
from face3d.model import FaceModel
from training.faces import FaceConfig, FaceGenerator, Sample
from training.landmarks import OFFSETS, OTHER_SIDE

SEED = 4242
DIFFICULTY = 0.35
ZOOM = 1.6  # of the rendered images: it likes larger faces
PLAIN = FaceConfig(
    yaw_mix=(1, 0, 0), plain_yaw=6, pitch_tail=0, pitch_deviation=5, roll_tail=0, crop_size=(190, 230), perspective=0.2,
    negative=0, second_face=0, occluder=0, image_border=0, mask=0, hat=0.02, scarf=0, glasses=0.05, sunglasses=0,
    headphones=0, strands=0.05, beard=0.15, paint=0, motion_blur=0, blur=0.1, low_resolution=0, grey=0, clipped=0,
    coloured_light=0.1, hard_light=0.1, side_light=0,
)  # fmt: skip
"""Nearly frontal faces on which nothing hides a landmark."""


def offset_of(sample: Sample, reference: np.ndarray, model: FaceModel) -> np.ndarray:
    """(68, 2) millimetres, to the right and down in the upright face, from the anchors to a reference (68, 2)."""
    pose = sample.pose
    anchors = pose.project(model.shape(sample.identity, sample.expression)[model.anchors68])[:, :2]
    roll = np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0])
    upright = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return 1e3 / pose.scale * (reference - anchors) @ upright.T


def outwards_and_up(offsets: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(68, 2) medians of offsets (F, 68, 2), both sides of the face taken together; sides (68,): -1, 0 or 1."""
    right, down = np.median(offsets, 0).T
    outwards = sides * right
    other = list(OTHER_SIDE)
    return np.column_stack([0.5 * (outwards + outwards[other]), -0.5 * (down + down[other])])


def measure(count: int) -> tuple[np.ndarray, int]:
    """The table (68, 2), and of how many faces."""
    model, generator = FaceModel.load(), FaceGenerator(PLAIN, SEED)
    samples = [sample for sample in (generator.draw(DIFFICULTY) for _ in range(count)) if sample.face]
    images = [cv2.resize(s.image, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC) for s in samples]
    with References() as references:
        rows = references.compute(f"landmark offsets {SEED} {count} {model.hash}", images)
    offsets = []
    for sample, row in zip(samples, rows):
        reference = reference_of(row)
        if reference is not None:
            offsets.append(offset_of(sample, (reference.mediapipe[:, :2] + 0.5) / ZOOM - 0.5, model))
    mean = model.shape(np.zeros(200, np.float32), np.zeros(84, np.float32))[model.anchors68]
    sides = np.where(np.arange(68) == np.array(OTHER_SIDE), 0.0, np.sign(mean[:, 0]))
    return outwards_and_up(np.array(offsets), sides), len(offsets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=220, help="faces to render (default 220)")
    table, count = measure(parser.parse_args().faces)
    print(f"# {count} faces; millimetres outwards, up")
    for number in OFFSETS:
        print(f"{number}: ({table[number, 0]:.1f}, {table[number, 1]:.1f}),")


if __name__ == "__main__":
    main()
