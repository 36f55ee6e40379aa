"""`python -m face3d` is the command `face3d`."""

from face3d.cli import main

raise SystemExit(main())
