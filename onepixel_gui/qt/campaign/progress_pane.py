"""How far a campaign is: its bar, its numbers, the map of its tiles, and what can be done."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from onepixel_gui.qt.campaign.ledger import Ledger
from onepixel_gui.qt.campaign.look import bar_sheet
from onepixel_gui.qt.campaign.mosaic import Key, Mosaic
from onepixel_gui.qt.campaign.view import Listed, Standing
from onepixel_gui.qt.campaign.words import flips_words, pace_words, shares_words
from onepixel_gui.qt.choice import Choice, choice_sheet
from onepixel_gui.qt.theme import DARK, Card, Line, Theme

NOTHING = (
    "No campaign yet. A campaign attacks many tiles, one after another, and keeps every result "
    "in the study. Choose tiles, classifiers and attacks on the left, try a dry run, then run the "
    "campaign."
)
_MOST_SHARES = 4  # lines
_RESULTS = 1000  # steps of the bar


class ProgressPane(Card):
    """Wishes for a pause, an end, the rest of a campaign that was left unfinished."""

    pause_wished = Signal()
    go_on_wished = Signal()
    stop_wished = Signal()
    continue_wished = Signal(int)  # number of a campaign
    campaign_wished = Signal(int)  # to look at
    task_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Progress", parent)
        self.mosaic, self._key = Mosaic(), Key()
        self.chooser = Choice()
        self.pause, self.stop = QPushButton("Pause"), QPushButton("Stop")
        self.go_on = QPushButton("Continue")
        self._bar, self._flips, self._pace = QProgressBar(), Line(), Line()
        self._shares = tuple(Line() for _ in range(_MOST_SHARES))
        self._way, self._empty = Line(), QLabel(NOTHING)
        self._standing, self._listed = Standing(), tuple[Listed, ...]()
        self._prepare()
        self._lay_out()
        self.set_theme(DARK)
        self.show_campaigns((), -1)
        self.show_standing(Standing())

    def _prepare(self) -> None:
        self.chooser.setAccessibleName("Campaigns of the study")
        self.chooser.setToolTip("Campaigns of this study")
        told = (
            (self.pause, "Hand out no more tiles; the workers finish what they have"),
            (self.go_on, "Do what is not done yet; what is done stays"),
            (self.stop, "End the campaign for now; it can be continued, also another day"),
        )
        for button, hint in told:
            button.setToolTip(hint)
            button.setAccessibleName(button.text())
        self.pause.clicked.connect(self._press_pause)
        self.go_on.clicked.connect(self._press_go_on)
        self.stop.clicked.connect(self.stop_wished)
        self.chooser.activated.connect(lambda at: self.campaign_wished.emit(self._number(at)))
        self.mosaic.task_chosen.connect(self.task_chosen)

    def _lay_out(self) -> None:
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(5)
        self._bar.setRange(0, _RESULTS)
        self._bar.setAccessibleName("Progress of the campaign")
        self._flips.setAccessibleName("How many flipped")
        self._flips.setStyleSheet("font-weight: 600;")
        for line in self._shares:
            line.setAccessibleName("How many flipped, by classifier and attack")
        for label in (self._pace, self._way):
            label.setObjectName("faint")
        self._empty.setObjectName("faint")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setMargin(24)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.chooser, 1)
        for button in (self.pause, self.go_on, self.stop):
            buttons.addWidget(button)
        self.body.addLayout(buttons)
        for part in (self._bar, self._flips, *self._shares, self._pace, self._way):
            self.body.addWidget(part)
        self.body.addWidget(self.mosaic, 1)
        self.body.addWidget(self._key)
        self.body.addWidget(self._empty, 1)

    def set_theme(self, theme: Theme) -> None:
        self.mosaic.set_theme(theme)
        self._key.set_theme(theme)
        self._bar.setStyleSheet(bar_sheet(theme))
        self.chooser.setStyleSheet(choice_sheet(theme))

    # ------------------------------------------------------------------ values down
    def show_campaigns(self, listed: Sequence[Listed], chosen: int) -> None:
        """Those of the study, and which of them is looked at; -1 for none."""
        self._listed = tuple(listed)
        with QSignalBlocker(self.chooser):
            self.chooser.clear()
            for each in listed:
                self.chooser.addItem(each.words, each.number)
            numbers = [each.number for each in listed]
            self.chooser.setCurrentIndex(numbers.index(chosen) if chosen in numbers else -1)
        self._show_parts()

    def show_ledger(self, ledger: Ledger, running: tuple[int, ...] = ()) -> None:
        self.mosaic.show_states(ledger, running)
        self._key.show_tally(self.mosaic.tally)

    def show_standing(self, standing: Standing) -> None:
        self._standing = standing
        advance = standing.advance
        if advance is not None and standing.phase != "estimating":
            total = max(advance.total, 1)
            self._bar.setRange(0, _RESULTS if advance.total else 0)
            self._bar.setValue(round(_RESULTS * advance.done / total))
            self.set_state(f"{advance.done:,} of {advance.total:,} runs" if advance.total else "")
            self._flips.setText(flips_words(advance) if advance.done else "")
            self._show_shares(shares_words(advance))
        elif standing.phase == "idle":
            self._bar.setRange(0, _RESULTS)
            self._bar.setValue(0)
            self.set_state("")
            self._flips.setText("")
            self._show_shares(())
        self._pace.setText(pace_words(standing) if standing.phase != "estimating" else "")
        began = standing.began
        self._way.setText("" if began is None or standing.phase == "idle" else began.way)
        self._show_parts()

    def _show_shares(self, lines: Sequence[str]) -> None:
        """One below the other; where there are too many, the others in the hint."""
        shown = list(lines[:_MOST_SHARES])
        if len(lines) > len(shown):
            shown[-1] = f"and {len(lines) - len(shown) + 1:,} more"
        for at, line in enumerate(self._shares):
            line.setText(shown[at] if at < len(shown) else "")
            line.setToolTip("\n".join(lines))

    @property
    def words(self) -> tuple[str, str]:
        """How many flipped, and how quickly it goes."""
        return self._flips.text(), self._pace.text()

    @property
    def shares(self) -> str:
        """How many flipped by classifier and attack, one a line; "" where there is one of each."""
        return self._shares[0].toolTip()

    def _show_parts(self) -> None:
        phase = self._standing.phase
        going = phase in ("running", "paused", "stopping")
        some = going or bool(self._listed)
        for part in (self.chooser, self._bar, self._flips, self._pace, self.mosaic, self._key):
            part.setVisible(some)
        for part in (*self._shares, self._way):
            part.setVisible(some and bool(part.text()))
        self._empty.setVisible(not some)
        self.chooser.setEnabled(not going)
        self.pause.setVisible(phase == "running")
        self.stop.setVisible(going)
        self.stop.setEnabled(phase != "stopping")
        self.go_on.setVisible(phase == "paused" or (phase == "idle" and self._unfinished))

    @property
    def _unfinished(self) -> bool:
        at = self.chooser.currentIndex()
        return 0 <= at < len(self._listed) and self._listed[at].unfinished

    def _number(self, at: int) -> int:
        return self._listed[at].number if 0 <= at < len(self._listed) else -1

    # ------------------------------------------------------------------ wishes up
    def _press_pause(self) -> None:
        self.pause_wished.emit()
        self.go_on.setFocus()  # the button that was pressed is gone

    def _press_go_on(self) -> None:
        if self._standing.phase == "paused":
            self.go_on_wished.emit()
        else:
            self.continue_wished.emit(self._number(self.chooser.currentIndex()))
        self.pause.setFocus()
