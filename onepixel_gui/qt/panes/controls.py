"""Small controls in the second line of a pane: a choice of few, a line of numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from onepixel_gui.qt.panes.marks import small_font
from onepixel_gui.qt.theme import Theme


class Segments(QWidget):
    """A choice of few, all in sight. `chosen` tells what the reader chose, never what we set."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Mapping[str, tuple[str, str]]) -> None:
        """choices: key -> (label, hint), in order; the first is chosen."""
        super().__init__()
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for key, (label, hint) in choices.items():
            button = QToolButton()
            button.setText(label)
            button.setToolTip(hint)
            button.setCheckable(True)
            button.setObjectName(key)
            button.setAccessibleName(f"{name}: {label}")
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
        self._group.buttonClicked.connect(self._tell)
        self.choose(next(iter(choices)))

    def _tell(self, button: QToolButton) -> None:
        self.chosen.emit(button.objectName())

    @property
    def choice(self) -> str:
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        self._buttons[key].setChecked(True)

    def set_theme(self, theme: Theme) -> None:
        dim = QColor(theme.faint)
        off = f"rgba({dim.red()}, {dim.green()}, {dim.blue()}, 45%)"
        self.setStyleSheet(f"""
            QToolButton {{ background: transparent; color: {theme.faint}; border-radius: 0;
                border: 1px solid {theme.edge}; padding: 2px 9px; font-size: 12px; }}
            QToolButton:checked {{ background: {theme.selected}; color: {theme.text}; }}
            QToolButton:hover {{ color: {theme.text}; }}
            QToolButton:focus {{ border: 1px solid {theme.accent}; }}
            QToolButton:disabled {{ color: {off}; background: transparent; }}
        """)


@dataclass(frozen=True, slots=True)
class Swatch:
    """A small sample of a colour or of a way to draw."""

    colour: str
    kind: Literal["solid", "hollow", "dashed"] = "solid"


Part = str | Swatch


class Readout(QWidget):
    """One line of words and swatches; of several wordings the longest that has room is drawn."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._wordings: tuple[Sequence[Part], ...] = ()
        self._ink, self._edge = QColor(), QColor()
        self._right = True
        self.setFont(small_font(12))

    def sizeHint(self) -> QSize:
        return QSize(60, 24)

    def set_theme(self, theme: Theme) -> None:
        self._ink, self._edge = QColor(theme.text), QColor(theme.faint)
        self.update()

    def align_left(self) -> None:
        self._right = False

    @property
    def text(self) -> str:
        """The words of the longest wording."""
        parts = self._wordings[0] if self._wordings else ()
        return " ".join(part for part in parts if isinstance(part, str))

    def say(self, *wordings: Sequence[Part]) -> None:
        """Wordings of the same thing, longest first; none to say nothing."""
        self._wordings = wordings
        self.setAccessibleDescription(self.text)
        self.setToolTip(self.text)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._wordings:
            return
        measure = QFontMetricsF(self.font())
        fits = [w for w in self._wordings if _length(w, measure) <= self.width()]
        parts = fits[0] if fits else self._wordings[-1]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = max(0.0, self.width() - _length(parts, measure)) if self._right else 0.0
        for part in parts:
            if isinstance(part, str):
                painter.setPen(self._ink)
                baseline = (self.height() + measure.ascent() - measure.descent()) / 2
                painter.drawText(QPointF(left, baseline), part)
            else:
                self._sample(painter, part, QRectF(left, self.height() / 2 - 5, 10, 10))
            left += _length([part], measure) + _SPACE

    def _sample(self, painter: QPainter, swatch: Swatch, box: QRectF) -> None:
        colour = QColor(swatch.colour)
        if swatch.kind == "dashed":
            painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine))
            middle = box.center().y()
            painter.drawLine(QPointF(box.left(), middle), QPointF(box.left() + _DASHED, middle))
            return
        painter.setPen(QPen(colour if swatch.kind == "hollow" else self._edge, 1))
        light = QColor(colour)
        light.setAlpha(60)
        painter.setBrush(light if swatch.kind == "hollow" else colour)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))


_SPACE, _DASHED = 6.0, 18.0


def _length(parts: Sequence[Part], measure: QFontMetricsF) -> float:
    def one(part: Part) -> float:
        if isinstance(part, str):
            return measure.horizontalAdvance(part)
        return _DASHED if part.kind == "dashed" else 10.0

    return sum(one(part) for part in parts) + _SPACE * (len(parts) - 1)
