"""How tiles are cut from slides whose mitoses are marked: each value, and whose choice it is."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.qt.datasets.view import READER
from onepixel_gui.qt.theme import Line
from onepixel_gui.tiles.datasets import Sampling

_CAPTION = "Our choices: the data set itself says only where the mitoses are."
_LARGEST = 4096  # pixels of a tile's edge
_COARSEST = 20.0  # µm per pixel
_STORED = "as stored"


class SamplingForm(QWidget):
    """Shows a sampling; what the reader changes in it is a wish."""

    wished = Signal(str, object)  # name of a value of Sampling, the value

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("How tiles are cut")
        self._height = _spin("Tile height in pixels", 8, _LARGEST)
        self._width = _spin("Tile width in pixels", 8, _LARGEST)
        self._mpp = QDoubleSpinBox()
        self._normals = _spin("Normal tiles for each mitosis", 0, 1000)
        self._distance = _spin("Least distance of normal tiles from mitoses in pixels", 0, 10_000)
        self._seed = _spin("Seed of the normal tiles", 0, 2**31 - 1)
        self._look_alikes = QCheckBox("Take the set's own look-alikes as normal tiles")
        self._per = QLabel()  # what the number of normal tiles is of
        self._sources: dict[str, Line] = {}
        self._sampling = Sampling()
        self._prepare()
        self._lay_out()
        self._wire()

    def _prepare(self) -> None:
        _spun(self._mpp, "Resolution in micrometres per pixel, 0 as stored")
        self._mpp.setRange(0, _COARSEST)
        self._mpp.setDecimals(3)
        self._mpp.setSingleStep(0.05)
        self._mpp.setSpecialValueText(_STORED)
        self._mpp.setSuffix(" µm/px")
        self._mpp.setFixedWidth(118)
        self._look_alikes.setAccessibleName(self._look_alikes.text())
        self._look_alikes.setToolTip("Places that look like a mitosis and are marked as none")

    def _lay_out(self) -> None:
        title, caption = QLabel("HOW TILES ARE CUT"), QLabel(_CAPTION)
        title.setObjectName("title")
        caption.setObjectName("faint")
        caption.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(2, 1)
        self._row("shape", "Tile", self._height, "×", self._width, "px")
        self._row("mpp", "Resolution", self._mpp)
        self._row("normals", "Normal tiles", self._normals, self._per)
        self._row("distance", "Distance", self._distance, "px or more from any mitosis")
        self._row("seed", "Seed", self._seed)
        row = self._grid.rowCount()
        self._grid.addWidget(self._look_alikes, row, 0, 1, 2)
        self._grid.addWidget(self._source("look_alikes"), row, 2)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 2, 0, 0)
        whole.setSpacing(5)
        whole.addWidget(title)
        whole.addWidget(caption)
        whole.addLayout(self._grid)

    def _row(self, name: str, title: str, *parts: QWidget | str) -> None:
        label, line = QLabel(title), QHBoxLayout()
        label.setObjectName("faint")
        line.setSpacing(6)
        for part in parts:
            line.addWidget(QLabel(part) if isinstance(part, str) else part)
        line.addStretch(1)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0)
        self._grid.addLayout(line, row, 1)
        self._grid.addWidget(self._source(name), row, 2)

    def _source(self, name: str) -> Line:
        source = self._sources[name] = Line()
        source.setObjectName("source")
        source.setAccessibleName("Whose choice it is")
        source.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return source

    def _wire(self) -> None:
        for spin in (self._height, self._width):
            spin.valueChanged.connect(
                lambda _: self.wished.emit("shape", (self._height.value(), self._width.value()))
            )
        self._mpp.valueChanged.connect(lambda value: self.wished.emit("mpp", value or None))
        for name, spin in (
            ("normals", self._normals),
            ("distance", self._distance),
            ("seed", self._seed),
        ):
            spin.valueChanged.connect(lambda value, name=name: self.wished.emit(name, value))
        self._look_alikes.toggled.connect(lambda on: self.wished.emit("look_alikes", on))
        for field in self.findChildren(QAbstractSpinBox):
            field.installEventFilter(self)

    def show_sampling(
        self, sampling: Sampling, sources: Mapping[str, str], *, look_alikes: bool
    ) -> None:
        """sources: whose choice each value is.  look_alikes: the set marks some."""
        height, width = sampling.shape
        numbers = (
            (self._height, height),
            (self._width, width),
            (self._normals, sampling.normals),
            (self._distance, sampling.distance),
            (self._seed, sampling.seed),
        )
        for spin, value in numbers:
            if spin.value() != value:  # else a number half typed would be lost
                with QSignalBlocker(spin):
                    spin.setValue(value)
        with QSignalBlocker(self._mpp):
            self._mpp.setValue(sampling.mpp or 0.0)
        with QSignalBlocker(self._look_alikes):
            self._look_alikes.setChecked(sampling.look_alikes)
        for name, source in self._sources.items():
            source.setText(sources.get(name, ""))
            if source.objectName() != (kind := _kind(sources.get(name, ""))):
                source.setObjectName(kind)
                source.style().polish(source)
        for part in (self._look_alikes, self._sources["look_alikes"]):
            part.setVisible(look_alikes)
        drawn = not (look_alikes and sampling.look_alikes)  # else places are marked, not drawn
        for spin in (self._distance, self._seed):
            spin.setEnabled(drawn)
        self._per.setText("per mitosis" if drawn else "or more: all; 0: none")

    def holds(self, widget: QWidget | None) -> bool:
        """It is one of the fields."""
        return isinstance(widget, QAbstractSpinBox) and self.isAncestorOf(widget)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls what a field lies in, but for the field that has the focus."""
        wheel = event.type() == QEvent.Type.Wheel and isinstance(watched, QAbstractSpinBox)
        if wheel and isinstance(watched, QAbstractSpinBox) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def _kind(source: str) -> str:
    return "chosen" if source == READER else "source"


def _spin(name: str, low: int, high: int) -> QSpinBox:
    spin = QSpinBox(minimum=low, maximum=high)
    spin.setGroupSeparatorShown(high > 9999)
    _spun(spin, name)
    return spin


def _spun(spin: QAbstractSpinBox, name: str) -> None:
    for part in (spin, spin.lineEdit()):  # the latter is what has the focus
        part.setAccessibleName(name)
    spin.setToolTip(f"{name}; Up and Down change it")
    spin.setKeyboardTracking(False)  # a number half typed is nothing to look for
    spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    spin.setFixedWidth(84)
    spin.lineEdit().setTextMargins(7, 0, 0, 0)  # a style sheet's padding has no effect here
    spin.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
