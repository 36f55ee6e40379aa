"""Hair as a cover of the scalp: a lifted shell, a field that says where it is, and how its pixels look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.faces.noise import NoiseBank
from training.faces.shell import Shell

# |azimuth| of the knots of a hairline, and the polar angle at which short hair ends there.
KNOTS = np.array([0, 24, 42, 58, 72, 84, 100, 125, 180.0])
HAIRLINE = np.array([60, 61, 63, 72, 88, 96, 106, 118, 124.0])
# Of each haircut: how often it is drawn, and how thick it is mostly, in metres.
STYLES = {
    "buzz": (1.2, 0.003),
    "short": (3.2, 0.014),
    "combed": (1.6, 0.018),
    "receding": (0.8, 0.006),
    "fringe": (0.9, 0.017),
    "bob": (1.6, 0.022),
    "long": (3.2, 0.020),
    "tied back": (1.5, 0.006),
    "afro": (0.9, 0.055),
    "curly": (1.3, 0.032),
}


@dataclass(frozen=True)
class Cover:
    """One thing on the scalp, as grid values of a `Shell` (G vertices).

    thickness (G,) metres; field (G,): inside where positive, in degrees; softness: degrees over which the edge
    fades; fray: how far strands move the edge, degrees. texture: tile of `NoiseBank`; repeat: texels a degree
    across and along; relief: metres of bumps; contrast: share of brightness the texture modulates.
    """

    shell: Shell
    thickness: np.ndarray
    field: np.ndarray
    colour: np.ndarray
    stripe: np.ndarray
    softness: float
    fray: float
    texture: str
    repeat: tuple[float, float]
    slant: float
    relief: float
    contrast: float
    gloss: float
    offset: np.ndarray
    brim: tuple[float, float, float] | None = None  # length in metres, half width in degrees, droop


def wavy(rng: np.random.Generator, shell: Shell, amount: float, frequencies: int = 4) -> np.ndarray:
    """(G,) smooth random function of azimuth and polar angle, deviation about `amount`."""
    turns = np.radians(rng.integers(1, 9, frequencies)).astype(np.float32)
    lean = np.radians(rng.uniform(0, 3, frequencies)).astype(np.float32)
    phase = rng.uniform(0, 7, frequencies).astype(np.float32)
    wave = np.sin(turns[:, None] * shell.azimuth + lean[:, None] * shell.polar + phase[:, None]).sum(0)
    return float(amount / np.sqrt(frequencies / 2)) * wave


def hairline(rng: np.random.Generator, shell: Shell, shift: np.ndarray) -> np.ndarray:
    """(G,) polar angle at which hair ends at each vertex's azimuth; shift (9,) moves the knots."""
    side = np.where(shell.azimuth > 0, rng.normal(0, 1.5), rng.normal(0, 1.5))
    return np.interp(np.abs(shell.azimuth), KNOTS, HAIRLINE + shift) + side + wavy(rng, shell, 1.2)


