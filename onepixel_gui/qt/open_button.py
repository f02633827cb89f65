"""The button that opens tiles, slides and data sets; its menu ends with the recent ones."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from onepixel_gui.outbox import printable
from onepixel_gui.qt.preferences import Opened
from onepixel_gui.qt.recent_menu import RecentMenu

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,9}")  # of a file; folders may bear a version
_HINT = "Open tiles, a slide or a data set; those opened before"


class OpenButton(QPushButton):
    """Draws what it is handed; what is chosen in its menu is a wish."""

    opening = Signal()  # the menu is about to be seen
    recent_wished = Signal(object)  # Opened
    location_wished = Signal(object)  # Opened: it is not where it was

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """actions: what can be opened, each by an action of its own."""
        super().__init__("Open", parent)
        self.setAccessibleName("Open")
        self.setToolTip(_HINT)
        self._actions = tuple(actions)
        self._menu = RecentMenu("Tiles, slides and data sets", self)
        self._menu.aboutToShow.connect(self.opening)
        self.setMenu(self._menu)
        self.show_recent((), frozenset())

    def show_recent(self, entries: Sequence[Opened], missing: frozenset[str]) -> None:
        """missing: paths where nothing lies any more."""
        self._menu.clear()
        self._menu.addActions(self._actions)
        for kind, title in (("slide", "Recent slides"), ("data set", "Recent data sets")):
            of_kind = [entry for entry in entries if entry.kind == kind]
            if of_kind:
                self._menu.addSection(title)
            for entry in of_kind:
                lost = entry.path in missing
                wish = self.location_wished if lost else self.recent_wished
                do = partial(wish.emit, entry)
                self._menu.add((entry.name, entry.title), (entry.path,), do, lost=lost)


def ask_where(lost: Path | None, parent: QWidget) -> Path | None:
    """Let the reader choose where something is now; None where he chose nothing.

    lost: a file, which has a suffix, or else a folder; None for a folder of missing images.
    """
    if lost is None:
        name = QFileDialog.getExistingDirectory(parent, "Where are the missing images?")
    elif _SUFFIX.fullmatch(lost.suffix):
        title = f"Where is {printable(lost.name)} now?"
        kind = f"Such files (*{lost.suffix});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(parent, title, lost.name, kind)
    else:
        name = QFileDialog.getExistingDirectory(parent, f"Where is {printable(lost.name)} now?")
    return Path(name) if name else None
