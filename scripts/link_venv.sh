#!/bin/sh
# Create a virtual environment that sees the packages of another one; run for .venv/training.
#
#     scripts/link_venv.sh BASE_VENV NEW_VENV
#
# torch goes into the new one: training has the pinned packages of the product, the product never has torch.
set -eu
base=$(cd "$1" && pwd)
"$base/bin/python" -m venv "$2"
packages=$("$base/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
target=$("$2/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
echo "$packages" >"$target/face3d_base.pth"
