"""What a campaign is to do: tiles, classifiers, attacks; a dry run tells what that means."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.analysis.selection import Facts
from onepixel_gui.qt.campaign.attacks_part import AttacksPart
from onepixel_gui.qt.campaign.extent_part import ExtentPart
from onepixel_gui.qt.campaign.look import bar_sheet, tick_palette
from onepixel_gui.qt.campaign.models_part import ModelsPart
from onepixel_gui.qt.campaign.tiles_part import TilesPart
from onepixel_gui.qt.campaign.view import Draft, Estimated, Standing, TilesKnown
from onepixel_gui.qt.campaign.words import estimate_words, pace_words
from onepixel_gui.qt.choice import choice_sheet
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.theme import DARK, Card, Theme

_READY = "A dry run measures on 3 tiles how long it takes, and keeps nothing."
_NO_STUDY = "There is no study to keep the results in. Open or begin one."


class BuilderPane(Card):
    """Wishes for a dry run, and for the campaign itself; its draft says what is wanted."""

    dry_run_wished = Signal(object)  # Draft
    run_wished = Signal(object)  # Draft
    stop_wished = Signal()  # of the dry run

    def __init__(
        self,
        preferences: Preferences,
        facts: Callable[[], Facts],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Campaign", parent)
        self.tiles, self.models = TilesPart(facts), ModelsPart()
        self.attacks, self.extent = AttacksPart(preferences), ExtentPart(preferences.seed)
        self.dry_run, self.run = QPushButton("Dry run"), QPushButton("Run campaign")
        self.cancel = QPushButton("Cancel")
        self._words, self._bar = QLabel(), QProgressBar()
        self._standing, self._estimated = Standing(), ""
        self._writable = False
        self._form = QWidget()
        self._prepare()
        self._lay_out()
        self.set_theme(DARK)
        for part in (self.tiles, self.models, self.attacks, self.extent):
            part.changed.connect(self._hear)
        self._tell()

    def _prepare(self) -> None:
        told = (
            (self.dry_run, "Ctrl+Shift+Return", self._press_dry_run),
            (self.run, "Ctrl+Return", self._press_run),
            (self.cancel, "", self.stop_wished.emit),
        )
        hints = ("Measure on 3 tiles; nothing is kept", "Begin", "End the dry run")
        for (button, key, do), hint in zip(told, hints, strict=True):
            button.setAccessibleName(button.text())
            shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            button.setToolTip(f"{hint} ({shown})" if key else hint)
            button.clicked.connect(lambda _=False, do=do: do())
            if key:
                shortcut = QShortcut(QKeySequence(key), self, button.click)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.run.setObjectName("primary")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setObjectName("faint")
        self._words.setAccessibleName("What the campaign takes")
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._bar.setAccessibleName("Progress of the dry run")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self._form)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(5)
        for number, (title, part) in enumerate(
            (
                ("Tiles", self.tiles),
                ("Classifiers", self.models),
                ("Attacks", self.attacks),
                ("Extent", self.extent),
            )
        ):
            heading = QLabel(title)
            heading.setObjectName("section")
            column.addSpacing(7 if number else 3)
            row = QHBoxLayout()
            row.addWidget(heading, 1)
            if part is self.models:
                row.addWidget(self.models.add)
            column.addLayout(row)
            column.addWidget(part)
        column.addStretch(1)
        self._lay_out_foot()

    def _lay_out_foot(self) -> None:
        """The form scrolls; what it comes to and the buttons stay in sight."""
        area = QScrollArea()
        area.setWidget(self._form)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setObjectName("form")
        self._form.setObjectName("form")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.dry_run, self.cancel):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.run)
        self.body.addWidget(area, 1)
        self.body.addWidget(self._words)
        self.body.addWidget(self._bar)
        self.body.addLayout(buttons)

    def set_theme(self, theme: Theme) -> None:
        self.tiles.set_theme(theme)
        self.models.set_theme(theme)
        self.setStyleSheet(
            f"QWidget#form {{ background: {theme.card}; }}"
            "QLabel#section { font-weight: 600; font-size: 12px; }"
            f"QSpinBox {{ background: {theme.field}; border: 1px solid {theme.edge};"
            " border-radius: 6px; padding: 3px 0; }"
            "QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; }"
            "QSpinBox QLineEdit { background: transparent; border: none; padding: 0; }"
            f"QSpinBox:focus {{ border: 1px solid {theme.accent}; }}"
            f"QSpinBox:disabled, QLineEdit:disabled {{ color: {theme.faint}; }}"
            f"{choice_sheet(theme)}"
        )
        self._bar.setStyleSheet(bar_sheet(theme))
        for tick in (*self.findChildren(QCheckBox), self.models.list):
            tick.setPalette(tick_palette(theme))

    # ------------------------------------------------------------------ values down
    def show_tiles(self, known: TilesKnown) -> None:
        self.tiles.show_tiles(known)

    def show_models(self, in_use: Sequence[tuple[Path, str]]) -> None:
        self.models.show_in_use(in_use)

    def show_study(self, *, writable: bool) -> None:
        """Whether there is one that results can be kept in."""
        self._writable = writable
        self._tell()

    def show_standing(self, standing: Standing) -> None:
        self._standing = standing
        self._tell()

    def show_estimate(self, estimated: Estimated) -> None:
        """A dry run is over; what it said holds until something else is wanted."""
        if estimated.draft == self.draft:
            self._estimated = estimate_words(estimated.estimate, estimated.draft)
            self._tell()

    # ------------------------------------------------------------------ what is wanted
    @property
    def draft(self) -> Draft:
        tiles, extent = self.tiles, self.extent
        return Draft(
            source=tiles.source,
            elsewhere=tiles.elsewhere,
            where=tiles.where,
            limit=extent.limit.value() or None,
            models=self.models.chosen,
            attacks=self.attacks.chosen,
            seeds=extent.seeds.seeds,
            aftermath=extent.aftermath.isChecked(),
            workers=extent.workers.value() or None,
            scheduler=extent.address,
        )

    @property
    def lacking(self) -> str:
        """What has to be chosen before anything can begin, "" for nothing."""
        parts = (self.tiles, self.models, self.attacks, self.extent)
        return next((part.lacking for part in parts if part.lacking), "")

    @property
    def words(self) -> str:
        """What is lacking, what a dry run does, or what it said."""
        return self._words.text()

    def _hear(self) -> None:
        self._estimated = ""
        self._tell()

    def _tell(self) -> None:
        phase, lacking = self._standing.phase, self.lacking
        estimating = phase == "estimating"
        ready = phase == "idle" and not lacking
        self._form.setEnabled(phase == "idle")
        self.dry_run.setVisible(not estimating)
        self.cancel.setVisible(estimating)
        self.dry_run.setEnabled(ready)
        self.run.setEnabled(ready and self._writable)
        self._bar.setVisible(estimating)
        advance = self._standing.advance
        if estimating:
            self._words.setText(f"Dry run: {pace_words(self._standing) or 'beginning'}")
            self._bar.setRange(0, advance.total if advance is not None else 0)
            self._bar.setValue(advance.done if advance is not None else 0)
        elif phase == "idle":
            no_study = "" if self._writable else _NO_STUDY
            self._words.setText(lacking or no_study or self._estimated or _READY)

    # ------------------------------------------------------------------ wishes up
    def _press_dry_run(self) -> None:
        self.dry_run_wished.emit(self.draft)
        self.cancel.setFocus()

    def _press_run(self) -> None:
        self.run_wished.emit(self.draft)
