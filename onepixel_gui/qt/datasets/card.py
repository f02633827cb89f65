"""What a dropped folder is and what is in it, before it replaces anything."""

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.qt.datasets import view as words
from onepixel_gui.qt.datasets.classes import ClassTable
from onepixel_gui.qt.datasets.sampling import SamplingForm
from onepixel_gui.qt.datasets.view import Look
from onepixel_gui.qt.overlay import Overlay, heading, overlay_sheet, thin_bar, wrapped
from onepixel_gui.qt.theme import DARK, Line, Theme
from onepixel_gui.tiles.datasets.dataset import MITOSIS

_WIDTH = 540  # pixels


class DatasetCard(Overlay):
    """Lies over the lower left of a window and blocks nothing. Draws what it is handed."""

    tiles_wished = Signal()
    slides_wished = Signal()
    sampling_wished = Signal(str, object)  # name of a value of Sampling, the value
    location_wished = Signal()
    cancel_wished = Signal()

    def __init__(self, over: QWidget) -> None:
        self._found = _Found()
        super().__init__(over, self._found, _WIDTH, "left")
        self.setAccessibleName("Data set")
        self._look: Look | None = None
        self._name, self._problem = Line(), wrapped()
        self._doing, self._bar = wrapped(kind="faint"), thin_bar("Looking")
        self._open = _button(
            "Open tiles", "Enter", "Put them into the list, in place of the others"
        )
        self._slides = _button(
            "Look at the slides", "", "Move over the slides and fields as a whole"
        )
        self._locate = _button("Locate…", "", "Choose the folder where it is")
        self._cancel = _button("Cancel", "Esc", "Leave everything as it is")
        self._prepare()
        self._lay_out()
        self._wire()
        self.set_theme(DARK)

    def _prepare(self) -> None:
        self._name.setAccessibleName("Folder or file")
        self._problem.setAccessibleName("Why it cannot be opened")
        self._doing.setAccessibleName("Progress in words")
        self._bar.setRange(0, 0)
        self.area.setAccessibleName("What was found")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._locate)
        buttons.addStretch(1)
        buttons.addWidget(self._slides)
        buttons.addWidget(self._open)
        outer = self.outer
        outer.addLayout(heading("DATA SET", "nothing is replaced before you open it"))
        outer.addWidget(self._name)
        outer.addWidget(self.area)
        outer.addWidget(self._problem)
        outer.addWidget(self._doing)
        outer.addWidget(self._bar)
        outer.addLayout(buttons)

    def _wire(self) -> None:
        self._open.clicked.connect(self.tiles_wished)
        self._slides.clicked.connect(self.slides_wished)
        self._locate.clicked.connect(self.location_wished)
        self._cancel.clicked.connect(self.cancel_wished)
        self._found.sampling.wished.connect(self.sampling_wished)

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(overlay_sheet(theme) + _sheet(theme))
        self._name.setStyleSheet("font-size: 15px; font-weight: 600;")
        self._found.classes.set_theme(theme)
        self.place()

    # -------------------------------------------------------------- values down
    def show_look(self, look: Look | None) -> None:
        """None, or one that is quiet yet: the card is not to be seen."""
        before, self._look = self._look, look
        focused = QApplication.focusWidget()
        held = focused if focused is not None and self.isAncestorOf(focused) else None
        if look is None or look.quiet:
            self.leave()
            return
        self._name.setText(words.named(look))
        self._name.setToolTip(f"<qt>{escape(str(look.paths[0]))}</qt>")
        self._show_progress(look)
        self._show_buttons(look)
        self._found.show_look(look)
        if not self.isVisible():
            self.enter(self._first(look))
        elif before is None or _otherwise(before, look):
            self.place()
            self._keep_focus(held, look)

    def _show_progress(self, look: Look) -> None:
        failed = look.problem is not None and not look.busy
        self._problem.setText(look.problem.what if failed and look.problem is not None else "")
        self._problem.setVisible(failed)
        self._doing.setText(words.progress(look))
        self._doing.setVisible(bool(self._doing.text()))
        self._bar.setVisible(look.busy)

    def _show_buttons(self, look: Look) -> None:
        first = words.first_choice(look)
        usable = look.problem is None or look.busy
        dataset = look.dataset
        _say(self._open, words.open_words(look), "Enter" if first == "tiles" else "")
        _say(self._slides, words.slides_words(look), "Enter" if first == "slides" else "")
        tiles = dataset is None or words.offers(dataset, "tiles")
        slides = dataset is not None and words.offers(dataset, "slides")
        self._open.setVisible(usable and (tiles or not slides))
        self._slides.setVisible(usable and slides)
        self._open.setEnabled(tiles and look.wish != "tiles")
        self._slides.setEnabled(slides and look.wish != "slides")
        for button, wish in ((self._open, "tiles"), (self._slides, "slides")):
            if button.objectName() != (kind := "primary" if first == wish else ""):
                button.setObjectName(kind)
                button.style().polish(button)
        self._locate.setVisible(look.gone or (dataset is not None and bool(dataset.missing)))
        _say(
            self._cancel, "Close" if look.problem is not None and not look.busy else "Cancel", "Esc"
        )

    def _first(self, look: Look) -> QPushButton:
        """Where the focus belongs: what Enter does."""
        choices = {"tiles": self._open, "slides": self._slides, None: self._locate}
        button = choices[words.first_choice(look)]
        # Not `isVisible`: the card itself may not be shown yet.
        usable = not button.isHidden() and button.isEnabled()
        return button if usable else self._cancel

    def _keep_focus(self, held: QWidget | None, look: Look) -> None:
        """held: had the focus before. Hidden or grey now, it hands the focus on within the card."""
        if held is not None and (held.isHidden() or not held.isEnabled()):
            self._first(look).setFocus(Qt.FocusReason.OtherFocusReason)

    # -------------------------------------------------------------- keys
    def take_enter(self, focused: QWidget | None) -> None:
        """On a field it only ends the typing: what it changes is to be seen first."""
        if self._look is None:
            return
        first = self._first(self._look)
        if self._found.sampling.holds(focused):
            first.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            (focused if isinstance(focused, QPushButton) else first).click()

    def take_escape(self) -> None:
        self.cancel_wished.emit()


