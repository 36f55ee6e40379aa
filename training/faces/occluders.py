"""What hides a face: hands, phones, cups, microphones and shapeless things."""

from __future__ import annotations

import numpy as np

from training.faces.accessories import Anchors
from training.faces.config import FaceConfig
from training.faces.headwear import cloth_colour
from training.faces.solids import Thing, ellipsoid, lathe, merge, random_turn, tube

FINGERS = 612  # the first vertices of a hand: palm and fingers, which touch the face


def draw_occluders(
    rng: np.random.Generator, config: FaceConfig, anchors: Anchors, difficulty: float
) -> list[Thing]:
    """Nothing, or one or two things in front of the face."""
    if rng.random() >= config.ramp(config.occluder, difficulty):
        return []
    things = []
    for _ in range(1 + (rng.random() < 0.2)):
        kind = rng.random()
        if kind < 0.48:
            things += hand(rng, anchors)
        elif kind < 0.53:
            things.append(_held(rng, anchors, _phone(rng)))
        elif kind < 0.58:
            things += _called(rng, anchors)
        elif kind < 0.78:
            things.append(_sung_into(rng, anchors))
        elif kind < 0.88:
            things.append(_held(rng, anchors, _cup(rng)))
        else:
            x, y, z = rng.uniform(0.01, 0.06, 3).tolist()
            things.append(_held(rng, anchors, ellipsoid((x, y, z), power=float(rng.uniform(0.3, 1)))))
    return things


def _target(rng: np.random.Generator, anchors: Anchors) -> np.ndarray:
    """(3,) a place on the face that gets covered: mouth, chin, cheeks, nose, eyes, temples."""
    number = int(rng.choice((57, 57, 62, 8, 8, 3, 13, 30, 37, 44, 1, 15, 48, 54, 5, 11)))
    return anchors.landmarks[number]


def _held(rng: np.random.Generator, anchors: Anchors, shape: tuple[np.ndarray, np.ndarray]) -> Thing:
    vertices, triangles = shape
    vertices = vertices @ random_turn(rng, 0.35).T.astype(np.float32)
    target = _target(rng, anchors)
    place = target + rng.normal(0, 0.018, 3)
    place[2] = target[2] + rng.uniform(0.005, 0.04) - vertices[:, 2].min()
    return Thing(
        (vertices + place).astype(np.float32),
        triangles,
        cloth_colour(rng),
        gloss=float(rng.uniform(0, 0.4)),
        contrast=float(rng.uniform(0, 0.3)),
        texture=str(rng.choice(("clouds", "grain", "blotches"))),
        offset=rng.uniform(0, 512, 2).astype(np.float32),
    )


