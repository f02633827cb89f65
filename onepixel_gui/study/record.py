"""One run as it is kept: who was asked about what, how, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onepixel_gui.attack.attacks import Attack
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Advanced, Ended, Painted, Pixel, Question, Swept
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.tiles.tile import Tile

_TRAIL = 60  # events of a search that are kept at most, besides its last: enough to watch it again


class Trail:
    """Of many events of a search some, evenly spaced, the first and the last among them."""

    def __init__(self) -> None:
        self._kept: list[Advanced] = []
        self._last: Advanced | None = None
        self._seen, self._stride = 0, 1

    def take(self, event: Advanced) -> None:
        """Only whole events are kept, besides the last: how many candidates were asked at once,
        which depends on the machine, must not be seen in a record.
        """
        self._last = event
        if not event.whole:
            return
        if self._seen % self._stride == 0:
            self._kept.append(event)
            if len(self._kept) > _TRAIL:
                self._kept, self._stride = self._kept[::2], 2 * self._stride
        self._seen += 1

    @property
    def kept(self) -> tuple[Advanced, ...]:
        last = self._last
        if last is None or (self._kept and self._kept[-1] is last):
            return tuple(self._kept)
        return (*self._kept, last)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One attack of one classifier on one tile.

    attack:   with its seed.
    result:   `Ended` of a search, `Swept` of a sweep; of one that was stopped `Advanced`, `Painted`
              with nothing but what was asked.
    trail:    of a search some of its `Advanced`, first and last among them, to replay it.
    software: package -> version, as `provenance` tells them.
    begun:    UTC, ISO 8601 with seconds.
    seed:     the study's seed from which that of the attack follows; None for a run by hand.
    command:  the command line that repeats it, "" where there is none.
    moved, propagation:  of a flip by one pixel, where it was asked for.
    strides:  of the classifier, in tile pixels; () unknown.
    """

    tile: Tile
    card: Card
    serving: Serving
    attack: Attack
    question: Question
    result: Ended | Swept | Advanced | Painted
    trail: tuple[Advanced, ...] = ()
    software: Mapping[str, str] = field(default_factory=dict)
    begun: str = ""
    seed: int | None = None
    command: str = ""
    moved: Moved | None = None
    propagation: Propagation | None = None
    strides: tuple[int, ...] = ()

    @property
    def stopped(self) -> bool:
        return isinstance(self.result, Advanced | Painted)

    @property
    def flipped(self) -> bool:
        """Confirmed by an ordinary forward pass."""
        match self.result:
            case Ended(flipped=flipped):
                return flipped
            case Swept(flipped=flips):
                return bool(flips.any())
            case _:
                return False

    @property
    def best(self) -> tuple[Pixel, ...]:
        """The perturbation that moved the confidence furthest towards a flip; () for none.

        Of a sweep that was stopped the place is known, but not the colour: ().
        """
        if isinstance(self.result, Painted):
            return ()
        if isinstance(self.result, Swept):
            return (self.result.lowest if self.question.downward else self.result.highest,)
        return self.result.best

    @property
    def confidence(self) -> float:
        """In the subject, with `best` applied, 0-1; of a stopped sweep the furthest asked."""
        if isinstance(self.result, Painted):
            return self.result.reached(self.question)
        if isinstance(self.result, Swept):
            down = self.question.downward
            return self.result.lowest_confidence if down else self.result.highest_confidence
        return self.result.confidence
