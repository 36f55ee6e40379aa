"""Rasteriser and resampling kernels: the public door to the compiled module `face3d._core`.

Everything is in the raster frame of `camera.py`: vertices are (V, 3) float32 (u, v, depth) in pixels, x right, y
down, smaller depth nearer, pixel centres at integers. Results are fresh arrays; arguments are never written to nor
copied. Wrong dtypes raise TypeError, wrong shapes, strides, sizes and indices raise ValueError; NaN, infinite and
absurdly distant vertices (beyond 2^20 pixels) take their triangles out of the picture.
"""

from face3d._core import (
    Encoder,
    crop,
    interpolate,
    rasterize,
    render_prior,
    shade,
    vertex_normals,
)

__all__ = ["Encoder", "crop", "interpolate", "rasterize", "render_prior", "shade", "vertex_normals"]
