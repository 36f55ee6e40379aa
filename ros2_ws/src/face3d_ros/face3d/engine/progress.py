"""TensorRT's progress as a bar on stderr, and Ctrl-C during a build."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm


class Progress:
    """Context manager around one build; `monitor` is what a builder's configuration takes as progress_monitor.

    Ctrl-C must not raise through TensorRT's C++: it ends the build at the next step, and is raised on leaving.
    """

    def __init__(self, module: Any, title: str, shown: bool) -> None:
        self.interrupted = False
        self._bar = tqdm(desc=title, total=0, unit="step", leave=False, disable=not shown)
        self.monitor: Any = None
        if hasattr(module, "IProgressMonitor"):  # since TensorRT 8.6
            self.monitor = _monitor_class(module)(self)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._bar.close()
        if self.interrupted and kind is None:
            raise KeyboardInterrupt

    def start(self, phase: str, parent: str | None, steps: int) -> None:
        """A phase of so many steps begins."""
        self._bar.total += steps
        self._bar.set_postfix_str(phase)

    def step(self) -> bool:
        """One step is done; False ends the build."""
        self._bar.update()
        return not self.interrupted


def _monitor_class(module: Any) -> Any:
    class Monitor(module.IProgressMonitor):
        def __init__(self, progress: Progress) -> None:
            module.IProgressMonitor.__init__(self)  # pybind11 wants its own constructor called by name
            self._progress = progress

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            try:
                self._progress.start(phase_name, parent_phase, num_steps)
            except KeyboardInterrupt:
                self._progress.interrupted = True

        def phase_finish(self, phase_name: str) -> None:
            pass

        def step_complete(self, phase_name: str, step: int) -> bool:
            try:
                return self._progress.step()
            except KeyboardInterrupt:
                self._progress.interrupted = True
                return False

    return Monitor
