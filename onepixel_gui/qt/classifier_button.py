"""The button that names the classifier; its menu opens another, and the recent ones."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.qt.preferences import Recent
from onepixel_gui.qt.recent_menu import RecentMenu
from onepixel_gui.qt.telling import classifier_words
from onepixel_gui.qt.toolbar import YieldingButton
from onepixel_gui.qt.view import Arrival

_LEAST, _MOST = 150, 520  # pixels


class ClassifierButton(YieldingButton):
    """Draws what it is handed; what is chosen in its menu is a wish."""

    opening = Signal()  # the menu is about to be seen
    recent_wished = Signal(object)  # Recent
    location_wished = Signal(object)  # Recent: its file is not where it was

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """actions: what can be done besides, the first of them to open another checkpoint."""
        super().__init__(_LEAST, _MOST, parent)
        self._actions = tuple(actions)
        self._name, self._facts, self._arriving = "No classifier yet", "", ""
        self._menu = RecentMenu("Classifiers", self)
        self._menu.aboutToShow.connect(self.opening)
        self.setMenu(self._menu)
        self.show_recent((), frozenset())
        self._tell()

    def show_classifier(self, card: Card | None, serving: Serving | None) -> None:
        self._name, self._facts = "No classifier yet", ""
        if card is not None and serving is not None:
            self._name, self._facts = classifier_words(card, serving)
        self._tell()

    def show_arrival(self, arrival: Arrival | None) -> None:
        """Of one that comes without a preview, the button says how far it is."""
        self._arriving = ""
        if arrival is not None and arrival.at_once:
            self._arriving = f"Loading {arrival.path.name} …"
        self._tell()

    def show_recent(self, entries: Sequence[Recent], missing: frozenset[str]) -> None:
        """missing: paths where no file is any more."""
        self._menu.clear()
        self._menu.addActions(self._actions)
        if entries:
            self._menu.addSection("Recent classifiers")
        for entry in entries:
            lost = entry.path in missing
            wish = self.location_wished if lost else self.recent_wished
            words = entry.name, entry.sha256[:12]
            hint = entry.path, f"SHA-256 {entry.sha256}"
            self._menu.add(words, hint, partial(wish.emit, entry), lost=lost)

    def _tell(self) -> None:
        hint = f"{self._actions[0].toolTip()}; recent classifiers"
        self.setText(self._arriving or self._name)
        lines = self._facts, self.text(), hint
        self.setToolTip("\n".join(line for line in lines if line))
        self.setAccessibleDescription(self._facts)
