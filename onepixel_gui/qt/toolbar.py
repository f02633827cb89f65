"""Actions as Qt has them: made from the table, shown as buttons, and kept off the Space key."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QPushButton, QWidget

from onepixel_gui.qt.actions import ACTIONS


def make_actions(
    window: QWidget, own: Mapping[str, Callable[[], object]], others: object
) -> dict[str, QAction]:
    """Every row of the table as an action of the window.

    own:     what the window does itself, by the name of the row.
    others:  has a method for each other row.
    """
    made = {}
    for row in ACTIONS:
        action = QAction(row.text, window)
        action.setIconText(row.brief or row.text)
        action.setToolTip(row.tooltip)
        action.setShortcut(QKeySequence(row.key))
        slot = own[row.name] if row.name in own else getattr(others, row.name)
        action.triggered.connect(lambda _checked=False, do=slot: do())
        window.addAction(action)
        made[row.name] = action
    return made


def button_of(action: QAction, *, primary: bool = False) -> QPushButton:
    """Text and key of the action; grey while it can do nothing."""
    text = action.iconText().removesuffix("…")
    button = QPushButton(f"{text}  {action.shortcut().toString()}".rstrip())
    button.setObjectName("primary" if primary else "")
    button.setToolTip(action.toolTip())
    button.setAccessibleName(action.text())
    button.clicked.connect(action.trigger)
    action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
    action.changed.connect(lambda: button.setToolTip(action.toolTip()))
    button.setEnabled(action.isEnabled())
    return button


class SpaceBelongsToButtons(QObject):
    """A focused button keeps the Space key, although Space is also the before/after shortcut."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(watched, QAbstractButton)
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
        ):
            event.accept()
            return True
        return False
