"""Draws one synthetic photograph of a face, with the geometry that it shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from face3d.camera import Pose
from training.faces import head_fields as hf
from training.faces.background import Backgrounds
from training.faces.camera_effects import apply_effects
from training.faces.config import FaceConfig
from training.faces.expressions import Expression, ExpressionSampler
from training.faces.eyes import EyeLook, MouthLook, eye_colour, teeth_colour
from training.faces.head_fields import HeadFields
from training.faces.light import Lighting, draw_lighting, highlights, irradiance
from training.faces.noise import NoiseBank
from training.faces.poses import View, draw_view, fit_weak_perspective
from training.faces.render import Mesh, Pixels, bump, draw, join, shadow, smooth_edges, to_display
from training.faces.skin import SkinLook, hair_colour, skin_colour
from training.faces.skin_maps import SkinMaps

SKIN_WRAP = np.array([0.30, 0.12, 0.07], np.float32)


@dataclass(frozen=True)
class Sample:
    """image (S, S, 3) uint8 RGB; identity (200,), expression (84,) float32; pose in the image's pixels.
    face: whether the image shows a face; without one the coefficients are 0 and the pose says where to look."""

    image: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    pose: Pose
    face: bool


class FaceGenerator:
    """Draws samples; `seed` fixes the sequence. `head` is a `training.head.HeadAssets` (loaded when not given)."""

    def __init__(self, config: FaceConfig | None = None, seed: int = 0, head=None) -> None:
        if head is None:
            from training.head import HeadAssets
            head = HeadAssets.load()
        self.config = config or FaceConfig()
        self.rng = np.random.default_rng(seed)
        self.head = head
        self.bank = NoiseBank()
        self.fields = HeadFields.of(head)
        self.maps = SkinMaps(self.fields.mean[self.fields.landmarks])
        self.backgrounds = Backgrounds(self.bank, self.config)
        self.expressions = ExpressionSampler(head.expression_names, self.config)
        self.fit_rows = self.fields.fit_rows

    def draw(self, difficulty: float = 1.0) -> Sample:
        """One sample; difficulty 0 is plain (frontal, soft light, no occluders), 1 is everything."""
        if not 0.0 <= difficulty <= 1.0:
            raise ValueError(f"difficulty must be in 0..1, got {difficulty}")
        rng = self.rng
        view = draw_view(rng, self.config, difficulty)
        image = self.backgrounds.draw(rng, difficulty)
        if difficulty > 0.05 and rng.random() < self.config.negative:
            image = apply_effects(image, rng, self.bank, self.config, difficulty)
            return Sample(image, np.zeros(200, np.float32), np.zeros(84, np.float32), view.pose, False)
        identity = self._identity(difficulty)
        expression = self.expressions.draw(rng, difficulty)
        vertices = self.head.shape(identity, expression.coefficients)
        image = self._photograph(image, vertices, expression, view, difficulty)
        return Sample(image, identity, expression.coefficients, self._true_pose(vertices, view), True)

    def _identity(self, difficulty: float) -> np.ndarray:
        low, high = self.config.identity_spread
        spread = self.rng.uniform(low, high) * (0.6 + 0.4 * difficulty)
        limit = self.config.identity_limit
        return np.clip(self.rng.standard_normal(200) * spread, -limit, limit).astype(np.float32)

    def _true_pose(self, vertices: np.ndarray, view: View) -> Pose:
        if view.distance is None:
            return view.pose
        points = vertices[self.fit_rows].astype(np.float64)
        return fit_weak_perspective(points, view.project(vertices[self.fit_rows])[:, :2].astype(np.float64), view.pose)

    def _photograph(self, image: np.ndarray, vertices: np.ndarray, expression: Expression, view: View,
                    difficulty: float) -> np.ndarray:
        rng, size = self.rng, self.config.image_size
        lighting = draw_lighting(rng, self.config, difficulty)
        hair = hair_colour(rng)
        look = SkinLook.draw(rng, self.config, self.maps, hair, difficulty)
        attributes = self.fields.attributes.copy()
        self._aim_eyes(attributes, vertices, expression)
        meshes = [Mesh(view.project(vertices), self.fields.triangles, self.fields.material, attributes)]
        mesh = join(meshes)
        pixels = draw(mesh, size)
        colour = self._shade(mesh, pixels, look, lighting, view)
        flat = image.reshape(-1, 3)
        flat[pixels.where] = to_display(colour.T)
        image = smooth_edges(image, pixels.depth)
        return apply_effects(image, rng, self.bank, self.config, difficulty)

    def _aim_eyes(self, attributes: np.ndarray, vertices: np.ndarray, expression: Expression) -> None:
        """Writes the eyeballs' angles from the gaze axis into u, v."""
        for rows, (left, up) in zip(self.fields.eyes, expression.gaze, strict=True):
            ball = vertices[rows]
            ray = ball - 0.5 * (ball.min(0) + ball.max(0))
            forward = np.array([np.sin(left) * np.cos(up), np.sin(up), np.cos(left) * np.cos(up)])
            across = np.array([np.cos(left), 0, -np.sin(left)])
            frame = np.stack([across, np.cross(forward, across), forward]).astype(np.float32)
            x, y, z = frame @ ray.T
            flat = np.hypot(x, y)
            angle = np.arctan2(flat, z) / np.maximum(flat, 1e-9)
            attributes[rows, 0] = angle * x
            attributes[rows, 1] = angle * y

    def _shade(self, mesh: Mesh, pixels: Pixels, look: SkinLook, lighting: Lighting, view: View) -> np.ndarray:
        """(3, P) linear display light of the head's pixels."""
        u, v, occlusion, lash, lip = pixels.fields
        count = len(pixels.where)
        colour = np.zeros((3, count), np.float32)
        gloss = np.zeros(count, np.float32)
        height = np.zeros(count, np.float32)
        skin = np.flatnonzero(pixels.material == hf.SKIN)
        colour[:, skin], gloss[skin], height[skin] = skin_colour(look, self.maps, self.bank, u[skin], v[skin],
                                                                 lash[skin], lip[skin])
        bump(pixels, height, view.pose.scale)
        self._inner_parts(pixels, colour, gloss)
        lit = shadow(mesh, pixels, lighting) if lighting.shadow >= 0 else None
        arriving = irradiance(pixels.normals, lighting, occlusion, SKIN_WRAP, lit)
        colour *= arriving
        colour += gloss * highlights(pixels.normals, lighting, lit)
        return colour * self._exposure(arriving, look, lighting)

    def _inner_parts(self, pixels: Pixels, colour: np.ndarray, gloss: np.ndarray) -> None:
        rng = self.rng
        eye, mouth = EyeLook.draw(rng), MouthLook.draw(rng)
        u, v = pixels.fields[:2]
        rows = np.flatnonzero(pixels.material == hf.EYE)
        if len(rows):
            colour[:, rows] = eye_colour(eye, self.bank, u[rows], v[rows])
            gloss[rows] = 0.25
        rows = np.flatnonzero(pixels.material == hf.TEETH)
        if len(rows):
            colour[:, rows] = teeth_colour(mouth, u[rows], v[rows])
            gloss[rows] = 0.15
        for material, tone in ((hf.TONGUE, mouth.tongue), (hf.MOUTH, mouth.gum)):
            rows = np.flatnonzero(pixels.material == material)
            colour[:, rows] = tone[:, None]
            gloss[rows] = 0.06

    @staticmethod
    def _exposure(arriving: np.ndarray, look: SkinLook, lighting: Lighting) -> float:
        """Gain that brings the face to the lighting's exposure, half adapted to the skin's own brightness."""
        level = float(np.mean(arriving)) * 0.35 * float(np.exp(-1.0 * look.melanin))
        return lighting.exposure**2 / max(level, 1e-3)


def contact_sheet(generator: FaceGenerator, rows: int, columns: int, difficulty: float) -> np.ndarray:
    """(rows * S, columns * S, 3) uint8 picture of samples."""
    return np.vstack([np.hstack([generator.draw(difficulty).image for _ in range(columns)]) for _ in range(rows)])


__all__ = ["FaceGenerator", "Sample", "contact_sheet", "cv2"]
