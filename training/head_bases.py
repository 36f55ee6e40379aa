"""The whole head's mean, identity and expression bases, in the model frame and metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.head_mesh import LANDMARKS, PARTS, HeadMesh
from training.identity import SAMPLES, SEED, align_to_mean, principal_modes, sample_heads
from training.makehuman import FACE_UNITS, MakeHuman

METRES = 0.1 * 1.08  # decimetres to metres, and MakeHuman's mean head to a human one (interpupillary 58 to 63 mm)
# Apple's order. tongueOut moves nothing of the skin; jawForward is nearly jawLeft + jawRight.
ARKIT = tuple(
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft "
    "eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight "
    "jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight mouthSmileLeft "
    "mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft "
    "mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft "
    "mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight browDownLeft "
    "browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight "
    "noseSneerLeft noseSneerRight".split()
)
RACES = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class HeadBases:
    """mean (Ch, 3), identity (200, Ch, 3) per standard deviation, expression (84, Ch, 3) per unit weight: metres.
    expression_names, 84; explained (200,) share of the face's variance; mirror (Ch,)."""

    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_names: tuple[str, ...]
    explained: np.ndarray
    mirror: np.ndarray


def head_bases(data: MakeHuman, mesh: HeadMesh, samples: int = SAMPLES, seed: int = SEED) -> HeadBases:
    """Sample heads, align them on the face, and take the principal modes; average the expression units."""
    local = np.full(len(data.vertices), -1)
    local[mesh.control] = np.arange(len(mesh.control))
    mirror = local[data.mirror[mesh.control]]
    region = np.zeros(len(mesh.control), bool)
    region[mesh.quads[mesh.part == PARTS.index("skin")]] = True
    heads = align_to_mean(sample_heads(data, mesh.control, samples, seed), region.astype(float), mirror)
    mean, identity, explained = principal_modes(heads, region, mirror)
    names, units = expression_units(data, mesh.control)
    landmarks = mesh.fine.matrix[local[list(LANDMARKS)]] @ mean
    return HeadBases(
        mean=METRES * (mean - landmarks.mean(0)),
        identity=METRES * identity,
        expression=METRES * units,
        expression_names=names,
        explained=explained,
        mirror=mirror,
    )


def expression_units(data: MakeHuman, control: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Names, and (84, Ch, 3) displacements in decimetres: ARKit units, then MakeHuman's, averaged over its races."""
    missing = [name for name in ARKIT if not data.names(f"{FACE_UNITS}/{name}.target")]
    if missing:
        raise ValueError(f"face units missing from the data: {missing}")
    own = [name.rsplit("/", 1)[1] for name in data.targets("expression/units/caucasian")]
    units = [data.target(f"faceunits/{name}")[control] for name in ARKIT]
    for name in own:
        units.append(np.mean([data.target(f"expression/units/{race}/{name}")[control] for race in RACES], 0))
    return (*(f"arkit/{name}" for name in ARKIT), *(f"mpfb/{name}" for name in own)), np.stack(units)
