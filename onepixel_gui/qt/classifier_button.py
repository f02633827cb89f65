"""The button that names the classifier; its menu opens another, and the recent ones."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QMenu, QPushButton, QStyleOptionMenuItem, QWidget

from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.qt.preferences import Recent
from onepixel_gui.qt.telling import classifier_words
from onepixel_gui.qt.view import Arrival

_LOST = "moved or deleted: locate…"


class ClassifierButton(QPushButton):
    """Draws what it is handed; what is chosen in its menu is a wish."""

    opening = Signal()  # the menu is about to be seen
    recent_wished = Signal(object)  # Recent
    location_wished = Signal(object)  # Recent: its file is not where it was

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """actions: what can be done besides, the first of them to open another checkpoint."""
        super().__init__(parent)
        self._actions = tuple(actions)
        self._name, self._facts, self._arriving = "No classifier yet", "", ""
        self._menu = _Menu(self)
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
            self._menu.add(entry, self, lost=entry.path in missing)

    def _tell(self) -> None:
        hint = f"{self._actions[0].toolTip()}; recent classifiers"
        self.setText(self._arriving or self._name)
        self.setToolTip(f"{self._facts}\n{hint}" if self._facts else hint)
        self.setAccessibleDescription(self._facts)


class _Menu(QMenu):
    """Entries whose file is lost are grey, although they can be chosen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Classifiers")
        self.setToolTipsVisible(True)
        self._lost: list[QAction] = []

    def clear(self) -> None:
        self._lost.clear()
        super().clear()

    def add(self, entry: Recent, button: ClassifierButton, *, lost: bool) -> None:
        words = [entry.name, entry.sha256[:12], *([_LOST] if lost else [])]
        action = self.addAction(" · ".join(words).replace("&", "&&"))
        action.setToolTip(f"{entry.path}\nSHA-256 {entry.sha256}")
        wish = button.location_wished if lost else button.recent_wished
        action.triggered.connect(lambda: wish.emit(entry))
        if lost:
            self._lost.append(action)

    def initStyleOption(self, option: QStyleOptionMenuItem, action: QAction) -> None:  # noqa: N802
        super().initStyleOption(option, action)
        if action in self._lost:
            kind = QPalette.ColorGroup.Active, QPalette.ColorRole.PlaceholderText
            faint = option.palette.color(*kind)
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
                option.palette.setColor(role, faint)
