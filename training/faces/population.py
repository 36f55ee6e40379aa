"""Who is drawn: the face model's artist-made identities, with a face's proportions as people are measured to have them.

The red of the model's upper lip is 11.1 mm high with a standard deviation of 1.3; in young white adults it is 6 to 8
(Farkas et al., American Journal of Orthodontics 1984), in African ones 13.5, and less with age. Its mouths are 48 mm
wide, people's 50 to 56; its cheeks 130, people's 130 to 137 (zy-zy), and where the contour passes the mouth its jaws
are as wide as nearly nobody's: people's are 91 to 107 at the bone (go-go; Farkas, Anthropometry of the Head and Face,
1994), and between that and the model's with flesh; its noses stand out by less than 15 mm, people's by 17 to 19.5
(sn-prn; the landmark of the tip lies 2 mm higher), and their backs are 42 mm long, people's 45 to 50 (n-prn). A
network that has never seen a thin lip draws its edge into the skin above, and one that knows narrow cheeks only takes a
face for larger than it is, its eyes for further apart. As these measures are correlated in the model, the heights of
nose, lip and chin are given, too: or else wide mouths would come with short faces. How far brows lie above the eyes
differs by 3 mm among people (on the development photographs, by both detectors), in the model by 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from face3d.model import FaceModel

MEASURES = (
    (51, 62, 0.0090, 0.0025),  # height of the upper lip's red
    (57, 66, 0.0100, 0.0022),  # of the lower lip's
    (48, 54, 0.0505, 0.0035),  # width of the mouth
    (2, 14, 0.1370, 0.0065),  # of the cheeks
    (4, 12, 0.1150, 0.0065),  # of the jaw
    (6, 10, 0.0665, 0.0065),  # of the chin
    (31, 35, 0.0270, 0.0030),  # of the nose's base
    (39, 42, 0.0350, 0.0028),  # between the eyes
    (36, 45, 0.0890, 0.0035),  # between their outer corners
    (27, 33, 0.0520, 0.0034),  # height of the nose
    (27, 30, 0.0450, 0.0034),  # length of its back
    (33, 30, 0.0203, 0.0024),  # how far its tip stands out
    (33, 51, 0.0148, 0.0022),  # of the skin above the lip
    (33, 8, 0.0685, 0.0055),  # of the face below the nose
    (19, 37, 0.0190, 0.0029),  # of the brows over the upper lids
)
"""Pairs of landmarks, mean and standard deviation of their distance on a neutral face, metres."""
EYES = (36, 39, 42, 45)
DEPTHS = (
    *((behind, 0.0) for behind in ((27,), (33,), (8,), (0, 16), (2, 14), (4, 12), (17, 26), (19, 24))),
    ((51,), -0.0020),
    ((57,), -0.0015),
)
"""Landmarks, and by how many metres they come forward, seen from the corners of the eyes, from where artists have
them. Without being told to stay, chins go back as mouths get wider, and a head then seems to look up that does not.
From the line between the tip of the nose and the chin (Ricketts 1968) the artists' upper lips are level and the lower
ones 2 mm ahead; people's are 4 and 2 behind in Europe, at 0 to 1 in East Asia, 1 and 4 ahead in Africa."""
LIPS_ALIKE = 0.5
"""Correlation between the heights of both lips."""


@dataclass(frozen=True)
class Population:
    """Distances between landmarks (where photographs are marked, not the anchors), linear in the 200 coefficients.

    directions (M, 200): unit vectors along which a distance grows fastest; inverse (200, M): the shortest way along
    them that leaves the depths alone; forward (200,): the step that gives the depths; mean (M,), factor (M, M): of an
    identity's shares in the directions, in standard deviations of the model, and the Cholesky factor of their
    covariance.
    """

    directions: np.ndarray
    inverse: np.ndarray
    forward: np.ndarray
    mean: np.ndarray
    factor: np.ndarray

    @staticmethod
    def of(model: FaceModel) -> Population:
        mean, basis, _ = model.basis_at(model.landmarks68)
        first, second, distances, deviations = (np.array(column) for column in zip(*MEASURES))
        depths = np.stack([(basis[:, marks].mean(1) - basis[:, EYES].mean(1))[:, 2] for marks, _ in DEPTHS])
        steps = np.array([step for _, step in DEPTHS]) / np.linalg.norm(depths, axis=1)
        depths /= np.linalg.norm(depths, axis=1, keepdims=True)
        identity = np.zeros(len(basis), np.float32)
        # distances are linear around one identity only: around the one that has their means
        for _ in range(4):
            points = mean + np.tensordot(identity, basis, 1)
            apart = points[first] - points[second]
            lengths = np.linalg.norm(apart, axis=1)
            gradients = np.einsum("kmc,mc->mk", basis[:, first] - basis[:, second], apart / lengths[:, None])
            sizes = np.linalg.norm(gradients, axis=1)
            directions = gradients / sizes[:, None]
            both = np.linalg.pinv(np.concatenate([directions, depths]))
            inverse, forward = np.split(both, [len(sizes)], axis=1)
            share = (distances - lengths) / sizes + directions @ identity
            identity = inverse @ share + forward @ steps
        correlation = np.eye(len(sizes))
        correlation[0, 1] = correlation[1, 0] = LIPS_ALIKE
        factor = np.diag(deviations / sizes) @ np.linalg.cholesky(correlation)
        return Population(directions, inverse, forward @ steps, share, factor)

    def move(self, identity: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Identities (..., 200) with the distances that `normal` (..., M), standard normal numbers, gives them.
        Whatever does not change these distances stays."""
        wanted = self.mean + normal @ self.factor.T
        return identity + (wanted - identity @ self.directions.T) @ self.inverse.T + self.forward

    def draw(self, rng: np.random.Generator, spread: float, limit: float) -> np.ndarray:
        """One identity (200,) float32: coefficients of standard deviation `spread`, none beyond +-limit."""
        moved = self.move(rng.standard_normal(200) * spread, rng.standard_normal(len(self.mean)))
        return np.clip(moved, -limit, limit).astype(np.float32)
