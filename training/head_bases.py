"""The whole head's mean, identity and expression bases, in the model frame and metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.head_mesh import PARTS, HeadMesh
from training.identity import SAMPLES, SEED, align_to_mean, principal_modes, sample_heads, symmetric
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
# With human eyes, MakeHuman's mean head is 160 mm broad in front of the ears; adults' faces have 137 mm there
# (bizygomatic breadth) at 63 mm between the pupils. Beyond NARROW_FROM metres from the middle it is drawn in.
NARROW_FROM, NARROW_BLEND, NARROW_SHARE = 0.040, 0.010, 0.30


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
    mean, slope = narrow(METRES * (mean - landmarks.mean(0)))
    return HeadBases(
        mean=mean,
        identity=METRES * identity * slope,
        expression=METRES * units * slope,
        expression_names=names,
        explained=explained,
        mirror=mirror,
    )


def narrow(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring broad heads to human breadth: x - share * e^2 / (e + blend), e the excess of |x| over NARROW_FROM.

    points (V, 3) metres; returns the moved points and the map's derivative (V, 3), by which displacements change.
    """
    excess = np.maximum(np.abs(points[:, 0]) - NARROW_FROM, 0)
    moved, slope = points.copy(), np.ones_like(points)
    moved[:, 0] -= np.sign(points[:, 0]) * NARROW_SHARE * excess**2 / (excess + NARROW_BLEND)
    slope[:, 0] -= NARROW_SHARE * excess * (excess + 2 * NARROW_BLEND) / (excess + NARROW_BLEND) ** 2
    return moved, slope


def extend_identity(data: MakeHuman, mesh: HeadMesh, face_identity: np.ndarray, samples: int = SAMPLES,
                    seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Mean (Ch, 3) and identity (200, Ch, 3) of the whole head for the face's given modes (200, C, 3), in metres.

    The coefficients of the sampled heads (and their mirror images) come from the face; the rest of the head is the
    least-squares map of them. A model that is committed thus keeps its modes on every machine.
    """
    heads, region, mirror = _aligned_heads(data, mesh, samples, seed)
    mean = symmetric(heads.mean(0, dtype=np.float64), mirror)
    centred = heads - mean.astype(np.float32)
    face = np.flatnonzero(region)
    modes = face_identity[:, face].reshape(len(face_identity), -1).astype(np.float64) / METRES
    used = np.einsum("ki,ki->k", modes, modes) > 1e-12
    project = np.linalg.solve(modes[used] @ modes[used].T, modes[used]).T.astype(np.float32)
    normal, moment = np.zeros((used.sum(), used.sum())), np.zeros((used.sum(), 3 * len(mean)))
    flip = np.array([-1, 1, 1], np.float32)
    for population in (centred, centred[:, mirror] * flip):
        scores = population[:, face].reshape(len(heads), -1) @ project
        normal += scores.T @ scores
        moment += scores.T @ population.reshape(len(heads), -1)
    identity = np.zeros((len(face_identity), *mean.shape))
    identity[used] = METRES * np.linalg.solve(normal, moment).reshape(-1, *mean.shape)
    return _in_model_frame(mesh, mean), identity


def _aligned_heads(data: MakeHuman, mesh: HeadMesh, samples: int, seed: int
                   ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Aligned heads (samples, Ch, 3) in decimetres, the region (Ch,) they are aligned on, and mirror (Ch,)."""
    local = np.full(len(data.vertices), -1)
    local[mesh.control] = np.arange(len(mesh.control))
    mirror = local[data.mirror[mesh.control]]
    region = np.zeros(len(mesh.control), bool)
    region[mesh.quads[mesh.part == PARTS.index("skin")]] = True
    heads = sample_heads(data, mesh.control, samples, seed)
    return align_to_mean(heads, region.astype(float), mirror), region, mirror


def _in_model_frame(mesh: HeadMesh, mean: np.ndarray) -> np.ndarray:
    """The mean head (Ch, 3) in metres about the centroid of its landmarks."""
    landmarks = mesh.fine.matrix[mesh.landmarks] @ mean
    return METRES * (mean - landmarks.mean(0))


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
