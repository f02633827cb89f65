"""Where the list of tiles meets its pane: what is shown, chosen, scored and found."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLineEdit

from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.telling import finding
from onepixel_gui.qt.view import Findings
from onepixel_gui.tiles.entries import Entry, Listing
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier


class GalleryDesk(QObject):
    """Passes values of shelf and session down to the gallery and its wishes up."""

    failed = Signal(object)  # Problem

    def __init__(self, session: Session, shelf: Shelf, gallery: GalleryPane) -> None:
        super().__init__(session)
        self._session, self._shelf, self._gallery = session, shelf, gallery
        self._current = self._on_bench = -1  # indices: the tile asked for last, the tile shown
        self._asked: Entry | None = None
        self._wire_values()
        self._wire_wishes()

    def _wire_values(self) -> None:
        session, shelf, gallery = self._session, self._shelf, self._gallery
        shelf.opened.connect(self._show_list)
        shelf.pictured.connect(gallery.set_thumbnail)
        shelf.scored.connect(gallery.set_answers)
        shelf.scoring_changed.connect(gallery.set_scoring)
        shelf.looked.connect(gallery.set_looking)
        shelf.refused.connect(lambda index, why: gallery.set_unreadable(index, why.what))
        shelf.judged.connect(session.doubt)
        shelf.failed.connect(self.failed)
        session.tile_changed.connect(self._show_tile)
        session.classifier_changed.connect(self._show_classifier)
        session.findings_changed.connect(self._show_findings)

    def _wire_wishes(self) -> None:
        shelf, gallery = self._shelf, self._gallery
        gallery.tile_wished.connect(self.open)
        gallery.rows_seen.connect(shelf.look_at)
        gallery.scores_wished.connect(shelf.score)
        gallery.scoring_stop_wished.connect(shelf.stop_scoring)
        gallery.looking_stop_wished.connect(shelf.stop_opening)

    def stop(self) -> None:
        """End the scoring of what was asked for; what was answered stays."""
        self._shelf.stop_opening()
        self._shelf.stop_scoring()

    def _show_list(self, listing: Listing) -> None:
        self._current = self._on_bench = -1
        self._asked = None
        self._gallery.set_listing(listing)
        if len(listing):
            if not isinstance(QApplication.focusWidget(), QLineEdit):
                self._gallery.list.setFocus()
            self._gallery.set_current(self._shelf.start)
            self.open(self._shelf.start)

    def open(self, index: int) -> None:
        """Put that tile of the list on the bench, if it does not lie there."""
        listing = self._shelf.listing
        if 0 <= index < len(listing) and (index != self._current or index != self._on_bench):
            self._current, self._asked = index, listing[index]
            self._session.open_tile(self._asked)

    def _show_tile(self, tile: Tile | None) -> None:
        """A tile of a slide, or whatever else, is none of the list."""
        mine = tile is not None and self._session.entry is self._asked is not None
        self._on_bench = self._current if mine else -1
        self._gallery.set_shown(self._on_bench)

    def _show_classifier(self, classifier: "Classifier | None") -> None:
        self._gallery.forget_results(() if classifier is None else classifier.card.classes)
        self._shelf.set_classifier(classifier)

    def select(self, indices: Sequence[int]) -> None:
        """Choose several tiles of the list; the one on the bench stays there."""
        self._gallery.select(indices)

    def show_findings(self, findings: Mapping[int, Finding]) -> None:
        """What was found of tiles of the list at some other time, under the classifier in use."""
        self._gallery.set_findings(findings)

    def forget_findings(self) -> None:
        """What was found counts no longer; what the classifier answered stays."""
        self._gallery.forget_findings()

    def _show_findings(self, findings: Findings) -> None:
        result = finding(findings, self._session.question)
        if result is not None and self._on_bench >= 0:
            self._gallery.set_finding(self._on_bench, result)
