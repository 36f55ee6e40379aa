"""The kernels that draw and look up in textures, against plain references; how they are compiled and called."""

import ctypes
import os
import platform
import shutil

import numpy as np
import pytest

from face3d import renderer
from training.faces import native
from training.faces.render import LASH, Mesh, draw


def _ball(rows=24, columns=32, radius=60.0, centre=(70.0, 66.0)):
    """A closed mesh in raster coordinates, its depth growing away from the camera, and random attributes."""
    polar, around = np.linspace(0.02, np.pi - 0.02, rows), np.linspace(0, 2 * np.pi, columns, False)
    theta, phi = np.meshgrid(polar, around, indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), -np.cos(theta), -np.sin(theta) * np.sin(phi)], -1)
    first, second = np.arange((rows - 1) * columns), np.arange((rows - 1) * columns) // columns * columns
    right = second + (first - second + 1) % columns
    upper = np.stack([first, right, first + columns], 1)
    lower = np.stack([right, right + columns, first + columns], 1)
    triangles = np.concatenate([upper, lower])
    raster = (unit.reshape(-1, 3) * radius + [*centre, 0]).astype(np.float32)
    attributes = np.random.default_rng(0).uniform(0, 1, (len(raster), 6)).astype(np.float32)
    material = (np.arange(len(triangles)) * 7 % 5).astype(np.uint8)
    return Mesh(raster, np.ascontiguousarray(triangles, np.int32), material, attributes)


def test_draw_agrees_with_the_core_rasteriser():
    mesh, size = _ball(), 144
    normals = renderer.vertex_normals(mesh.raster, mesh.triangles)
    pixels, depth = draw([mesh], size)
    if normals[0] @ [0, -1, 0] < 0:  # the ball's outside must be its front
        pytest.fail("the test's ball is inside out")
    wanted, index, weights = renderer.rasterize(mesh.raster, mesh.triangles, size, size)
    same = np.isfinite(depth) & np.isfinite(wanted)
    assert (np.isfinite(depth) == np.isfinite(wanted)).mean() > 0.9995
    assert np.abs(depth[same] - wanted[same]).max() < 0.05
    fields = renderer.interpolate(index, weights, mesh.triangles, mesh.attributes).reshape(-1, 6)
    close = np.abs(fields[pixels.where].T - pixels.fields).max(0) < 0.01
    assert close.mean() > 0.99  # pixels on an edge may see the other triangle
    assert (mesh.material[index.ravel()[pixels.where]] == pixels.material)[close].mean() > 0.99
    assert np.abs(np.linalg.norm(pixels.normals, axis=0) - 1).max() < 1e-5
    assert (np.diff(pixels.material.astype(int)) >= 0).all()
    for material in range(5):
        assert (pixels.material[pixels.rows(material)] == material).all()
    assert pixels.rows(4).stop == len(pixels.where) and pixels.rows(5).start == pixels.rows(5).stop


def test_parts_are_drawn_as_one_mesh_and_hidden_ones_left_out():
    near, far = _ball(), _ball(radius=40.0, centre=(40.0, 40.0))
    far.raster[:, 2] += 200
    far.material[:] = 9
    both, depth = draw([near, far], 144)
    assert np.array_equal(depth, draw([far, near], 144)[1])
    alone, _ = draw([near], 144)
    assert both.rows(9).start == len(alone.where)
    behind = np.full((144, 144), -1e3, np.float32)
    assert len(draw([near], 144, behind=behind)[0].where) == 0
    near.attributes[:, LASH] = -9
    assert len(draw([near], 144, behind=-behind)[0].where) == 0


def test_broken_vertices_are_survived():
    mesh = _ball()
    mesh.raster[3], mesh.raster[40] = np.nan, 1e30
    pixels, _ = draw([mesh], 144)
    assert len(pixels.where) > 5000 and np.isfinite(pixels.normals).all()


