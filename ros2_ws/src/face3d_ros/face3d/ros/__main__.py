"""`python -m face3d.ros camera_node --ros-args ...`: a node without an installed executable."""

import sys

from face3d.ros.process import ALL, NODES, main

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in (*NODES, ALL):
        sys.exit(f"usage: python -m face3d.ros {{{','.join((*NODES, ALL))}}} [--ros-args ...]")
    main(sys.argv.pop(1))
