"""Random MakeHuman heads, and the 200 identity modes that describe them.

The recipe: race, gender, age, muscle and weight (macro targets, whose weights multiply), then every detail slider
with a spread stated in millimetres, then a little asymmetry half of the time. The population is artist-made, not
measured. Its mirror images count as samples too, so the mean is exactly symmetric and every mode is either
symmetric or antisymmetric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.alignment import align
from training.makehuman import MakeHuman

SAMPLES = 4000
SEED = 2018
MODES = 200
CLIP = 2.5  # sigma
SIDE_NOISE = 0.15  # of a slider's sigma, between left and right
# category: (millimetres a slider moves its most moved vertex at one sigma, largest sigma of the slider)
SPREAD = {
    "head": (3.0, 0.35),
    "neck": (2.5, 0.35),
    "forehead": (2.0, 0.40),
    "cheek": (2.0, 0.40),
    "chin": (2.0, 0.35),
    "ears": (2.0, 0.35),
    "eyebrows": (1.2, 0.35),
    "nose": (1.0, 0.22),
    "mouth": (0.9, 0.22),
    "eyes": (0.9, 0.25),
    "asym": (0.6, 0.35),
}
# they move the head as a whole, or nothing of the head: pose, not identity
LEFT_OUT = ("head/head-trans", "head/head-angle", "neck/neck-trans", "neck/measure-neck", "asym/asymm-")
OPPOSITES = (
    ("decr", "incr"),
    ("down", "up"),
    ("in", "out"),
    ("backward", "forward"),
    ("concave", "convex"),
    ("compress", "uncompress"),
    *((f"{number}-l", f"{number}-r") for number in range(1, 9)),
)
RACES = ("african", "asian", "caucasian")
GENDERS = ("female", "male")
AGES = (("baby", 0.0), ("child", 0.1875), ("young", 0.5), ("old", 1.0))
LEVELS = (("min", 0.0), ("average", 0.5), ("max", 1.0))


@dataclass(frozen=True)
class Slider:
    """A detail slider: its negative target (or none) and its positive one, per side of the face.

    sides: one (negative, positive) pair, or the left one's and the right one's.
    """

    category: str
    sides: tuple[tuple[str | None, str], ...]


def sliders(data: MakeHuman) -> list[Slider]:
    """The detail sliders: opposite pairs (either end is a target of its own) and one-sided shapes."""
    found: dict[str, dict[str, tuple[str | None, str]]] = {}
    for category in SPREAD:
        names = [n for n in data.targets(category) if not n.startswith(LEFT_OUT)]
        for name in names:
            leaf = name.split("/")[1]
            negative = None
            if any(_ends(leaf, low) and _opposite(name, low, high) in names for low, high in OPPOSITES):
                continue  # the negative end: it comes with its opposite
            for low, high in OPPOSITES:
                if _ends(leaf, high) and _opposite(name, high, low) in names:
                    negative = _opposite(name, high, low)
            side = leaf[0] if leaf[:2] in ("l-", "r-") else ""
            key = f"{category}/{leaf[2:] if side else leaf}"
            found.setdefault(key, {})[side] = (negative, name)
    pairs = {key: tuple(sides[side] for side in sorted(sides)) for key, sides in sorted(found.items())}
    return [Slider(key.split("/")[0], sides) for key, sides in pairs.items()]


def _ends(leaf: str, word: str) -> bool:
    return leaf.endswith("-" + word)


def _opposite(name: str, word: str, other: str) -> str:
    return name[: -len(word)] + other


def sample_heads(data: MakeHuman, control: np.ndarray, count: int = SAMPLES, seed: int = SEED) -> np.ndarray:
    """(count, Ch, 3) float32 random heads in MakeHuman's frame and decimetres, not aligned.

    control: (Ch,) the base mesh vertices wanted.
    """
    rng = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    _draw_macros(rng, count, weights)
    deltas = {name: data.target(name)[control] for name in weights}
    for slider in sliders(data):
        _draw_slider(rng, count, slider, data, control, weights, deltas)
    names = list(weights)
    heads = np.stack([weights[n] for n in names], 1) @ np.stack([deltas[n].ravel() for n in names])
    return heads.reshape(count, len(control), 3) + data.vertices[control].astype(np.float32)


def _draw_slider(
    rng: np.random.Generator,
    count: int,
    slider: Slider,
    data: MakeHuman,
    control: np.ndarray,
    weights: dict[str, np.ndarray],
    deltas: dict[str, np.ndarray],
) -> None:
    millimetres, cap = SPREAD[slider.category]
    shared = rng.standard_normal(count)
    on = rng.random(count) < 0.5 if slider.category == "asym" else np.ones(count, bool)
    for pair in slider.sides:
        value = shared + (SIDE_NOISE * rng.standard_normal(count) if len(slider.sides) == 2 else 0.0)
        value = np.clip(value, -CLIP, CLIP) * on
        ends = [(pair[1], np.abs(value) if pair[0] is None else np.maximum(value, 0))]
        if pair[0] is not None:
            ends.append((pair[0], np.maximum(-value, 0)))
        for name, amount in ends:
            deltas[name] = data.target(name)[control]
            peak = 100.0 * np.linalg.norm(deltas[name], axis=1).max()
            weights[name] = (amount * min(millimetres / max(peak, 1e-6), cap)).astype(np.float32)


def _draw_macros(rng: np.random.Generator, count: int, weights: dict[str, np.ndarray]) -> None:
    race = rng.dirichlet(np.full(3, 0.4), count)
    near = np.abs(0.15 * rng.standard_normal(count))
    male = np.clip(np.where(rng.random(count) < 0.5, near, 1 - near), 0, 1)
    age = 0.5 + 0.5 * rng.beta(1.1, 2.2, count)
    child = rng.random(count) < 0.05
    age = np.where(child, rng.uniform(0.1875, 0.5, count), age)
    muscle = np.clip(rng.normal(0.5, 0.18, count), 0, 1)
    weight = np.clip(rng.normal(0.5, 0.22, count), 0, 1)
    of_gender = dict(zip(GENDERS, (1 - male, male)))
    of_age, of_muscle, of_weight = _hats(age, AGES), _hats(muscle, LEVELS), _hats(weight, LEVELS)
    for gender, g in of_gender.items():
        for stop, a in of_age.items():
            for index, name in enumerate(RACES):
                weights[f"macrodetails/{name}-{gender}-{stop}"] = (race[:, index] * g * a).astype(np.float32)
            for m, mw in of_muscle.items():
                for w, ww in of_weight.items():
                    target = f"macrodetails/universal-{gender}-{stop}-{m}muscle-{w}weight"
                    weights[target] = (g * a * mw * ww).astype(np.float32)


def _hats(value: np.ndarray, stops: tuple[tuple[str, float], ...]) -> dict[str, np.ndarray]:
    """Piecewise linear weight of every stop."""
    at = [stop for _, stop in stops]
    return {name: np.interp(value, at, np.eye(len(stops))[i]) for i, (name, _) in enumerate(stops)}


def align_to_mean(heads: np.ndarray, weight: np.ndarray, mirror: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Align to the (symmetric) mean, weighted by (Ch,), keeping the mean size of the population; aligned heads."""
    w = weight / weight.sum()
    size = np.mean([np.sqrt(w @ ((head - w @ head) ** 2).sum(1)) for head in heads])
    reference = symmetric(heads.mean(0, dtype=np.float64), mirror)
    for _ in range(rounds):
        spread = np.sqrt(w @ ((reference - w @ reference) ** 2).sum(1))
        reference = (reference - w @ reference) * size / spread + w @ reference
        aligned = np.empty_like(heads)
        for i, head in enumerate(heads):
            aligned[i] = align(head, reference, weight)
        heads = aligned
        reference = symmetric(heads.mean(0, dtype=np.float64), mirror)
    return heads


