"""One scan from beginning to end, in events."""

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import confidence
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.scan import (
    Awaited,
    Candidate,
    Floats,
    Grid,
    Places,
    Refined,
    ScanBegan,
    ScanEnded,
    ScanEvent,
    Scanned,
    ScanSettings,
)
from onepixel_gui.classifier.scanning import places
from onepixel_gui.classifier.scanning.ahead import Ahead, Chunk, awaiting
from onepixel_gui.classifier.scanning.asking import AGREEING, Asker
from onepixel_gui.classifier.scanning.candidates import SECOND, Climb, apart, log_odds, peaks, steps
from onepixel_gui.problems import Problem, UnreadableSlide
from onepixel_gui.tiles.foreground import seeking
from onepixel_gui.tiles.slides import Slide

_CLIMBED = 4  # times as many peaks are climbed as may be listed
_LEAST_LISTED = 0.05  # confidence of what is listed; our choice
_ALWAYS = 20  # the best are listed whatever their confidence
_DISAGREED = (
    f"The network's quick form differed from the ordinary one by more than {AGREEING:g}, so all "
    "tiles were asked of the ordinary one."
)
_NO_OVERVIEW = "The slide has no readable overview, so its glass could not be told from tissue."


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """index: (N,) of places.  logits: (N,), NaN for damaged ones.  answers: (N,) classes or -1."""

    index: NDArray[np.intp]
    logits: Floats
    answers: NDArray[np.intp]

    @property
    def columns(self) -> tuple[list[int], list[float], list[int]]:
        return self.index.tolist(), self.logits.tolist(), self.answers.tolist()


