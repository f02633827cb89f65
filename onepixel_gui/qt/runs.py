"""Runs of the bench: what is remembered of each while it goes on, and after."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.attack.probe import Advanced, Began, Ended, Event, Question, SweepBegan, Swept
from onepixel_gui.classifier.card import Card
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Activity, Findings
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

TRAIL = 60  # snapshots of a search that are kept: enough to watch it again
_REMEMBERED = 200  # tiles whose results are kept at hand


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run of the bench that is over. result: `Advanced` of a search that was stopped.

    subject: the one chosen of many classes, "" for the one answered.
    trail:   of a search, first and last word among them.   begun: UTC, ISO 8601 with seconds.
    """

    tile: Tile
    classifier: "Classifier"
    subject: str
    attack: Attack
    question: Question
    result: Ended | Swept | Advanced
    trail: tuple[Advanced, ...]
    begun: str


class Running:
    """The run in progress: it hears every event, and tells what is to be kept of them."""

    def __init__(self, tile: Tile, classifier: "Classifier", subject: str, attack: Attack) -> None:
        self._of = tile, classifier, subject, attack
        self._question: Question | None = None
        self._trail: list[Advanced] = []
        self._every, self._skipped = 1, 0
        self._last: Advanced | None = None
        self._begun = datetime.now(UTC).isoformat(timespec="seconds")

    def hear(self, event: Event) -> None:
        match event:
            case Began(question=question) | SweepBegan(question=question):
                self._question = question
            case Advanced():
                self._follow(event)

    def _follow(self, advanced: Advanced) -> None:
        """Evenly thinned, however long it goes on."""
        self._last = advanced
        if self._skipped + 1 < self._every and self._trail:
            self._skipped += 1
            return
        self._skipped = 0
        self._trail.append(advanced)
        if len(self._trail) >= 2 * TRAIL:
            del self._trail[1::2]
            self._every *= 2

    def over(self, result: Ended | Swept | None = None) -> Run | None:
        """result: None for a search that was stopped; None is told where it had found nothing."""
        question, kept = self._question, result or self._last
        if question is None or kept is None:
            return None
        if isinstance(kept, Advanced) and not kept.best:
            return None
        last = [] if self._last in (None, *self._trail[-1:]) else [self._last]
        trail = tuple(each for each in (*self._trail, *last) if each is not None)
        return Run(*self._of, question, kept, trail, self._begun)


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