def test_large_slivers_are_interpolated():
    # in 1/256 pixel: two triangles on the edge from a to c, which runs through pixel (64, 70), a hair to its sides
    middle, along, aside = np.array([64, 70]) * 256, np.array([301, 300]), np.array([1, 1])
    a, c = middle - 2000 * along, middle + 3000 * along
    corners = np.array([a, middle + 700 * along + aside, c, middle + 700 * along - aside])
    raster = np.column_stack([corners / 256, [5, 6, 7, 6]]).astype(np.float32)
    attributes = np.random.default_rng(7).uniform(0, 1, (4, 6)).astype(np.float32)
    mesh = Mesh(raster, np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.zeros(2, np.uint8), attributes)
    pixels, _ = draw([mesh], 144, cull=False)
    there = pixels.where.tolist().index(70 * 144 + 64)
    assert np.abs(pixels.fields[:, there] - (0.6 * attributes[0] + 0.4 * attributes[2])).max() < 1e-5
    assert np.isfinite(pixels.fields).all()


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("channels", [1, 4])
def test_sample_is_bilinear(wrap, channels):
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (32, 64, channels)).astype(np.uint8)
    u, v = rng.uniform(-70, 130, (2, 700)).astype(np.float32)
    given = texture[..., 0].copy() if channels == 1 else texture
    found = native.sample(given, u, v, 0.5, (3.0, -2.0), wrap, 128, 0.1)
    x, y = u.astype(float) * 0.5 + 3, v.astype(float) * 0.5 - 2
    if not wrap:
        x, y = np.clip(x, 0, 63), np.clip(y, 0, 31)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = (x - left)[:, None], (y - top)[:, None]

    def texel(row, column):
        row, column = (row % 32, column % 64) if wrap else (np.minimum(row, 31), np.minimum(column, 63))
        return texture[row, column].astype(float)

    above = (1 - a) * texel(top, left) + a * texel(top, left + 1)
    below = (1 - a) * texel(top + 1, left) + a * texel(top + 1, left + 1)
    wanted = (1 - b) * above + b * below
    assert np.abs(np.reshape(found, (channels, -1)).T - (wanted - 128) * 0.1).max() < 0.02


@pytest.mark.parametrize("wrap", [False, True])
def test_broken_coordinates_stay_in_the_texture(wrap):
    texture = np.random.default_rng(1).integers(0, 256, (32, 64)).astype(np.uint8)
    u, v = np.full((2, 600), 5.0, np.float32)
    u[:100], v[50:150], u[200:210], v[205:220] = np.nan, np.nan, np.inf, -np.inf
    found = native.sample(texture, u, v, wrap=wrap)
    assert (found[[160, 300, 599]] == texture[5, 5]).all()
    if not wrap:  # NaN counts as 0
        assert (found[:50] == texture[5, 0]).all() and (found[50:100] == texture[0, 0]).all()
        assert (found[100:150] == texture[0, 5]).all()
        assert found[202] == texture[5, 63] and found[207] == texture[0, 63] and found[215] == texture[0, 5]


def test_the_library_is_kept_by_processor(tmp_path):
    def key(text):
        (tmp_path / "cpuinfo").write_text(text)
        return native._processor(tmp_path / "cpuinfo")

    core = "processor : {}\nBogoMIPS : 50.00\nFeatures : {}\nCPU implementer : 0x41\nCPU part : {}\n\n"
    first = key(core.format(0, "fp asimd", "0xd0c"))
    assert first == key(core.format(1, "fp asimd", "0xd0c").replace("50.00", "99.00"))
    assert first != key(core.format(0, "fp asimd sve", "0xd0c"))
    assert first != key(core.format(0, "fp asimd", "0xd40"))
    assert first != key(core.format(0, "fp asimd", "0xd0c") + core.format(1, "fp asimd", "0xd40"))
    assert platform.machine() in native._processor(tmp_path / "missing")


def test_a_new_library_replaces_old_ones(tmp_path, monkeypatch):
    source, compiler = tmp_path / "kernel.cpp", shutil.which("c++") or shutil.which("g++")
    source.write_text('extern "C" int answer() { return 42; }\n')
    old, young, head = (tmp_path / name for name in ("faces-0.so", "faces-1.so", "head-0.npz"))
    for file in old, young, head:
        file.touch()
    for file in old, head:
        os.utime(file, (0, 0))
    native._build(compiler, [str(source)], tmp_path / "faces-2.so")
    assert ctypes.CDLL(str(tmp_path / "faces-2.so")).answer() == 42
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"kernel.cpp", "faces-1.so", "faces-2.so", "head-0.npz"}
    source.write_text("nonsense\n")
    with pytest.raises(RuntimeError, match="nonsense"):
        native._build(compiler, [str(source)], tmp_path / "faces-3.so")
    assert not list(tmp_path.glob("faces-3*")) and len(list(tmp_path.iterdir())) == 4
    monkeypatch.setenv("CXX", str(tmp_path / "missing"))
    with pytest.raises(RuntimeError, match="cannot run"):
        native.library.__wrapped__()


def test_arrays_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="contiguous"):
        native.pointer(np.zeros(3))
    with pytest.raises(TypeError, match="contiguous"):
        native.pointer(np.zeros((4, 4), np.float32)[:, ::2])
    with pytest.raises(ValueError, match="channels"):
        native.sample(np.zeros((4, 4, 3), np.uint8), np.zeros(1), np.zeros(1))
