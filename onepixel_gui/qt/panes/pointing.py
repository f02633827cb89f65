"""What pointing at a pixel means, the same on every picture: pure functions, Cursor in and out."""

from PySide6.QtCore import Qt

from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Window

_STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_PINNING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
STRIDE = 8  # px that an arrow key moves with Shift held


def hovered(current: Cursor | None, at: tuple[int, int] | None) -> Cursor | None:
    """The wish when the pointer rests on a pixel; None for none. A pinned cursor stays."""
    if at is None or (current is not None and (current.pinned or at == place(current))):
        return None
    return Cursor(*at)


def clicked(current: Cursor | None, at: tuple[int, int], within: Window | None) -> Cursor:
    """Pin; let go where it was pinned already. Outside of what is seen nothing can be pinned."""
    let_go = current is not None and current.pinned and at == place(current)
    seen = within is None or within.holds(*at)
    return Cursor(*at, pinned=seen and not let_go)


def keyed(
    current: Cursor | None, key: int, modifiers: Qt.KeyboardModifier, within: Window
) -> Cursor | None:
    """Arrow keys move by one pixel, with Shift by eight; Enter pins. None: not a key of ours."""
    start = current or Cursor(within.row + within.height // 2, within.column + within.width // 2)
    if key in _PINNING:
        return clicked(current, place(start), within)
    step = _STEPS.get(Qt.Key(key))
    if step is None or modifiers & Qt.KeyboardModifier.ControlModifier:
        return None
    far = STRIDE if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
    row = min(max(start.row + step[0] * far, within.row), within.row + within.height - 1)
    column = min(max(start.column + step[1] * far, within.column), within.column + within.width - 1)
    return Cursor(row, column, start.pinned)


def place(cursor: Cursor) -> tuple[int, int]:
    """(row, column)."""
    return cursor.row, cursor.column
