"""Tiles of noise that everything else samples: made once, cheap to look up."""

from __future__ import annotations

import cv2
import numpy as np

from training.faces import native

TILE = 512


def coloured_tile(
    rng: np.random.Generator, low: float, high: float, slope: float = 1.0, stretch: float = 1.0
) -> np.ndarray:
    """(512, 512) float32 periodic noise of mean 0 and deviation 1.

    The spectrum lies between `low` and `high` cycles a tile and falls as frequency**-slope. `stretch` above 1 draws
    it out along the rows' direction (axis 0), as hairs are.
    """
    rows = np.fft.fftfreq(TILE)[:, None] * TILE * stretch
    columns = np.fft.rfftfreq(TILE)[None] * TILE
    frequency = np.hypot(rows, columns)
    band = (frequency >= low) & (frequency <= high)
    weight = np.where(band, np.maximum(frequency, 1.0) ** -slope, 0.0)
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE))) * weight
    tile = np.fft.irfft2(spectrum, s=(TILE, TILE))
    return ((tile - tile.mean()) / tile.std()).astype(np.float32)


class NoiseBank:
    """The tiles, as uint8 (128 is 0 and 40 is one deviation), and lookups in them."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.tiles = {
            "clouds": self._pack(coloured_tile(rng, 1, 40, 1.6)),
            "blotches": self._pack(coloured_tile(rng, 6, 60, 1.0)),
            "grain": self._pack(coloured_tile(rng, 60, 256, 0.3)),
            "strands": self._pack(coloured_tile(rng, 6, 256, 0.6, stretch=14)),
            "locks": self._pack(coloured_tile(rng, 3, 60, 1.0, stretch=5)),
            "curls": self._pack(coloured_tile(rng, 25, 110, 0.4)),
            "pores": self._pack(coloured_tile(rng, 25, 160, 0.5)),
        }
        layers = (
            coloured_tile(rng, 1, 24, 1.6),
            coloured_tile(rng, 25, 160, 0.5),
            coloured_tile(rng, 22, 100, 0.4),
            coloured_tile(rng, 15, 256, 0.5, stretch=2),
        )
        self.skin = np.ascontiguousarray(np.stack([self._pack(layer) for layer in layers], -1))
        self.sensor = self._sensor_tiles(rng)

    @staticmethod
    def _sensor_tiles(rng: np.random.Generator) -> np.ndarray:
        """(3, 512, 512, 3) uint8 sensor noise, 128 is 0 and 32 one deviation of luma: grey, some colour, much."""
        luma = rng.standard_normal((TILE, TILE, 1)).astype(np.float32)
        colour = np.stack([coloured_tile(rng, 1, 170, 0.0) for _ in range(3)], -1)
        tiles = [luma + share * colour for share in (0.05, 0.35, 0.75)]
        return np.stack([np.clip(np.rint(128 + 32 * tile), 0, 255).astype(np.uint8) for tile in tiles])

    @staticmethod
    def _pack(tile: np.ndarray) -> np.ndarray:
        """The tile as uint8: 128 is 0 and 40 one deviation."""
        return np.clip(np.rint(128 + 40 * tile), 0, 255).astype(np.uint8)

    def look_up(
        self,
        name: str,
        u: np.ndarray,
        v: np.ndarray,
        scale: float = 1.0,
        shift: tuple[float, float] = (0.0, 0.0),
    ) -> np.ndarray:
        """float32 noise of deviation about 1 at tile coordinates (u along columns, v along rows; any range)."""
        return native.sample(self.tiles[name], u, v, scale, shift, wrap=True, zero=128.0, gain=1 / 40)

    def field(self, rng: np.random.Generator, name: str, size: int, zoom: float) -> np.ndarray:
        """(size, size) float32 piece of a tile at a random place, `zoom` pixels to a texel, randomly turned."""
        angle = rng.uniform(0, 2 * np.pi)
        cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
        matrix = np.array([[cos, -sin, rng.uniform(0, TILE)], [sin, cos, rng.uniform(0, TILE)]])
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        tile = cv2.warpAffine(self.tiles[name], matrix, (size, size), flags=way, borderMode=cv2.BORDER_WRAP)
        return (tile.astype(np.float32) - 128.0) * np.float32(1 / 40)
