"""The verdict: one plain sentence, what speaks against it, and how far the work is."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.qt.theme import DARK, Theme

_SHOWN_DOUBTS = 2


class _Mark(QWidget):
    """A filled diamond for a flip, an open ring for what held, nothing before that."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._flipped: bool | None = None
        self.setFixedSize(16, 20)

    def show_outcome(self, flipped: bool | None, theme: Theme) -> None:
        self._flipped, self._theme = flipped, theme
        self.setVisible(flipped is not None)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QRectF(self.rect()).center()
        if self._flipped:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.flip))
            corners = ((0, -7), (7, 0), (0, 7), (-7, 0))
            painter.drawPolygon(QPolygonF([middle + QPointF(x, y) for x, y in corners]))
        else:
            painter.setPen(QPen(QColor(self._theme.text), 2))
            painter.drawEllipse(middle, 5.5, 5.5)


class VerdictBar(QFrame):
    """What is known, in words made elsewhere (report/wording.py)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Verdict")
        self._theme = DARK
        self._flipped: bool | None = None
        self._hinting = True
        self._mark = _Mark()
        self._sentence, self._doubts, self._small = QLabel(), QLabel(), QLabel()
        self._progress = QProgressBar()
        self._prepare()
        self._lay_out()
        self.set_theme(DARK)
        self.clear("")

    def _prepare(self) -> None:
        self._sentence.setWordWrap(True)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._sentence.setAccessibleName("Verdict")
        self._doubts.setAccessibleName("Doubts")
        self._small.setAccessibleName("Details of the verdict")
        for label in (self._doubts, self._small):
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            label.setWordWrap(True)
        self._doubts.setObjectName("doubt")
        self._small.setObjectName("faint")
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(3)
        self._progress.setAccessibleName("Progress")
        policy = self._progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(policy)

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(66)  # two lines each side: the panes above keep still
        right = QVBoxLayout()
        right.setSpacing(1)
        right.addStretch(1)
        right.addWidget(self._doubts, 0, Qt.AlignmentFlag.AlignRight)
        right.addWidget(self._small, 0, Qt.AlignmentFlag.AlignRight)
        right.addStretch(1)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.setContentsMargins(8, 5, 6, 3)
        line.addWidget(self._mark)
        line.addWidget(self._sentence, 1)
        line.addLayout(right)
        outer = QVBoxLayout(self)
        outer.setSpacing(0)
        outer.setContentsMargins(8, 1, 8, 1)
        outer.addLayout(line, 1)
        outer.addWidget(self._progress)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._progress.setStyleSheet(
            f"QProgressBar {{ background: transparent; border: none; }}"
            f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 1px; }}"
        )
        self._style_sentence()
        self._mark.show_outcome(self._flipped, theme)

    def _style_sentence(self) -> None:
        colour = self._theme.faint if self._hinting else self._theme.text
        weight = 400 if self._hinting else 600
        self._sentence.setStyleSheet(f"color: {colour}; font-size: 15px; font-weight: {weight};")

    # ------------------------------------------------------------------ values down
    def show_verdict(
        self, sentence: str, *, flipped: bool | None, doubts: Sequence[str], fine_print: str
    ) -> None:
        """flipped: None where no search or sweep has answered yet."""
        self._say(sentence, hinting=False)
        self._flipped = flipped
        self._mark.show_outcome(flipped, self._theme)
        self._show_doubts(tuple(doubts))
        self._set_small(fine_print)
        self._progress.hide()

    def show_previewing(self, what: str) -> None:
        """Beside the sentence: work goes on, and nothing was asked yet that could be counted."""
        self._progress.setRange(0, 0)
        self._progress.show()
        self._set_small(f"{what}: previewing")

    def show_progress(self, done: int, total: int, seconds_left: float | None, what: str) -> None:
        """Beside the sentence, which stays. what: "Searching", "Sweeping"; total 0: not known."""
        self._progress.setRange(0, total)
        self._progress.setValue(min(done, total))
        self._progress.show()
        amount = f"{done:,} of {total:,}" if total else f"{done:,}"
        words = f"{what}: {amount}"
        if seconds_left is not None:
            words += f" · {time_left(seconds_left)}"
        self._set_small(words)

    def clear(self, hint: str) -> None:
        """No verdict; what to do next instead."""
        self._say(hint, hinting=True)
        self._flipped = None
        self._mark.show_outcome(None, self._theme)
        self._show_doubts(())
        self._set_small("")
        self._progress.hide()

    def _set_small(self, text: str) -> None:
        self._small.setText(text)
        self._share_width()

    def _say(self, sentence: str, *, hinting: bool) -> None:
        self._sentence.setText(sentence)
        self._sentence.setAccessibleDescription(sentence)
        if hinting != self._hinting:
            self._hinting = hinting
            self._style_sentence()

    def _show_doubts(self, doubts: tuple[str, ...]) -> None:
        shown = [f"⚠\N{NO-BREAK SPACE}{doubt}" for doubt in doubts[:_SHOWN_DOUBTS]]
        more = len(doubts) - _SHOWN_DOUBTS
        if more > 0:
            shown[-1] += f"\N{NO-BREAK SPACE}· {more} more"
        self._doubts.setText("\n".join(shown))
        self._doubts.setToolTip("\n".join(f"⚠ {doubt}" for doubt in doubts))
        self._doubts.setAccessibleDescription("; ".join(doubts))
        self._doubts.setVisible(bool(doubts))
        self._share_width()

    def _share_width(self) -> None:
        """The right column is as wide as its lines, but wraps rather than take half the bar."""
        for label in (self._doubts, self._small):
            lines = label.text().split("\n")
            widest = max(label.fontMetrics().horizontalAdvance(line) for line in lines)
            label.setFixedWidth(min(widest + 4, self.width() * 45 // 100))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._share_width()  # now that the style sheet has given the labels their fonts


def time_left(seconds: float) -> str:
    """Rough on purpose: 40 s left, 3 min left, 2 h 10 min left."""
    if seconds < 1:
        return "almost done"
    if seconds < 60:
        return f"{round(seconds)} s left" if seconds < 10 else f"{round(seconds / 5) * 5} s left"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min left"
    return f"{minutes // 60} h {minutes % 60} min left"
