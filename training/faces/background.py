"""What is behind a head: procedural clutter, and photographs without people that installed packages ship."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np

from training.faces.config import FaceConfig
from training.faces.noise import NoiseBank

# Photographs without people inside packages, if those are installed; NOTICE names their sources.
PACKAGED = {
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "skimage": (
        "data/brick.png",
        "data/chelsea.png",
        "data/coffee.png",
        "data/coins.png",
        "data/grass.png",
        "data/gravel.png",
        "data/hubble_deep_field.jpg",
        "data/rocket.jpg",
        "data/text.png",
        "data/clock_motion.png",
    ),
}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "


def find_photographs(folder: Path | None) -> list[np.ndarray]:
    """RGB photographs of at least 128 pixels: the packaged ones, and all of `folder`."""
    paths = []
    for package, names in PACKAGED.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            paths += [Path(spec.origin).parent / name for name in names]
    if folder is not None:
        paths += sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    photographs = []
    for path in paths:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
        if image is not None and min(image.shape[:2]) >= 128:
            photographs.append(np.ascontiguousarray(image[..., ::-1]))
    return photographs


def any_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """A colour of rooms and clothes: mostly dull, sometimes loud."""
    value = rng.uniform(10, 245)
    spread = rng.uniform(2, 22) if rng.random() < 0.86 else rng.uniform(25, 90)
    red, green, blue = np.clip(value + rng.normal(0, spread, 3), 0, 255).tolist()
    return int(red), int(green), int(blue)


def paste_beside(image: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> None:
    """Puts an earlier picture of a head into the background `image`, in place, well to one side of the middle."""
    size = image.shape[0]
    side = int(size * rng.uniform(0.45, 1.0))
    small = cv2.resize(other, (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        small = small[:, ::-1]
    reach = size // 2 + int(rng.uniform(0.0, 0.35) * side)  # its near edge passes the middle by a little
    left = reach if rng.random() < 0.5 else size - reach - side
    top = int(rng.uniform(-0.3, 0.6) * side)
    x0, x1, y0, y1 = max(left, 0), min(left + side, size), max(top, 0), min(top + side, size)
    if x1 > x0 and y1 > y0:
        image[y0:y1, x0:x1] = small[y0 - top : y1 - top, x0 - left : x1 - left]


class Backgrounds:
    """Draws backgrounds of `size` x `size` pixels.

    A new one costs 2-3 ms, so a pool is kept: most draws take one out of it, mirrored and recoloured, and some
    replace one. The sequence depends on nothing but the generator's own draws.
    """

    POOL = 160
    RENEWAL = 0.2

    def __init__(self, bank: NoiseBank, config: FaceConfig) -> None:
        self.bank = bank
        self.config = config
        self.size = config.image_size
        self.photographs = find_photographs(config.photograph_folder)
        self.pool: list[np.ndarray] = []

    def draw(self, rng: np.random.Generator, difficulty: float) -> np.ndarray:
        """(size, size, 3) uint8: flat at difficulty 0."""
        if rng.random() > difficulty * 1.2:
            return np.full((self.size, self.size, 3), any_colour(rng), np.uint8)
        if rng.random() < self.config.ramp(self.config.bright, difficulty):
            return self._studio(rng)
        if len(self.pool) < self.POOL or rng.random() < self.RENEWAL:
            image = self.paint(rng)
            if len(self.pool) < self.POOL:
                self.pool.append(image)
            else:
                self.pool[rng.integers(self.POOL)] = image
            return image.copy()
        image = self.pool[rng.integers(self.POOL)]
        if rng.random() < 0.5:
            image = image[:, ::-1]
        if rng.random() < 0.3:
            image = image.swapaxes(0, 1)
        if rng.random() < 0.5:
            gain = np.exp(rng.normal(0, 0.25, 3))
        else:
            gain = np.full(3, np.exp(rng.normal(0, 0.3)))
        shift = rng.uniform(-25, 25)
        table = np.clip(np.arange(256)[:, None] * gain + shift, 0, 255).astype(np.uint8)[None]
        return cv2.LUT(np.ascontiguousarray(image), table)

    def _studio(self, rng: np.random.Generator) -> np.ndarray:
        """A bright, nearly even ground, mostly white or cream, a little darker towards one side."""
        base = rng.uniform(165, 256) + rng.normal(0, 5, 3)
        fall = np.linspace(0, rng.uniform(0, 60), self.size, dtype=np.float32)[:, None]
        fall = fall + np.linspace(0, rng.normal(0, 25), self.size, dtype=np.float32)[None]
        image = np.clip(base.astype(np.float32) - fall[..., None], 0, 255).astype(np.uint8)
        return np.ascontiguousarray(image[::-1] if rng.random() < 0.5 else image)

    def paint(self, rng: np.random.Generator) -> np.ndarray:
        """(size, size, 3) uint8, a new one."""
        if self.photographs and rng.random() < self.config.photographs:
            image = self._photograph(rng)
        else:
            image = self._gradient(rng)
            if rng.random() < 0.5:
                image = self._noise(image, rng)
            if rng.random() < 0.75:
                self._clutter(image, rng)
        if rng.random() < 0.5:  # out of focus
            image = cv2.GaussianBlur(image, (0, 0), float(np.exp(rng.uniform(-0.3, 1.8))))
        return image

    def _photograph(self, rng: np.random.Generator) -> np.ndarray:
        source = self.photographs[rng.integers(len(self.photographs))]
        height, width = source.shape[:2]
        side = int(min(height, width) * rng.uniform(0.35, 1.0))
        y, x = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
        way = cv2.INTER_AREA if side > self.size else cv2.INTER_LINEAR
        piece = cv2.resize(source[y : y + side, x : x + side], (self.size, self.size), interpolation=way)
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        if rng.random() < 0.5:
            piece = np.rot90(piece, int(rng.integers(1, 4)))
        if rng.random() < 0.5:  # other colours: more pictures out of few
            piece = piece[..., rng.permutation(3)]
        gain = rng.uniform(0.3, 1.3)
        lift = rng.uniform(-20, 60 * (1.3 - gain))
        return cv2.convertScaleAbs(np.ascontiguousarray(piece), alpha=gain, beta=lift)

    def _gradient(self, rng: np.random.Generator) -> np.ndarray:
        corners: np.ndarray = np.array([any_colour(rng) for _ in range(4)], np.uint8).reshape(2, 2, 3)
        if rng.random() < 0.5:  # a wall: one colour, unevenly lit
            corners = np.clip(corners[:1, :1] * rng.uniform(0.75, 1.25, (2, 2, 1)), 0, 255).astype(np.uint8)
        ramp = cv2.resize(corners, (self.size * 2, self.size * 2), interpolation=cv2.INTER_LINEAR)
        half = self.size // 2
        return np.ascontiguousarray(ramp[half : half + self.size, half : half + self.size])

    def _noise(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        name = str(rng.choice(("clouds", "blotches", "strands", "grain", "curls", "locks")))
        field = self.bank.field(rng, name, self.size, np.exp(rng.uniform(-0.5, 2.0)))
        if rng.random() < 0.25:
            field = np.sign(field)  # hard-edged patches
        colour = rng.normal(0, 1, 3) * rng.uniform(4, 40)
        shift = field[..., None] * colour.astype(np.float32)
        return cv2.add(image, np.rint(shift).astype(np.int16), dtype=cv2.CV_8U)

    def _clutter(self, image: np.ndarray, rng: np.random.Generator) -> None:
        """Furniture, lamps, posters, cables, people-like blobs: drawn into the image."""
        size = self.size
        for _ in range(rng.integers(1, 14)):
            kind = rng.integers(0, 9)
            colour = any_colour(rng)
            x, y = (int(v) for v in rng.integers(-size // 4, size + size // 4, 2))
            w, h = (int(v) for v in np.exp(rng.uniform(np.log(8), np.log(size), 2)))
            if kind <= 2:
                cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1 if rng.random() < 0.8 else 3)
                for row in range(y, y + h, max(6, h // int(rng.integers(2, 9)))) if kind == 0 else ():
                    cv2.line(image, (x, row), (x + w, row), any_colour(rng), 2)  # shelves
            elif kind == 3:
                axes, turn = (w // 2 + 1, h // 2 + 1), float(rng.uniform(0, 180))
                cv2.ellipse(image, (x, y), axes, turn, 0, 360, colour, -1, cv2.LINE_AA)
            elif kind == 4:
                points = np.array([[x, y]]) + rng.integers(-w, w + 1, (int(rng.integers(3, 7)), 2))
                cv2.fillPoly(image, [points.astype(np.int32)], colour, cv2.LINE_AA)
            elif kind == 5:
                for _ in range(int(rng.integers(1, 6))):
                    end = tuple(int(v) for v in rng.integers(-40, size + 40, 2))
                    cv2.line(image, (x, y), end, colour, int(rng.integers(1, 6)), cv2.LINE_AA)
            elif kind == 6:
                text = "".join(LETTERS[k] for k in rng.integers(0, len(LETTERS), int(rng.integers(2, 14))))
                font, zoom = int(rng.integers(0, 6)), float(rng.uniform(0.4, 2.5))
                thick = int(rng.integers(1, 4))
                cv2.putText(image, text, (x, y), font, zoom, colour, thick, cv2.LINE_AA)
            elif kind == 7:  # somebody far away: head and shoulders
                r = max(5, w // 5)
                skin = np.clip(np.array([200, 150, 120]) * rng.uniform(0.3, 1.15), 0, 255)
                below, body, head = (x, y + int(3.1 * r)), (int(2.2 * r), 2 * r), (r, int(1.3 * r))
                cv2.ellipse(image, below, body, 0, 180, 360, colour, -1, cv2.LINE_AA)
                cv2.ellipse(image, (x, y), head, 0, 0, 360, skin.astype(int).tolist(), -1, cv2.LINE_AA)
                cv2.ellipse(image, (x, y), head, 0, 190, 350, any_colour(rng), -1, cv2.LINE_AA)
            else:
                stripe = max(3, w // 12)
                for k in range(0, w, 2 * stripe):
                    cv2.rectangle(image, (x + k, y), (x + k + stripe, y + h), colour, -1)
