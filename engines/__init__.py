"""The committed network, its export and its forms for processors and GPUs."""

import face3d  # noqa: F401 - before ONNX Runtime, which it keeps from reporting
