"""Turns a figure, its light and a background into a picture."""

from __future__ import annotations

import cv2
import numpy as np

from training.faces import head_fields as hf
from training.faces.accessories import Lens
from training.faces.clothes import ClothLook
from training.faces.eyes import eye_colour, teeth_colour
from training.faces.figure import Figure
from training.faces.hair import cover_pixels
from training.faces.lids import draw_lashes
from training.faces.light import Lighting, highlights, irradiance
from training.faces.noise import NoiseBank
from training.faces.render import (
    LASH,
    Mesh,
    Pixels,
    ShadowMap,
    bump,
    darken,
    draw,
    show,
    smooth_edges,
    to_display,
)
from training.faces.skin import mix, skin_colour
from training.faces.skin_maps import SkinMaps
from training.faces.solids import FIRST_THING
from training.faces.strands import paint_locks

# light under the skin bends round the terminator, red most
SKIN_WRAP = np.array([0.30, 0.12, 0.07], np.float32)
HAIR_WRAP = np.array([0.35, 0.35, 0.35], np.float32)


class Painter:
    """Paints figures over backgrounds; holds the textures."""

    def __init__(self, maps: SkinMaps, bank: NoiseBank) -> None:
        self.maps, self.bank = maps, bank

    def paint(self, background: np.ndarray, figure: Figure, lighting: Lighting, scale: float) -> np.ndarray:
        """background (S, S, 3) uint8 -> the picture; scale: pixels a metre."""
        image = np.ascontiguousarray(background)
        size = image.shape[0]
        pixels, depth = draw(figure.solid, size)
        shadows = self._shadows(figure, lighting, size)
        lit = shadows.lit(pixels, lighting.softness) if shadows else None
        light, exposure = self._solid(pixels, figure, lighting, scale, lit)
        show(image, pixels.where, light, exposure)
        if figure.lash is not None and figure.lashes is not None:
            draw_lashes(image, figure.lashes, figure.lash, depth, scale)
        depths = [depth]
        for lens, mesh in figure.lenses:
            self._lens(image, lens, mesh, depth, lighting, exposure)
        if figure.cover_meshes:
            if any(cover.shell.falling for cover in figure.covers):  # the inside of hair behind the neck
                self._inside_of_hair(image, figure, depth, lighting, exposure)
            depths.append(self._covers(image, figure, depth, lighting, exposure, scale, shadows))
        image = smooth_edges(image, *depths)
        if figure.locks:
            arriving = 0.8 * lighting.ambient + 0.35 * lighting.colours.sum(0)
            light = np.stack([lock.colour for lock in figure.locks]) * arriving * np.float32(exposure)
            paint_locks(image, figure.locks, to_display(light), depth, scale)
        return image

    @staticmethod
    def _shadows(figure: Figure, lighting: Lighting, size: int) -> ShadowMap | None:
        if lighting.shadow < 0:
            return None
        casters = [*figure.casters, *(_inside(mesh) for mesh in figure.cover_meshes)]
        return ShadowMap(casters, lighting.directions[lighting.shadow], size)

    def _solid(
        self, pixels: Pixels, figure: Figure, lighting: Lighting, scale: float, lit: np.ndarray | None
    ) -> tuple[np.ndarray, float]:
        """(3, P) linear light of head, body and things before exposure, and the exposure's gain."""
        count = len(pixels.where)
        u, v, occlusion, _, _, cloth = pixels.fields
        colour, gloss, height = (np.zeros(s, np.float32) for s in ((3, count), count, count))
        skin = pixels.rows(hf.SKIN)
        rows: slice | np.ndarray = skin
        if figure.cloth is not None:
            inside = cloth[skin] > 0
            dressed, rows = np.flatnonzero(inside) + skin.start, np.flatnonzero(~inside) + skin.start
            colour[:, dressed], height[dressed] = self._cloth(figure.cloth, u[dressed], v[dressed])
        skin_colour(figure.skin, self.maps, self.bank, pixels.fields, rows, colour, gloss, height)
        self._inner_parts(pixels, figure, colour, gloss)
        self._things(pixels, figure, colour, gloss)
        bump(pixels, height, scale)
        arriving = irradiance(pixels.normals, lighting, occlusion, SKIN_WRAP, lit)
        seen = arriving[:, skin] if skin.stop > skin.start else arriving
        level = float(seen.mean()) * 0.36 * float(np.exp(-1.1 * figure.skin.melanin)) if count else 1.0
        exposure = lighting.exposure**2 / max(level, 2e-3)
        light = np.multiply(colour, arriving, out=colour)
        highlights(pixels.normals, lighting, lit, gloss=gloss, out=light)
        self._eye_sparks(pixels, figure, light, lighting)
        return light, exposure

    def _cloth(self, look: ClothLook, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        folds = self.bank.look_up("locks", u * 0.35 + look.offset[0], v * 0.35 + look.offset[1])
        colour = np.repeat(look.colour[:, None], len(u), 1)
        if look.pattern == "stripes":
            mix(colour, look.second, (np.sin(v * look.scale * 3) > 0.2).astype(np.float32))
        elif look.pattern == "checks":
            rows, columns = np.sin(v * look.scale * 3) > 0, np.sin(u * look.scale * 3) > 0
            mix(colour, look.second, 0.5 * (rows + 1.0 * columns))
        elif look.pattern != "plain":
            mix(colour, look.second, np.clip(self.bank.look_up(look.pattern, u, v), 0, 1))
        return colour, folds * np.float32(look.relief)

    def _inner_parts(self, pixels: Pixels, figure: Figure, colour: np.ndarray, gloss: np.ndarray) -> None:
        u, v = pixels.fields[:2]
        rows = pixels.rows(hf.EYE)
        colour[:, rows] = eye_colour(figure.eye, self.bank, u[rows], v[rows])
        inner = slice(pixels.rows(hf.TEETH).start, pixels.rows(hf.MOUTH).stop)
        pixels.fields[2][inner] = np.minimum(pixels.fields[2][inner] * figure.mouth.light, 1)
        rows = pixels.rows(hf.TEETH)
        colour[:, rows] = teeth_colour(figure.mouth, u[rows], v[rows])
        gloss[rows] = 0.10 * pixels.fields[2][rows]
        for material, tone in ((hf.TONGUE, figure.mouth.tongue), (hf.MOUTH, figure.mouth.gum)):
            rows = pixels.rows(material)
            colour[:, rows] = tone[:, None]
            gloss[rows] = 0.06 * pixels.fields[2][rows]
        if figure.masked and figure.cloth is not None:  # fabric closes the lips' opening
            for material in (hf.TEETH, hf.TONGUE, hf.MOUTH):
                rows = pixels.rows(material)
                colour[:, rows] = figure.cloth.colour[:, None]
                pixels.fields[2][rows] = 0.8

    def _things(self, pixels: Pixels, figure: Figure, colour: np.ndarray, gloss: np.ndarray) -> None:
        for number, thing in enumerate(figure.things):
            rows = pixels.rows(FIRST_THING + number)
            if rows.start == rows.stop:
                continue
            u, v = pixels.fields[0][rows], pixels.fields[1][rows]
            if thing.skin:
                plain = np.array([20, 20, 0, 0, 0, 0], np.float32)[:, None]  # where the map has no features
                tone: np.ndarray = np.empty((3, 1), np.float32)
                shine: np.ndarray = np.empty(1, np.float32)
                skin_colour(figure.skin, self.maps, self.bank, plain, slice(0, 1), tone, shine, shine.copy())
                tone *= thing.colour[:, None]
            else:
                tone, shine = thing.colour[:, None], np.full(1, thing.gloss, np.float32)
            noise = self.bank.look_up(thing.texture, u + thing.offset[0], v + thing.offset[1])
            colour[:, rows] = tone * np.maximum(1 + thing.contrast * noise, 0.1)
            gloss[rows] = shine

    def _eye_sparks(self, pixels: Pixels, figure: Figure, light: np.ndarray, lighting: Lighting) -> None:
        """Mirror images of the lights and of a window on the wet eyeballs."""
        rows = pixels.rows(hf.EYE)
        if rows.start == rows.stop:
            return
        normals = np.ascontiguousarray(pixels.normals[:, rows])
        spark = 0.5 * highlights(normals, lighting, None, sharpness=9)
        seen = 2 * normals[2] * normals  # mirror direction of the view (0, 0, 1)
        seen[2] -= 1
        aside = np.arccos(np.clip(figure.eye.window @ -seen, -1, 1))
        window = np.clip((figure.eye.window_size - aside) / 0.05, 0, 1)
        light[:, rows] += spark + figure.eye.window_light * 0.5 * window * lighting.ambient[:, None]

    def _lens(
        self,
        image: np.ndarray,
        lens: Lens,
        mesh: Mesh,
        depth: np.ndarray,
        lighting: Lighting,
        exposure: float,
    ) -> None:
        pixels, _ = draw([mesh], depth.shape[0], cull=False, behind=depth)
        where, normals = pixels.where, pixels.normals
        flat = image.reshape(-1, 3)
        shine = lens.shine * highlights(normals, lighting, None, sharpness=6) * np.float32(exposure)
        tinted = lens.tint[:, None] * lighting.ambient[:, None] * np.float32(exposure) + shine
        shown = to_display(tinted.T).astype(np.float32)
        opacity = np.clip(lens.opacity + 0.7 * shine.mean(0), 0, 1)[:, None]
        blended = flat[where] * (1 - opacity) + shown * opacity
        if lens.glare is not None:
            across, offset, half, strength, colour = lens.glare
            band = strength * np.clip((half - np.abs(across @ pixels.fields[:2] - offset)) / 0.15 + 0.5, 0, 1)
            bright = to_display(colour * lighting.ambient * np.float32(2 * exposure)).astype(np.float32)
            blended += band[:, None] * (np.maximum(bright, blended) - blended)
        flat[where] = blended.astype(np.uint8)

    @staticmethod
    def _inside_of_hair(
        image: np.ndarray, figure: Figure, depth: np.ndarray, lighting: Lighting, exposure: float
    ) -> None:
        """What is seen of long hair, scarves and hoods from inside, behind the neck: dim, without texture."""
        pixels, _ = draw([mesh.turned() for mesh in figure.cover_meshes], depth.shape[0], behind=depth)
        tones = np.stack([cover.colour for cover in figure.covers])[pixels.material].T
        field = pixels.fields[LASH]
        light = tones * irradiance(pixels.normals, lighting, pixels.fields[2], HAIR_WRAP, None)
        show(image, pixels.where, light, exposure, (field > 0).astype(np.float32))

    def _covers(
        self,
        image: np.ndarray,
        figure: Figure,
        depth: np.ndarray,
        lighting: Lighting,
        exposure: float,
        scale: float,
        shadows: ShadowMap | None,
    ) -> np.ndarray:
        """Blends hair and hats over the picture and darkens what is just under their edge; returns their depth."""
        size = image.shape[0]
        pixels, covers_depth = draw(figure.cover_meshes, size, behind=depth)
        count = len(pixels.where)
        colour, opacity, gloss, height = (np.zeros(s, np.float32) for s in ((3, count), count, count, count))
        for number, cover in enumerate(figure.covers):
            rows = pixels.rows(number)
            azimuth, polar, _, field = pixels.fields[:4, rows]
            drawn = cover_pixels(cover, self.bank, azimuth, polar, field)
            colour[:, rows], opacity[rows], height[rows] = drawn
            gloss[rows] = cover.gloss
        bump(pixels, height, scale)
        lit = shadows.lit(pixels, lighting.softness) if shadows else None
        arriving = irradiance(pixels.normals, lighting, pixels.fields[2], HAIR_WRAP, lit)
        light = np.multiply(colour, arriving, out=colour)
        highlights(pixels.normals, lighting, lit, sharpness=4, gloss=gloss, out=light)
        mask = np.zeros(size * size, np.float32)
        mask[pixels.where] = opacity
        mask = mask.reshape(size, size)
        small = cv2.resize(mask, (size // 4, size // 4), interpolation=cv2.INTER_AREA)
        darken(image, cv2.resize(cv2.GaussianBlur(small, (0, 0), 0.0016 * scale) * 0.5, (size, size)), depth)
        show(image, pixels.where, light, exposure, opacity)
        return np.where(mask > 0.5, covers_depth, np.inf)


def _inside(mesh: Mesh) -> Mesh:
    """The triangles of a cover mesh that are inside its field altogether: what casts a shadow."""
    inside = mesh.attributes[:, LASH] > 0
    kept = inside[mesh.triangles[:, 0]] & inside[mesh.triangles[:, 1]] & inside[mesh.triangles[:, 2]]
    return Mesh(mesh.raster, mesh.triangles[kept], mesh.material[kept], mesh.attributes)
