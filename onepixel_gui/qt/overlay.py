"""A card that lies over a window and blocks nothing: its place, its focus and its two keys."""

from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from onepixel_gui.qt.theme import Line, Theme

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)

_MARGIN, _BELOW = 18, 90  # pixels to the window's edges; below is the verdict
_LEAST = 60  # pixels of height that the contents have


class Overlay(QFrame):
    """As high as its contents ask for, if the window has the room; else they scroll.

    `contents` is a widget whose layout knows its height for a width.  Around it a subclass lays out
    what always stays in sight, with `area` among it.
    """

    def __init__(
        self, over: QWidget, contents: QWidget, width: int, side: Literal["left", "right"]
    ) -> None:
        super().__init__(over)
        self.setObjectName("overlay")
        self._contents, self._width, self._side = contents, width, side
        self._before: QWidget | None = None  # had the focus
        self.outer = QVBoxLayout(self)
        self.outer.setContentsMargins(16, 12, 16, 14)
        self.outer.setSpacing(7)
        self.area = QScrollArea()
        self.area.setWidget(contents)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        over.installEventFilter(self)
        contents.installEventFilter(self)
        self.hide()

    def enter(self, focus: QWidget) -> None:
        """Show it, with the focus here."""
        self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Hide it; the focus goes back to where it was."""
        focused = QApplication.focusWidget()
        within = focused is not None and self.isAncestorOf(focused)
        self.hide()
        if within and self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None

    def take_enter(self, focused: QWidget | None) -> None:
        """Enter was pressed; nothing here took it."""

    def take_escape(self) -> None:
        """Esc was pressed."""

    # -------------------------------------------------------------- its place
    def place(self) -> None:
        """Above the verdict, at its side of the window."""
        over = self.parentWidget()
        if over is None:
            return
        width = min(self._width, over.width() - 2 * _MARGIN)
        shown = not self._contents.isHidden()
        self.area.setVisible(shown)
        self.area.setFixedHeight(_LEAST)
        height = _height(self.outer, width)
        if shown:
            room = over.height() - _BELOW - _MARGIN - height + _LEAST
            self._fit(width, room)
            height += self.area.height() - _LEAST
        left = _MARGIN if self._side == "left" else over.width() - width - _MARGIN
        self.setGeometry(left, max(_MARGIN, over.height() - _BELOW - height), width, height)

    def _fit(self, width: int, room: int) -> None:
        """As high as what is known needs, if there is room."""
        margins, edges = self.outer.contentsMargins(), 2  # pixels of the lines at the sides
        within = width - margins.left() - margins.right() - edges
        layout = self._contents.layout()
        assert layout is not None
        wished = _height(layout, within)
        self.area.setFixedHeight(max(_LEAST, min(wished, room)))
        # Left to itself a bar that was needed once stays: it narrows what it scrolls.
        policies = Qt.ScrollBarPolicy
        scrolled = wished > self.area.height()
        focus = Qt.FocusPolicy.TabFocus if scrolled else Qt.FocusPolicy.NoFocus
        self.area.setFocusPolicy(focus)
        self.area.setVerticalScrollBarPolicy(
            policies.ScrollBarAlwaysOn if scrolled else policies.ScrollBarAlwaysOff
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        resized = event.type() == QEvent.Type.Resize and watched is self.parentWidget()
        asked = event.type() == QEvent.Type.LayoutRequest and watched is self._contents
        if (resized or asked) and self.isVisible():
            self.place()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.place()  # now that the style sheet has given the labels their fonts

    # -------------------------------------------------------------- keys
    def event(self, event: QEvent) -> bool:
        """Esc is ours while we have the focus, although it is Stop elsewhere."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.take_escape()
        elif event.key() in ENTER:
            self.take_enter(QApplication.focusWidget())
        else:
            super().keyPressEvent(event)


def _height(layout: QLayout, width: int) -> int:
    """Pixels that all of it takes at this width; without wrapped words the width is no matter."""
    if layout.hasHeightForWidth():
        return layout.totalHeightForWidth(width)
    return layout.totalSizeHint().height()


def heading(title: str, state: str) -> QHBoxLayout:
    """What the card is, left; what holds until its reader decides, right."""
    what, so_far, line = QLabel(title), Line(), QHBoxLayout()
    what.setObjectName("title")
    so_far.setObjectName("faint")
    so_far.setAlignment(Qt.AlignmentFlag.AlignRight)
    so_far.setText(state)
    line.addWidget(what)
    line.addWidget(so_far, 1)
    return line


def wrapped(text: str = "", kind: str = "") -> QLabel:
    """As many lines as it takes. kind: by which style sheets know it."""
    label = QLabel(text, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setObjectName(kind)
    return label


def thin_bar(name: str) -> QProgressBar:
    """A line that fills, and keeps its place while it is hidden."""
    bar = QProgressBar(textVisible=False)
    bar.setFixedHeight(3)
    bar.setAccessibleName(name)
    policy = bar.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    bar.setSizePolicy(policy)
    return bar


def overlay_sheet(theme: Theme) -> str:
    """The look of the card and of what it scrolls. The contents bear the name "contents"."""
    return (
        f"QFrame#overlay {{ background: {theme.card}; border: 1px solid {theme.accent};"
        " border-radius: 10px; }"
        f"QScrollArea, QWidget#contents {{ background: {theme.card}; }}"
        f"QProgressBar {{ background: {theme.field}; border: none; }}"
        f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 1px; }}"
    )
