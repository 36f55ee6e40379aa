"""Turns a figure, its light and a background into a picture."""

from __future__ import annotations

import cv2
import numpy as np

from training.faces import head_fields as hf
from training.faces.eyes import eye_colour, teeth_colour
from training.faces.figure import ClothLook, Figure
from training.faces.hair import cover_pixels
from training.faces.light import Lighting, highlights, irradiance
from training.faces.noise import NoiseBank
from training.faces.render import Mesh, Pixels, bump, draw, join, shadow, smooth_edges, to_display
from training.faces.skin import mix, skin_colour
from training.faces.skin_maps import SkinMaps
from training.faces.solids import FIRST_THING

SKIN_WRAP = np.array([0.30, 0.12, 0.07], np.float32)    # light under the skin bends round the terminator, red most
HAIR_WRAP = np.array([0.35, 0.35, 0.35], np.float32)


class Painter:
    """Paints figures over backgrounds; holds the textures."""

    def __init__(self, maps: SkinMaps, bank: NoiseBank) -> None:
        self.maps, self.bank = maps, bank

    def paint(self, background: np.ndarray, figure: Figure, lighting: Lighting, scale: float) -> np.ndarray:
        """background (S, S, 3) uint8 -> the picture; scale: pixels a metre."""
        image = np.ascontiguousarray(background)
        size = image.shape[0]
        pixels = draw(figure.solid, size)
        caster = figure.solid if figure.cover_mesh is None else join([figure.solid, _inside(figure.cover_mesh)])
        lit = shadow(caster, pixels, lighting) if lighting.shadow >= 0 else None
        light, exposure = self._solid(pixels, figure, lighting, scale, lit)
        flat = image.reshape(-1, 3)
        flat[pixels.where] = to_display(light.T)
        depths = [pixels.depth]
        for lens, mesh in figure.lenses:
            self._lens(flat, lens, mesh, pixels.depth, lighting, exposure)
        if figure.cover_mesh is not None:
            depths.append(self._covers(image, figure, pixels.depth, lighting, exposure, scale))
        return smooth_edges(image, *depths)

    def _solid(self, pixels: Pixels, figure: Figure, lighting: Lighting, scale: float,
               lit: np.ndarray | None) -> tuple[np.ndarray, float]:
        """(3, P) linear light of head, body and things, and the exposure's gain."""
        count = len(pixels.where)
        u, v, occlusion, lash, lip, cloth = pixels.fields
        colour, gloss, height = (np.zeros(s, np.float32) for s in ((3, count), count, count))
        skin = pixels.material == hf.SKIN
        if figure.cloth is not None:
            dressed = np.flatnonzero(skin & (cloth > 0))
            colour[:, dressed], height[dressed] = self._cloth(figure.cloth, u[dressed], v[dressed])
            skin &= cloth <= 0
        rows = np.flatnonzero(skin)
        colour[:, rows], gloss[rows], height[rows] = skin_colour(
            figure.skin, self.maps, self.bank, u[rows], v[rows], lash[rows], lip[rows])
        self._inner_parts(pixels, figure, colour, gloss)
        self._things(pixels, figure, colour, gloss)
        bump(pixels, height, scale)
        arriving = irradiance(pixels.normals, lighting, occlusion, SKIN_WRAP, lit)
        level = float(arriving[:, rows].mean()) * 0.36 * float(np.exp(-1.1 * figure.skin.melanin))
        exposure = lighting.exposure**2 / max(level, 2e-3)
        light = colour * arriving
        light += gloss * highlights(pixels.normals, lighting, lit)
        self._eye_sparks(pixels, figure, light, lighting)
        light *= np.float32(exposure)
        return light, exposure

    def _cloth(self, look: ClothLook, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        folds = self.bank.look_up("locks", u * 0.35 + look.offset[0], v * 0.35 + look.offset[1])
        colour = np.repeat(look.colour[:, None], len(u), 1)
        if look.pattern == "stripes":
            mix(colour, look.second, (np.sin(v * look.scale * 3) > 0.2).astype(np.float32))
        elif look.pattern == "checks":
            mix(colour, look.second, 0.5 * ((np.sin(v * look.scale * 3) > 0) + 1.0 * (np.sin(u * look.scale * 3) > 0)))
        elif look.pattern != "plain":
            mix(colour, look.second, np.clip(self.bank.look_up(look.pattern, u, v), 0, 1))
        return colour, folds * np.float32(look.relief)

    def _inner_parts(self, pixels: Pixels, figure: Figure, colour: np.ndarray, gloss: np.ndarray) -> None:
        u, v = pixels.fields[:2]
        rows = np.flatnonzero(pixels.material == hf.EYE)
        colour[:, rows] = eye_colour(figure.eye, self.bank, u[rows], v[rows])
        rows = np.flatnonzero(pixels.material == hf.TEETH)
        colour[:, rows] = teeth_colour(figure.mouth, u[rows], v[rows])
        gloss[rows] = 0.10 * pixels.fields[2][rows]
        for material, tone in ((hf.TONGUE, figure.mouth.tongue), (hf.MOUTH, figure.mouth.gum)):
            rows = np.flatnonzero(pixels.material == material)
            colour[:, rows] = tone[:, None]
            gloss[rows] = 0.06 * pixels.fields[2][rows]

    def _things(self, pixels: Pixels, figure: Figure, colour: np.ndarray, gloss: np.ndarray) -> None:
        for number, thing in enumerate(figure.things):
            rows = np.flatnonzero(pixels.material == FIRST_THING + number)
            if not len(rows):
                continue
            u, v = pixels.fields[0][rows], pixels.fields[1][rows]
            if thing.skin:
                zero = np.zeros(len(rows), np.float32)
                far = np.float32(20) + 0 * u                     # a corner of the map without features
                tone, shine, _ = skin_colour(figure.skin, self.maps, self.bank, far, far, zero, zero)
            else:
                tone, shine = np.repeat(thing.colour[:, None], len(rows), 1), thing.gloss
            noise = self.bank.look_up(thing.texture, u + thing.offset[0], v + thing.offset[1])
            colour[:, rows] = tone * np.maximum(1 + thing.contrast * noise, 0.1)
            gloss[rows] = shine

    def _eye_sparks(self, pixels: Pixels, figure: Figure, light: np.ndarray, lighting: Lighting) -> None:
        """Mirror images of the lights and of a window on the wet eyeballs."""
        rows = np.flatnonzero(pixels.material == hf.EYE)
        if not len(rows):
            return
        normals = pixels.normals[:, rows]
        spark = 0.8 * highlights(normals, lighting, None, sharpness=8)
        seen = 2 * normals[2] * normals                          # mirror direction of the view (0, 0, 1)
        seen[2] -= 1
        window = np.clip((figure.eye.window_size - np.arccos(np.clip(figure.eye.window @ -seen, -1, 1))) / 0.05, 0, 1)
        light[:, rows] += spark + figure.eye.window_light * 0.5 * window * lighting.ambient[:, None]

    def _lens(self, flat: np.ndarray, lens, mesh: Mesh, depth: np.ndarray, lighting: Lighting,
              exposure: float) -> None:
        pixels = draw(mesh, depth.shape[0], cull=False)
        front = pixels.depth.ravel()[pixels.where] < depth.ravel()[pixels.where]
        where, normals = pixels.where[front], pixels.normals[:, front]
        shine = lens.shine * highlights(normals, lighting, None, sharpness=6) * np.float32(exposure)
        tinted = lens.tint[:, None] * lighting.ambient[:, None] * np.float32(exposure) + shine
        shown = to_display(tinted.T).astype(np.float32)
        opacity = np.clip(lens.opacity + 0.7 * shine.mean(0), 0, 1)[:, None]
        flat[where] = (flat[where] * (1 - opacity) + shown * opacity).astype(np.uint8)

    def _covers(self, image: np.ndarray, figure: Figure, depth: np.ndarray, lighting: Lighting, exposure: float,
                scale: float) -> np.ndarray:
        """Blends hair and hats over the picture and darkens what is just under their edge; returns their depth."""
        size = image.shape[0]
        pixels = draw(figure.cover_mesh, size, cull=False)
        count = len(pixels.where)
        colour, opacity = np.zeros((3, count), np.float32), np.zeros(count, np.float32)
        gloss, height = np.zeros(count, np.float32), np.zeros(count, np.float32)
        for number, cover in enumerate(figure.covers):
            rows = np.flatnonzero(pixels.material == number)
            azimuth, polar, _, field = pixels.fields[:4, rows]
            colour[:, rows], opacity[rows], height[rows] = cover_pixels(cover, self.bank, azimuth, polar, field)
            gloss[rows] = cover.gloss
        bump(pixels, height, scale)
        opacity[pixels.depth.ravel()[pixels.where] > depth.ravel()[pixels.where] + 1.0] = 0.0
        lit = shadow(figure.solid, pixels, lighting) if lighting.shadow >= 0 else None
        light = colour * irradiance(pixels.normals, lighting, pixels.fields[2], HAIR_WRAP, lit)
        light += gloss * highlights(pixels.normals, lighting, lit, sharpness=4)
        light *= np.float32(exposure)
        mask = np.zeros(size * size, np.float32)
        mask[pixels.where] = opacity
        mask = mask.reshape(size, size)
        shade = cv2.GaussianBlur(mask, (0, 0), 0.006 * scale)
        under = 1 - 0.5 * np.where(np.isfinite(depth), shade, 0)
        cv2.multiply(image, cv2.merge([under] * 3), dst=image, dtype=cv2.CV_8U)
        flat = image.reshape(-1, 3)
        share = opacity[:, None]
        flat[pixels.where] = (flat[pixels.where] * (1 - share) + to_display(light.T) * share).astype(np.uint8)
        return np.where(mask > 0.5, pixels.depth, np.inf)


def _inside(mesh: Mesh) -> Mesh:
    """The triangles of a cover mesh that are inside its field altogether: what casts a shadow."""
    kept = mesh.attributes[mesh.triangles, 3].min(1) > 0
    return Mesh(mesh.raster, mesh.triangles[kept], mesh.material[kept], mesh.attributes)