def draw_hair(
    rng: np.random.Generator, cap: Shell, curtain: Shell, colour: np.ndarray, flat: bool = False
) -> Cover:
    """A haircut; `flat` presses it to the skull, as under a hat."""
    names, weights = list(STYLES), np.array([often for often, _ in STYLES.values()])
    style = str(rng.choice(names, p=weights / weights.sum()))
    falling = style in ("bob", "long") or (style in ("curly", "afro") and rng.random() < 0.5)
    shell = curtain if falling else cap
    shift = rng.normal(0, 1, 9) + rng.normal(0, 3.5)
    shift[:3] += rng.normal(0, 3)
    thick = STYLES[style][1] * np.exp(rng.normal(0, 0.3))
    if style == "receding":
        shift[:4] -= np.array([rng.uniform(0, 45), rng.uniform(8, 40), rng.uniform(4, 25), rng.uniform(0, 8)])
    if style == "fringe" or (style in ("bob", "long", "curly") and rng.random() < 0.22):
        drop = rng.uniform(8, 30)
        lean = rng.uniform(-0.5, 0.5)
        shift[:4] += drop * np.array([1, 1, 0.9, 0.5])
    else:
        lean = 0.0
    line = hairline(rng, shell, shift) + lean * shell.azimuth * (np.abs(shell.azimuth) < 60) * 0.3
    if style in ("bob", "long", "combed", "curly") and rng.random() < 0.5:  # parted: aside over the temples
        parting = rng.normal(0, 18)
        aside = np.maximum(np.abs(shell.azimuth - parting) - rng.uniform(0, 8), 0)
        line = line + rng.uniform(0.1, 0.55) * np.minimum(aside, 60) * (np.abs(shell.azimuth) < 85)
    field = line - shell.polar
    if falling:
        opening = rng.uniform(42, 85) + rng.normal(0, 3) * np.sign(shell.azimuth)
        if rng.random() < 0.25:  # one side behind the ear
            opening = opening + 40 * (shell.azimuth * rng.choice((-1, 1)) > 0)
        opening = opening + wavy(rng, shell, 3) + 0.08 * np.maximum(shell.polar - 100, 0) * rng.normal(0, 1)
        length = (rng.uniform(125, 160) if style == "bob" else rng.uniform(150, 260)) + wavy(rng, shell, 3)
        beside = np.minimum((np.abs(shell.azimuth) - opening) * 1.2, length - shell.polar)
        field = np.maximum(field, np.where(shell.polar > 55, beside, -90))
    thickness = thick * (0.75 + 0.25 * np.cos(np.radians(shell.azimuth)) * (style == "combed"))
    thickness = thickness * (1 + wavy(rng, shell, 0.10 if style != "curly" else 0.2))
    if style in ("combed", "short", "fringe"):  # full on top, short at the sides and the back
        sides = rng.uniform(0.12, 0.9) if style != "fringe" else rng.uniform(0.4, 1.0)
        start = rng.uniform(40, 75)
        thickness *= 1 + (sides - 1) * np.clip((shell.polar - start) / 25, 0, 1)
        thickness *= 1 + rng.uniform(-0.3, 1.0) * np.clip(1 - shell.polar / 75, 0, 1)
        aside = np.sin(np.radians(shell.azimuth)) * np.clip(1 - shell.polar / 90, 0, 1)
        thickness *= 1 + rng.uniform(-0.5, 0.5) * aside
    if not falling:
        thickness = thickness * np.clip(0.08 + field / rng.uniform(10, 28), 0.05, 1)
    else:
        thickness = np.where(field < 14, thickness * np.clip(0.3 + field / 20, 0.25, 1), thickness)
        thickness += 0.004 * shell.drop * rng.uniform(-0.3, 0.8)
    if flat:
        thickness = np.minimum(thickness, 0.006 + 0.010 * (shell.polar > 90))
    curled = style in ("curly", "afro")
    fine = float(rng.uniform(3, 7))
    repeat = (fine, fine) if curled else (fine, float(rng.uniform(1.2, 2.2)))
    return Cover(
        shell,
        thickness,
        field,
        colour,
        colour * np.float32(rng.uniform(0.6, 1.6)),
        softness=float(rng.uniform(1.5, 5)),
        fray=float(rng.uniform(1.5, 6)),
        texture="curls" if curled else "strands",
        repeat=repeat,
        slant=float(rng.normal(0, 0.4)),
        relief=float(rng.uniform(0.0003, 0.001)),
        contrast=float(rng.uniform(0.2, 0.55)),
        gloss=float(rng.gamma(2.0, 0.02)),
        offset=rng.uniform(0, 512, 2).astype(np.float32),
    )


def cover_pixels(
    cover: Cover, bank: NoiseBank, azimuth: np.ndarray, polar: np.ndarray, field: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of P pixels of a cover: colour (3, P) linear, opacity (P,), bump height (P,) in metres."""
    along = polar * cover.repeat[1]
    across = (azimuth + cover.slant * polar) * cover.repeat[0]
    texture = bank.look_up(cover.texture, across + cover.offset[0], along + cover.offset[1])
    fine = texture if cover.texture == "strands" else bank.look_up("grain", across * 3, along * 3)
    opacity = np.clip((field + cover.fray * fine) / cover.softness + 0.5, 0, 1)
    tone = np.maximum(1 + cover.contrast * texture, 0.1)
    if cover.texture in ("strands", "curls", "locks"):
        blend = np.clip(0.5 + 0.5 * bank.look_up("locks", azimuth * 1.3 + cover.offset[1], polar * 0.5), 0, 1)
    else:
        blend = (texture > 0.9).astype(np.float32)
    colour = (cover.colour[:, None] + blend * (cover.stripe - cover.colour)[:, None]) * tone
    return colour.astype(np.float32), opacity, texture * np.float32(cover.relief)
