"""Draws one synthetic photograph of a face, with the geometry that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from face3d.camera import Pose
from face3d.model import FaceModel
from training.faces.background import Backgrounds, paste_beside
from training.faces.camera_effects import apply_effects
from training.faces.config import FaceConfig
from training.faces.expressions import Expression, ExpressionSampler
from training.faces.figure import Wardrobe
from training.faces.head_fields import HeadFields, fit_rows, lengthen
from training.faces.lids import Lids
from training.faces.light import draw_lighting
from training.faces.light_head import lighten
from training.faces.lookalikes import Lookalikes
from training.faces.noise import NoiseBank
from training.faces.paint import Painter
from training.faces.population import Population
from training.faces.poses import View, draw_view, fit_weak_perspective, rotation
from training.faces.skin_maps import SkinMaps
from training.head import HeadAssets

LOOKALIKE = 0.11  # metres: radius of what looks like a face, about


@dataclass(frozen=True)
class Sample:
    """image (S, S, 3) uint8 RGB; identity (200,), expression (84,) float32; pose in the image's pixels.
    face: whether the image shows a face; without one the coefficients are 0 and the pose says where to look."""

    image: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    pose: Pose
    face: bool


@lru_cache(maxsize=2)
def _assets(head: HeadAssets) -> tuple[HeadAssets, NoiseBank, HeadFields, SkinMaps, Lids, Population]:
    """What every generator of a head shares: it takes seconds to make and nothing changes it."""
    head, fitted = lighten(head, fit_rows(head))
    fields = HeadFields.of(head, fitted)
    ahead = fields.mean[fields.skin & (fields.normals[:, 2] > 0.2)]
    maps = SkinMaps(fields.mean[fields.landmarks], ahead)
    return head, NoiseBank(), fields, maps, Lids(head, fields), Population.of(FaceModel.load())


class FaceGenerator:
    """Draws samples; `seed` fixes the sequence. head: loaded (and made on first use) when not given."""

    def __init__(
        self, config: FaceConfig | None = None, seed: int = 0, head: HeadAssets | None = None
    ) -> None:
        self.config = config or FaceConfig()
        self.rng = np.random.default_rng(seed)
        self.head = head or HeadAssets.load()
        self.drawn, self.bank, self.fields, self.maps, self.lids, self.people = _assets(self.head)
        self.backgrounds = Backgrounds(self.bank, self.config)
        self.expressions = ExpressionSampler(self.head.expression_names, self.config)
        self.wardrobe = Wardrobe(self.fields, self.maps, self.lids, self.config, self.head.expression_names)
        self.painter, self.lookalikes = Painter(self.maps, self.bank), Lookalikes(self.bank)
        self.recent: list[np.ndarray] = []  # the last pictures: other people in the background

    def draw(self, difficulty: float = 1.0) -> Sample:
        """One sample; difficulty 0 is plain (frontal, soft light, no occluders), 1 is everything.

        Raises ValueError for a difficulty outside 0..1.
        """
        if not 0.0 <= difficulty <= 1.0:
            raise ValueError(f"difficulty must be in 0..1, got {difficulty}")
        rng, config = self.rng, self.config
        view = draw_view(rng, config, difficulty)
        image = self.backgrounds.draw(rng, difficulty)
        face = difficulty <= 0.05 or rng.random() >= config.negative
        if face and self.recent and rng.random() < config.ramp(config.second_face, difficulty):
            paste_beside(image, self.recent[rng.integers(len(self.recent))], rng)
        identity, drawn = self._identity(difficulty), self.expressions.draw(rng, difficulty)
        coefficients = self.lids.close(identity, drawn.coefficients, self.expressions.lids)
        expression = Expression(coefficients, drawn.gaze)
        vertices = self.drawn.shape(identity, expression.coefficients)
        pose = self._true_pose(vertices, view) if face else view.pose
        kind = 1.0 if face else rng.random()
        if not face and kind < config.back_of_head:
            turn = rng.uniform(130, 230), rng.normal(0, 12), rng.normal(0, 8)
            view = View(Pose(rotation(*turn), view.pose.scale, view.pose.translation), view.distance)
        lighting = draw_lighting(rng, config, difficulty)
        if face or kind < config.back_of_head:
            vertices = lengthen(vertices, self.fields.skirt)
            ground = image[::16, ::16].reshape(-1, 3).mean(0)
            figure = self.wardrobe.dress(rng, vertices, expression, view, difficulty, ground)
            image = self.painter.paint(image, figure, lighting, view.pose.scale)
        elif kind < config.back_of_head + config.things_only:
            figure = self.wardrobe.scatter(rng, view, difficulty)
            image = self.painter.paint(image, figure, lighting, view.pose.scale)
        elif kind < config.back_of_head + config.things_only + config.lookalike:
            place = view.pose.translation + rng.normal(0, 12, 2)
            image = self.lookalikes.draw(image, rng, place, LOOKALIKE * view.pose.scale)
        image = apply_effects(image, rng, self.bank, config, difficulty)
        if rng.random() < config.ramp(config.image_border, difficulty):
            cut_border(image, rng)
        image = np.ascontiguousarray(image)
        if not face:
            return Sample(image, np.zeros(200, np.float32), np.zeros(84, np.float32), pose, False)
        self.recent = [*self.recent[-15:], image]
        return Sample(image, identity, expression.coefficients, pose, True)

    def _identity(self, difficulty: float) -> np.ndarray:
        low, high = self.config.identity_spread
        spread = self.rng.uniform(low, high) * (0.6 + 0.4 * difficulty)
        return self.people.draw(self.rng, spread, self.config.identity_limit)

    def _true_pose(self, vertices: np.ndarray, view: View) -> Pose:
        """The view's pose, or under perspective the weak-perspective pose that comes closest to it on the face."""
        if view.distance is None:
            return view.pose
        points = vertices[self.fields.fit_rows]
        seen = view.project(points)[:, :2].astype(np.float64)
        return fit_weak_perspective(points.astype(np.float64), seen, view.pose)


def cut_border(image: np.ndarray, rng: np.random.Generator) -> None:
    """Blackens one or two sides, in place: a crop that reaches past the edge of its photograph."""
    size = image.shape[0]
    for _ in range(rng.integers(1, 3)):
        width = int(size * rng.uniform(0.08, 0.30))
        side = rng.integers(4)
        if side == 0:
            image[:width] = 0
        elif side == 1:
            image[-width:] = 0
        elif side == 2:
            image[:, :width] = 0
        else:
            image[:, -width:] = 0


def contact_sheet(generator: FaceGenerator, rows: int, columns: int, difficulty: float) -> np.ndarray:
    """(rows * S, columns * S, 3) uint8 picture of samples."""
    images = [[generator.draw(difficulty).image for _ in range(columns)] for _ in range(rows)]
    return np.vstack([np.hstack(row) for row in images])
