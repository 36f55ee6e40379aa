"""The whole head's mean, identity and expression bases, in the model frame and metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.head_mesh import PARTS, HeadMesh
from training.identity import SAMPLES, SEED, align_to_mean, principal_modes, sample_heads, symmetric
from training.lips import close_lips
from training.makehuman import FACE_UNITS, MakeHuman

# decimetres to metres, and MakeHuman's mean head to a human one (interpupillary 58 to 63 mm)
METRES = 0.1 * 1.08
# Apple's order. tongueOut moves nothing of the skin; jawForward is nearly jawLeft + jawRight.
# fmt: off
ARKIT = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight",
    "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawLeft", "jawRight", "jawOpen", "mouthClose",
    "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight",
)
# fmt: on
RACES = ("african", "asian", "caucasian")
# With human eyes, MakeHuman's mean head is 160 mm broad in front of the ears; adults' faces have about 140 mm there
# at 63 mm between the pupils. The skull above and behind is right (156 mm for 152). So the face is drawn in beyond
# NARROW_FROM metres from the middle, less on the forehead, and not at all at the back of the head.
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


@dataclass(frozen=True)
class Population:
    """Sampled heads (n, Ch, 3) in decimetres, aligned to their mean; the face's skin (Ch,) bool they are aligned on;
    mirror (Ch,); stretch (Ch, 3), what drawing the mean head in does to small displacements."""

    heads: np.ndarray
    skin: np.ndarray
    mirror: np.ndarray
    stretch: np.ndarray


def head_bases(data: MakeHuman, mesh: HeadMesh, samples: int = SAMPLES, seed: int = SEED) -> HeadBases:
    """Sample heads, align them on the face, and take the principal modes; average the expression units."""
    population = sample_population(data, mesh, samples, seed)
    mean, identity, explained = principal_modes(population.heads, population.skin, population.mirror)
    names, units = expression_units(data, mesh.control)
    return HeadBases(
        mean=_in_model_frame(mesh, mean),
        identity=METRES * identity,
        expression=METRES * population.stretch * units,
        expression_names=names,
        explained=explained,
        mirror=population.mirror,
    )


def extend_bases(
    data: MakeHuman, mesh: HeadMesh, face_identity: np.ndarray, samples: int = SAMPLES, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (Ch, 3), identity (200, Ch, 3) and expression (84, Ch, 3) of the whole head, in metres, for the face's
    given identity modes (200, C, 3).

    The coefficients of the sampled heads (and their mirror images) come from the face; the rest of the head is the
    least-squares map of them. A model that is committed thus keeps its modes on every machine.
    """
    population = sample_population(data, mesh, samples, seed)
    heads, mirror = population.heads, population.mirror
    mean = symmetric(heads.mean(0, dtype=np.float64), mirror)
    centred = heads - mean.astype(np.float32)
    face = np.flatnonzero(population.skin)
    modes = face_identity[:, face].reshape(len(face_identity), -1).astype(np.float64) / METRES
    used = np.einsum("ki,ki->k", modes, modes) > 1e-12
    project = np.linalg.solve(modes[used] @ modes[used].T, modes[used]).T.astype(np.float32)
    normal, moment = np.zeros((used.sum(), used.sum())), np.zeros((used.sum(), 3 * len(mean)))
    flip = np.array([-1, 1, 1], np.float32)
    for half in (centred, centred[:, mirror] * flip):
        scores = half[:, face].reshape(len(heads), -1) @ project
        normal += scores.T @ scores
        moment += scores.T @ half.reshape(len(heads), -1)
    identity = np.zeros((len(face_identity), *mean.shape))
    identity[used] = METRES * np.linalg.solve(normal, moment).reshape(-1, *mean.shape)
    expression = METRES * population.stretch * expression_units(data, mesh.control)[1]
    return _in_model_frame(mesh, mean), identity, expression


def sample_population(data: MakeHuman, mesh: HeadMesh, samples: int, seed: int) -> Population:
    """Random heads with closed lips, aligned, and drawn in to human breadth."""
    local = np.full(len(data.vertices), -1)
    local[mesh.control] = np.arange(len(mesh.control))
    mirror = local[data.mirror[mesh.control]]
    skin = np.zeros(len(mesh.control), bool)
    skin[mesh.quads[mesh.part == PARTS.index("skin")]] = True
    heads = close_lips(sample_heads(data, mesh.control, samples, seed), mesh)
    heads = align_to_mean(heads, skin.astype(float), mirror)
    mean = _in_model_frame(mesh, symmetric(heads.mean(0, dtype=np.float64), mirror))
    share = _narrow_share(mean)
    _, slope = narrow(mean[:, 0], share)
    heads[:, :, 0] = narrow(METRES * heads[:, :, 0], share)[0] / METRES
    stretch = np.ones((len(mesh.control), 3))
    stretch[:, 0] = slope
    return Population(heads, skin, mirror, stretch)


def narrow(x: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw broad heads in: x - share * e^2 / (e + blend), e the excess of |x| over NARROW_FROM.

    x (..., Ch): metres from the middle plane; share (Ch,). Returns the moved x and the map's derivative, like x.
    """
    excess = np.maximum(np.abs(x) - NARROW_FROM, 0)
    moved = x - np.sign(x) * share * excess**2 / (excess + NARROW_BLEND)
    return moved, 1 - share * excess * (excess + 2 * NARROW_BLEND) / (excess + NARROW_BLEND) ** 2


def _narrow_share(mean: np.ndarray) -> np.ndarray:
    """(Ch,) how much each vertex of the mean head (Ch, 3), metres, is drawn in."""

    def step(value: np.ndarray, start: float, end: float) -> np.ndarray:
        t = np.clip((value - start) / (end - start), 0, 1)
        return t * t * (3 - 2 * t)

    forehead, back = step(mean[:, 1], 0.045, 0.125), step(mean[:, 2], -0.075, -0.145)
    return NARROW_SHARE * (1 - 0.65 * forehead) * (1 - back)


def _in_model_frame(mesh: HeadMesh, mean: np.ndarray) -> np.ndarray:
    """The mean head (Ch, 3) in metres about the centroid of its landmarks."""
    landmarks = mesh.fine.matrix[mesh.anchors] @ mean
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
