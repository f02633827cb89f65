"""A menu that ends with what was opened before; what is lost is grey and asks where it is."""

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QMenu, QStyleOptionMenuItem, QWidget

_LOST = "moved or deleted: locate…"
_WIDEST = 460  # pixels of an entry's words


class RecentMenu(QMenu):
    """Entries whose file is lost are grey, although they can be chosen."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTipsVisible(True)
        self._lost: list[QAction] = []

    def clear(self) -> None:
        self._lost.clear()
        super().clear()

    def add(
        self, words: Sequence[str], hint: Sequence[str], do: Callable[[], None], *, lost: bool
    ) -> None:
        """words: what it says, the first of them cut where there is no room.  hint: lines."""
        told = " · ".join([*words, *([_LOST] if lost else [])])
        action = self.addAction(self._fitting(words[0], told).replace("&", "&&"))
        action.setToolTip(f"<qt>{'<br>'.join(escape(line) for line in hint)}</qt>")
        action.triggered.connect(do)
        if lost:
            self._lost.append(action)

    def _fitting(self, first: str, told: str) -> str:
        metrics = self.fontMetrics()
        room = _WIDEST - metrics.horizontalAdvance(told.removeprefix(first))
        least = metrics.horizontalAdvance("m" * 12)
        middle = Qt.TextElideMode.ElideMiddle
        cut = metrics.elidedText(first, middle, max(room, least)) + told.removeprefix(first)
        return metrics.elidedText(cut, middle, _WIDEST + least)

    def initStyleOption(self, option: QStyleOptionMenuItem, action: QAction) -> None:  # noqa: N802
        super().initStyleOption(option, action)
        if action in self._lost:
            kind = QPalette.ColorGroup.Active, QPalette.ColorRole.PlaceholderText
            faint = option.palette.color(*kind)
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
                option.palette.setColor(role, faint)
