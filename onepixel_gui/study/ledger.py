"""The running count of a campaign: done, flipped, refused, how fast, and how long yet."""

import time
from collections import deque
from collections.abc import Callable

from onepixel_gui.analysis.population.shares import wilson
from onepixel_gui.study.plan import Advance

_OF_LATE = 30.0  # seconds over which speed is told
_ENOUGH = 3  # runs until the time left can be told


class Ledger:
    """done counts runs of tiles, refused tiles included; refused counts tiles.

    attacked: runs that were really carried out, of which `flipped` flipped.
    repeats: whether a tile has several runs: these are no independent tiles, and have no interval.
    """

    def __init__(
        self,
        total: int,
        done: int = 0,
        flipped: int = 0,
        refused: int = 0,
        attacked: int = 0,
        clock: Callable[[], float] = time.monotonic,
        *,
        repeats: bool = False,
    ) -> None:
        self.total, self.done, self.flipped, self.refused = total, done, flipped, refused
        self.attacked, self.again, self.queries = attacked, 0, 0
        self._repeats = repeats
        self._clock = clock
        self._begun = clock()
        self._recent: deque[tuple[float, int]] = deque()  # when a run was done, its queries
        self._last = self._begun  # before the first of them

    @property
    def seconds(self) -> float:
        """Since this session began."""
        return self._clock() - self._begun

    def begin(self) -> None:
        """Work begins now: nothing before counts as slow."""
        self._last = self._clock()

    def run(self, queries: int, *, flipped: bool) -> None:
        self.done += 1
        self.attacked += 1
        self.flipped += flipped
        self.queries += queries
        self._recent.append((self._clock(), queries))

    def stand_in(self) -> None:
        """A run that another tile of the same pixels stands for: no second witness."""
        self.done += 1
        self.again += 1

    def refuse(self, runs: int, *, tiles: int = 1) -> None:
        """A tile that cannot be used, for which as many runs were left. tiles: 0 once it counts."""
        self.done += runs
        self.refused += tiles

    def advance(self, doing: str, under_way: tuple[int, ...] = ()) -> Advance:
        """under_way: tasks handed out."""
        now = self._clock()
        while self._recent and self._recent[0][0] < now - _OF_LATE:
            self._last = self._recent.popleft()[0]
        span = now - self._last
        each = span / len(self._recent) if self._recent else 0.0
        interval = None if self._repeats else wilson(self.flipped, self.attacked)
        left = each * (self.total - self.done) if len(self._recent) >= _ENOUGH else None
        return Advance(
            doing=doing,
            done=self.done,
            total=self.total,
            flipped=self.flipped,
            refused=self.refused,
            queries=self.queries,
            rate=sum(queries for _, queries in self._recent) / span if span > 0 else 0.0,
            seconds_left=left,
            interval=None if interval is None else (interval.low, interval.high),
            attacked=self.attacked,
            under_way=under_way,
        )
