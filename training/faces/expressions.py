"""Facial expressions: sparse, mostly symmetric coefficients of the 84 units, with the lids and the gaze."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from face3d.codec import EXPRESSION_MAX
from training.faces.config import FaceConfig

# (unit or Left/Right pair, low, high): what an archetype adds, each with probability 0.8.
# fmt: off
ARCHETYPES: dict[str, list[tuple[str, float, float]]] = {
    "smile": [("mouthSmile", 0.3, 1), ("cheekSquint", 0.1, 0.8), ("mouthDimple", 0, 0.4),
              ("eyeSquint", 0, 0.4)],
    "broad smile": [("mouthSmile", 0.6, 1.1), ("mouthUpperUp", 0.1, 0.7), ("cheekSquint", 0.3, 1),
                    ("mouthLowerDown", 0, 0.6), ("jawOpen", 0, 0.2), ("mouthStretch", 0, 0.3)],
    "laugh": [("mouthSmile", 0.6, 1.1), ("jawOpen", 0.2, 0.75), ("mouthUpperUp", 0.1, 0.7),
              ("cheekSquint", 0.4, 1), ("eyeSquint", 0.2, 0.8), ("mouthLowerDown", 0, 0.5)],
    "grin": [("mouthSmile", 0.5, 1.1), ("mouthUpperUp", 0.3, 1.1), ("mouthLowerDown", 0.4, 1.1),
             ("cheekSquint", 0.3, 1), ("mouthStretch", 0, 0.4), ("jawOpen", 0, 0.4)],
    "corner puller": [("mouth-corner-puller", 0.3, 1), ("cheekSquint", 0, 0.6), ("mouth-parling", 0, 0.6)],
    "surprise": [("jawOpen", 0.2, 0.9), ("browUp", 0.3, 1.4), ("eyeWide", 0.2, 1)],
    "gape": [("mouth-open", 0.2, 0.9), ("eye-opened-up", 0, 0.9)],
    "shout": [("jawOpen", 0.5, 1.1), ("mouthStretch", 0, 0.7), ("mouthUpperUp", 0, 0.7), ("browDown", 0, 0.8),
              ("mouthLowerDown", 0, 0.7), ("noseSneer", 0, 0.5)],
    "yawn": [("jawOpen", 0.6, 1.1), ("mouthFunnel", 0, 0.6), ("eyeSquint", 0, 0.8), ("browInnerUp", 0, 0.5)],
    "anger": [("browDown", 0.4, 1), ("mouthPress", 0, 0.8), ("eyeSquint", 0, 0.6), ("noseSneer", 0, 0.5),
              ("mouthFrown", 0, 0.5)],
    "disgust": [("noseSneer", 0.3, 1), ("mouthUpperUp", 0.1, 0.7), ("browDown", 0, 0.6),
                ("eyeSquint", 0, 0.7), ("nose-elevation", 0, 0.5), ("mouth-elevation", 0, 0.5)],
    "sad": [("mouthFrown", 0.3, 1), ("browInnerUp", 0.3, 1), ("mouthShrugLower", 0, 0.6),
            ("mouth-depression", 0, 0.5)],
    "kiss": [("mouthPucker", 0.4, 1.1), ("mouthFunnel", 0, 0.5), ("mouth-pursing", 0, 0.4),
             ("jawOpen", 0, 0.15)],
    "o": [("mouthFunnel", 0.3, 1), ("jawOpen", 0.1, 0.6), ("mouthPucker", 0, 0.5)],
    "a": [("jawOpen", 0.2, 0.7), ("mouthLowerDown", 0, 0.5), ("mouthUpperUp", 0, 0.3)],
    "e": [("mouthStretch", 0.1, 0.7), ("mouthLowerDown", 0.1, 0.6), ("jawOpen", 0.05, 0.35),
          ("mouthUpperUp", 0, 0.4)],
    "m": [("mouthPress", 0.1, 0.8), ("mouthRollLower", 0, 0.6), ("mouthRollUpper", 0, 0.6),
          ("mouthShrugUpper", 0, 0.4)],
    "f": [("mouthRollLower", 0.2, 0.9), ("mouthUpperUp", 0.1, 0.5), ("jawOpen", 0, 0.2)],
    "chew": [("jawOpen", 0.1, 0.45), ("mouthClose", 0.1, 0.4), ("jawSide", 0, 0.6), ("mouthPress", 0, 0.3)],
    "pout": [("mouthShrugLower", 0.3, 1), ("mouthShrugUpper", 0.1, 0.8), ("mouth-protusion", 0, 0.6)],
    "puff": [("cheekPuff", 0.4, 1), ("mouthPress", 0, 0.5), ("mouthPucker", 0, 0.4)],
    "lip bite": [("mouthRollLower", 0.4, 1), ("mouthShrugUpper", 0, 0.3)],
    "teeth": [("mouthUpperUp", 0.3, 1), ("mouthLowerDown", 0.3, 1), ("jawOpen", 0, 0.15),
              ("mouth-retraction", 0, 0.6), ("mouth-upward-retraction", 0, 0.6)],
    "smirk": [("mouthSmileOne", 0.4, 1), ("mouthSide", 0, 0.6), ("mouthDimple", 0, 0.5)],
    "grimace": [("mouthStretch", 0.3, 1), ("neck-platysma", 0.2, 1), ("mouth-retraction", 0, 0.6),
                ("browDown", 0, 0.5)],
}
WEIGHTS = {"smile": 2.2, "broad smile": 3.0, "laugh": 2.4, "grin": 2.4, "a": 2.0, "e": 1.6, "o": 1.4,
           "m": 1.3, "surprise": 1.2, "gape": 1.0, "shout": 1.2, "teeth": 1.2, "corner puller": 1.0}
# fmt: on
LID_CLOSERS = ("eyeBlink{}", "eye-{}-closure", "eye-{}-slit")
RAISERS = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
HIGHEST = EXPRESSION_MAX
"""Of a raised brow: its units at 1 lift it by 5 to 6 mm, people do 8."""
OPENERS = {"jawOpen": 1.0, "mouth-open": 1.0}


@cache
def plain(name: str) -> str:
    """A unit's name without set, case and punctuation: arkit/eyeBlinkLeft -> eyeblinkleft."""
    return "".join(letter for letter in name.rpartition("/")[2].lower() if letter.isalnum())


