"""The nodes of one run as processes: started together, watched, and ended together."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping

from face3d.ros.environment import child_environment, node_command
from face3d.ros.process import PARENT

_LOG_LINE = re.compile(r"\[(\w+)\] \[[\d.]+\] \[([\w./]+)\]: (.*)")
# Not by Ctrl-C's signal, which leaves a traceback when Python has just begun.
_PATIENCE = ((signal.SIGTERM, 7.0), (signal.SIGKILL, 2.0))
_LAST_WORDS = 2.0  # seconds for what an ended process has printed: a child of its may hold its output open


class NodeGroup:
    """Processes by node name; what they print is kept for `lines`.

    with NodeGroup() as nodes:
        nodes.start("camera_node", {"source": "0"})
    """

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen] = {}
        self._readers: dict[str, threading.Thread] = {}
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def start(
        self, name: str, parameters: Mapping[str, object], remaps: Mapping[str, str] | None = None
    ) -> None:
        """Start a node. It is in a session of its own: Ctrl-C in the terminal reaches it only through `stop`."""
        process = subprocess.Popen(
            node_command(name, parameters, remaps or {}),
            env=child_environment() | {PARENT: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._processes[name] = process
        self._readers[name] = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._readers[name].start()

    def running(self, name: str) -> bool:
        """Whether the node's process is there."""
        return self._processes[name].poll() is None

    def failed(self) -> str:
        """Name of a node that has ended with an error, or an empty text."""
        return next((name for name, process in self._processes.items() if process.poll()), "")

    def lines(self) -> list[str]:
        """What the nodes have printed since the last call, without ROS's time and level decoration.

        Of a node that has ended all of it: its last words say why.
        """
        for name, reader in self._readers.items():
            if not self.running(name):
                reader.join(_LAST_WORDS)
        found = []
        while not self._lines.empty():
            line = self._lines.get()
            match = _LOG_LINE.fullmatch(line)
            found.append(f"{match[2]}: {match[3]}" if match else line)
        return found

    def process_id(self, name: str) -> int:
        """Process id of a node that was started."""
        return self._processes[name].pid

    def memory(self, name: str) -> float:
        """Resident memory of a running node in megabytes (Linux)."""
        with open(f"/proc/{self._processes[name].pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) / 1024.0 for line in file if line.startswith("VmRSS"))

    def stop(self) -> None:
        """End all processes: kindly first, then not. Returns when they are gone."""
        for number, patience in _PATIENCE:
            for process in self._processes.values():
                if process.poll() is None:
                    process.send_signal(number)
            deadline = time.monotonic() + patience
            while any(process.poll() is None for process in self._processes.values()):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)

    def __enter__(self) -> NodeGroup:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _read(self, process: subprocess.Popen) -> None:
        assert process.stdout is not None  # a pipe: see `start`
        for line in process.stdout:
            if line.strip():
                self._lines.put(line.rstrip("\n"))
