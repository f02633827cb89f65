"""Where slides are looked at: which one is open, and what of it lies on the bench."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from onepixel_gui.outbox import printable
from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.slides.field_chooser import FieldChooser
from onepixel_gui.qt.slides.overlays import Grid
from onepixel_gui.qt.slides.parts import SlideFacts
from onepixel_gui.qt.slides.reader import SlideReader
from onepixel_gui.qt.telling import finding
from onepixel_gui.qt.view import Findings
from onepixel_gui.tiles.cutting import pixels_per_pixel
from onepixel_gui.tiles.datasets import Field
from onepixel_gui.tiles.datasets.marked_tiles import CentredTile
from onepixel_gui.tiles.slides import Slide, SlideTile
from onepixel_gui.tiles.tile import Tile, Window

_PLAIN = (64, 64)  # px of a tile while there is no classifier to say


class SlideDesk(QObject):
    """Passes values down to the slide's pane and its wishes up to the session."""

    shown = Signal(bool)  # the slide takes the place of the other panes, or gives it back
    slide_changed = Signal(object)  # Slide
    opening_changed = Signal(bool)  # a slide is on its way, or no longer
    failed = Signal(object)  # Problem

    def __init__(self, session: Session, pane: SlidePane, reader: SlideReader) -> None:
        super().__init__(session)
        self._session, self._pane, self.reader = session, pane, reader
        self.chooser = FieldChooser()
        pane.header.insertWidget(1, self.chooser)
        self.fields: tuple[Field, ...] = ()
        self.slide: Slide | None = None
        self.visible = False
        self._field: Field | None = None  # of the slide that is open
        self._opening: Field | None = None  # nothing of it counts before it is open
        self._target: Window | None = None  # to be shown as soon as the slide is open
        self._outcomes: dict[str, dict[Window, str]] = {}  # by hash of slide, of this session
        self._known: Mapping[str, Mapping[Window, str]] = {}  # the same, of the study
        self._wire_reader()
        session.tile_changed.connect(self._show_tile)
        session.classifier_changed.connect(lambda _: self._forget())
        session.findings_changed.connect(self._note_findings)
        pane.tile_wished.connect(self.put_on_bench)
        self.chooser.chosen.connect(self.open)

    def _wire_reader(self) -> None:
        reader, pane = self.reader, self._pane
        reader.opening.connect(self._show_opening)
        reader.opened.connect(self._show_slide)
        reader.failed.connect(self._refuse)
        reader.thumbnail.connect(pane.set_thumbnail)
        reader.read.connect(pane.take_part)
        reader.building.connect(pane.show_building)
        reader.grown.connect(lambda slide: pane.show_levels(SlideFacts.of(slide)))
        pane.parts_wished.connect(reader.wish)
        pane.cancel_wished.connect(reader.cancel)
        pane.again_wished.connect(reader.forget_broken)

    # -------------------------------------------------------------- which slide
    def set_fields(self, fields: Sequence[Field]) -> None:
        """The slides that there are to look at; what is open stays open."""
        self.fields = tuple(fields)
        self.chooser.show_fields(self.fields, self._index(self._opening or self._field))

    def look(self, fields: Sequence[Field]) -> None:
        """These slides, the first that is there at once."""
        self.set_fields(fields)
        self.open(next((index for index, field in enumerate(fields) if field.present), 0))
        self.show(True)

    def open(self, index: int, target: Window | None = None) -> None:
        """Open one of the slides; the one before stays on show until it can be.

        target: what of it is to be seen first.
        """
        if 0 <= index < len(self.fields):
            self._open(self.fields[index], target)

    def _open(self, field: Field, target: Window | None = None) -> None:
        self._opening, self._target = field, target
        self.chooser.show_current(self._index(field))
        self.reader.open(field.path)

    @property
    def opening(self) -> bool:
        """A slide is on its way."""
        return self._opening is not None

    @property
    def in_sight(self) -> bool:
        """A slide is open and on show."""
        return self.visible and self.slide is not None

    def cancel(self) -> None:
        """Open nothing; what was open before stays."""
        self.reader.cancel()

    def toggle(self) -> None:
        """To the slide and back; to the slide of the tile on the bench, where it has one."""
        tile = self._session.tile
        if not self.visible:
            if tile is not None and tile.slide and not self._holds(tile):
                self._follow(tile)
            elif self.slide is None and not self.opening:
                self.open(0)
            else:
                self._show_tile(tile)  # in sight again, wherever the reader went
        self.show(not self.visible)

    def show(self, visible: bool) -> None:
        if visible != self.visible:
            self.visible = visible
            self.shown.emit(visible)
        if visible:
            self._pane.canvas.setFocus()  # so that arrows walk and Enter runs at once

    def _holds(self, tile: Tile) -> bool:
        return self.slide is not None and tile.slide_hash == self.slide.hash

    def _follow(self, tile: Tile) -> None:
        """To the slide of a tile, also where it is none of those that there are to look at."""
        entry = self._session.entry
        path = entry.path if isinstance(entry, SlideTile | CentredTile) else None
        for field in self.fields:
            named = field.path.name == tile.slide and tile.case in ("", field.case)
            if field.path == path or (path is None and named):
                self._open(field, tile.footprint)
                return
        if path is not None:
            self._open(Field(path, tile.case), tile.footprint)

    def _index(self, field: Field | None) -> int:
        return self.fields.index(field) if field in self.fields else -1

    def _show_opening(self, path: Path | None) -> None:
        """None: that was cancelled."""
        if path is None:
            self._keep()
        else:
            self._pane.show_opening(printable(path.name))
        self.opening_changed.emit(self.opening)

    def _keep(self) -> None:
        """The slide before stays, and its name in the list."""
        self._opening = self._target = None
        self.chooser.show_current(self._index(self._field))
        self._pane.show_opening("")

    def _show_slide(self, slide: Slide) -> None:
        self.slide = slide
        named = (field for field in self.fields if field.path == slide.path)
        pane, field = self._pane, self._opening or next(named, None)
        self._field, self._opening = field, None
        pane.show_slide(SlideFacts.of(slide))
        pane.set_marks(() if field is None else field.marks)
        self._show_grid()
        self._show_outcomes()
        self._show_tile(self._session.tile)
        if self._target is not None:
            pane.set_current(self._target)
            self._target = None
        self.slide_changed.emit(slide)
        self.opening_changed.emit(False)

    def _refuse(self, problem: object) -> None:
        self._keep()
        self.opening_changed.emit(False)
        self.failed.emit(problem)

    # -------------------------------------------------------------- tiles of it
    def put_on_bench(self, row: int, column: int) -> None:
        """The tile whose top-left pixel lies at level-0 (row, column)."""
        entry = self.entry(row, column)
        if entry is not None:
            self._session.open_tile(entry)

    def entry(self, row: int, column: int) -> SlideTile | None:
        """That tile, as the classifier wants it; None without a slide."""
        if self.slide is None:
            return None
        shape, mpp = self._cut()
        case = "" if self._field is None else self._field.case
        label = self._label(row, column)
        return SlideTile(self.slide.path, row, column, shape, mpp, label, case)

    def _cut(self) -> tuple[tuple[int, int], float | None]:
        """(H, W) of a tile, and the resolution it is wanted at."""
        classifier = self._session.classifier
        if classifier is None:
            return _PLAIN, None
        return classifier.card.input_size, classifier.card.mpp

    def _footprint(self) -> tuple[int, int]:
        """(H, W) of a tile in level-0 pixels."""
        (height, width), mpp = self._cut()
        ratio = pixels_per_pixel(None if self.slide is None else self.slide.mpp, mpp)
        return max(1, round(height * ratio)), max(1, round(width * ratio))

    def _label(self, row: int, column: int) -> str | None:
        """What is marked in the middle half of the tile, None where nothing is: our choice."""
        height, width = self._footprint()
        for mark in () if self._field is None else self._field.marks:
            down, across = mark.row - row - height / 2, mark.column - column - width / 2
            if abs(down) <= height / 4 and abs(across) <= width / 4:
                return mark.label
        return None

    def _show_tile(self, tile: Tile | None) -> None:
        here = tile is not None and self._holds(tile)
        self._pane.set_current(tile.footprint if here and tile is not None else None)

    def _forget(self) -> None:
        """Another classifier: nothing that the one before said is true any more."""
        self.forget_outcomes()
        self._show_grid()

    def show_known(self, outcomes: Mapping[str, Mapping[Window, str]]) -> None:
        """Results of the classifier in use from some other time, by hash of slide and by tile."""
        self._known = outcomes
        self._show_outcomes()

    def forget_outcomes(self) -> None:
        """What was found counts no longer."""
        self._outcomes, self._known = {}, {}
        self._show_outcomes()

    def _show_grid(self) -> None:
        height, width = self._footprint()
        self._pane.set_grid(Grid(0, 0, height, width, height, width))

    def _note_findings(self, findings: Findings) -> None:
        tile = self._session.tile
        found = finding(findings, self._session.question)
        if tile is not None and tile.slide and found is not None:
            self._outcomes.setdefault(tile.slide_hash, {})[tile.footprint] = found.outcome
            self._show_outcomes()

    def _show_outcomes(self) -> None:
        """A flip of another time stays one, whatever was found since."""
        here = "" if self.slide is None else self.slide.hash
        shown = dict(self._known.get(here, {}))
        for window, outcome in self._outcomes.get(here, {}).items():
            if shown.get(window) != "flipped":
                shown[window] = outcome
        self._pane.set_outcomes(shown)

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self.reader.close()
