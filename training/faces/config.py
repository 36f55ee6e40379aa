"""Every knob of the synthetic faces in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FaceConfig:
    """What is drawn, and how often. Probabilities are those of difficulty 1; difficulty 0 has none of them.

    Angles are degrees, lengths pixels of the drawn image unless said. `ramp(p, difficulty)` gives the probability
    in between. Fields are grouped as the modules that read them.
    """

    image_size: int = 288
    negative: float = 0.08  # samples without a face (every difficulty above 0.05)
    back_of_head: float = 0.20  # share of those that show a head from behind, and of those that show
    things_only: float = 0.20  # hands, phones and lumps without a head
    lookalike: float = 0.40  # balls, wheels, pages, animals, ground, noise; the rest is background

    # poses.py
    crop_size: tuple[float, float] = (150.0, 230.0)  # side of the face's 0.25 m crop
    plain_yaw: float = 10.0  # standard deviation at difficulty 0
    yaw_mix: tuple[float, float, float] = (0.53, 0.28, 0.19)  # |yaw| below 30, 30-60, 60-96
    pitch_deviation: float = 12.0
    pitch_tail: float = 0.15  # share drawn evenly from +-pitch_limit
    pitch_limit: float = 36.0
    roll_deviation: float = 8.0
    roll_tail: float = 0.15
    roll_limit: float = 40.0
    perspective: float = 0.40  # share seen by a camera at finite distance
    distance: tuple[float, float] = (0.35, 1.6)  # metres, for those
    image_border: float = 0.06  # the face is cut by the edge of the photograph

    # identity and expression
    identity_spread: tuple[float, float] = (0.6, 1.3)
    identity_limit: float = 3.0
    closed_eyes: float = 0.18
    winks: float = 0.05
    half_closed: float = 0.17
    gaze: float = 0.75  # share that does not look straight ahead
    neutral: float = 0.14
    brows: tuple[float, float, float] = (0.30, 0.12, 0.06)  # raised; lowered; the inner ends raised

    # skin.py, eyes.py
    makeup: float = 0.25
    stubble: float = 0.30
    beard: float = 0.28
    freckles: float = 0.25
    no_brows: float = 0.03
    paint: float = 0.02  # coloured face paint
    crevices: tuple[float, float] = (0.1, 2.0)  # how dark folds are: around the nose, corners, ears

    # headwear.py, accessories.py, figure.py
    hair: float = 0.93
    hair_like_ground: float = 0.12  # hair as light or dark as what is behind it
    strands: float = 0.28  # loose locks over forehead and face
    hat: float = 0.12
    scarf: float = 0.07  # headscarves and hoods
    glasses: float = 0.25
    sunglasses: float = 0.04
    glare: float = 0.35  # of glasses
    headphones: float = 0.06
    occluder: float = 0.22
    clothes: float = 0.95
    mask: float = 0.03  # surgical masks

    # light.py
    shadows: float = 0.45
    coloured_light: float = 0.25
    hard_light: float = 0.35
    clipped: float = 0.12
    side_light: float = 0.10  # one lamp from the side, little else

    # background.py
    photographs: float = 0.35
    bright: float = 0.12  # white walls and studios: light hair on light ground
    second_face: float = 0.07  # another head beside this one
    photograph_folder: Path | None = None  # more photographs without people, if there are any

    # camera_effects.py
    grey: float = 0.07
    blur: float = 0.35
    motion_blur: float = 0.12
    noise: float = 0.55
    jpeg: float = 0.40
    low_resolution: float = 0.22
    vignette: float = 0.15
    tone: float = 0.85

    def ramp(self, probability: float, difficulty: float) -> float:
        """Probability at a difficulty: nothing below 0.1, all of it from 1."""
        return probability * min(1.0, max(0.0, (difficulty - 0.1) / 0.9))
