"""What looks a little like a face and is none: round things, wheels, printed pages, blotchy skin tones, animals,
rough ground with craters, plain noise."""

from __future__ import annotations

import cv2
import numpy as np

from training.faces.background import LETTERS, any_colour
from training.faces.noise import NoiseBank

SKIN_TONES = np.array(
    [[236, 200, 178], [214, 168, 140], [176, 124, 94], [122, 80, 58], [78, 50, 38]], np.float32
)
FURS = np.array(
    [[40, 34, 30], [92, 66, 44], [150, 108, 66], [196, 160, 118], [222, 214, 202], [128, 124, 122]],
    np.float32,
)


class Lookalikes:
    """Draws one over a background, about where a face would be."""

    def __init__(self, bank: NoiseBank) -> None:
        self.bank = bank

    def draw(
        self, image: np.ndarray, rng: np.random.Generator, centre: np.ndarray, radius: float
    ) -> np.ndarray:
        """image (S, S, 3) uint8 RGB -> the same size, with something of about `radius` pixels at `centre` (x, y)."""
        kind = rng.random()
        if kind < 0.26:
            return self._ball(image, rng, centre, radius * rng.uniform(0.35, 1.15))
        if kind < 0.42:
            return _page(image, rng, centre, radius * rng.uniform(0.8, 2.2))
        if kind < 0.54:
            return self._blotches(image, rng)
        if kind < 0.66:
            return self._ground(image, rng)
        if kind < 0.74:
            return self._noise(image, rng)
        if kind < 0.82:
            return _wheel(image, rng, centre, radius * rng.uniform(0.5, 1.3))
        return self._animal(image, rng, centre, radius * rng.uniform(0.5, 1.1))

    def _ball(
        self, image: np.ndarray, rng: np.random.Generator, centre: np.ndarray, radius: float
    ) -> np.ndarray:
        """A moon, ball, fruit or lamp: lit from somewhere or shining, mottled, striped or with dark holes."""
        x, y, inside = _disc(image.shape[0], centre, radius, rng)
        z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
        if rng.random() < 0.3:
            colour = rng.uniform(200, 256, 3) * np.array([1, rng.uniform(0.85, 1), rng.uniform(0.6, 1)])
            light = 1.15 - 0.4 * (1 - z) * rng.uniform(0, 1)
        else:
            human = rng.random() < 0.5
            colour = SKIN_TONES[rng.integers(5)] if human else np.array(any_colour(rng), np.float32)
            towards = rng.normal((0, -0.5, 1.2), 1)
            towards /= np.linalg.norm(towards)
            lit = np.maximum(x * towards[0] + y * towards[1] + z * towards[2], 0)
            light = rng.uniform(0.1, 0.5) + rng.uniform(0.5, 1.1) * lit + rng.uniform(0, 0.6) * lit**24
        kind = ("clouds", "blotches", "grain")[rng.integers(3)]
        texture = self.bank.field(rng, kind, len(x), rng.uniform(0.5, 2.5))
        light = light * (1 + rng.uniform(0, 0.35) * texture)
        if rng.random() < 0.35:  # dark seas with shores, as on a full moon, or rust
            seas = self.bank.field(rng, "clouds", len(x), rng.uniform(0.5, 5)) - rng.uniform(-0.5, 1)
            light *= 1 - rng.uniform(0.15, 0.7) / (1 + np.exp(np.clip(-rng.uniform(1, 8) * seas, -30, 30)))
        shown = light[..., None] * colour.astype(np.float32)
        if rng.random() < 0.35:  # stripes, or the seams of a ball
            across = x * rng.normal(0, 1) + y * rng.normal(0, 1)
            wave = np.sin(across * rng.uniform(2, 14) + rng.uniform(0, 6))
            band = (wave > rng.uniform(-0.5, 0.9))[..., None]
            shown = np.where(band, shown * rng.uniform(0.2, 0.8, 3), shown)
        for _ in range(int(rng.integers(0, 5)) if rng.random() < 0.4 else 0):
            away = (x - rng.uniform(-0.5, 0.5)) ** 2 + (y - rng.uniform(-0.5, 0.5)) ** 2
            shown[away < rng.uniform(0.06, 0.2) ** 2] *= rng.uniform(0.05, 0.6)
        return _blend(image, shown, inside)

    def _blotches(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Skin tones without a face: a close look at an arm, clay, a wall."""
        size = image.shape[0]
        first, second = SKIN_TONES[rng.integers(5)], SKIN_TONES[rng.integers(5)] * rng.uniform(0.5, 1.1)
        broad = self.bank.field(rng, "clouds", size, rng.uniform(0.6, 3))
        share = np.clip(0.5 + rng.uniform(0.3, 2) * broad, 0, 1)[..., None]
        shown = first + share * (second - first)
        rough = rng.uniform(0.02, 0.15)
        shown *= 1 + rough * self.bank.field(rng, "pores", size, rng.uniform(0.7, 2))[..., None]
        ramp = np.linspace(rng.uniform(0.3, 1.2), rng.uniform(0.3, 1.2), size, dtype=np.float32)
        shown *= ramp[:, None, None] if rng.random() < 0.5 else ramp[None, :, None]
        for _ in range(int(rng.integers(0, 4))):  # folds and dark spots
            spot = _disc(size, rng.uniform(0.1, 0.9, 2) * size, rng.uniform(0.03, 0.16) * size, rng)[2]
            shown *= 1 - rng.uniform(0.2, 0.8) * spot[..., None]
        return np.clip(shown, 0, 255).astype(np.uint8)

    def _ground(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rough ground under a low light, with craters: a moon's surface, stone, sand, plaster."""
        size = image.shape[0]
        height = rng.uniform(2, 9) * self.bank.field(rng, "clouds", size, rng.uniform(0.6, 3))
        height += rng.uniform(0, 1.2) * self.bank.field(rng, "blotches", size, rng.uniform(0.5, 2))
        for _ in range(int(rng.integers(0, 16))):
            radius = size * min(0.02 + rng.exponential(0.05), 0.3)
            x, y, _ = _disc(size, rng.uniform(0, size, 2), radius, rng)
            away = x * x + y * y
            bowl = np.exp(-6 * (np.sqrt(away) - 1) ** 2) - np.exp(-away)  # with a rim
            height += radius * rng.uniform(0.05, 0.35) * bowl
        down, across = np.gradient(height)
        turn = rng.uniform(0, 2 * np.pi)
        slope = (across * np.cos(turn) + down * np.sin(turn)) * rng.uniform(0.3, 1.5)
        light = rng.uniform(0.3, 0.8) + 0.6 * slope / np.sqrt(1 + slope * slope)
        shown = np.maximum(light, 0.02)[..., None] * rng.uniform(150, 256) * (1 + rng.normal(0, 0.1, 3))
        return np.clip(shown, 0, 255).astype(np.uint8)

    def _noise(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Noise without anything in it: grey or coloured, fine to coarse, even or normal."""
        size, channels = image.shape[0], 3 if rng.random() < 0.5 else 1
        side = max(2, round(size / np.exp(rng.uniform(0, 4))))
        values: np.ndarray
        if rng.random() < 0.5:
            values = rng.integers(0, 256, (side, side, channels)).astype(np.float32)
        else:
            values = rng.uniform(40, 215) + rng.uniform(8, 80) * rng.standard_normal((side, side, channels))
        smooth = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(3)]
        values = cv2.resize(values.astype(np.float32), (size, size), interpolation=smooth)
        return np.clip(np.broadcast_to(values.reshape(size, size, -1), image.shape), 0, 255).astype(np.uint8)

    def _animal(
        self, image: np.ndarray, rng: np.random.Generator, centre: np.ndarray, radius: float
    ) -> np.ndarray:
        """A furry head from somewhere ahead: ears, two round eyes, a dark nose, or only fur."""
        size = image.shape[0]
        fur = FURS[rng.integers(len(FURS))] * rng.uniform(0.7, 1.1)
        kind = ("strands", "curls", "grain")[rng.integers(3)]
        hairs = self.bank.field(rng, kind, size, rng.uniform(0.8, 2))
        broad = self.bank.field(rng, "clouds", size, rng.uniform(1, 3))
        tone = (1 + 0.22 * hairs + rng.uniform(0, 0.35) * broad)[..., None]
        shown = fur.astype(np.float32) * tone
        if rng.random() < 0.2:
            return np.clip(shown, 0, 255).astype(np.uint8)
        canvas = image.copy()
        dark = (fur * rng.uniform(0.4, 0.9)).tolist()
        turn, reach = rng.normal(0, 0.25), np.array([0.75, 0.9]) * radius
        across, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        up, wide = rng.uniform(0.9, 1.6), rng.uniform(0.5, 0.8)
        for side in (-1, 1):
            ear = [
                centre + side * 0.35 * reach[0] * across - 0.75 * reach[1] * down,
                centre + side * wide * 1.25 * reach[0] * across - up * reach[1] * down,
                centre + side * 0.95 * reach[0] * across - 0.3 * reach[1] * down,
            ]
            cv2.fillPoly(canvas, [np.rint(ear).astype(np.int32)], dark, cv2.LINE_AA)
        x, y, _ = _disc(size, centre, radius, rng)
        ragged = np.clip((1 - np.hypot(x, y / 1.1) + 0.05 * hairs) * radius / 3 + 0.5, 0, 1)
        light = 0.55 + 0.5 * np.sqrt(np.maximum(1 - x * x - y * y, 0)) - 0.15 * y
        canvas = _blend(canvas, shown * light[..., None], ragged)
        muzzle = centre + rng.uniform(0.25, 0.45) * reach[1] * down
        bright = tuple(np.clip(fur * rng.uniform(0.8, 1.8), 0, 255).tolist())
        axes = (int(rng.uniform(0.28, 0.5) * radius) + 1, int(rng.uniform(0.2, 0.35) * radius) + 1)
        cv2.ellipse(canvas, _pixel(muzzle), axes, float(np.degrees(turn)), 0, 360, bright, -1, cv2.LINE_AA)
        iris = tuple(int(v) for v in rng.uniform(10, 190, 3)) if rng.random() < 0.5 else (18, 12, 10)
        for side in (-1, 1):
            eye = centre + side * wide * 0.6 * reach[0] * across - rng.uniform(0.0, 0.08) * reach[1] * down
            place, r = _pixel(eye), max(2, int(rng.uniform(0.08, 0.17) * radius))
            cv2.circle(canvas, place, r, iris, -1, cv2.LINE_AA)
            cv2.circle(canvas, place, max(1, r // 2), (8, 6, 6), -1, cv2.LINE_AA)
            glint = (place[0] - r // 3, place[1] - r // 3)
            cv2.circle(canvas, glint, max(1, r // 5), (235, 235, 235), -1, cv2.LINE_AA)
        nose, small = _pixel(muzzle - 0.5 * axes[1] * down), (axes[0] // 3 + 1, axes[1] // 3 + 1)
        cv2.ellipse(canvas, nose, small, 0, 0, 360, (22, 16, 16), -1, cv2.LINE_AA)
        return cv2.GaussianBlur(canvas, (0, 0), 0.8)


def _disc(
    size: int, centre: np.ndarray, radius: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y (S, S) float32 in radii of a slightly squeezed disc, and how much of each pixel it covers, 0..1."""
    squeeze = rng.uniform(0.85, 1.15)
    x = ((np.arange(size, dtype=np.float32) - np.float32(centre[0])) / np.float32(radius * squeeze))[None]
    y = ((np.arange(size, dtype=np.float32) - np.float32(centre[1])) * np.float32(squeeze / radius))[:, None]
    x, y = np.broadcast_arrays(x, y)
    return x, y, np.clip((1 - np.sqrt(x * x + y * y)) * np.float32(0.5 * radius) + 0.5, 0, 1)


def _pixel(place: np.ndarray) -> tuple[int, int]:
    x, y = np.rint(place).astype(int).tolist()
    return x, y


def _blend(image: np.ndarray, shown: np.ndarray, share: np.ndarray) -> np.ndarray:
    mixed = image + share[..., None] * (np.clip(shown, 0, 255) - image)
    return mixed.astype(np.uint8)


def _wheel(image: np.ndarray, rng: np.random.Generator, centre: np.ndarray, radius: float) -> np.ndarray:
    """Rings about one centre with spokes, ticks or holes, and hands: wheels, clocks, dials, plates, sockets."""
    canvas = image.copy()
    middle = _pixel(centre)
    squeeze, turn = rng.uniform(0.8, 1.0), float(rng.uniform(0, 180))
    for share in [*np.sort(rng.uniform(0.15, 0.95, int(rng.integers(1, 4))))[::-1].tolist(), 0.1]:
        axes = int(share * radius) + 1, int(share * radius * squeeze) + 1
        cv2.ellipse(canvas, middle, axes, turn, 0, 360, any_colour(rng), -1, cv2.LINE_AA)
    count, start = int(rng.integers(2, 25)), rng.uniform(0, 6.3)
    near, far = rng.uniform(0, 0.7), rng.uniform(0.75, 0.95)
    thick = int(rng.integers(1, 1 + max(1, int(radius / 8))))
    colour, holes = any_colour(rng), rng.random() < 0.3
    for angle in [*(start + 6.2832 * np.arange(count) / count), *rng.uniform(0, 6.3, rng.integers(0, 3))]:
        ray = radius * squeeze * np.array([np.cos(angle), np.sin(angle)])
        inner, outer = _pixel(centre + near * ray), _pixel(centre + far * ray)
        if holes:
            cv2.circle(canvas, outer, thick + 1, colour, -1, cv2.LINE_AA)
        else:
            cv2.line(canvas, inner, outer, colour, thick, cv2.LINE_AA)
    _, across, _ = _disc(image.shape[0], centre, radius, rng)
    shaded = canvas * (1 - rng.uniform(0, 0.35) * across[..., None])
    return _blend(image, shaded, np.ones(image.shape[:2], np.float32))


def _page(image: np.ndarray, rng: np.random.Generator, centre: np.ndarray, radius: float) -> np.ndarray:
    """A page, poster, screen or sign: lines of print, a headline, blocks of colour, seen at an angle."""
    width, height = 200, int(200 * rng.uniform(0.6, 1.5))
    paper, ink = (any_colour(rng), any_colour(rng)) if rng.random() < 0.5 else ((240, 238, 228), (30, 28, 32))
    page = np.full((height, width, 3), paper, np.uint8)
    y = int(rng.integers(12, 30))
    while y < height - 6:
        kind = rng.random()
        if kind < 0.12:  # a picture
            tall = int(rng.integers(15, 60))
            left = int(rng.integers(6, 100))
            cv2.rectangle(page, (left, y), (left + int(rng.integers(30, 120)), y + tall), any_colour(rng), -1)
            if rng.random() < 0.5:
                cv2.circle(page, (left + 30, y + tall // 2), tall // 3, any_colour(rng), -1, cv2.LINE_AA)
            y += tall + 16
            continue
        large = 1.0 if kind < 0.3 else 0.32
        length = int(rng.integers(4, 30 if large < 1 else 11))
        text = "".join(LETTERS[k] for k in rng.integers(0, len(LETTERS), length))
        place, font = (int(rng.integers(4, 24)), y), int(rng.integers(0, 4))
        zoom, thick = large * rng.uniform(0.8, 1.4), 1 + (large == 1.0)
        cv2.putText(page, text, place, font, zoom, ink, thick, cv2.LINE_AA)
        y += int(rng.uniform(30, 40) * large) + 3
    half = np.array([radius, radius * height / width])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half * (1 + rng.normal(0, 0.08, (4, 2)))
    turn = rng.normal(0, 0.25)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = (corners @ spin + centre).astype(np.float32)
    ends = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix, size = cv2.getPerspectiveTransform(ends, corners), image.shape[1::-1]
    share = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    shown = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return _blend(image, shown.astype(np.float32) * rng.uniform(0.5, 1.05), share * np.float32(1 / 255))
