"""The class in question of a classifier of three and more: the five likeliest, and all by name."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QWidget

from onepixel_gui.attack.probe import Question
from onepixel_gui.qt.theme import DARK, Card, Theme
from onepixel_gui.report.wording import percent

ANSWERED = "the class answered"
_ROW = 19  # pixels
_ROWS = 5


class ClassesPane(Card):
    """Which class is followed, and how sure the classifier is of the likeliest five."""

    subject_wished = Signal(str)  # "" for the class answered

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Class in question", parent)
        self._classes: tuple[str, ...] = ()
        self._choice = QComboBox()
        self._choice.setEditable(True)
        self._choice.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._choice.setAccessibleName("Class in question")
        self._choice.setToolTip("Which class to follow; type a few letters of its name")
        self._choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._names = QStringListModel(self)
        self._choice.setModel(self._names)
        self._complete()
        self._bars = Bars()
        self.body.addWidget(self._choice)
        self.body.addWidget(self._bars)
        self._choice.activated.connect(self._choose)
        self._bars.chosen.connect(self._wish)
        self.set_theme(DARK)
        self.hide()

    def _complete(self) -> None:
        completer = QCompleter(self._names, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._choice.setCompleter(completer)

    @property
    def offered(self) -> bool:
        """There is something to choose: three classes or more."""
        return len(self._classes) > 2

    @property
    def rows(self) -> tuple[tuple[str, float], ...]:
        """The classes shown with their confidences, likeliest first."""
        return self._bars.rows

    def show_classes(self, classes: Sequence[str], subject: str) -> None:
        """Offer them; hidden for two classes, which have nothing to choose.

        subject: the one that is followed, "" for the one answered.
        """
        if tuple(classes) != self._classes:
            self._classes = tuple(classes)
            self._names.setStringList([ANSWERED, *classes])
            self._bars.show_top((), "", "")
        self._choice.setCurrentIndex(1 + self._classes.index(subject) if subject in classes else 0)
        self.setVisible(self.offered)

    def show_question(self, question: Question | None) -> None:
        """None: not answered yet; the last answer stays until then, greyed."""
        self._bars.setEnabled(question is not None)
        if question is not None:
            self._bars.show_top(question.top, question.subject, question.answer)
            self.set_state(f"answer {question.answer} · {len(self._classes):,} classes")

    def set_theme(self, theme: Theme) -> None:
        self._bars.set_theme(theme)

    def _choose(self, index: int) -> None:
        self.subject_wished.emit("" if index <= 0 else self._classes[index - 1])

    def _wish(self, name: str) -> None:
        self._choice.setCurrentIndex(1 + self._classes.index(name))
        self.subject_wished.emit(name)


class Bars(QWidget):
    """A line per class: its name, a bar of 0-1, the number; a click or Enter chooses it."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[tuple[str, float], ...] = ()
        self._subject = self._answer = ""
        self._at = 0
        self._theme = DARK
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(_ROWS * _ROW)
        self.setToolTip("Click a class, or press Enter on it, to put it in question")

    def sizeHint(self) -> QSize:
        return QSize(180, _ROWS * _ROW)

    def show_top(self, top: Sequence[tuple[str, float]], subject: str, answer: str) -> None:
        self.rows, self._subject, self._answer = tuple(top), subject, answer
        self._at = min(self._at, max(0, len(self.rows) - 1))
        told = "; ".join(f"{name} {percent(chance)}" for name, chance in self.rows)
        self.setAccessibleName(f"Likeliest classes: {told}")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._at = min(int(event.position().y() // _ROW), _ROWS - 1)
        self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps:
            self._at = max(0, min(len(self.rows) - 1, self._at + steps[Qt.Key(event.key())]))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        if self._at < len(self.rows):
            self.chosen.emit(self.rows[self._at][0])

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        for index, (name, chance) in enumerate(self.rows):
            self._draw(painter, QRectF(0, index * _ROW, self.width(), _ROW), index, name, chance)

    def _draw(self, painter: QPainter, row: QRectF, at: int, name: str, chance: float) -> None:
        theme, followed = self._theme, name == self._subject
        if self.hasFocus() and at == self._at:
            painter.setPen(QColor(theme.accent))
            painter.drawRect(row.adjusted(0, 0, -1, -1))
        room = row.width() * 0.42
        font = painter.font()
        font.setWeight(font.Weight.DemiBold if followed else font.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(theme.text if self.isEnabled() else theme.faint))
        text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, int(room - 8))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(row.adjusted(4, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, text)
        painter.drawText(
            row.adjusted(0, 0, -4, 0), middle | Qt.AlignmentFlag.AlignRight, in_short(chance)
        )
        track = QRectF(room, row.center().y() - 3, row.width() - room - 66, 6)
        painter.fillRect(track, QColor(theme.field))
        track.setWidth(track.width() * min(1.0, max(0.0, chance)))
        painter.fillRect(track, QColor(theme.accent if followed else theme.faint))


def in_short(chance: float) -> str:
    """A confidence of 0-1 in at most eight letters: the room beside a bar."""
    if 0.0 < chance < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= chance < 1.0:
        return "> 99.9 %"
    return f"{100 * chance:.1f} %"