@dataclass(frozen=True)
class Expression:
    """coefficients (84,) float32 >= 0 and each eye's gaze (left, right): (to the subject's left, up) in radians."""

    coefficients: np.ndarray
    gaze: tuple[tuple[float, float], tuple[float, float]]


class ExpressionSampler:
    """Draws expressions of the units called `names`."""

    def __init__(self, names: list[str] | tuple[str, ...], config: FaceConfig) -> None:
        self.config = config
        self.index = {plain(name): number for number, name in enumerate(names)}
        self.size = len(names)
        weights = np.array([WEIGHTS.get(name, 0.7) for name in ARCHETYPES])
        self.kinds, self.cumulative = list(ARCHETYPES), np.cumsum(weights[:-1]) / weights.sum()
        closers = [[plain(closer.format(side)) for closer in LID_CLOSERS] for side in ("left", "right")]
        self.lids = [[self.index[name] for name in group if name in self.index] for group in closers]

    def draw(self, rng: np.random.Generator, difficulty: float) -> Expression:
        """One expression; at difficulty 0 nearly neutral, open eyes that look ahead."""
        strength = 0.25 + 0.75 * min(1.0, difficulty * 1.25)
        values = np.zeros(self.size)
        if rng.random() > self.config.neutral:
            for _ in range(1 + (rng.random() < 0.25)):
                kind = self.kinds[np.searchsorted(self.cumulative, rng.random())]
                self._archetype(rng, values, ARCHETYPES[kind])
        if rng.random() < 0.55:  # any unit occurs, alone or on top
            for unit in rng.integers(0, self.size, rng.integers(1, 5)):
                values[unit] += rng.beta(1.0, 1.6) * rng.choice((0.5, 1.0))
        if rng.random() < 0.1:
            self._archetype(rng, values, [(("eyeWide", "eyeSquint")[rng.integers(2)], 0, 1)])
        self._brows(rng, values)
        values *= strength
        gaze = self._gaze(rng, values, difficulty)
        self._lids(rng, values, difficulty)
        self._consistency(values)
        return Expression(values.astype(np.float32), gaze)

    def _add(self, values: np.ndarray, name: str, amount: float) -> bool:
        number = self.index.get(plain(name))
        if number is not None:
            values[number] += amount
        return number is not None

    def _archetype(
        self, rng: np.random.Generator, values: np.ndarray, parts: list[tuple[str, float, float]]
    ) -> None:
        for name, low, high in parts:
            if rng.random() > 0.8:
                continue
            amount = rng.uniform(low, high)
            if name == "jawSide":
                self._add(values, ("jawLeft", "jawRight")[rng.integers(2)], amount)
            elif name == "mouthSide":
                self._add(values, ("mouthLeft", "mouthRight")[rng.integers(2)], amount)
            elif name == "browUp":
                self._raise_brows(rng, values, amount)
            elif name.endswith("One"):
                self._add(values, name[:-3] + ("Left", "Right")[rng.integers(2)], amount)
            elif not self._add(values, name, amount):
                ratio = min(max(rng.normal(1, 0.12), 0.5), 1.5) if rng.random() > 0.08 else rng.uniform(0, 1)
                first = rng.integers(2)
                stem, _, rest = name.partition("-")
                for side, factor in (("Left", ratio if first else 1.0), ("Right", 1.0 if first else ratio)):
                    if not self._add(values, name + side, amount * factor):
                        self._add(values, f"{stem}-{side}-{rest}", amount * factor)

    def _brows(self, rng: np.random.Generator, values: np.ndarray) -> None:
        """Brows speak on their own, whatever the mouth does: both up, both down, or the inner ends up."""
        kind = rng.random()
        raised, lowered, worried = np.cumsum(self.config.brows)
        if kind < raised:
            self._raise_brows(rng, values, HIGHEST * rng.beta(1.3, 1.3))
        elif kind < lowered:
            self._archetype(rng, values, [("browDown", 0.1, 1.1)])
        elif kind < worried:
            self._add(values, "browInnerUp", rng.uniform(0.2, 1.2))

    def _raise_brows(self, rng: np.random.Generator, values: np.ndarray, amount: float) -> None:
        """Both brows up, inner and outer ends about alike; in one of twelve one brow only."""
        inner, left, right = amount * np.clip(rng.normal(1, (0.25, 0.2, 0.2)), 0.2, 1.6)
        if rng.random() < 1 / 12:
            inner = 0.4 * inner
            left, right = (left, 0.1 * right) if rng.random() < 0.5 else (0.1 * left, right)
        for name, value in zip(RAISERS, (inner, left, right)):
            self._add(values, name, value)

    def _gaze(
        self, rng: np.random.Generator, values: np.ndarray, difficulty: float
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        """Turns the eyes, and moves the lids along by the eyeLook units."""
        aside = rng.normal(0, 2.0)
        up = rng.normal(0, 2.0)
        if rng.random() < self.config.gaze * difficulty:
            aside += min(max(rng.normal(0, 13), -32.0), 32.0)
            up += min(max(rng.normal(-3, 9), -28.0), 22.0)
        squint = abs(rng.normal(0, 1.5)) + (rng.uniform(0, 8) if rng.random() < 0.1 else 0)  # convergence
        eyes = []
        for side, sign in (("Left", 1), ("Right", -1)):
            turn = aside - sign * squint  # degrees to the subject's left
            for unit, amount in (
                (f"eyeLookOut{side}", sign * turn),
                (f"eyeLookIn{side}", -sign * turn),
                (f"eyeLookUp{side}", up),
                (f"eyeLookDown{side}", -up),
            ):
                number = self.index.get(plain(unit))
                if number is not None:
                    values[number] = min(max(amount / 30, 0.0), 1.0)
            eyes.append((float(np.radians(turn)), float(np.radians(up))))
        return eyes[0], eyes[1]

    def _lids(self, rng: np.random.Generator, values: np.ndarray, difficulty: float) -> None:
        """One lid closer an eye at most; both eyes mostly together. Its amount is a share of the eye's opening."""
        kind = rng.random() / max(difficulty, 1e-6)
        closed, winks, half = self.config.closed_eyes, self.config.winks, self.config.half_closed
        if kind < closed:
            target = np.full(2, rng.uniform(0.94, 1.08)) * rng.uniform(0.97, 1.0, 2)
        elif kind < closed + winks:
            target = np.array([rng.uniform(0.9, 1.08), rng.uniform(0.0, 0.4)])[:: rng.choice((-1, 1))]
        elif kind < closed + winks + half:
            target = np.full(2, rng.uniform(0.15, 0.9)) * rng.uniform(0.85, 1.0, 2)
        else:
            target = np.full(2, abs(rng.normal(0, 0.06)))
        # three units do nearly the same; mostly the first, so that a picture has one likely answer
        choice = rng.choice(3, p=(0.84, 0.09, 0.07))
        for side, units in zip(("Left", "Right"), self.lids, strict=True):
            if not units:
                continue
            stray = max(values[unit] for unit in units)
            values[units] = 0.0
            amount = max(target[int(side == "Right")], min(1.0, stray) if difficulty > 0.3 else 0.0)
            values[units[min(choice, len(units) - 1)]] = amount
            if amount > 0.15:  # a closing eye is neither wide nor squinted
                for name in (f"eyeWide{side}", f"eye-{side}-opened-up", f"eyeSquint{side}"):
                    number = self.index.get(plain(name))
                    if number is not None:
                        values[number] *= max(0.0, 1 - 2 * amount)
                down = self.index.get(plain(f"eyeLookDown{side}"))
                if down is not None:  # looking down has closed the lid partly already
                    values[down] *= 1 - 0.8 * amount

    def _consistency(self, values: np.ndarray) -> None:
        """Limits what would tear the mesh: two mouth openers, opposite directions, mouthClose without a jaw."""
        highest = np.full(self.size, 1.1)
        highest[[self.index[plain(name)] for name in RAISERS if plain(name) in self.index]] = HIGHEST
        np.clip(values, 0, highest, out=values)
        opened = [self.index[plain(name)] for name in OPENERS if plain(name) in self.index]
        total = values[opened].sum()
        if total > 1.1:
            values[opened] *= 1.1 / total
        for first, second in (
            ("jawLeft", "jawRight"),
            ("mouthLeft", "mouthRight"),
            ("browInnerUp", "browDownLeft"),
            ("mouthPucker", "mouthSmileLeft"),
            ("mouthPucker", "mouthStretchLeft"),
            ("mouthPucker", "mouth-retraction"),
        ):
            a, b = self.index.get(plain(first)), self.index.get(plain(second))
            if a is not None and b is not None and values[a] + values[b] > 1.2:
                values[[a, b]] *= 1.2 / (values[a] + values[b])
        close, jaw = self.index.get("mouthclose"), self.index.get("jawopen")
        if close is not None:
            values[close] = min(values[close], values[jaw] if jaw is not None else 0.0)
        np.clip(values, 0, highest, out=values)
