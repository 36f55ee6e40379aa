"""One person: every look that is drawn for a sample, and the meshes that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from training.faces.accessories import Anchors, Lens, draw_glasses, draw_headphones
from training.faces.beard import Beards
from training.faces.clothes import Clothes, ClothLook, draw_cloth
from training.faces.config import FaceConfig
from training.faces.creases import Creases
from training.faces.expressions import Expression, plain
from training.faces.eyes import EyeLook, MouthLook
from training.faces.hair import Cover
from training.faces.head_fields import HeadFields
from training.faces.headwear import brim_grid, draw_covers
from training.faces.lids import Lashes, LashLook, Lids
from training.faces.nostrils import Nostrils
from training.faces.occluders import draw_occluders
from training.faces.poses import View
from training.faces.render import ATTRIBUTES, LASH, OPEN, Mesh, U, V
from training.faces.shell import Shell
from training.faces.skin import SkinLook, hair_colour, hair_like
from training.faces.skin_maps import SkinMaps
from training.faces.solids import FIRST_THING, Thing
from training.faces.strands import Lock, draw_locks


@dataclass
class Figure:
    """A person in front of a camera. `solid` is drawn first, then lenses and covers over it."""

    skin: SkinLook
    eye: EyeLook
    mouth: MouthLook
    cloth: ClothLook | None
    covers: list[Cover]
    things: list[Thing]
    solid: list[Mesh]
    cover_meshes: list[Mesh]
    lenses: list[tuple[Lens, Mesh]]
    casters: list[Mesh]  # what throws shadows: the coarse head, the things
    masked: bool = False  # the mouth is behind a mask
    lash: LashLook | None = None
    lashes: Lashes | None = None
    locks: list[Lock] = field(default_factory=list)


class Wardrobe:
    """Dresses heads: draws figures for given head vertices."""

    def __init__(
        self,
        fields: HeadFields,
        maps: SkinMaps,
        lids: Lids,
        config: FaceConfig,
        expression_names: tuple[str, ...],
    ) -> None:
        self.fields, self.maps, self.lids, self.config = fields, maps, lids, config
        self.cap, self.curtain = Shell(fields, falling=False), Shell(fields, falling=True)
        self.clothes, self.beards = Clothes(fields, maps), Beards(fields, maps)
        self.nostrils = Nostrils(fields)
        self.creases = Creases(expression_names)
        self.units = {plain(name): number for number, name in enumerate(expression_names)}

    def dress(
        self,
        rng: np.random.Generator,
        vertices: np.ndarray,
        expression: Expression,
        view: View,
        difficulty: float,
        ground: np.ndarray,
    ) -> Figure:
        """vertices (N, 3): the head with its skirt, metres; it is changed in place (teeth, clothes, beard). ground
        (3,): the display colour behind the head."""
        self._set_teeth(rng, vertices, expression)
        config, hair = self.config, hair_colour(rng)
        if rng.random() < config.ramp(config.hair_like_ground, difficulty):
            hair = hair_like(rng, ground)
        skin = SkinLook.draw(rng, config, self.maps, hair, difficulty)
        skin = replace(skin, creases=self.creases.depths(expression.coefficients, skin.wrinkles))
        attributes = self.fields.attributes.copy()
        aim_eyes(self.fields, attributes, vertices, expression)
        self.lids.shade(attributes, vertices)
        shade = np.exp(-np.float32(rng.uniform(*config.crevices)) * self.fields.depth)
        attributes[self.fields.crevices, OPEN] *= shade
        self.nostrils.shade(rng, attributes)
        lash = LashLook.draw(rng, makeup=skin.lipstick is not None)
        lashes = self.lids.lashes(vertices, view, lash)
        cloth = self.clothes.put_on(rng, vertices, attributes) if rng.random() < config.clothes else None
        if skin.beard_length > 0:
            self.beards.grow(rng, vertices, skin)
        masked = rng.random() < config.ramp(config.mask, difficulty)
        if masked:
            self.clothes.put_mask(rng, vertices, attributes)
            cloth = cloth or draw_cloth(rng)
        covers = draw_covers(rng, config, self.cap, self.curtain, hair, difficulty)
        things, lenses = self._wear(rng, vertices, difficulty)
        parts = [Mesh(view.project(vertices), self.fields.triangles, self.fields.material, attributes)]
        for number, thing in enumerate(things):
            parts.append(thing_mesh(thing, FIRST_THING + number, view))
        coarse = Mesh(parts[0].raster, self.fields.caster, np.zeros(0, np.uint8), parts[0].attributes)
        meshes, casters = self._cover_meshes(covers, vertices, view), [coarse, *parts[1:]]
        eye, mouth = EyeLook.draw(rng), MouthLook.draw(rng)
        figure = Figure(
            skin, eye, mouth, cloth, covers, things, parts, meshes, [], casters, masked, lash, lashes
        )
        loose = covers and covers[0].texture in ("strands", "curls")
        if loose and rng.random() < config.ramp(config.strands, difficulty):
            figure.locks = draw_locks(rng, self.cap, vertices, hair, view)
        for lens in lenses:
            attributes = np.zeros((len(lens.vertices), ATTRIBUTES), np.float32)
            attributes[:, U : V + 1] = lens.place
            material = np.zeros(len(lens.triangles), np.uint8)
            mesh = Mesh(view.project(lens.vertices), lens.triangles, material, attributes)
            figure.lenses.append((lens, mesh))
        return figure

    def scatter(self, rng: np.random.Generator, view: View, difficulty: float) -> Figure:
        """A figure without a head: hands and other things where a face would be."""
        config = self.config
        points = self.fields.mean[self.fields.landmarks] + rng.normal(0, 0.06, (68, 3))
        anchors = Anchors(points[[42, 36]], 0.012, points, points[[16, 0]])
        things: list[Thing] = []
        wanted = rng.integers(1, 4)
        while len(things) < wanted:
            things += draw_occluders(rng, replace(config, occluder=1.0), anchors, 1.0)
        for thing in things:
            if not thing.skin and rng.random() < 0.3:
                thing.skin, thing.colour = True, np.ones(3, np.float32)
        skin = SkinLook.draw(rng, config, self.maps, hair_colour(rng), difficulty)
        meshes = [thing_mesh(thing, FIRST_THING + k, view) for k, thing in enumerate(things)]
        return Figure(skin, EyeLook.draw(rng), MouthLook.draw(rng), None, [], things, meshes, [], [], meshes)

    def _set_teeth(self, rng: np.random.Generator, vertices: np.ndarray, expression: Expression) -> None:
        """MakeHuman's teeth sit higher than people's and its tongue fills the open mouth: moves them, by an amount
        that differs between people, so that smiles show the upper teeth and an open mouth is dark or shows a low
        tongue. Skin, lips and eyes stay exactly where the face model has them."""
        parts, weights = self.fields.parts, expression.coefficients
        jaw = float(weights[self.units["jawopen"]])
        gape = float(weights[self.units["mouthopen"]])
        bared = np.mean(
            [min(1.0, weights[self.units[f"mouthlowerdown{side}"]]) for side in ("left", "right")]
        )
        # a grin that teeth fill to the lower lip
        upper = rng.normal(-0.0055, 0.0016) - float(bared) * rng.uniform(0, 0.006)
        vertices[parts["teeth_upper"]] += np.array([0, upper, rng.uniform(0.001, 0.003)], np.float32)
        shut = max(0.0, 1 - jaw - gape)  # wide open, they would come out of the chin
        fall = rng.normal(-0.0030, 0.0015) * shut
        lower = np.array([0, fall, rng.uniform(0.001, 0.0025) * shut - 0.002 * (1 - shut)])
        vertices[parts["teeth_lower"]] += lower.astype(np.float32)
        lift = rng.uniform(0, 0.012) if rng.random() < 0.3 else rng.uniform(0, 0.004)
        drop = np.array([0, lift - 0.008 - 0.008 * jaw - 0.024 * gape, -0.006 - 0.004 * jaw])
        vertices[parts["tongue"]] += drop.astype(np.float32)

    def _wear(
        self, rng: np.random.Generator, vertices: np.ndarray, difficulty: float
    ) -> tuple[list[Thing], list[Lens]]:
        config, fields = self.config, self.fields
        balls = [vertices[rows] for rows in fields.eyes]
        eyes = np.stack([0.5 * (ball.min(0) + ball.max(0)) for ball in balls])
        points = vertices[fields.landmarks]
        radius = 0.5 * float(np.ptp(balls[0][:, 1]))
        ears = points[[16, 0]] + np.array([[0.004, 0.012, -0.018], [-0.004, 0.012, -0.018]])
        anchors = Anchors(eyes, radius, points, ears)
        things = draw_occluders(rng, config, anchors, difficulty)
        lenses: list[Lens] = []
        kind = rng.random()
        glasses, dark = config.ramp(config.glasses, difficulty), config.ramp(config.sunglasses, difficulty)
        if kind < glasses + dark:
            frames, lenses = draw_glasses(rng, anchors, kind < dark, config.ramp(config.glare, difficulty))
            things += frames
        if rng.random() < config.ramp(config.headphones, difficulty):
            crown = np.array([0, vertices[fields.parts["skin"], 1].max(), 0])
            things += draw_headphones(rng, anchors, crown)
        return things, lenses

    def _cover_meshes(self, covers: list[Cover], vertices: np.ndarray, view: View) -> list[Mesh]:
        """The covers' meshes; their attributes are azimuth, polar, occlusion and field."""
        parts = []
        for number, cover in enumerate(covers):
            placed = cover.shell.place(vertices, cover.thickness)
            grid = np.zeros((len(placed), ATTRIBUTES), np.float32)
            grid[:, U], grid[:, V], grid[:, LASH] = cover.shell.azimuth, cover.shell.polar, cover.field
            grid[:, OPEN] = np.clip(1.0 - 0.45 * cover.shell.drop / 8, 0.4, 1)
            near = grid[:, LASH] > -6 - cover.fray
            triangles = cover.shell.triangles
            triangles = triangles[near[triangles[:, 0]] | near[triangles[:, 1]] | near[triangles[:, 2]]]
            material = np.full(len(triangles), number, np.uint8)
            parts.append(Mesh(view.project(placed), triangles, material, grid))
            if cover.brim is not None:
                brim, triangles = brim_grid(cover, placed)
                flat = np.zeros((len(brim), ATTRIBUTES), np.float32)
                flat[:, OPEN], flat[:, LASH] = 0.9, 90.0
                flat[:, U : V + 1] = 400 * brim[:, ::2]
                material = np.full(len(triangles), number, np.uint8)
                parts.append(Mesh(view.project(brim), triangles, material, flat))
        return parts


