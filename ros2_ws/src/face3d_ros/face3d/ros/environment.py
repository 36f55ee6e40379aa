"""The environment that ROS 2 processes of this package need."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_PROFILE = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # its old and its new name
_FIRST_PORT = 24_300
_LAST_DOMAIN = 232  # of DDS
_DOMAINS = range(1, 101)  # above 101 the ports of a domain meet those that Linux hands out


class NoRos(RuntimeError):
    """ROS 2 or the workspace's messages cannot be imported; the text says what to do."""


def check() -> None:
    """Raise NoRos when rclpy or face3d_msgs is missing."""
    try:
        import face3d_msgs.msg  # noqa: F401
        import rclpy  # noqa: F401
    except ImportError as error:
        raise NoRos(
            f"this command needs ROS 2: {error}. Run it through `make live`, which sets ROS 2 up, or source "
            "a ROS 2 installation and the built workspace (ros2_ws/install/setup.bash) first"
        ) from None


def share(*path: str) -> Path:
    """A file of the ROS package: in the source tree, or in share/face3d of the installation."""
    source = _PACKAGE.parent.joinpath(*path)
    if source.exists():
        return source
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("face3d"), *path)


def use_profile() -> None:
    """Point Fast DDS at our profile in this process and its children, unless the user has chosen one."""
    if not any(os.environ.get(name) for name in _PROFILE):
        profile = str(share("config", "fastdds.xml"))
        os.environ.update(dict.fromkeys(_PROFILE, profile))


def isolate(domain: int | None) -> tuple[int, socket.socket | None]:
    """Keep this process and its children to this machine and to a domain, so that parallel runs do not mix.

    domain   the domain to use; by default ROS_DOMAIN_ID if it is set, else one that no other run holds
    returns  the domain, and a lock to keep until the end when it was chosen here
    """
    lock = None
    given = str(domain) if domain is not None else os.environ.get("ROS_DOMAIN_ID", "")
    if not given:
        domain, lock = _free_domain()
    elif given.isdecimal() and int(given) <= _LAST_DOMAIN:
        domain = int(given)
    else:
        raise ValueError(f"a ROS domain is a number from 0 to {_LAST_DOMAIN}, got {given!r}")
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    return domain, lock


def _free_domain() -> tuple[int, socket.socket]:
    """A domain that no other process of ours holds: whoever has bound the domain's port has the domain."""
    for step in _DOMAINS:
        domain = (os.getpid() + step) % len(_DOMAINS) + _DOMAINS.start
        lock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            lock.bind(("127.0.0.1", _FIRST_PORT + domain))
        except OSError:
            lock.close()
            continue
        return domain, lock
    raise RuntimeError(
        f"all ROS domains from {_DOMAINS.start} to {_DOMAINS.stop - 1} are taken; end other runs"
    )


def node_command(
    name: str, parameters: Mapping[str, object], remaps: Mapping[str, str] | None = None
) -> list[str]:
    """Command line of a node of this package, run by this Python."""
    command = [sys.executable, "-m", "face3d.ros", name, "--ros-args"]
    for key, value in parameters.items():
        text = str(value).lower() if isinstance(value, bool) else value
        command += ["-p", f"{key}:={_yaml(text)}"]
    for old, new in (remaps or {}).items():
        command += ["-r", f"{old}:={new}"]
    return command


def _yaml(value: object) -> str:
    """A parameter's value for the command line; quoted where YAML would read a text as something else."""
    if isinstance(value, str) and value not in ("true", "false"):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def child_environment() -> dict[str, str]:
    """Environment for nodes started from here: this Python's packages, and output that appears at once."""
    # As it was imported, not resolved: a symlinked install has the compiled module beside its links only.
    imported = str(Path(__file__).absolute().parents[2])
    entries = [imported, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    child = dict(os.environ, PYTHONPATH=os.pathsep.join(entry for entry in entries if entry))
    child.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    return child | {"PYTHONUNBUFFERED": "1", "RCUTILS_COLORIZED_OUTPUT": "0"}
