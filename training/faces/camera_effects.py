"""What a camera, a codec and a network link do to an image."""

from __future__ import annotations

import cv2
import numpy as np

from training.faces.config import FaceConfig
from training.faces.noise import TILE, NoiseBank

LEVELS = np.arange(256, dtype=np.float32) / 255


def apply_effects(
    image: np.ndarray, rng: np.random.Generator, bank: NoiseBank, config: FaceConfig, difficulty: float
) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> the same, as a camera would deliver it: optics, sensor, tone, then compression."""

    def happens(probability: float) -> bool:
        return rng.random() < config.ramp(probability, difficulty)

    if happens(config.low_resolution):
        image = _low_resolution(image, rng)
    if happens(config.motion_blur):
        image = _motion_blur(image, rng)
    if happens(config.blur):
        image = cv2.GaussianBlur(image, (0, 0), 0.4 + 1.8 * rng.random() ** 2)
    if happens(config.tone):
        image = cv2.LUT(image, _tone_curves(rng))
    if happens(config.vignette):
        image = _vignette(image, rng)
    if happens(config.noise):
        image = _sensor_noise(image, rng, bank)
    if happens(config.grey):
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    elif rng.random() < 0.5 * difficulty:
        image = _saturation(image, rng)
    if happens(config.jpeg):
        image = _jpeg(image, rng)
    return image


def _low_resolution(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    factor = rng.uniform(0.22, 0.75)
    size = max(8, int(width * factor)), max(8, int(height * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        small = _jpeg(small, rng)
    ways = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_NEAREST)
    way = int(rng.choice(ways, p=(0.45, 0.35, 0.15, 0.05)))
    return cv2.resize(small, (width, height), interpolation=way)


def _motion_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    length = rng.uniform(3, 13)
    size = int(length) | 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    middle = (size - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    start, end = middle - reach, middle + reach
    cv2.line(kernel, tuple(int(x) for x in np.rint(start)), tuple(int(x) for x in np.rint(end)), 1.0, 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _tone_curves(rng: np.random.Generator) -> np.ndarray:
    """(1, 256, 3) uint8 curves: white balance, gain, contrast, gamma, lifted blacks."""
    gamma = np.exp(rng.normal(0, 0.18))
    gain = np.exp(rng.normal(0, 0.13))
    balance = np.exp(rng.normal(0, 0.06, 3))
    contrast = np.exp(rng.normal(0.05, 0.18))
    lift = max(0.0, rng.normal(0, 0.03))
    curves = (LEVELS[:, None] * (gain * balance)).clip(0, 1) ** gamma
    curves = (curves - 0.5) * contrast + 0.5
    curves = lift + (1 - lift) * curves
    return np.clip(np.rint(curves * 255), 0, 255).astype(np.uint8)[None]


def _vignette(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    x = (np.arange(width, dtype=np.float32) / width - rng.uniform(0.3, 0.7)) ** 2
    y = (np.arange(height, dtype=np.float32) / height - rng.uniform(0.3, 0.7)) ** 2
    gain = 1 / (1 + rng.uniform(0.3, 1.8) * (x[None] + y[:, None]))
    return cv2.multiply(image, cv2.merge([gain] * 3), dtype=cv2.CV_8U)


def _sensor_noise(image: np.ndarray, rng: np.random.Generator, bank: NoiseBank) -> np.ndarray:
    """Luma and chroma noise; sometimes stronger in the dark parts, as after a gamma curve."""
    height, width = image.shape[:2]
    y, x = rng.integers(0, TILE - height), rng.integers(0, TILE - width)
    noise = np.ascontiguousarray(bank.sensor[rng.integers(3), y : y + height, x : x + width])
    if rng.random() < 0.5:
        noise = cv2.flip(noise, int(rng.integers(-1, 2)))
    sigma = np.exp(rng.uniform(np.log(1.0), np.log(14.0)))
    noisy = cv2.addWeighted(image, 1.0, noise, sigma / 32, -128 * sigma / 32)
    if rng.random() < 0.3:
        kept = cv2.convertScaleAbs(image, alpha=0.8, beta=0)  # how much of the noise the bright parts lose
        clean = cv2.multiply(image, kept, scale=1 / 255)
        noisy = cv2.add(cv2.multiply(noisy, 255 - kept, scale=1 / 255), clean)
    return noisy


def _saturation(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    s = float(np.clip(rng.normal(1.0, 0.3), 0.1, 1.9))
    grey = np.array([0.299, 0.587, 0.114], np.float32)
    return cv2.transform(image, (s * np.eye(3) + (1 - s) * grey[None]).astype(np.float32))


def _jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    quality = int(rng.triangular(15, 70, 97))
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded a line above
    return decoded
