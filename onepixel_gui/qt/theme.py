"""Colours, type and cards: the look of the window, light and dark, in one place."""

from dataclasses import dataclass
from typing import Literal

import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from onepixel_gui import RESOURCES

FAMILY = "Inter"


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour of the window, as #rrggbb. Red is kept for a flip and nothing else.

    row, column: the two series of the profiles and spectra; also told apart by line style.
    red, green, blue: the channels, always beside their letters.
    """

    name: Literal["light", "dark"]
    ground: str
    card: str
    edge: str
    field: str
    selected: str
    text: str
    faint: str
    accent: str
    on_accent: str
    flip: str
    doubt: str
    row: str
    column: str
    red: str
    green: str
    blue: str


DARK = Theme(
    name="dark",
    ground="#14161a",
    card="#1d2026",
    edge="#2c3038",
    field="#252932",
    selected="#2f3540",
    text="#e8eaee",
    faint="#9aa1ad",
    accent="#58a6ff",
    on_accent="#0b1220",
    flip="#ff6b6b",
    doubt="#e3b341",
    row="#58a6ff",
    column="#e69f00",
    red="#e0526a",
    green="#3fb06a",
    blue="#5b8ae6",
)
LIGHT = Theme(
    name="light",
    ground="#f1f3f5",
    card="#ffffff",
    edge="#dde1e6",
    field="#f4f6f8",
    selected="#dfe6ee",
    text="#1b2230",
    faint="#5e6675",
    accent="#1766c8",
    on_accent="#ffffff",
    flip="#c9252d",
    doubt="#8a5a00",
    row="#0072b2",
    column="#a86400",
    red="#c63850",
    green="#1f8a4c",
    blue="#3565c9",
)
THEMES: dict[str, Theme] = {"dark": DARK, "light": LIGHT}


def install(application: QApplication, theme: Theme) -> None:
    """Give the application our font, palette and style sheet; may be called again to switch.

    Fusion with an own palette, because the colour scheme hint does nothing on bare X11.
    """
    if FAMILY not in QFontDatabase.families():
        for file in sorted((RESOURCES / "fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(file))
        pg.setConfigOptions(imageAxisOrder="row-major", antialias=True)
        application.setStyle("Fusion")
    font = QFont(FAMILY)
    font.setPixelSize(13)
    application.setFont(font)
    application.setPalette(_palette(theme))
    if application.styleSheet() != _sheet(theme):  # to set it again costs as much as anew
        application.setStyleSheet(_sheet(theme))


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.ground,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.field,
        QPalette.ColorRole.AlternateBase: theme.card,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.faint,
        QPalette.ColorRole.Button: theme.field,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.flip,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.ToolTipBase: theme.card,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Link: theme.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
        if role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faint))
    return palette


def _sheet(theme: Theme) -> str:
    return f"""
    QWidget {{ font-family: "{FAMILY}"; }}
    QFrame#dropcard {{ background: {theme.card}; }}
    QFrame#dropzone {{ border: 2px dashed {theme.accent}; border-radius: 12px; }}
    QFrame#dropzone QLabel {{ font-size: 18px; }}
    QFrame#card {{ background: {theme.card}; border: 1px solid {theme.edge}; border-radius: 8px; }}
    QLabel#title {{ color: {theme.faint}; font-size: 11px; font-weight: 600;
                    letter-spacing: 1px; }}
    QLabel#state, QLabel#faint {{ color: {theme.faint}; font-size: 12px; }}
    QLabel#doubt {{ color: {theme.doubt}; font-size: 12px; }}
    QPushButton, QToolButton {{ background: {theme.field}; border: 1px solid {theme.edge};
        border-radius: 6px; padding: 5px 12px; }}
    QPushButton:hover, QToolButton:hover {{ background: {theme.selected}; }}
    QPushButton:focus, QToolButton:focus, QLineEdit:focus,
    QListView:focus, QGraphicsView:focus {{ border: 1px solid {theme.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {theme.faint}; }}
    QPushButton#primary {{ background: {theme.accent}; color: {theme.on_accent};
        border-color: {theme.accent}; font-weight: 600; }}
    QPushButton#primary:disabled {{ background: {theme.field}; color: {theme.faint};
        border-color: {theme.edge}; }}
    QLineEdit {{ background: {theme.field}; border: 1px solid {theme.edge};
        border-radius: 6px; padding: 4px 8px; }}
    QDialog#form QComboBox, QDialog#form QSpinBox {{ background: {theme.field};
        border: 1px solid {theme.edge}; border-radius: 6px; padding: 4px 8px; }}
    QDialog#form QSpinBox {{ padding: 2px 0; }}
    QDialog#form QSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
    QDialog#form QComboBox:focus, QDialog#form QSpinBox:focus {{
        border: 1px solid {theme.accent}; }}
    QDialog#form QComboBox::drop-down {{ border: none; width: 24px; }}
    QDialog#form QSpinBox::up-button, QDialog#form QSpinBox::down-button {{
        width: 0; border: none; }}
    QTreeView::item {{ padding: 0 8px; }}
    QToolTip {{ background: {theme.card}; color: {theme.text}; border: 1px solid {theme.edge};
        padding: 4px; }}
    QGraphicsView, QListView {{ border: 1px solid transparent; background: {theme.card}; }}
    QScrollBar {{ background: transparent; margin: 0; }}
    QScrollBar:vertical {{ width: 8px; }}
    QScrollBar:horizontal {{ height: 8px; }}
    QScrollBar::handle {{ background: {_faded(theme.faint)}; border-radius: 3px; margin: 1px; }}
    QScrollBar::handle:vertical {{ min-height: 24px; }}
    QScrollBar::handle:horizontal {{ min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {theme.faint}; }}
    QAbstractScrollArea::corner {{ background: transparent; border: none; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """


def _faded(colour: str) -> str:
    """As a style sheet writes it: still three times as light or dark as the card behind it."""
    found = QColor(colour)
    return f"rgba({found.red()}, {found.green()}, {found.blue()}, 70%)"


class Line(QLabel):
    """A line that never widens what holds it: cut with an ellipsis, whole in the hint."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, super().minimumSizeHint().height())

    def setText(self, text: str) -> None:  # noqa: N802
        super().setText(text)
        self.setToolTip(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        room = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment(), room)


class Card(QFrame):
    """A quiet frame with one header line: what it is, left; its state in numbers, right.

    header, body: the layouts, for a pane's own small controls and for what it shows.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(title)
        self._title, self._state = QLabel(title.upper()), Line()
        self._title.setObjectName("title")
        self._state.setObjectName("state")
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header = QHBoxLayout()
        self.header.addWidget(self._title)
        self.header.addWidget(self._state, 1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(12, 9, 12, 10)
        self.body.setSpacing(6)
        self.body.addLayout(self.header)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Wrapped words inside a pane must not make the grid share its rows otherwise."""
        return False

    def set_title(self, title: str) -> None:
        self._title.setText(title.upper())

    def set_state(self, text: str, meaning: str = "") -> None:
        """The right half of the header: the pane's state in numbers.

        meaning: what the words of the state stand for, as a hint.
        """
        self._state.setText(text)
        if meaning:
            self._state.setToolTip(f"{text}\n{meaning}")
