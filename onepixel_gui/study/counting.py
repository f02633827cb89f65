"""The running count of a campaign: done, flipped, refused, how fast, and how long yet."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from onepixel_gui.analysis.population.shares import Sums, over_groups, wilson
from onepixel_gui.study.plan import Advance, Flipping

_OF_LATE = 30.0  # seconds over which speed is told
_ENOUGH = 3  # runs until the time left can be told


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that was really carried out. model, attack: indices of the plan.

    tile: what tells it from others, the same for each run of tiles of the same pixels.
    """

    model: int
    attack: int
    tile: str
    flipped: bool


class Tally:
    """Runs of one classifier by one attack: each costs the same, however many there are."""

    def __init__(self) -> None:
        self._tiles: dict[str, tuple[int, int]] = {}  # -> flips, runs
        self._sums = Sums()

    def add(self, tile: str, *, flipped: bool) -> None:
        before = self._tiles.get(tile, (0, 0))
        now = self._tiles[tile] = before[0] + flipped, before[1] + 1
        self._sums = self._sums.instead(before, now)

    def told(self, title: str) -> Flipping:
        sums = self._sums
        flipped, runs, tiles = int(sums.hits), int(sums.counts), sums.groups
        return Flipping(title, flipped, runs, tiles, self._interval(flipped, runs, tiles))

    def _interval(self, flipped: int, runs: int, tiles: int) -> tuple[float, float] | None:
        alone = wilson(flipped, runs)
        together = alone if tiles == runs else over_groups(self._sums, "Wilson over tiles")
        if alone is None or together is None:
            return None
        return min(alone.low, together.low), max(alone.high, together.high)


class Tallies:
    """titles: of each (model, attack) of the plan, in its order; others are called ""."""

    def __init__(self, titles: Mapping[tuple[int, int], str] | None = None) -> None:
        self._titles = titles or {}
        self._by_part = {part: Tally() for part in self._titles}

    def add(self, ran: Ran) -> None:
        tally = self._by_part.setdefault((ran.model, ran.attack), Tally())
        tally.add(ran.tile, flipped=ran.flipped)

    @property
    def shares(self) -> tuple[Flipping, ...]:
        told = (tally.told(self._titles.get(part, "")) for part, tally in self._by_part.items())
        return tuple(each for each in told if each.runs)


class RunningCount:
    """done counts runs of tiles, refused tiles included; refused counts tiles.

    before: the runs of earlier sessions.   titles: as of `Tallies`.
    attacked: runs that were really carried out, of which `flipped` flipped.
    """

    def __init__(
        self,
        total: int,
        done: int = 0,
        refused: int = 0,
        before: Iterable[Ran] = (),
        titles: Mapping[tuple[int, int], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.done, self.refused = total, done, refused
        self.attacked = self.flipped = self.again = self.queries = 0
        self._tallies = Tallies(titles)
        for ran in before:
            self._count(ran)
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

    def run(self, queries: int, ran: Ran) -> None:
        self.done += 1
        self.queries += queries
        self._count(ran)
        self._recent.append((self._clock(), queries))

    def _count(self, ran: Ran) -> None:
        self.attacked += 1
        self.flipped += ran.flipped
        self._tallies.add(ran)

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
            attacked=self.attacked,
            under_way=under_way,
            shares=self._tallies.shares,
        )
