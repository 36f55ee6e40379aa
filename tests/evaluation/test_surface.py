"""Distances to a mesh with known answers, and similarities that are found again."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="distances to meshes need the packages of training")

from evaluation.surface import Surface
from face3d import rotation as so3
from training.alignment import Similarity


@pytest.fixture(scope="module")
def bumpy() -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of a height field over [-1, 1]^2 without symmetry, and not flat."""
    x, y = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 60))
    z = 0.3 * np.sin(2 * x + 0.5) * np.cos(3 * y) + 0.2 * x * y + 0.25 * x**2
    corner = (np.arange(59)[:, None] * 60 + np.arange(59)).ravel()
    lower = np.stack([corner, corner + 1, corner + 61], 1)
    upper = np.stack([corner, corner + 61, corner + 60], 1)
    return np.stack([x.ravel(), y.ravel(), z.ravel()], 1), np.concatenate([lower, upper])


def test_points_of_a_mesh_have_no_distance_from_it(bumpy):
    surface = Surface(*bumpy)
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(3), 200)
    owner = rng.integers(len(bumpy[1]), size=200)
    points = np.einsum("pk,pkd->pd", weights, surface.corners[owner])
    assert surface.distances(points).max() < 1e-9
    places, owners, found = surface.closest(points)
    np.testing.assert_allclose(np.einsum("pk,pkd->pd", found, surface.corners[owners]), places, atol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1.0)


def test_distance_to_a_triangle_is_to_its_inside_an_edge_or_a_corner():
    surface = Surface(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]]))
    points = np.array([[0.2, 0.2, 0.5], [0.5, -2.0, 0.0], [-3.0, -4.0, 0.0], [1.0, 1.0, 0.0]])
    np.testing.assert_allclose(surface.distances(points), [0.5, 2.0, 5.0, np.sqrt(0.5)])


def test_points_beside_a_mesh_are_as_far_as_they_were_put(bumpy):
    surface = Surface(*bumpy)
    inner = (np.abs(surface.corners.mean(1)[:, :2]) < 0.8).all(1)
    points = surface.corners.mean(1)[inner] + 0.01 * surface.normals[inner]
    assert surface.distances(points) == pytest.approx(0.01, rel=0.02)


def test_a_similarity_is_found_from_a_start_that_is_near(bumpy):
    vertices, triangles = bumpy
    truth = so3.exp(np.array([0.4, -0.3, 0.9]))
    inner = vertices[(np.abs(vertices[:, :2]) < 0.7).all(1)]
    moved = 1.8 * inner @ truth.T + [3.0, 1.0, -2.0]  # the points, elsewhere and larger
    near = so3.exp(np.array([0.02, 0.03, -0.02])) @ truth.T / 1.75
    start = Similarity(near, moved.mean(0), inner.mean(0) + 0.02)
    found = Surface(vertices, triangles).similarity(moved, start)
    assert found.scale == pytest.approx(1 / 1.8, rel=2e-3)
    assert np.degrees(so3.angle(found.rotation, truth.T)) < 0.2
    assert Surface(vertices, triangles).distances(found.apply(moved)).max() < 2e-3
