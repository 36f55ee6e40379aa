"""`python -m evaluation.pair BASE.onnx OTHER.onnx`: how much accuracy one network gives up against another.

Both see the same faces from the same boxes (the photographs and synthetic faces of `make eval`), four passes each, so
that their difference is known far better than either error: 95 % bootstrap intervals over faces and pieces of clips.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy is loaded
    os.environ.setdefault(_variable, "1")


def change(base: Any, other: Any, clusters: list) -> str:
    """Mean errors (N,) of both, and the change of the mean in percent of the base's."""
    from evaluation.measures import bootstrap

    share = bootstrap(lambda rows: 100.0 * float(other[rows].mean() / base[rows].mean() - 1.0), clusters)
    return (
        f"{base.mean():8.3f} {other.mean():8.3f}   {share.value:+.2f} % [{share.low:+.2f}, {share.high:+.2f}]"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation.pair", description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--backends", nargs=2, default=("onnxruntime", "onnxruntime"), metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="fewer faces and boxes")
    parser.add_argument("--references-python", type=Path, metavar="PYTHON")
    options = parser.parse_args()
    # Late, so that --help is immediate.
    from evaluation import photographs, synthetic
    from evaluation.examples import collect
    from evaluation.references import References
    from face3d import runtime
    from face3d.model import FaceModel
    from training.evaluate import errors_of

    try:
        model = FaceModel.load()
        networks = [
            runtime.load(path, model, backend)
            for path, backend in zip((options.base, options.other), options.backends)
        ]
    except (OSError, ValueError) as error:
        raise SystemExit(f"evaluation.pair: {error}") from None
    print(f"{'mean error':<44} {options.base.stem:>8.8} {options.other.stem:>8.8}   change", flush=True)
    count = 80 if options.quick else 300
    runs = [synthetic.run(count, model, network) for network in networks]
    for key, unit, scale in (("nme", "NME %", 100), ("rotation", "degrees", 1), ("vertices", "mm", 1)):
        for step in (1, 4):
            base, other = (scale * errors_of(run.history[step], run.truths, model)[key] for run in runs)
            name = f"synthetic, {count} faces, pass {step}, {unit}"
            print(f"{name:<44} {change(base, other, list(range(count)))}", flush=True)
    with References(options.references_python) as references:
        faces = collect(references, model, 6 if options.quick else 24, options.quick).examples
    trials = [
        photographs.run(faces, model, network, jitters=0 if options.quick else 1) for network in networks
    ]
    for part in ("all 68", "without the jaw"):
        for step in (1, 4):
            base, other = (100 * trial.errors(part)[:, step] for trial in trials)
            name = f"photographs, {len(faces)} faces, {part}, pass {step}"
            print(f"{name:<44} {change(base, other, trials[0].clusters())}", flush=True)


if __name__ == "__main__":
    main()
