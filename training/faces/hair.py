"""Hair, hats, scarves and hoods: each a lifted shell, a field that says where it is, and how its pixels look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.faces.background import any_colour
from training.faces.config import FaceConfig
from training.faces.noise import NoiseBank
from training.faces.shell import Shell

# |azimuth| of the knots of a hairline, and the polar angle at which short hair ends there.
KNOTS = np.array([0, 24, 42, 58, 72, 84, 100, 125, 180.0])
HAIRLINE = np.array([60, 61, 63, 72, 88, 96, 106, 118, 124.0])
STYLES = {"buzz": 1.2, "short": 3.2, "combed": 1.6, "receding": 0.8, "fringe": 0.9, "bob": 1.6, "long": 3.2,
          "tied back": 1.5, "afro": 0.9, "curly": 1.3}


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
    brim: tuple[float, float, float] | None = None      # length in metres, half width in degrees, droop


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


def draw_hair(rng: np.random.Generator, cap: Shell, curtain: Shell, colour: np.ndarray,
              flat: bool = False) -> Cover:
    """A haircut; `flat` presses it to the skull, as under a hat."""
    names, weights = list(STYLES), np.array(list(STYLES.values()))
    style = str(rng.choice(names, p=weights / weights.sum()))
    falling = style in ("bob", "long") or (style in ("curly", "afro") and rng.random() < 0.5)
    shell = curtain if falling else cap
    shift = rng.normal(0, 1, 9) + rng.normal(0, 3.5)
    shift[:3] += rng.normal(0, 3)
    thick = {"buzz": .003, "receding": .006, "tied back": .006, "short": .014, "combed": .018, "fringe": .017,
             "bob": .022, "long": .020, "curly": .032, "afro": .055}[style] * np.exp(rng.normal(0, 0.3))
    if style in ("receding",):
        shift[:4] -= np.array([rng.uniform(0, 45), rng.uniform(8, 40), rng.uniform(4, 25), rng.uniform(0, 8)])
    if style == "fringe" or (style in ("bob", "long", "curly") and rng.random() < 0.22):
        drop = rng.uniform(8, 30)
        lean = rng.uniform(-0.5, 0.5)
        shift[:4] += drop * np.array([1, 1, 0.9, 0.5])
    else:
        lean = 0.0
    line = hairline(rng, shell, shift) + lean * shell.azimuth * (np.abs(shell.azimuth) < 60) * 0.3
    if style in ("bob", "long", "combed", "curly") and rng.random() < 0.5:          # parted: aside over the temples
        parting = rng.normal(0, 18)
        aside = np.maximum(np.abs(shell.azimuth - parting) - rng.uniform(0, 8), 0)
        line = line + rng.uniform(0.1, 0.55) * np.minimum(aside, 60) * (np.abs(shell.azimuth) < 85)
    field = line - shell.polar
    if falling:
        opening = rng.uniform(42, 85) + rng.normal(0, 3) * np.sign(shell.azimuth)
        if rng.random() < 0.25:                              # one side behind the ear
            opening = opening + 40 * (shell.azimuth * rng.choice((-1, 1)) > 0)
        opening = opening + wavy(rng, shell, 3) + 0.08 * np.maximum(shell.polar - 100, 0) * rng.normal(0, 1)
        length = (rng.uniform(125, 160) if style == "bob" else rng.uniform(150, 260)) + wavy(rng, shell, 3)
        beside = np.minimum((np.abs(shell.azimuth) - opening) * 1.2, length - shell.polar)
        field = np.maximum(field, np.where(shell.polar > 55, beside, -90))
    thickness = thick * (0.75 + 0.25 * np.cos(np.radians(shell.azimuth)) * (style == "combed"))
    thickness = thickness * (1 + wavy(rng, shell, 0.10 if style != "curly" else 0.2))
    if style in ("combed", "short", "fringe"):               # full on top, short at the sides and the back
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
    if falling:
        thickness += 0.004 * shell.drop * rng.uniform(-0.3, 0.8)
    if flat:
        thickness = np.minimum(thickness, 0.006 + 0.010 * (shell.polar > 90))
    curled = style in ("curly", "afro")
    fine = float(rng.uniform(3, 7))
    repeat = (fine, fine) if curled else (fine, float(rng.uniform(1.2, 2.2)))
    return Cover(shell, thickness, field, colour, colour * np.float32(rng.uniform(0.6, 1.6)),
                 softness=float(rng.uniform(1.5, 5)), fray=float(rng.uniform(1.5, 6)),
                 texture="curls" if curled else "strands",
                 repeat=repeat,
                 slant=float(rng.normal(0, 0.4)), relief=float(rng.uniform(.0003, .001)),
                 contrast=float(rng.uniform(0.2, 0.55)), gloss=float(rng.gamma(2.0, 0.02)),
                 offset=rng.uniform(0, 512, 2).astype(np.float32))


def cloth_colour(rng: np.random.Generator) -> np.ndarray:
    """(3,) linear RGB of fabric."""
    return ((np.array(any_colour(rng)) / 255.0) ** 2 * 0.9).astype(np.float32)


def draw_hat(rng: np.random.Generator, cap: Shell) -> Cover:
    """A beanie, a cap with a visor, or a hat with a brim."""
    front, back = rng.uniform(64, 86), rng.uniform(80, 108)
    turn = np.radians(cap.azimuth)
    cut = 0.5 * (front + back) + 0.5 * (front - back) * np.cos(turn) + rng.normal(0, 4) * np.sin(turn)
    kind = rng.integers(0, 3)
    height = rng.uniform(0, 0.05)
    thickness = rng.uniform(.008, .018) + height * np.clip(np.cos(np.radians(cap.polar)), 0, 1) ** 1.5
    thickness = thickness * (1 + wavy(rng, cap, 0.06))
    brim = None
    if kind == 1:
        brim = (float(rng.uniform(.045, .08)), float(rng.uniform(38, 60)), float(rng.uniform(-.2, .5)))
    elif kind == 2:
        brim = (float(rng.uniform(.03, .10)), 181.0, float(rng.uniform(-.3, .4)))
    return Cover(cap, thickness, cut - cap.polar, cloth_colour(rng), cloth_colour(rng), softness=0.6, fray=0.0,
                 texture=str(rng.choice(("grain", "strands", "curls", "clouds"))),
                 repeat=(float(rng.uniform(1, 5)), float(rng.uniform(1, 5))), slant=0.0,
                 relief=float(rng.uniform(0, .0006)), contrast=float(rng.uniform(0, .4)),
                 gloss=float(rng.gamma(1.0, .01)), offset=rng.uniform(0, 512, 2).astype(np.float32), brim=brim)


def draw_scarf(rng: np.random.Generator, curtain: Shell) -> Cover:
    """A headscarf or hood: a curtain with an opening for the face."""
    wide, top, bottom = rng.uniform(46, 72), rng.uniform(58, 80), rng.uniform(146, 190)
    middle, half = 0.5 * (top + bottom), 0.5 * (bottom - top)
    power = rng.uniform(2, 3)
    ratio = (np.abs(curtain.azimuth) / wide) ** power + (np.abs(curtain.polar - middle) / half) ** power
    field = (ratio ** (1 / power) - 1) * wide + wavy(rng, curtain, 1.5)
    thickness = rng.uniform(.008, .035) * (1 + wavy(rng, curtain, 0.12))
    inward = np.clip((curtain.polar - 135) / 30, 0, 1) * np.clip((95 - np.abs(curtain.azimuth)) / 40, 0, 1)
    thickness = thickness - 0.035 * inward
    return Cover(curtain, thickness, field, cloth_colour(rng), cloth_colour(rng), softness=0.8, fray=0.0,
                 texture=str(rng.choice(("grain", "clouds", "locks", "blotches"))),
                 repeat=(float(rng.uniform(.5, 3)), float(rng.uniform(.5, 3))), slant=float(rng.normal(0, .5)),
                 relief=float(rng.uniform(0, .002)), contrast=float(rng.uniform(0, .4)),
                 gloss=float(rng.gamma(1.0, .01)), offset=rng.uniform(0, 512, 2).astype(np.float32))


def draw_covers(rng: np.random.Generator, config: FaceConfig, cap: Shell, curtain: Shell, colour: np.ndarray,
                difficulty: float) -> list[Cover]:
    """What is on this head: hair, a hat over flattened hair, or a scarf."""
    if rng.random() < config.ramp(config.scarf, difficulty):
        return [draw_scarf(rng, curtain)]
    hat = rng.random() < config.ramp(config.hat, difficulty)
    covers = []
    if rng.random() < config.hair:
        covers.append(draw_hair(rng, cap, curtain, colour, flat=hat))
    if hat:
        covers.append(draw_hat(rng, cap))
    return covers


def brim_grid(cover: Cover, placed: np.ndarray, columns: int = 41) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (2 * columns, 3) metres and triangles of the hat's brim; `placed` is the hat's lifted grid (G, 3)."""
    length, half, droop = cover.brim
    shell = cover.shell
    field = cover.field.reshape(shell.shape)
    row = np.clip((field > 0).sum(0) - 1, 0, shell.shape[0] - 1)
    rim = placed.reshape(*shell.shape, 3)[row, np.arange(shell.shape[1])]
    azimuth = np.linspace(-min(half, 180), min(half, 180), columns)
    known = np.linspace(-180, 180, shell.shape[1])
    inner = np.stack([np.interp(azimuth, known, rim[:, k]) for k in range(3)], 1)
    out = np.stack([np.sin(np.radians(azimuth)), np.full(columns, -droop), np.cos(np.radians(azimuth))], 1)
    taper = np.sqrt(np.clip(1 - (azimuth / half) ** 2, 0, 1)) if half < 180 else np.ones(columns)
    outer = inner + out * (length * taper)[:, None]
    first = np.arange(columns - 1)
    a, b, c, d = first, first + columns, first + columns + 1, first + 1
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    return np.concatenate([inner, outer]).astype(np.float32), triangles


def cover_pixels(cover: Cover, bank: NoiseBank, azimuth: np.ndarray, polar: np.ndarray, field: np.ndarray,
                 ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of P pixels of a cover: colour (3, P) linear, opacity (P,), bump height (P,) in metres."""
    along = polar * cover.repeat[1]
    across = (azimuth + cover.slant * polar) * cover.repeat[0]
    texture = bank.look_up(cover.texture, across + cover.offset[0], along + cover.offset[1])
    fine = texture if cover.texture == "strands" else bank.look_up("grain", across * 3, along * 3)
    opacity = np.clip((field + cover.fray * fine) / cover.softness + 0.5, 0, 1)
    tone = np.maximum(1 + cover.contrast * texture, 0.1)
    if cover.texture in ("strands", "curls", "locks"):
        blend = np.clip(0.5 + 0.5 * bank.look_up("locks", azimuth * 1.3 + cover.offset[1], polar * .5), 0, 1)
    else:
        blend = (texture > 0.9).astype(np.float32)
    colour = (cover.colour[:, None] + blend * (cover.stripe - cover.colour)[:, None]) * tone
    return colour.astype(np.float32), opacity, texture * np.float32(cover.relief)
