"""Which tiles have a result in the study: of the list, told by their pixels, and of slides."""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal

from onepixel_gui.analysis.selection import Outcome
from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import Problem
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.runs import as_asked
from onepixel_gui.qt.session import Session
from onepixel_gui.study.placing import OnSlides
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.entries import Listing

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_TELLING = 0.15  # seconds between two words
_SELDOM, _SHARE = 4000, 20  # ms, and how many times as long as looking takes


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """Tiles of the list that were recognised.

    findings: index in the list -> result under the classifier in use.
    places:   (number, SHA-256) of the tile in the study -> index in the list.
    hashes:   index in the list -> SHA-256 of the tile, "" for one that cannot be read.
    """

    droppable: ClassVar[bool] = False
    findings: Mapping[int, Finding]
    places: Mapping[tuple[int, str], int]
    hashes: Mapping[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Results under the classifier in use, by hash of slide and by what a tile covers of it."""

    droppable: ClassVar[bool] = False
    outcomes: OnSlides


class Marks(QObject):
    """Looks through the list whenever list, study or classifier is another one."""

    marked = Signal(object)  # {index: Finding}
    placed = Signal(object)  # OnSlides: all that is known of slides
    cleared = Signal()  # another study: results of the one before are not of this one

    def __init__(self, session: Session, shelf: Shelf, lanes: Lanes) -> None:
        super().__init__(session)
        self._session, self._shelf, self._lanes = session, shelf, lanes
        self._study: Study | None = None
        self._agenda = Agenda(lambda _problem: None)  # whoever reads the study first tells it
        self.places: dict[int, int] = {}  # number of a tile in the study -> index in the list
        self._indices: dict[str, int] = {}  # SHA-256 of a tile -> the same
        self._hashes: dict[int, str] = {}  # of tiles of the list that were read before
        self._begun = self._took = 0.0  # when looking began; seconds that it took
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.look)
        shelf.opened.connect(lambda _listing: self._look_anew())
        session.classifier_changed.connect(lambda _classifier: self.look())

    def set_study(self, study: Study | None, *, afresh: bool = False) -> None:
        self._study = study
        if afresh:
            self.cleared.emit()
        self.look()

    def _look_anew(self) -> None:
        self._hashes = {}
        self.look()

    def look_soon(self) -> None:
        """While runs are added by the hundred: again and again, but seldom in a large study."""
        if not self._soon.isActive() and not self._agenda.holds("looking"):
            self._soon.start(max(_SELDOM, round(1000 * _SHARE * self._took)))

    def look(self) -> None:
        """From the beginning: what the study holds, and where it is in the list."""
        self._soon.stop()
        self._agenda.end("looking")
        self.places, self._indices = {}, {}
        study, listing = self._study, self._shelf.listing
        classifier: Classifier | None = self._session.classifier
        if study is None:
            return
        card = None if classifier is None else classifier.card
        work = partial(_looked, study, listing, card, dict(self._hashes))
        self._begun = time.monotonic()
        self._agenda.begin("looking", work, self._found, self._lanes, done=self._rest)

    def _rest(self) -> None:
        self._took = time.monotonic() - self._begun

    def place_of(self, sha256: str) -> int | None:
        """Index in the list of the tile with these pixels; None where it is not known to be one."""
        return self._indices.get(sha256)

    def close(self) -> None:
        self._soon.stop()
        self._agenda.end_all()
        self._study = None

    def _found(self, event: Marked | Placed) -> None:
        if isinstance(event, Placed):
            self.placed.emit(event.outcomes)
            return
        for (number, sha256), index in event.places.items():
            self.places[number] = self._indices[sha256] = index
        self._hashes.update(event.hashes)
        if event.findings:
            self.marked.emit(event.findings)


# ------------------------------------------------------------------ the worker's side
def _looked(
    study: Study, listing: Listing, card: Card | None, read: dict[int, str]
) -> Generator[Marked | Placed]:
    """read: index -> SHA-256 of tiles that need not be read again."""
    if card is not None:
        yield Placed(study.on_slides(lambda each: as_asked(each) == as_asked(card)))
    known = study.tiles() if len(listing) else {}
    if not known:
        return
    numbers = {sha256: number for number, sha256 in known.items()}
    results = {} if card is None else results_of(study, card)
    names = frozenset(study.rows().names)
    findings: dict[int, Finding] = {}
    places: dict[tuple[int, str], int] = {}
    hashes: dict[int, str] = {}
    told = time.monotonic()
    for index, sha256 in _recognisable(listing, names, read):
        hashes[index] = sha256
        number = numbers.get(sha256)
        if number is not None:
            places.setdefault((number, sha256), index)
            if number in results:
                findings[index] = results[number]
        if time.monotonic() - told > _TELLING:
            yield Marked(findings, places, hashes)
            findings, places, hashes, told = {}, {}, {}, time.monotonic()
    yield Marked(findings, places, hashes)


def _recognisable(
    listing: Listing, names: frozenset[str], read: Mapping[int, str]
) -> Generator[tuple[int, str]]:
    """(index, SHA-256) of the tiles that bear a name the study knows; others are not even read."""
    listed: Sequence[str] = listing.names
    for index in range(len(listed)):
        if listed[index] in names:
            try:
                yield index, read[index] if index in read else listing[index].read().sha256
            except Problem:  # told in the list, where it is looked at
                yield index, ""


def results_of(study: Study, card: Card) -> dict[int, Finding]:
    """Number of a tile -> what this classifier brought: a flip, where there is one."""
    found: dict[int, Finding] = {}
    for group in study.groups():
        if as_asked(group.card) != as_asked(card):
            continue
        outcomes, guided = study.outcomes(group), group.settings.access == "white-box"
        rows = zip(
            outcomes.tile.tolist(),
            outcomes.flipped.tolist(),
            outcomes.confidence.tolist(),
            strict=True,
        )
        for tile, flipped, confidence in rows:
            before = found.get(tile)
            if before is None or (flipped and before.outcome != "flipped"):
                outcome: Outcome = "flipped" if flipped else "held"
                found[tile] = Finding(outcome, confidence, guided)
    return found