@dataclass
class Run:
    """A scan at work."""

    classifier: Classifier
    slide: Slide
    settings: ScanSettings
    grid: Grid
    asker: Asker
    damaged: int = 0
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, classifier: Classifier, slide: Slide, settings: ScanSettings) -> "Run":
        """Raises NothingToScan."""
        card = classifier.card
        subject = settings.subject if settings.subject in card.classes else card.subject
        return cls(
            classifier,
            slide,
            settings,
            places.grid_of(card, slide, settings),
            Asker(classifier, card.classes.index(subject)),
        )

    def events(self) -> Generator[ScanEvent]:
        """Raises DeviceFull, and Problem where no tile is answered with a number."""
        card, grid = self.classifier.card, self.grid
        notes = places.notes_on(card, self.slide, self.settings)
        mask, more = yield from self._wanted()
        total = int(mask.sum())
        subject = card.classes[self.asker.subject]
        yield ScanBegan(grid, total, mask.size - total, subject, notes + more)
        logits = np.full(mask.shape, np.nan, np.float32)
        yield from self._paint(mask, logits)
        candidates = yield from self._candidates(logits)
        yield ScanEnded(
            grid=grid,
            settings=self.settings,
            confidence=_frozen(confidence(logits)),
            candidates=candidates,
            queries=self.asker.queries,
            damaged=self.damaged,
            notes=self._told(total, int(np.isnan(logits[mask]).sum())),
        )

    def _wanted(self) -> Generator[Awaited, None, tuple[NDArray[np.bool_], tuple[str, ...]]]:
        """The cells to ask, and what there is to say of it."""
        every = np.ones((self.grid.rows, self.grid.columns), np.bool_)
        if not self.settings.tissue:
            return every, ()
        try:
            with closing(awaiting(lambda: seeking(self.slide))) as finding:
                while True:
                    next(finding)
                    yield Awaited()
        except StopIteration as found:
            return places.wanted(self.grid, found.value, self.settings.least), ()
        except UnreadableSlide:
            return every, (_NO_OVERVIEW,)

    def _told(self, total: int, lost: int) -> tuple[str, ...]:
        """The notes, with what became of tiles that have no place on the map."""
        silent = lost - self.damaged
        if silent == total - self.damaged > 0:
            raise Problem(
                "The classifier's answers about this slide are not numbers.",
                "Check the scaling on the classifier's card, or choose another checkpoint.",
            )
        notes = [*self.notes]
        if self.damaged:
            notes.append(f"{_tiles(self.damaged)} left out: the slide is damaged there.")
        if silent:
            notes.append(f"{_tiles(silent)} left out: the classifier's answer is not a number.")
        return tuple(notes)

    # -------------------------------------------------------------- the map
    def _paint(self, mask: NDArray[np.bool_], logits: Floats) -> Generator[ScanEvent]:
        """Ask each cell of the mask; all again where the quick form turns out to be another one."""
        total, done, quick = int(mask.sum()), 0, self.asker.fast
        order = [*places.blocks(self.grid, mask)]
        rows = np.concatenate([_NONE, *(each for each, _ in order)])
        columns = np.concatenate([_NONE, *(each for _, each in order)])
        ends = np.cumsum([len(each) for each, _ in order])
        blocks = np.split(np.arange(len(rows)), ends)[:-1]
        with closing(self._asked(self.grid.corners(rows, columns), blocks)) as parts:
            for part in parts:
                if part is None:
                    yield Awaited()
                    continue
                index, found = part.index, part.logits
                done += len(index)
                logits[rows[index], columns[index]] = found
                new = _frozen(confidence(found))
                yield Scanned(done, total, rows[index], columns[index], new)
                if quick and not self.asker.fast:
                    break
        self.asker.settle()
        if quick and not self.asker.fast:
            self.notes.append(_DISAGREED)
            self.damaged = 0
            yield from self._paint(mask, logits)

    def _asked(
        self,
        corners: tuple[Places, Places],
        blocks: Iterable[NDArray[np.intp]],
        *,
        sure: bool = False,
    ) -> Generator[_Answers | None]:
        """Places as they are answered; None where the disk is waited for."""
        with Ahead(self.slide, self.grid, corners, blocks, self.asker.chunk) as ahead:
            for chunk in ahead:
                yield None if chunk is None else self._answered(chunk, sure)

    def _answered(self, chunk: Chunk, sure: bool) -> _Answers:
        self.damaged += len(chunk.damaged)
        answers = np.full(len(chunk.index), -1, np.intp)
        if sure:
            logits, answers = self.asker.surely(chunk.tiles)
        else:
            logits = self.asker.quickly(chunk.tiles)
        lost = len(chunk.damaged)
        return _Answers(
            np.concatenate([chunk.index, chunk.damaged]),
            np.concatenate([logits, np.full(lost, np.nan, np.float32)]),
            np.concatenate([answers, np.full(lost, -1, np.intp)]),
        )

    # -------------------------------------------------------------- the candidates
    def _candidates(
        self, logits: Floats
    ) -> Generator[Awaited | Refined, None, tuple[Candidate, ...]]:
        grid, best, damaged = self.grid, self.settings.best, self.damaged
        most, distance = _CLIMBED * best, min(grid.height, grid.width) / 2
        climb = Climb(self._known, steps(grid.step), *self._bounds())
        rows, columns = (each[:most] for each in peaks(logits, -np.inf))
        yield from climb.rise(*grid.corners(rows, columns), logits[rows, columns])
        rows, columns = np.nonzero(logits >= log_odds(SECOND))
        corners = grid.corners(rows, columns)
        again = climb.overlooked(*corners, logits[rows, columns], distance, most)
        few = max(_ALWAYS, best // 2)
        yield from climb.rise(again[0][:few], again[1][:few], again[2][:few])
        tops, lefts, found = climb.known
        kept = apart(tops, lefts, found, distance, best)
        worth = found[kept] >= log_odds(_LEAST_LISTED)
        kept = kept[: max(_ALWAYS, int(worth.sum()))]
        listed = yield from self._confirmed(tops[kept], lefts[kept])
        self.damaged = damaged  # tiles beside the grid are not counted
        return listed

    def _bounds(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The least and the greatest corner of a tile whose centre lies where was scanned."""
        grid = self.grid
        ends = [np.array([0, edge - 1]) for edge in (grid.rows, grid.columns)]
        rows, columns = grid.corners(*ends)
        return (int(rows[0]), int(columns[0])), (int(rows[1]), int(columns[1]))

    def _known(self, tops: Places, lefts: Places) -> Generator[Awaited | Refined, None, Floats]:
        """(N,) logits at places beside the grid; NaN where the slide is damaged."""
        logits = np.full(len(tops), np.nan, np.float32)
        extent = places.BLOCK * self.grid.downsample
        with closing(self._asked((tops, lefts), places.gathered(tops, lefts, extent))) as parts:
            for part in parts:
                if part is None:
                    yield Awaited()
                    continue
                logits[part.index] = part.logits
                yield Refined(self.asker.queries)
        return logits

    def _confirmed(
        self, tops: Places, lefts: Places
    ) -> Generator[Awaited | Refined, None, tuple[Candidate, ...]]:
        """What the ordinary form says of these tiles, best first."""
        found: list[tuple[float, int, int, int]] = []
        extent = places.BLOCK * self.grid.downsample
        blocks = places.gathered(tops, lefts, extent)
        with closing(self._asked((tops, lefts), blocks, sure=True)) as parts:
            for part in parts:
                if part is None:
                    yield Awaited()
                    continue
                for place, logit, answer in zip(*part.columns, strict=True):
                    if np.isfinite(logit):
                        found.append((-logit, int(tops[place]), int(lefts[place]), answer))
                yield Refined(self.asker.queries)
        classes = self.classifier.card.classes
        odds = np.array([-entry[0] for entry in sorted(found)], np.float32)
        sure = confidence(odds).tolist()
        return tuple(
            Candidate(top, left, chance, classes[answer])
            for (_, top, left, answer), chance in zip(sorted(found), sure, strict=True)
        )


_NONE = np.empty(0, np.int64)


def _frozen(values: Floats) -> Floats:
    values.setflags(write=False)
    return values


def _tiles(count: int) -> str:
    return "1 tile was" if count == 1 else f"{count:,} tiles were"
