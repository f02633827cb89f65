"""The button that names the study; its menu opens others, and leads to what is done with many."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.preferences import Opened
from onepixel_gui.qt.recent_menu import RecentMenu
from onepixel_gui.qt.toolbar import YieldingButton

_LEAST, _MOST = 150, 220  # pixels
_HINT = "What is done here is recorded in it as it happens; there is nothing to save"


class StudyButton(YieldingButton):
    """Draws what it is handed; what is chosen in its menu is a wish."""

    opening = Signal()  # the menu is about to be seen
    recent_wished = Signal(object)  # Opened
    location_wished = Signal(object)  # Opened: it is not where it was

    def __init__(self, parts: Sequence[Sequence[QAction]], parent: QWidget | None = None) -> None:
        """parts: what can be done, by actions, in parts of the menu."""
        super().__init__(_LEAST, _MOST, parent)
        self._parts = tuple(tuple(part) for part in parts)
        self._menu = RecentMenu("Study", self)
        self._menu.aboutToShow.connect(self.opening)
        self.setMenu(self._menu)
        self.show_recent((), frozenset())
        self.show_study("", "")

    def show_study(
        self, name: str, standing: str, *, troubled: bool = False, reading: bool = False
    ) -> None:
        """name: "" for none.  standing: what is to be known of it.

        troubled: it cannot be written.  reading: it is not to be written.
        """
        told = f"! {name}" if troubled else f"{name} (reading)" if reading else name
        self.setText((told or "Study").replace("&", "&&"))
        lines = [line for line in (name, standing, _HINT) if line]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(f"Study {name}" if name else "Study")
        self.setAccessibleDescription(standing)

    def show_recent(self, entries: Sequence[Opened], missing: frozenset[str]) -> None:
        """missing: paths where nothing lies any more."""
        self._menu.clear()
        for part in self._parts:
            self._menu.addActions(part)
            self._menu.addSeparator()
        if entries:
            self._menu.addSection("Recent studies")
        for entry in entries:
            lost = entry.path in missing
            wish = self.location_wished if lost else self.recent_wished
            words = entry.name, entry.title
            self._menu.add(words, (entry.path,), partial(wish.emit, entry), lost=lost)
