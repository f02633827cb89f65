"""A strip across the window that offers a study: one button takes it, another sends it away."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from onepixel_gui.qt.study.errands import Offer
from onepixel_gui.qt.theme import Line


class OfferStrip(QFrame):
    """Shows at most one offer; work goes on beneath it."""

    taken = Signal(object)  # Offer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Offer")
        self.offer: Offer | None = None
        self._words, self._take, self._leave = Line(), QPushButton(), QPushButton("Not now")
        self._take.clicked.connect(self._tell)
        self._leave.clicked.connect(lambda: self.show_offer(None))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.addWidget(self._words, 1)
        row.addWidget(self._take)
        row.addWidget(self._leave)
        self.hide()

    def show_offer(self, offer: Offer | None) -> None:
        self.offer = offer
        if offer is not None:
            self._words.setText(offer.words)
            self._take.setText(offer.button)
            self._take.setToolTip(str(offer.path))
        self.setVisible(offer is not None)

    def _tell(self) -> None:
        offer = self.offer
        self.show_offer(None)
        if offer is not None:
            self.taken.emit(offer)