def thing_mesh(thing: Thing, material: int, view: View) -> Mesh:
    """A thing's mesh; its texture coordinates are its own x and y in texels."""
    attributes = np.zeros((len(thing.vertices), ATTRIBUTES), np.float32)
    attributes[:, U] = (thing.vertices[:, 0] + thing.vertices[:, 2]) * thing.scale
    attributes[:, V] = thing.vertices[:, 1] * thing.scale
    attributes[:, OPEN] = 0.85
    materials = np.full(len(thing.triangles), material, np.uint8)
    return Mesh(view.project(thing.vertices), thing.triangles, materials, attributes)


def aim_eyes(
    fields: HeadFields, attributes: np.ndarray, vertices: np.ndarray, expression: Expression
) -> None:
    """Writes each eyeball vertex's angles from the gaze axis (across, up; radians) into the attributes u, v."""
    for rows, axis, (left, up) in zip(fields.eyes, fields.eye_axis, expression.gaze, strict=True):
        ray = np.ascontiguousarray(vertices[rows].T)
        for coordinate in ray:
            coordinate -= 0.5 * (coordinate.min() + coordinate.max())
        left, up = left + math.asin(axis[0]), up + math.asin(axis[1]) * 0.5
        x, y, z = math.sin(left) * math.cos(up), math.sin(up), math.cos(left) * math.cos(up)  # forward
        a, c = math.cos(left), -math.sin(left)  # across, level
        frame = np.array([[a, 0, c], [y * c, z * a - x * c, -y * a], [x, y, z]], np.float32)
        seen = frame @ ray
        flat = np.sqrt(seen[0] * seen[0] + seen[1] * seen[1])
        angle = np.arctan2(flat, seen[2]) / np.maximum(flat, np.float32(1e-9))
        attributes[rows, U], attributes[rows, V] = angle * seen[0], angle * seen[1]
