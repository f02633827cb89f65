"""The live check of a card: tiles with known labels in, accuracy out, while the card is edited."""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QWidget,
)

from onepixel_gui.classifier.card import Card as ModelCard
from onepixel_gui.problems import Problem
from onepixel_gui.qt.cards.classes import ClassNames, restyle
from onepixel_gui.qt.cards.labels import LabelMapping
from onepixel_gui.qt.cards.tiles import MOST, Asked, Opened, Reading, note, reading
from onepixel_gui.qt.cards.verdicts import (
    ANSWER,
    CONFIDENCE,
    LABEL,
    MARK,
    ROW_HEIGHT,
    TILE,
    VerdictPainter,
    VerdictRows,
)
from onepixel_gui.qt.dropping import cargo
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.qt.theme import DARK, Card, Theme
from onepixel_gui.tiles.files import SUFFIXES
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.checking import Checked
    from onepixel_gui.classifier.classifier import Classifier

# Asks of tiles as a card says, in a worker.  Its events are `checking.Checked`, of the first tiles
# as it comes to them, and of all in the end.
Check = Callable[[ModelCard, Sequence[Tile]], Generator[Any]]

_FIRST = 16  # tiles that are answered before all are
_PAUSE = 150  # ms after the last edit
_LARGEST = 1 << 20  # pixels of an input: a slip in its size shall not fill the memory
_INVITED = "Drop tiles or class folders\nwith known labels anywhere here."


def by_classifier(classifier: "Classifier") -> Check:
    """The check by a loaded classifier, of whose own card nothing is used."""

    def work(card: ModelCard, tiles: Sequence[Tile]) -> Generator["Checked"]:
        from onepixel_gui.classifier.checking import check

        height, width = card.input_size
        if height * width > _LARGEST:
            raise Problem(
                f"Inputs of {height} × {width} px are too large for the live check.",
                "Enter the input size the network was trained with.",
            )
        if len(tiles) > 2 * _FIRST:
            yield check(classifier, card, tiles[:_FIRST])
        yield check(classifier, card, tiles)

    return work


