"""Where a classifier is received: from the file that was dropped to its place on the bench."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from onepixel_gui.classifier.card import Inspection
from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.classifier_button import ClassifierButton
from onepixel_gui.qt.commands import DEMO_CHECKPOINT, Commands
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.view import Arrival

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier


class Reception(QObject):
    """Passes values down to the preview and to the button, and their wishes up; decides nothing."""

    told = Signal(object)  # Problem that changes nothing on the bench
    noted = Signal(str)  # a short word of success

    def __init__(
        self, commands: Commands, session: Session, card: ArrivalCard, button: ClassifierButton
    ) -> None:
        super().__init__(commands)
        self._session, self._card, self._button = session, card, button
        self._arrivals, self._recents = commands.arrivals, commands.recents
        self._wire_values()
        self._wire_wishes(commands)
        button.show_recent(self._recents.entries, self._recents.missing)

    def _wire_values(self) -> None:
        self._session.classifier_changed.connect(self._show_classifier)
        self._arrivals.changed.connect(self._show_arrival)
        self._arrivals.changed.connect(self._recents.hear)
        self._arrivals.ready.connect(self._use)
        self._arrivals.failed.connect(self._session.failed)
        self._arrivals.moved.connect(self.told)
        self._arrivals.prepared.connect(self._show_prepared)
        self._recents.changed.connect(self._button.show_recent)
        self._recents.healed.connect(lambda found: self.noted.emit(f"Found {found.name} again"))
        self._recents.failed.connect(self.told)

    def _wire_wishes(self, commands: Commands) -> None:
        arrivals, card, button = self._arrivals, self._card, self._button
        button.opening.connect(self._recents.look)
        button.recent_wished.connect(commands.use_recent)
        button.location_wished.connect(commands.locate)
        card.use_wished.connect(lambda: arrivals.take())
        card.second_wished.connect(lambda: arrivals.take(as_second=True))
        card.card_wished.connect(commands.edit_card)
        card.network_wished.connect(arrivals.choose)
        card.cancel_wished.connect(arrivals.dismiss)

    def _use(self, classifier: "Classifier", inspection: Inspection) -> None:
        self._session.set_classifier(classifier, inspection.path)
        if inspection.path != DEMO_CHECKPOINT:
            self._recents.note(inspection.path, classifier.card.name, classifier.card.sha256)

    def _show_classifier(self, classifier: "Classifier | None") -> None:
        if classifier is None:
            self._button.show_classifier(None, None)
        else:
            self._button.show_classifier(classifier.card, classifier.serving)

    def _show_prepared(self, classifier: "Classifier") -> None:
        if classifier is self._session.classifier:
            self._show_classifier(classifier)

    def _show_arrival(self, arrival: Arrival | None) -> None:
        self._button.show_arrival(arrival)
        self._card.show_arrival(arrival, beside=self._session.classifier is not None)
