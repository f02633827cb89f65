"""Where a scan is received: its map over the slide, its candidates beside it."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from onepixel_gui.classifier.scan import Candidate, ScanBegan, ScanEnded, ScanSettings
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.panes.candidates import CandidatesPane
from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.slides.desk import SlideDesk
from onepixel_gui.qt.slides.overlays import ScanOverlay
from onepixel_gui.qt.slides.scanner import Scanner
from onepixel_gui.qt.telling import finding
from onepixel_gui.qt.view import Findings
from onepixel_gui.tiles.entries import Entries
from onepixel_gui.tiles.slides import SlideTile
from onepixel_gui.tiles.tile import Tile, Window


class ScanDesk(QObject):
    """Passes values of the scanner down to the panes and their wishes up."""

    listed = Signal(object)  # Listing: the candidates, to stand in place of the list of tiles
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(
        self,
        commands: Commands,
        session: Session,
        slides: SlideDesk,
        scanner: Scanner,
        shelf: Shelf,
        panes: tuple[SlidePane, CandidatesPane],
    ) -> None:
        """shelf: of the candidates' thumbnails; not that of the list of tiles."""
        super().__init__(session)
        self._session, self._slides, self.scanner, self._shelf = session, slides, scanner, shelf
        self._slide, self._pane = panes
        self._region: Window | None = None
        self._found: tuple[SlideTile, ...] = ()
        self._notes: tuple[str, ...] = ()  # of the scan that began last
        self._subject = ""  # of that scan
        self._wire_values()
        self._wire_wishes()
        commands.scan_wished.connect(self.scan)
        commands.stop_wished.connect(self.scanner.stop)
        commands.candidates_wished.connect(self.put_in_list)
        self._look()

    def _wire_values(self) -> None:
        scanner, session, shelf = self.scanner, self._session, self._shelf
        scanner.began.connect(self._begin)
        scanner.scanned.connect(
            lambda news: self._slide.paint_scan(news.rows, news.columns, news.confidence)
        )
        scanner.listed.connect(self._list)
        scanner.ended.connect(self._end)
        scanner.cleared.connect(self._clear)
        scanner.progressed.connect(self._pane.show_progress)
        scanner.busy_changed.connect(
            lambda busy: self._pane.show_progress(None) if not busy else None
        )
        scanner.failed.connect(self.failed)
        self._slides.slide_changed.connect(self._change_slide)
        session.classifier_changed.connect(lambda _: self._look())
        session.tile_changed.connect(self._show_tile)
        session.findings_changed.connect(self._note_findings)
        shelf.pictured.connect(self._pane.set_thumbnail)
        shelf.refused.connect(lambda index, why: self._pane.set_unreadable(index, why.what))

    def _wire_wishes(self) -> None:
        pane = self._pane
        pane.scan_wished.connect(self.scan)
        pane.stop_wished.connect(self.scanner.stop)
        pane.tile_wished.connect(self._session.open_tile)
        pane.rows_seen.connect(self._shelf.look_at)
        pane.list_wished.connect(self.put_in_list)
        self._slide.region_drawn.connect(self._take_region)

    @property
    def ready(self) -> bool:
        """There is a slide, and a classifier to carry over it."""
        return self.scanner.slide is not None and self.scanner.classifier is not None

    # -------------------------------------------------------------- wishes
    def scan(self) -> None:
        """Ask the classifier about the region that is drawn, else about all tissue."""
        if self.ready:
            settings = ScanSettings(region=self._region, subject=self._session.subject)
            self.scanner.scan(settings)
            self._slides.show(True)

    def put_in_list(self) -> None:
        """The candidates as tiles of the list, to filter, sort and run."""
        if self._found:
            self.listed.emit(Entries(self._found))
            self.noted.emit(f"{len(self._found):,} candidates are in the list")

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self.scanner.close()
        self._shelf.close()

    # -------------------------------------------------------------- values
    def _change_slide(self, _slide: object) -> None:
        self._region = None
        self._look()

    def _take_region(self, region: Window | None) -> None:
        self._region = region

    def _look(self) -> None:
        slide, classifier = self._slides.slide, self._session.classifier
        self.scanner.look_at(slide, classifier)
        self._pane.show_readiness(slide=slide is not None, classifier=classifier is not None)

    def _begin(self, began: ScanBegan) -> None:
        self._notes, self._subject = began.notes, began.subject
        self._pane.set_notes(began.notes)
        grid, classifier = began.grid, self.scanner.classifier
        assert classifier is not None
        card = classifier.card
        values = np.full((grid.rows, grid.columns), np.nan, np.float32)
        threshold = card.threshold if len(card.classes) == 2 else None
        place = grid.row, grid.column, grid.step, grid.step
        self._slide.set_scan(ScanOverlay(values, *place, began.subject, threshold))

    def _list(self, candidates: Sequence[Candidate]) -> None:
        entries = [self._slides.entry(found.row, found.column) for found in candidates]
        self._found = tuple(entry for entry in entries if entry is not None)
        classifier = self.scanner.classifier
        assert classifier is not None
        card = classifier.card
        self._shelf.show(Entries(self._found))
        self._pane.set_candidates(
            self._found,
            candidates,
            classes=card.classes,
            threshold=card.threshold,
            subject=self._subject,
            scanned=True,
        )
        self._show_tile(self._session.tile)

    def _end(self, ended: ScanEnded) -> None:
        self._pane.set_notes((*self._notes, *ended.notes))

    def _clear(self) -> None:
        self._found = ()
        self._pane.set_notes(())
        self._slide.set_scan(None)
        self._shelf.show(Entries())
        self._pane.set_candidates((), ())

    def _at(self, tile: Tile | None) -> int:
        """Which candidate that tile is, -1 for none."""
        slide = self.scanner.slide
        if tile is None or slide is None or tile.slide_hash != slide.hash:
            return -1
        places = ((found.row, found.column) for found in self._found)
        return next((index for index, place in enumerate(places) if place == tile.origin), -1)

    def _show_tile(self, tile: Tile | None) -> None:
        self._pane.set_current(self._at(tile))

    def _note_findings(self, findings: Findings) -> None:
        index, result = self._at(self._session.tile), finding(findings)
        if index >= 0 and result is not None:
            self._pane.set_finding(index, result)
