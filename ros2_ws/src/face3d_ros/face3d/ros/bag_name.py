"""What names a bag; needs no ROS 2, so that a command without it can say what is missing."""

from __future__ import annotations

from pathlib import Path

_SUFFIXES = (".db3", ".mcap")


def bag_of(text: str) -> tuple[Path, str] | None:
    """The bag that `text` names and the topic behind it, which may be empty; None when it names none.

    text  a bag's folder or its .db3 or .mcap file, with ":/topic" behind it to choose among image topics
    """
    name, colon, topic = text.rpartition(":")
    path, topic = (Path(name), topic) if colon and topic.startswith("/") else (Path(text), "")
    path = path.expanduser()
    if path.is_dir():
        is_bag = any(entry.name == "metadata.yaml" or entry.suffix in _SUFFIXES for entry in path.iterdir())
    else:
        is_bag = path.is_file() and path.suffix in _SUFFIXES
    return (path, topic) if is_bag else None
