"""Which tiles a campaign takes: of the list, the reader's own, or of another folder or table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from onepixel_gui.analysis.completion import Offers, offers
from onepixel_gui.analysis.filtering import Expression, UnclearFilter, parse
from onepixel_gui.analysis.selection import Facts, looks_at, passing
from onepixel_gui.outbox import printable
from onepixel_gui.qt.campaign.view import Source, TilesKnown
from onepixel_gui.qt.choice import Choice
from onepixel_gui.qt.gallery.filter_line import FilterLine
from onepixel_gui.qt.theme import Line, Theme
from onepixel_gui.report.wording import counted

_PAUSE = 150  # ms without typing
_ASKS = frozenset({"answer", "confidence", "agreement"})
_HINT = """Only tiles that pass: label = mitosis, case = 12, a name…
`agreement = agrees` takes those that the first classifier answers as they are labelled;
it is asked about all of them first.
Down or Ctrl+Space offers what may come next, Tab takes it."""
_FOLDER, _TABLE = "Another folder…", "Another table or archive…"
NO_TILES = "Open tiles first, or choose another folder."


class TilesPart(QWidget):
    """Counts the tiles that will be attacked, where that is known before anything is asked."""

    changed = Signal()

    def __init__(self, facts: Callable[[], Facts], parent: QWidget | None = None) -> None:
        """facts: what is known of the tiles in the list."""
        super().__init__(parent)
        self._facts, self._known = facts, TilesKnown()
        self.elsewhere: tuple[Path, ...] = ()
        self.source: Source = "list"
        self.chooser, self.filter, self._count = Choice(), FilterLine(self._offer), Line()
        self._unclear = False
        self._tiles: int | None = 0  # None: not known before the dry run
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self._look)
        self._prepare()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for part in (self.chooser, self.filter, self._count):
            layout.addWidget(part)
        self.show_tiles(TilesKnown())

    def _prepare(self) -> None:
        self.chooser.setAccessibleName("Which tiles")
        self.chooser.setToolTip("The data set whose tiles are attacked")
        self.chooser.activated.connect(lambda at: self._choose(str(self.chooser.itemData(at))))
        self.filter.setAccessibleName("Filter the tiles of the campaign")
        self.filter.setPlaceholderText("all of them; or label = mitosis…")
        self.filter.setClearButtonEnabled(True)
        self.filter.setToolTip(_HINT)
        self.filter.textEdited.connect(lambda _: self._leave_list_filter())
        self.filter.textChanged.connect(lambda _: self._pause.start())
        self._count.setObjectName("faint")
        self._count.setAccessibleName("How many tiles")

    def set_theme(self, theme: Theme) -> None:
        self.filter.set_theme(theme)

    def _offer(self, line: str, cursor: int) -> Offers:
        return offers(line, cursor, self._facts())

    # ------------------------------------------------------------------ values down
    def show_tiles(self, known: TilesKnown) -> None:
        """Another list, or it is filtered otherwise, or the reader's own list changed."""
        self._known = known
        if self.source == "mine" and not known.mine:
            self.source = "list"
        if self.source == "passing":
            if known.filter:
                self.filter.setText(known.filter)
            else:
                self.source = "list"
        self._fill()
        self._look()

    def _fill(self) -> None:
        known, chooser = self._known, self.chooser
        title = f" of {known.title}" if known.title else ""
        items = [(f"All {counted(known.listed, 'tile', 'tiles')}{title}", "list")]
        if not known.listed:
            items = [("The list of tiles (empty)", "list")]
        if known.filter:
            items.append((f"What the list's filter leaves ({known.passing:,})", "passing"))
        if known.mine:
            items.append((f"My list ({known.mine:,})", "mine"))
        if self.elsewhere:
            name = printable(self.elsewhere[0].name or str(self.elsewhere[0]))
            items.append((name, "elsewhere"))
        with QSignalBlocker(chooser):
            chooser.clear()
            for words, source in items:
                chooser.addItem(words, source)
            chooser.insertSeparator(chooser.count())
            chooser.addItem(_FOLDER, "folder")
            chooser.addItem(_TABLE, "table")
            chooser.setCurrentIndex(max(chooser.findData(self.source), 0))

    def take(self, paths: tuple[Path, ...]) -> None:
        """Another folder or table."""
        self.elsewhere, self.source = paths, "elsewhere"
        self._fill()
        self._look()

    # ------------------------------------------------------------------ what is chosen
    @property
    def where(self) -> str:
        return self.filter.text().strip()

    @property
    def lacking(self) -> str:
        """Why nothing can begin yet, "" where it can."""
        if self.source != "elsewhere" and not self._known.listed:
            return NO_TILES
        if self._unclear:
            return self._count.text()
        return "No tile passes this filter." if self._tiles == 0 else ""

    @property
    def words(self) -> str:
        return self._count.text()

    def _choose(self, source: str) -> None:
        match source:
            case "folder" | "table":
                self._fill()  # until one is chosen it stays as it was
                paths = self._asked(folder=source == "folder")
                if paths:
                    self.take(paths)
                return
            case "passing":
                self.source = "passing"
                self.filter.setText(self._known.filter)
            case "list" | "mine" | "elsewhere":
                if self.source == "passing":
                    self.filter.clear()
                self.source = source
        self._look()

    def _asked(self, *, folder: bool) -> tuple[Path, ...]:
        if folder:
            name = QFileDialog.getExistingDirectory(self, "Attack the tiles of a folder")
        else:
            name, _ = QFileDialog.getOpenFileName(self, "Attack the tiles of a table or archive")
        return (Path(name),) if name else ()

    def _leave_list_filter(self) -> None:
        if self.source == "passing":
            self.source = "list"
            self._fill()

    # ------------------------------------------------------------------ how many
    def _look(self) -> None:
        self._pause.stop()
        try:
            expression = parse(self.filter.text())
        except UnclearFilter as unclear:
            self._unclear, self._tiles = True, None
            self._say(unclear.what, "doubt")
        else:
            self._unclear = False
            self._tiles = self._counted(expression)
            self._say(self._words_of(expression), "faint")
        self.changed.emit()

    def _counted(self, expression: Expression | None) -> int | None:
        """None where it takes an answer, or a look at another folder, to know."""
        if self.source == "elsewhere" or looks_at(expression) & _ASKS:
            return None
        facts = self._facts()
        if facts.count != self._known.listed:  # another list is on its way
            return self._known.listed
        passes = passing(expression, facts)
        if self.source == "mine":
            passes = passes & facts.listed
        return int(np.count_nonzero(passes))

    def _words_of(self, expression: Expression | None) -> str:
        if self.source == "elsewhere":
            return "Counted by the dry run"
        if not self._known.listed:
            return NO_TILES
        if self._tiles is None:
            return "Counted once the first classifier has answered all of them"
        whole = self._known.mine if self.source == "mine" else self._known.listed
        if expression is None or self._tiles == whole:
            return counted(self._tiles, "tile", "tiles")
        return f"{self._tiles:,} of {counted(whole, 'tile', 'tiles')}"

    def _say(self, words: str, kind: str) -> None:
        self._count.setText(words)
        if self._count.objectName() != kind:
            self._count.setObjectName(kind)
            self._count.style().polish(self._count)