def _phone(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return ellipsoid((0.037, 0.075, 0.005), rows=16, columns=24, power=0.25)


def _microphone(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    r, turn = rng.uniform(0.015, 0.028), np.linspace(0.01, 2.6, 9)
    ball = np.stack([r * np.sin(turn), r * np.cos(turn)], 1)
    handle = np.array([[0.6 * r, -1.2 * r], [0.45 * r, -0.2], [0.001, -0.2]])
    return lathe(np.concatenate([ball, handle]))


def _sung_into(rng: np.random.Generator, anchors: Anchors) -> Thing:
    """A microphone, dark or metallic mostly, held or on a stand before mouth or chin."""
    vertices, triangles = _microphone(rng)
    swing = np.radians(rng.normal(0, 35))
    lean = np.array([[np.cos(swing), -np.sin(swing), 0], [np.sin(swing), np.cos(swing), 0], [0, 0, 1]])
    nod = np.radians(rng.uniform(-10, 80))  # the handle comes towards the camera
    tip = np.array([[1, 0, 0], [0, np.cos(nod), np.sin(nod)], [0, -np.sin(nod), np.cos(nod)]])
    vertices = vertices @ (lean @ tip).T
    target = anchors.landmarks[57] + rng.normal(0, (0.016, 0.012, 0.004))
    target[2] += rng.uniform(0.018, 0.07)
    if rng.random() < 0.75:
        colour = np.full(3, np.exp(rng.uniform(np.log(0.008), np.log(0.4))))
    else:
        colour = cloth_colour(rng)
    return Thing(
        (vertices + target).astype(np.float32),
        triangles,
        colour.astype(np.float32),
        gloss=float(rng.uniform(0, 0.3)),
        contrast=float(rng.uniform(0, 0.5)),
        texture="grain",
        offset=rng.uniform(0, 512, 2).astype(np.float32),
    )


def _called(rng: np.random.Generator, anchors: Anchors) -> list[Thing]:
    """A phone at an ear, and mostly the hand that holds it."""
    left = rng.random() < 0.5
    sign = 1 if left else -1
    lean, fan = np.radians(rng.uniform(5, 40)), np.radians(sign * rng.uniform(55, 95))
    forward = np.array([[1, 0, 0], [0, np.cos(lean), -np.sin(lean)], [0, np.sin(lean), np.cos(lean)]])
    about = np.array([[np.cos(fan), 0, np.sin(fan)], [0, 1, 0], [-np.sin(fan), 0, np.cos(fan)]])
    vertices, triangles = _phone(rng)
    ear = anchors.ears[0 if left else 1]
    aside = sign * rng.uniform(0.014, 0.024)
    place = ear + np.array([aside, rng.uniform(-0.05, -0.015), rng.uniform(0.0, 0.03)])
    vertices = (vertices @ (forward @ about).T + place).astype(np.float32)
    colour = cloth_colour(rng) * np.float32(rng.uniform(0.05, 1))
    phone = Thing(vertices, triangles, colour, gloss=float(rng.uniform(0.05, 0.4)), contrast=0.05)
    if rng.random() < 0.2:
        return [phone]
    return [phone, *hand(rng, anchors, place + np.array([sign * 0.012, -0.01, 0]), forward @ about)]


def _cup(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    top, height = rng.uniform(0.03, 0.045), rng.uniform(0.06, 0.13)
    bottom = top * rng.uniform(0.6, 1)
    profile = [[0.001, -0.02], [0.9 * top, -0.02], [top, 0], [bottom, -height], [0.001, -height]]
    return lathe(np.array(profile))


def hand(
    rng: np.random.Generator, anchors: Anchors, at: np.ndarray | None = None, frame: np.ndarray | None = None
) -> list[Thing]:
    """A left or right hand of tapered fingers, open to clenched, that touches the face, and mostly a sleeve.

    at (3,), frame (3, 3): where the palm is and how it is turned, where that is given.
    """
    parts = []
    palm, triangles = ellipsoid((0.042, 0.045, 0.015), power=0.75)
    parts.append((palm, triangles))
    curl = rng.uniform(0, 1.0) if rng.random() < 0.75 else rng.uniform(1.0, 1.5)
    spread = rng.uniform(0.02, 0.25)
    size = rng.uniform(0.88, 1.12)
    fingers = (-0.031, 0.070), (-0.0105, 0.080), (0.0105, 0.076), (0.031, 0.060)  # place and length, metres
    for number, (x, length) in enumerate(fingers):
        bend = np.clip(curl + rng.normal(0, 0.18), -0.1, 1.5)
        lean = spread * (number - 1.5) * 0.6
        angle, point = 0.0, np.array([x, 0.038, 0.0])
        path = [point]
        for share in (0.45, 0.32, 0.23):
            angle += bend
            step = np.array([np.sin(lean) * np.cos(angle), np.cos(lean) * np.cos(angle), -np.sin(angle)])
            point = point + length * share * step
            path.append(point)
        knots = np.array(path)
        fine = np.stack([np.interp(np.linspace(0, 3, 9), range(4), knots[:, k]) for k in range(3)], 1)
        parts.append(tube(fine, np.linspace(0.0095, 0.0070, 9), sides=9))
    thumb = [[-0.034, -0.02, 0.0], [-0.058, 0.005, -0.008]]
    thumb += [[-0.066, 0.03, -0.016 - 0.02 * curl], [-0.062, 0.048, -0.024 - 0.03 * curl]]
    parts.append(tube(np.array(thumb), np.array([0.014, 0.012, 0.0105, 0.0085]), sides=9))
    arm = np.array([[0, -0.03, 0], [0.0, -0.09, 0.0], [0.0, -0.26, rng.uniform(-0.03, 0.1)]])
    parts.append(tube(arm, np.array([0.029, 0.027, 0.038]), sides=12, flatten=0.75))
    bare = len(merge(parts)[0])
    cuff = rng.uniform(-0.19, -0.085)
    arm = np.array([[0, cuff, 0], [0, cuff - 0.01, 0], [0, -0.34, rng.uniform(-0.03, 0.1)]])
    parts.append(tube(arm, np.array([0.033, 0.036, 0.055]) * rng.uniform(1, 1.35), sides=14, flatten=0.8))
    vertices, triangles = merge(parts)
    vertices *= size
    if rng.random() < 0.5:  # the other hand: a mirror image
        vertices[:, 0] *= -1
        triangles = triangles[:, ::-1].copy()
    roll = rng.normal(0, 0.9)
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turn = tilt @ random_turn(rng, 0.22) if frame is None else frame @ random_turn(rng, 0.1)
    vertices = vertices @ turn.T.astype(np.float32)
    target = _target(rng, anchors)
    touch = vertices[rng.integers(FINGERS)] if rng.random() < 0.7 else np.zeros(3)
    place = target - touch + rng.normal(0, 0.008, 3)
    place[2] = target[2] + rng.uniform(0.004, 0.022)
    if at is not None:
        place = at
    vertices = (vertices + place).astype(np.float32)
    tone = np.exp(rng.normal((0.05, 0, 0), 0.07))
    tone *= rng.uniform(1, 1.6) if rng.random() < 0.3 else 1  # palms are light
    tone = tone.astype(np.float32)
    offset = rng.uniform(0, 512, 2).astype(np.float32)
    own = np.ascontiguousarray(triangles[triangles[:, 0] < bare])
    found = [Thing(vertices[:bare], own, tone, gloss=0.03, skin=True, contrast=0.08, offset=offset)]
    if rng.random() < 0.6:
        cloth = np.ascontiguousarray(triangles[triangles[:, 0] >= bare] - np.int32(bare))
        rest, colour, contrast = vertices[bare:], cloth_colour(rng), float(rng.uniform(0.05, 0.3))
        sleeve = Thing(rest, cloth, colour, gloss=0.02, contrast=contrast, texture="locks", offset=offset)
        found.append(sleeve)
    return found
