"""A small scene for the renderer's tests: a sphere, and the light on it."""

from __future__ import annotations

import numpy as np


def sphere(rings=12, radius=40.0, centre=(49.5, 49.5)):
    """A closed, outward-facing mesh in the raster frame; its model coordinates are the second result."""
    latitude, longitude = np.linspace(0, np.pi, rings + 1), np.arange(2 * rings) * np.pi / rings
    theta, phi = np.meshgrid(latitude, longitude, indexing="ij")
    model = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    model = model.reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rings) * 2 * rings, np.arange(2 * rings), indexing="ij")
    k = (j + 1) % (2 * rings)
    quads = np.stack([i + j, i + k, i + 2 * rings + k, i + 2 * rings + j], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    raster = model * [radius, -radius, -radius] + [*centre, 0]
    return np.ascontiguousarray(raster, np.float32), np.ascontiguousarray(triangles, np.int32), model


def lighting():
    """Two lights and ambient, as `shade` takes them."""
    lights = np.array([[[0, 0, -2], [1, 1, 1]], [[1, -1, -1], [0.5, 0.2, 0.1]]], np.float32)
    return lights, np.array([0.1, 0.2, 0.3], np.float32)
