"""Where the card of a classifier is edited: of the one that arrives, else of the one in use."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from onepixel_gui.classifier import sidecar
from onepixel_gui.classifier.card import Card, Inspection
from onepixel_gui.qt.cards.check import by_classifier
from onepixel_gui.qt.cards.dialog import CardDialog
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.session import Loaded, Session
from onepixel_gui.qt.theme import THEMES
from onepixel_gui.qt.view import Arrival

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_TILES = 100  # labelled tiles of the list that the live check begins with


class CardDesk(QObject):
    """Opens the dialog with what is known, and sees to it that an accepted card is used."""

    noted = Signal(str)  # a short word of success

    def __init__(
        self, commands: Commands, session: Session, shelf: Shelf, lanes: Lanes, window: QWidget
    ) -> None:
        """lanes: of the live check, one wide."""
        super().__init__(window)
        self._commands, self._arrivals = commands, commands.arrivals
        self._session, self._shelf = session, shelf
        self._lanes, self._window = lanes, window
        self.dialog: CardDialog | None = None
        self._checked: Classifier | None = None  # the classifier that the live check asks
        self._arrivals.changed.connect(self._hear)
        commands.edit_card_wished.connect(self.open)

    def open(self) -> None:
        """Nothing where no classifier is known; the open dialog comes to the front."""
        if self.dialog is not None:
            self.dialog.raise_()
            return
        inspection, classifier = self._known()
        if inspection is None:
            return
        check = None if classifier is None else by_classifier(classifier)
        self._checked, theme = classifier, THEMES[self._commands.preferences.theme]
        dialog = self.dialog = CardDialog(
            inspection, self._lanes, check=check, theme=theme, parent=self._window
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted_card.connect(self._use)
        dialog.architecture_wished.connect(self._choose)
        dialog.finished.connect(self._closed)
        paths = self._labelled()
        if paths:
            dialog.check.open(paths)
        dialog.open()  # not exec: the window lives on

    def _known(self) -> "tuple[Inspection | None, Classifier | None]":
        """What the dialog is about, and its classifier once it is loaded."""
        arrival = self._arrivals.arrival
        if arrival is not None:
            return arrival.inspection, arrival.classifier
        return self._arrivals.used, self._session.classifier

    def _labelled(self) -> list[Path]:
        """Tiles of the list whose labels are known, evenly from all of it."""
        return self._shelf.labelled(_TILES)

    def _hear(self, arrival: Arrival | None) -> None:
        """The network of an open dialog was looked at anew, or is there at last."""
        if self.dialog is None or arrival is None or arrival.inspection is None:
            return
        if arrival.classifier is not None and arrival.classifier is not self._checked:
            self._checked = arrival.classifier
            self.dialog.take(arrival.inspection, by_classifier(arrival.classifier))

    def _choose(self, architecture: str) -> None:
        if self.dialog is not None:
            self.dialog.set_check(None)
        if self._arrivals.arrival is None and self._arrivals.used is not None:
            self._commands.bring_checkpoint(self._arrivals.used.path)
        self._arrivals.choose(architecture)

    def _use(self, card: Card, save: bool) -> None:
        inspection, _ = self._known()
        if inspection is None:
            return
        if save:
            self._session.export(_saving(card, inspection.path), self._saved)
        self._arrivals.again(card)

    def _saved(self, event: Loaded) -> None:
        self.noted.emit(f"Wrote {event.what.name}")

    def _closed(self) -> None:
        self.dialog = self._checked = None


def _saving(card: Card, checkpoint: Path) -> Callable[[], Generator[Loaded]]:
    def work() -> Generator[Loaded]:
        path = sidecar.beside(checkpoint)
        sidecar.write(card, path)
        yield Loaded(path)

    return work
