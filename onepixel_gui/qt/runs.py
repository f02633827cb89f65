"""Runs of the bench: what is remembered of each while it goes on, and after."""

from collections import OrderedDict
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Question,
    SweepBegan,
    Swept,
)
from onepixel_gui.classifier.card import Card
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Activity, Findings
from onepixel_gui.study.record import Trail
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_REMEMBERED = 200  # tiles whose results are kept at hand


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run of the bench that is over.

    result:  `Advanced` of a search that was stopped, `Painted` of a sweep.
    subject: the one chosen of many classes, "" for the one answered.
    trail:   of a search, first and last word among them.   begun: UTC, ISO 8601 with seconds.
    """

    tile: Tile
    classifier: "Classifier"
    subject: str
    attack: Attack
    question: Question
    result: Ended | Swept | Advanced | Painted
    trail: tuple[Advanced, ...]
    begun: str


class Running:
    """The run in progress: it sees every event, also those that are too many to be told."""

    def __init__(self, tile: Tile, classifier: "Classifier", subject: str, attack: Attack) -> None:
        self._of = tile, classifier, subject, attack
        self._question: Question | None = None
        self._trail = Trail()
        self._begun = datetime.now(UTC).isoformat(timespec="seconds")

    def watched(self, events: Generator[Event]) -> Generator[Event]:
        """The same events; for a worker."""
        with closing(events):
            for event in events:
                match event:
                    case Began(question=question) | SweepBegan(question=question):
                        self._question = question
                    case Advanced():
                        self._trail.take(event)
                yield event

    def over(self, result: Ended | Swept | Advanced | Painted | None) -> Run | None:
        """result: the last word of what was stopped; None is told of no result.

        Of a sweep only that is kept which the classifier was asked.
        """
        question = self._question
        if question is None or result is None:
            return None
        if isinstance(result, Painted):
            if not result.done:
                return None
            result = result.asked
        if not isinstance(result, Advanced):
            return Run(*self._of, question, result, self._trail.kept, self._begun)
        if not result.best:
            return None
        before = [each for each in self._trail.kept if each.queries < result.queries]
        return Run(*self._of, question, result, (*before, result), self._begun)


def attack_wished(activity: Activity, preferences: Preferences) -> Attack:
    match activity:
        case "search":
            return preferences.settings
        case "guided":
            return preferences.guidance
        case "sweep":
            return Exhaustive(preferences.palette)
        case _:
            assert_never(activity)


class Known:
    """Results of the tiles seen last, by tile and by classifier as it is asked."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, Card, str], Findings] = OrderedDict()

    def of(self, tile: Tile, card: Card, subject: str) -> Findings:
        return self._known.get(_key(tile, card, subject), Findings())

    def keep(self, tile: Tile, card: Card, subject: str, findings: Findings) -> None:
        key = _key(tile, card, subject)
        self._known[key] = findings
        self._known.move_to_end(key)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def forget(self) -> None:
        self._known.clear()


def as_asked(card: Card) -> Card:
    """What of a card decides its answers: one edited since then begins afresh."""
    return replace(card, name="", file="", doubts=())


def _key(tile: Tile, card: Card, subject: str) -> tuple[str, Card, str]:
    return tile.sha256, as_asked(card), subject
