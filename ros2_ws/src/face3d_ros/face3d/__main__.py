"""`python -m face3d` is the command `face3d`."""

import signal

# Until a command runs, Ctrl-C ends the process without a traceback of half an import; `main` takes it back.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from face3d.cli import main  # noqa: E402

raise SystemExit(main())
