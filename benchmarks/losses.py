"""Which images of a long run became no mesh, when that was, and what the nodes and the machine did meanwhile."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.meanwhile import Meanwhile

_PATIENCE = 2.0  # seconds that a mesh, or the node's report of a loss, may come after its image
_QUIET = 3.0  # seconds without a loss that end a moment: reports come once a second
_LONGEST = 20.0  # seconds after which a moment ends anyway
_RECENT = 10  # images; a camera that paused may hurry afterwards
_WORDS = 4  # reports that a moment keeps


@dataclass
class Moment:
    """Losses that belong together.

    seconds  since the first mesh of the run
    image    number of the last image that became a mesh before it, counted from 0
    missing  images without a mesh
    dropped  images that reconstruction_node says it never had; the others that are missing showed no face to it
    words    how it lost each of them
    pause    longest time between two images of the camera, among them or shortly before, ms
    lost     of each second with losses: images passed over, and what the machine did meanwhile
    """

    seconds: float
    image: int
    missing: int = 0
    dropped: int = 0
    words: list[str] = field(default_factory=list)
    tracks_ended: int = 0
    tracks_started: int = 0
    pause: float = 0.0
    lost: list[tuple[int, Meanwhile]] = field(default_factory=list)

    def causes(self, usual: Meanwhile) -> Counter[str]:
        """How many images were passed over for what cause; `usual` is what a second without losses has."""
        found: Counter[str] = Counter()
        for images, meanwhile in self.lost:
            found[meanwhile.cause(usual)] += images
        return found

    def text(self) -> str:
        """All of it on a line."""
        found = [f"minute {self.seconds / 60:.2f}, after image {self.image}: {self.missing} without a mesh"]
        if self.dropped:
            found.append(f"passed over: {'; '.join(self.words)}")
        if self.tracks_ended or self.tracks_started:
            found.append(f"tracks: {self.tracks_ended} ended, {self.tracks_started} started")
        if self.lost:
            total = sum((meanwhile for _, meanwhile in self.lost), Meanwhile())
            found.append(f"in {len(self.lost)} s {total.text()}")
        return "; ".join([*found, f"the camera's longest pause was {self.pause:.0f} ms"])


class Losses:
    """Is told of everything that comes, and keeps the `moments` of loss.

    images, missing, dropped  numbers so far: of the camera, without a mesh, passed over by reconstruction_node; those
        of which nothing is known yet do not count
    usual  what the machine did in each second without a loss
    """

    def __init__(self) -> None:
        self.images = self.missing = self.dropped = 0
        self.moments: list[Moment] = []
        self.usual: list[Meanwhile] = []
        self._open: deque[tuple[int, float]] = deque()  # stamp, longest pause before it
        self._pauses: deque[float] = deque(maxlen=_RECENT)
        self._arrived: set[int] = set()
        self._reports: deque[tuple[float, Mapping[str, str], Meanwhile]] = deque()
        self._report: Mapping[str, str] = {}
        self._totals: Meanwhile | None = None
        self._last = 0  # stamp of the newest image
        self._good = 0  # number of the last image with a mesh
        self._changed = 0.0

    def image(self, stamp: int) -> None:
        """The camera has sent an image of this stamp, nanoseconds."""
        self._pauses.append(1e-6 * (stamp - self._last) if self._last else 0.0)
        self._open.append((stamp, max(self._pauses)))
        self._last = stamp

    def mesh(self, stamp: int) -> None:
        """A mesh of the image of this stamp has come."""
        self._arrived.add(stamp)

    def report(self, seconds: float, values: Mapping[str, str], totals: Meanwhile) -> None:
        """reconstruction_node has reported, as it does once a second; `seconds` after the start. `totals`: of what the
        machine did until now."""
        self._reports.append((seconds, values, totals))

    def settle(self, seconds: float, patience: float = _PATIENCE) -> None:
        """Give up what has not come in time; to be called now and then, `seconds` after the start."""
        oldest = self._last - round(1e9 * patience)
        while self._open and self._open[0][0] <= oldest:
            stamp, pause = self._open.popleft()
            if stamp in self._arrived:
                self._good = self.images
            else:
                moment = self._moment(seconds)
                moment.missing += 1
                moment.pause = max(moment.pause, pause)
                self.missing += 1
            self.images += 1
        self._arrived = {stamp for stamp in self._arrived if stamp > oldest}
        while self._reports and self._reports[0][0] <= seconds - patience:
            self._settle_report(seconds, *self._reports.popleft()[1:])

    def _settle_report(self, seconds: float, values: Mapping[str, str], totals: Meanwhile) -> None:
        meanwhile = totals.since(self._totals or totals)
        self._totals = totals
        before, self._report = self._report or values, values
        dropped, ended, started = (
            int(values.get(name, 0)) - int(before.get(name, 0))
            for name in ("dropped", "tracks_ended", "tracks_started")
        )
        if dropped:
            self.dropped += dropped
            moment = self._moment(seconds)
            moment.dropped += dropped
            moment.lost.append((dropped, meanwhile))
            if len(moment.words) < _WORDS:
                moment.words.append(values["losses"])
        else:
            self.usual.append(meanwhile)
        if self._current(seconds):
            self.moments[-1].tracks_ended += ended
            self.moments[-1].tracks_started += started

    def _current(self, seconds: float) -> bool:
        if not self.moments:
            return False
        began = self.moments[-1].seconds + _PATIENCE
        return seconds <= min(self._changed + _QUIET, began + _LONGEST)

    def _moment(self, seconds: float) -> Moment:
        if not self._current(seconds):
            self.moments.append(Moment(max(0.0, seconds - _PATIENCE), self._good))
        self._changed = seconds
        return self.moments[-1]
