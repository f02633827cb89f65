"""Actions as Qt has them: made from the table, shown as buttons, and kept off the Space key."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from onepixel_gui.qt.actions import ACTIONS

_SHORT = 3  # letters of a key that stands on a button; every key stands in its hint


def make_actions(
    window: QWidget, own: Mapping[str, Callable[[], object]], *others: object
) -> dict[str, QAction]:
    """Every row of the table as an action of the window.

    own:     what the window does itself, by the name of the row.
    others:  one of them has a method for each other row.
    """
    made = {}
    for row in ACTIONS:
        action = QAction(row.text, window)
        action.setIconText(row.brief or row.text)
        action.setToolTip(row.tooltip)
        action.setShortcut(QKeySequence(row.key))
        able = (getattr(other, row.name, None) for other in others)
        slot = own.get(row.name) or next(each for each in able if each is not None)
        action.triggered.connect(lambda _checked=False, do=slot: do())
        window.addAction(action)
        made[row.name] = action
    return made


def button_of(action: QAction, *, primary: bool = False) -> QPushButton:
    """Text and key of the action, where that is short; grey while it can do nothing."""
    text, key = action.iconText().removesuffix("…"), action.shortcut().toString()
    button = QPushButton(f"{text}  {key}".rstrip() if len(key) <= _SHORT else text)
    button.setObjectName("primary" if primary else "")
    button.setToolTip(action.toolTip())
    button.setAccessibleName(action.text())
    button.clicked.connect(action.trigger)
    action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
    action.changed.connect(lambda: button.setToolTip(action.toolTip()))
    button.setEnabled(action.isEnabled())
    return button


class YieldingButton(QPushButton):
    """Cuts its words where others need the room; whoever shows it tells the whole in its hint."""

    def __init__(self, least: int, most: int, parent: QWidget | None = None) -> None:
        """least, most: pixels of its width."""
        super().__init__(parent)
        self._least = least
        self.setMaximumWidth(most)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        hint = super().minimumSizeHint()
        return QSize(min(self._least, hint.width()), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        measure, end = self.fontMetrics(), Qt.TextElideMode.ElideRight
        wished = self.sizeHint().width()
        if self.width() < wished:
            room = self.width() - wished + measure.horizontalAdvance(self.text())
            option.text = measure.elidedText(self.text(), end, max(0, room))
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)


class SpaceBelongsToButtons(QObject):
    """A focused button keeps the Space key, although Space is also the before/after shortcut.

    It listens at buttons that had the focus, and nowhere else: to be asked of each event of the
    application took a third of the time in which a window is made or a view is changed.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        application.focusChanged.connect(self._attend)

    def _attend(self, _before: QWidget | None, now: QWidget | None) -> None:
        if isinstance(now, QAbstractButton):
            now.installEventFilter(self)  # once, however often it is said

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
        ):
            event.accept()
            return True
        return False