class CardCheck(Card):
    """Asks about its tiles a moment after each edit; answers to an earlier card are dropped.

    With a hundred tiles at most it holds no more than an eye takes in; of more every so manyth is
    taken.
    """

    checking = Signal(object)  # the card that is being checked from now on
    checked = Signal(object)  # Checked, as it is shown now
    refused = Signal(object)  # Problem, as it is shown now

    def __init__(
        self, lanes: Lanes, classes: ClassNames, theme: Theme = DARK, parent: QWidget | None = None
    ) -> None:
        super().__init__("Live check", parent)
        self._lanes = lanes
        self._check: Check | None = None
        self._card: ModelCard | None = None
        self._former: tuple[str, ...] = ()
        self._tiles: tuple[Tile, ...] = ()
        self._job: Job | None = None
        self._opening: Job | None = None
        self._asked: Asked | None = None
        self._latest: Checked | None = None  # of the job
        self._note = ""  # on the tiles
        self._classes = classes
        self._mapping = LabelMapping(classes)
        self.pause = QTimer(self)  # runs out a moment after the last edit
        self._rows, self._painter = VerdictRows(self), VerdictPainter(self, theme)
        self._table = QTableView()
        self._accuracy, self._words, self._doubts = QLabel(), QLabel(), QLabel()
        self._message, self._invitation = QLabel(), QLabel(_INVITED)
        self._files = QPushButton("Add tiles…")
        self._folder, self._clear = QPushButton("Add a folder…"), QPushButton("Remove all")
        self._prepare()
        self._prepare_table()
        self._lay_out()
        self._say("")
        self._show_tiles()

    # -------------------------------------------------------------- looks
    def _prepare(self) -> None:
        named = (
            (self._accuracy, "accuracy", "Accuracy"),
            (self._words, "faint", "What the accuracy is of"),
            (self._doubts, "doubt", "Doubts about the card"),
            (self._message, "doubt", "Why there is no answer"),
            (self._invitation, "droparea", "Drop area"),
        )
        for label, name, spoken in named:
            label.setObjectName(name)
            label.setAccessibleName(spoken)
            label.setWordWrap(name != "accuracy")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._invitation.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pause.setSingleShot(True)
        self.pause.setInterval(_PAUSE)
        self.pause.timeout.connect(self._begin)
        self._mapping.changed.connect(self._relabel)
        self._classes.edited.connect(self._relabel)
        for button, key, hint, do in (
            (self._files, "Ctrl+O", "Add tiles from files", self._choose_files),
            (self._folder, "Ctrl+Shift+F", "Add a folder of class folders", self._choose_folder),
            (self._clear, "Ctrl+Backspace", "Take all tiles out of the check", self.clear),
        ):
            button.setAutoDefault(False)  # Enter stays with the dialog's own button
            button.setShortcut(key)
            button.setToolTip(f"{hint} ({key})")
            button.clicked.connect(lambda _=False, do=do: do())

    def _prepare_table(self) -> None:
        table, header = self._table, self._table.horizontalHeader()
        table.setModel(self._rows)
        table.setItemDelegate(self._painter)
        table.setAccessibleName("Answers about the tiles")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(TILE, QHeaderView.ResizeMode.Stretch)
        for column, width in ((LABEL, 104), (ANSWER, 92), (CONFIDENCE, 110), (MARK, 34)):
            header.resizeSection(column, width)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._accuracy)
        head.addWidget(self._words, 1)
        buttons = QHBoxLayout()
        for button in (self._files, self._folder):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self._clear)
        self.body.addLayout(head)
        for part in (self._message, self._doubts, self._mapping):
            self.body.addWidget(part)
        self.body.addWidget(self._table, 1)
        self.body.addWidget(self._invitation, 1)
        self.body.addLayout(buttons)

    def set_theme(self, theme: Theme) -> None:
        self._painter.theme = theme
        self._table.viewport().update()

    # -------------------------------------------------------------- what is asked
    @property
    def tiles(self) -> tuple[Tile, ...]:
        return self._tiles

    def set_check(self, check: Check | None) -> None:
        """check: None while the network is not there yet."""
        self._check = check
        self._ask_soon()

    def begin(self, former: Sequence[str]) -> None:
        """former: what the classes were called before anything was edited."""
        self._former = tuple(former)
        self._relabel()

    def ask(self, card: ModelCard | None) -> None:
        """Check this card in a moment; None where the fields make no card."""
        self._card = card
        self._ask_soon()

    def add(self, tiles: Sequence[Tile]) -> None:
        """More tiles, as many as there is room for."""
        self._tiles = (*self._tiles, *tiles)[:MOST]
        self._show_tiles()

    def clear(self) -> None:
        self._forget_opening()
        self._tiles, self._note = (), ""
        self._show_tiles()

    def stop(self) -> None:
        """From now on nothing that is under way is told."""
        self.pause.stop()
        self._forget()
        self._forget_opening()

    def _show_tiles(self) -> None:
        self._rows.set_tiles(self._tiles)
        some = bool(self._tiles)
        self._table.setVisible(some)
        self._invitation.setVisible(not some)
        self._clear.setEnabled(some)
        self._tell_state()
        self._relabel()

    def _relabel(self) -> None:
        labels = {tile.label for tile in self._tiles if tile.label is not None}
        self._mapping.show_labels(labels, self._former)
        self._rows.set_labels(self._mapping.meant)
        self._ask_soon()

    def _tell_state(self) -> None:
        count = len(self._tiles)
        told = f"{count} tile{'' if count == 1 else 's'}" if count else ""
        busy = "checking… " if self._job is not None else ""
        self.set_state(busy + " · ".join(part for part in (told, self._note) if part))

    # -------------------------------------------------------------- the work
    def _ask_soon(self) -> None:
        self._forget()
        self._rows.set_stale()
        restyle(self._accuracy, "stale", True)
        self.pause.start()

    def _forget(self) -> None:
        if self._job is not None:
            self._job.stop()
        if self._asked is not None:
            self._asked.drop()
        self._job = self._asked = self._latest = None

    def _begin(self) -> None:
        card, check = self._card, self._check
        if card is None:
            self._say("Correct the outlined fields; the check goes on then.")
            return
        if check is None or not self._tiles:
            waiting = check is None and bool(self._tiles)
            self._say("The check begins when the network is loaded." if waiting else "")
            return
        asked = self._asked = Asked(self._tiles, self._mapping.meant)
        job = self._job = Job(lambda: check(card, asked))
        job.happened.connect(lambda event: self._hear(job, card, event))
        job.failed.connect(lambda why: self._refuse(job, why))
        job.finished.connect(lambda: self._end(job))
        self._tell_state()
        self.checking.emit(card)
        self._lanes.add(job)

    def _hear(self, job: Job, card: ModelCard, event: "Checked") -> None:
        if job is self._job:
            self._latest = event
            self._show_checked(card, event)

    def _end(self, job: Job) -> None:
        if job is not self._job:
            return
        latest, self._job, self._asked, self._latest = self._latest, None, None, None
        self._tell_state()
        if latest is not None:
            self.checked.emit(latest)

    def _refuse(self, job: Job, why: Problem) -> None:
        if job is self._job:
            self._latest = None
            self._rows.set_verdicts((), "")
            self._say(f"{why.what} {why.remedy}")
            self.refused.emit(why)

    def _say(self, why: str) -> None:
        """No numbers, and why."""
        for label in (self._accuracy, self._words, self._doubts):
            label.hide()
        self._message.setText(why)
        self._message.setVisible(bool(why))

    def _show_checked(self, card: ModelCard, checked: "Checked") -> None:
        self._rows.set_verdicts(checked.verdicts, card.subject)
        restyle(self._accuracy, "stale", False)
        broken = [verdict.problem for verdict in checked.verdicts if verdict.problem]
        if len(broken) == len(checked.verdicts):
            self._say(broken[0] if broken else "")
            return
        some = f"{len(broken)} of {len(checked.verdicts)} tiles gave no answer: "
        self._say(some + broken[0] if broken else "")
        self._words.setText(_words(checked, len(self._tiles)))
        self._words.show()
        self._doubts.setText("\n".join(f"⚠ {doubt}" for doubt in checked.doubts))
        self._doubts.setVisible(bool(checked.doubts))
        self._accuracy.setVisible(checked.labelled > 0)
        self._accuracy.setText(f"{100 * checked.accuracy:.1f} %")

    # -------------------------------------------------------------- tiles in
    def _choose_files(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(self, "Add tiles", filter=f"Tiles ({kinds})")
        if names:
            self.open([Path(name) for name in names])

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Add a folder of class folders")
        if name:
            self.open([Path(name)])

    def open(self, paths: Sequence[Path]) -> None:
        """Read tiles in the background and add them."""
        self._forget_opening()
        room, names = MOST - len(self._tiles), (*self._classes.names, *self._former)
        job = self._opening = Job(lambda: reading(paths, names, room))
        job.happened.connect(lambda event: self._take(job, event))
        job.failed.connect(lambda why: self._not_opened(job, why))
        self._lanes.add(job)

    def _forget_opening(self) -> None:
        if self._opening is not None:
            self._opening.stop()
        self._opening = None

    def _take(self, job: Job, event: Reading | Opened) -> None:
        if job is not self._opening:
            return
        if isinstance(event, Reading):
            self.set_state(f"reading {event.done} of {event.total}")
            return
        self._opening = None
        self._note = note(event)
        self.add(event.tiles)

    def _not_opened(self, job: Job, why: Problem) -> None:
        if job is self._opening:
            self._opening, self._note = None, why.what
            self._tell_state()
            self.refused.emit(why)

    def enter(self, event: QDragEnterEvent) -> None:
        """Tiles and folders only; the cursor refuses the rest."""
        if cargo(event.mimeData()).tiles:
            event.acceptProposedAction()
            restyle(self, "over", True)
        else:
            event.ignore()

    def leave(self, _event: QDragLeaveEvent) -> None:
        restyle(self, "over", False)

    def drop(self, event: QDropEvent) -> None:
        restyle(self, "over", False)
        tiles = cargo(event.mimeData()).tiles
        if tiles:
            event.acceptProposedAction()
            self.open(tiles)


def _words(checked: "Checked", count: int) -> str:
    """What the accuracy is of, and what it would be without looking at the tiles.

    count: of all tiles, those that are still being asked among them.
    """
    judged = [verdict for verdict in checked.verdicts if verdict.right is not None]
    if not judged:
        return "No tile has a label that names a class: these are answers without a judge."
    right = sum(bool(verdict.right) for verdict in judged)
    ((label, most),) = Counter(verdict.label for verdict in judged).most_common(1)
    chance = 100 * most / len(judged)
    more = count - len(checked.verdicts)
    return (
        f"right on {right} of {len(judged)} labelled tiles{f', {more} more to come' * (more > 0)}\n"
        f"chance level {chance:.1f} %: always {label}"
    )
