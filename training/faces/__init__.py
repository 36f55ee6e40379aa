"""Synthetic photographs of faces with exact geometry, for training (see docs/synthetic_faces.md)."""

from training.faces.config import FaceConfig
from training.faces.generator import FaceGenerator, Sample, contact_sheet

__all__ = ["FaceConfig", "FaceGenerator", "Sample", "contact_sheet"]
