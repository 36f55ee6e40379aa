"""Linear algebra of the face model: the public door to the compiled module `face3d._core`."""

from face3d._core import FaceShape, blend, subdivide

__all__ = ["FaceShape", "blend", "subdivide"]
