"""How far flips reach into the classifier, layer by layer, as a strip to go along."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider

from onepixel_gui.qt.population.static import StaticPane
from onepixel_gui.report.population import phrases

if TYPE_CHECKING:
    from onepixel_gui.analysis.population.propagated import MeanPropagation

_BEAT = 700  # ms a layer


class PropagationPane(StaticPane):
    """The mean change of one layer's activations, centred on the pixel; Play goes to the output."""

    def __init__(self) -> None:
        super().__init__("Propagation", "propagation", ("row", "column"))
        self.slider, self.play = QSlider(Qt.Orientation.Horizontal), QPushButton("Play")
        self.slider.setAccessibleName("Layer")
        self.play.setAccessibleName("Play from input to output")
        self.slider.valueChanged.connect(lambda _: self.draw())
        self.play.clicked.connect(self._press)
        line = QHBoxLayout()
        line.addWidget(self.slider, 1)
        line.addWidget(self.play)
        self.body.addLayout(line)
        self.slider.setFixedHeight(20)
        self._beat = QTimer(self, interval=_BEAT)
        self._beat.timeout.connect(self._go_on)

    def dress(self) -> None:
        super().dress()
        theme = self.theme
        self.slider.setStyleSheet(
            f"QSlider::groove:horizontal {{ background: {theme.edge}; height: 4px;"
            " border-radius: 2px; }"
            f"QSlider::handle:horizontal {{ background: {theme.accent}; width: 14px;"
            " margin: -5px 0; border-radius: 7px; }"
            f"QSlider:focus {{ border: 1px solid {theme.accent}; border-radius: 6px; }}"
        )

    def _found(self) -> "MeanPropagation | None":
        examined, directed = self.examined, self.directed
        if examined is None or directed is None or not examined.propagated:
            return None
        named = [each for each in examined.propagated if each.title == directed.title]
        return named[0] if named else examined.propagated[0]

    def draw(self) -> None:
        found = self._found()
        for part in (self.slider, self.play):
            part.setEnabled(found is not None)
        if found is None:
            self._stop()
            self.fall_silent("Nothing was asked after the flips of these runs")
            return
        with QSignalBlocker(self.slider):
            self.slider.setMaximum(len(found.layers) - 1)
        at = self.slider.value()
        values = np.asarray(found.maps[at], np.float64)
        self.paint(values if values.size > 1 else values.reshape(1, 1))
        name = found.layers[at].replace("\n", " ")
        self.set_state(
            f"{at + 1} of {len(found.layers)} · {name} · {values.shape[0]} × {values.shape[1]} · "
            f"extent {phrases.number(float(found.extent[at]), 2)} · "
            f"{phrases.sample(found.flips, 'flip')}",
            f"{found.title}: mean relative change of the activations; "
            f"{found.strides[at]:g} px of the tile a step; peak {found.peak[at]:.3g}",
        )

    def _press(self) -> None:
        if self._beat.isActive():
            self._stop()
            return
        if self.slider.value() == self.slider.maximum():
            self.slider.setValue(0)
        self.play.setText("Stop")
        self._beat.start()

    def _go_on(self) -> None:
        self.slider.setValue(self.slider.value() + 1)
        if self.slider.value() == self.slider.maximum():
            self._stop()

    def _stop(self) -> None:
        self._beat.stop()
        self.play.setText("Play")