class _Found(QWidget):
    """What it is, how many tiles of which class, what is missing, and how tiles are cut."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("contents")
        self._title, self._facts = wrapped(kind="kind"), wrapped(kind="faint")
        self._missing, self._notes = wrapped(kind="doubt"), wrapped(kind="faint")
        self.classes, self.sampling = ClassTable(), SamplingForm()
        self._title.setAccessibleName("What it is")
        self._facts.setAccessibleName("What is in it")
        self._missing.setAccessibleName("What is missing")
        self._notes.setAccessibleName("Notes")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 2, 6, 4)
        whole.setSpacing(8)
        for part in (
            self._title,
            self._facts,
            self.classes,
            self._missing,
            self._notes,
            self.sampling,
        ):
            whole.addWidget(part)
        whole.addStretch(1)
        self.hide()

    def show_look(self, look: Look) -> None:
        dataset = look.dataset
        self.setVisible(dataset is not None)
        if dataset is None:
            return
        stale = look.usable is None
        self.classes.setEnabled(not stale)
        for label, lines in (
            (self._title, [dataset.title]),
            (self._facts, [words.facts(dataset)]),
            (self._missing, [f"⚠ {line}" for line in dataset.missing]),
            (self._notes, dataset.notes),
        ):
            label.setText("\n".join(lines))
            label.setVisible(any(lines))
        self.classes.show_classes(words.classes(dataset))
        self.sampling.setVisible(dataset.sampling is not None)
        alikes = any(label != MITOSIS for label in dataset.marked)
        self.sampling.show_sampling(look.sampling, look.sources, look_alikes=alikes)


def _otherwise(before: Look, now: Look) -> bool:
    """More has changed than how far it is."""
    pairs = (
        (before.dataset, now.dataset),
        (before.problem, now.problem),
        (before.busy, now.busy),
        (before.silent, now.silent),
        (before.wish, now.wish),
    )
    return before.paths != now.paths or any(one is not other for one, other in pairs)


def _button(text: str, key: str, hint: str) -> QPushButton:
    button = QPushButton()
    button.setProperty("hint", hint)
    _say(button, text, key)
    return button


def _say(button: QPushButton, text: str, key: str) -> None:
    hint = str(button.property("hint"))
    button.setText(f"{text}  {key}".rstrip())
    button.setAccessibleName(text)
    button.setToolTip(f"{hint} ({key})" if key else hint)


def _sheet(theme: Theme) -> str:
    return f"""
    QLabel#kind {{ font-weight: 600; }}
    QLabel#source {{ color: {theme.faint}; font-size: 11px; }}
    QLabel#chosen {{ color: {theme.accent}; font-size: 11px; }}
    QTableView#classes {{ background: {theme.card}; border: 1px solid transparent; }}
    QTableView#classes:focus {{ border: 1px solid {theme.edge}; border-radius: 4px; }}
    QSpinBox, QDoubleSpinBox {{ background: {theme.field}; border: 1px solid {theme.edge};
        border-radius: 6px; padding: 3px 0; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
    QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
    QSpinBox:focus, QDoubleSpinBox:focus {{ border: 1px solid {theme.accent}; }}
    """
