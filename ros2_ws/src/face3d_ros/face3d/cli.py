"""The command `face3d`: one module per subcommand, imported only when it is the one that was asked for.

A command's module has `add_arguments(parser)` and `run(arguments) -> exit code`. Commands that need ROS 2
say so when it is missing; everything else works without it.

Exit codes: 0 done; 1 something could not be read or written; 2 wrong arguments; 3 no face was found; 130
Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from face3d import __version__

OK, FAILED, USAGE, NO_FACE, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Command:
    """module: where `add_arguments` and `run` are; ros: whether it needs ROS 2."""

    module: str
    help: str
    ros: bool = False


COMMANDS = {
    "image": Command("face3d.commands.image", "reconstruct the faces of photographs: overlay, mesh, JSON"),
    "video": Command(
        "face3d.commands.video", "track the faces of a video: overlay, motion capture table, animated face"
    ),
    "live": Command("face3d.commands.live", "camera, video or bag through the ROS 2 nodes, live", ros=True),
    "replay": Command("face3d.commands.replay", "play a rosbag2 bag into the ROS 2 nodes", ros=True),
    "engine": Command("face3d.commands.engine", "build a TensorRT engine for a GPU, or describe one"),
    "record": Command("face3d.commands.record", "write a rosbag2 bag from a camera or video"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    wanted = next((word for word in argv if not word.startswith("-")), None)
    try:
        parser, run = _parser(wanted)
    except ModuleNotFoundError as error:
        return _missing(wanted or "", error)
    arguments = parser.parse_args(argv)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as `python -m face3d` leaves it while it imports
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run(arguments)
    except ModuleNotFoundError as error:
        return _missing(arguments.command, error)
    # Wrong files and settings; RuntimeError: no ROS 2, or a GPU or network that fails while it runs.
    except (OSError, ValueError, RuntimeError) as error:
        print(f"face3d {arguments.command}: {describe(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser(wanted: str | None):
    parser = argparse.ArgumentParser(
        prog="face3d",
        description="3D faces from photographs, videos and cameras: mesh, head pose and expression.",
        epilog="`face3d COMMAND --help` explains one command.",
    )
    parser.add_argument("--version", action="version", version=f"face3d {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = None
    for name, command in COMMANDS.items():
        module = importlib.import_module(command.module) if name == wanted else None
        sub = commands.add_parser(
            name,
            help=command.help,
            description=(module.__doc__ if module else command.help),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module is not None:
            module.add_arguments(sub)
            run = module.run
    return parser, run


def _missing(name: str, error: ModuleNotFoundError) -> int:
    """One line for a package that is not installed."""
    package = error.name or str(error)
    if name in COMMANDS and COMMANDS[name].ros and not package.startswith("face3d.commands"):
        print(f"face3d {name}: needs ROS 2 ({package} is missing); run `make setup`", file=sys.stderr)
    else:
        print(f"face3d {name}: the Python package {package!r} is missing; run `make setup`", file=sys.stderr)
    return FAILED


def describe(error: Exception) -> str:
    """What went wrong, in one line for the user."""
    if isinstance(error, (FileExistsError, NotADirectoryError)) and error.filename:
        return f"{error.filename} cannot be made a folder: it, or what it is in, is a file; choose another output"
    if isinstance(error, IsADirectoryError) and error.filename:
        return f"{error.filename} is a folder, where a file is to be written; name a file in it"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


if __name__ == "__main__":
    raise SystemExit(main())
