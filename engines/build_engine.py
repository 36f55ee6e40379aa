"""Build the TensorRT engine; like `face3d engine build`, and int8 is calibrated on synthetic faces.

    python -m engines.build_engine --precision int8 [--compute-capability 8.6,8.9] [--out face3d.engine]

The calibration writes a network with QuantizeLinear nodes, which every TensorRT takes. TensorRT's own calibrators do
not exist in TensorRT for RTX and are deprecated in TensorRT: they are not used.
"""

from __future__ import annotations

import argparse
import sys

import onnx

from engines.faces import CALIBRATION_SEED, draw_faces
from engines.quantize import FACES, default_out, quantize
from face3d import resources
from face3d.commands.common import number
from face3d.commands.engine import add_build_arguments, run_build
from face3d.engine import graph
from face3d.model import FaceModel


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engines.build_engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_build_arguments(parser)
    parser.add_argument(
        "--faces", type=number(int, 1), default=FACES, help="to calibrate int8 on; default: %(default)s"
    )
    arguments = parser.parse_args()
    try:
        network = resources.network(arguments.network)
        arguments.out = arguments.out or resources.engine_cache(network)
        if arguments.precision == "int8" and not graph.is_quantised(graph.load(network)):
            print(f"calibrating int8 on {arguments.faces} synthetic faces", flush=True)
            faces = draw_faces(arguments.faces, FaceModel.load(), CALIBRATION_SEED, sys.stderr.isatty())
            arguments.network = arguments.out.parent / default_out(network, "tensorrt").name
            arguments.network.parent.mkdir(parents=True, exist_ok=True)
            onnx.save(quantize(network, faces.tensors, "tensorrt"), arguments.network)
        return run_build(arguments)
    except (OSError, ValueError) as error:
        print(f"build_engine: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