def symmetric(shape: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    return 0.5 * (shape + shape[..., mirror, :] * np.array([-1, 1, 1]))


def principal_modes(
    heads: np.ndarray, region: np.ndarray, mirror: np.ndarray, count: int = MODES
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PCA of `heads` (n, Ch, 3) and their mirror images on the vertices `region` (Ch,) bool.

    Returns the mean (Ch, 3) and the modes (count, Ch, 3), each the displacement of one standard deviation,
    extended to all vertices by least squares on the same samples, and (count,) the explained share of variance.
    """
    n = len(heads)
    mean = symmetric(heads.mean(0, dtype=np.float64), mirror)
    flip = np.array([-1, 1, 1], np.float32)
    centred = heads - mean.astype(np.float32)
    mirrored = centred[:, mirror] * flip
    values, modes, total = [], [], 0.0
    for half in (0.5 * (centred + mirrored), 0.5 * (centred - mirrored)):
        face = half[:, region].reshape(n, -1)
        gram = (face @ face.T).astype(np.float64) / n
        eigenvalues, vectors = np.linalg.eigh(gram)
        total += np.trace(gram)
        best = np.argsort(eigenvalues)[::-1][:count]
        values.append(eigenvalues[best])
        # unit-variance scores z = sqrt(n) v are orthonormal over the samples, so z^T X / n is the least-squares map
        modes.append(vectors[:, best].T.astype(np.float32) @ half.reshape(n, -1) / np.sqrt(n))
    order = np.argsort(np.concatenate(values))[::-1][:count]
    chosen = np.concatenate(modes)[order].reshape(count, -1, 3)
    largest = np.abs(chosen).reshape(count, -1).argmax(1)
    chosen *= np.sign(chosen.reshape(count, -1)[np.arange(count), largest])[:, None, None]  # a stable sign
    return mean, chosen, np.concatenate(values)[order] / total
