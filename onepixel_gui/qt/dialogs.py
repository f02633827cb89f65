"""The few small windows: settings, export, the palette of commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.qt.choice import Choice
from onepixel_gui.qt.preferences import SLIDE_MEMORY, Preferences

if TYPE_CHECKING:
    from onepixel_gui.classifier.devices import Device

Template = Literal["attack", "sensitivity", "comparison"]
_BEST = "best of this machine"


class SettingsDialog(QDialog):
    """The search, the palette and the device; takes effect with OK."""

    def __init__(self, now: Preferences, devices: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setObjectName("form")
        self._now = now
        self._population = _spin(3, 100_000, now.population, "candidates per generation")
        self._generations = _spin(1, 100_000, now.generations, "generations, founders included")
        self._seed = _spin(0, 2**31 - 1, now.seed, "the same seed finds the same pixel")
        self._to_the_end = QCheckBox("Go on after the first flip, to the end of the budget")
        self._to_the_end.setChecked(now.to_the_end)
        self._palette = _choice("Palette")
        self._palette.addItem("8 corners of the RGB cube", "corners")
        self._palette.addItem("27 colours (3 levels per channel)", "27")
        self._palette.setCurrentIndex(self._palette.findData(now.palette))
        self._device = _choice("Device")
        for name in dict.fromkeys(("auto", *devices, now.device)):
            self._device.addItem(_BEST if name == "auto" else name, name)
        self._device.setCurrentIndex(self._device.findData(now.device))
        low, high = SLIDE_MEMORY
        self._slides = _spin(low, high, now.slide_memory, "pixels of a slide that are kept")
        self._slides.setSuffix(" MB")
        self._slides.setSingleStep(64)
        self._budget = faint()
        for spin in (self._population, self._generations):
            spin.valueChanged.connect(self._tell_budget)
        self._lay_out()
        self._tell_budget()

    def chosen(self) -> Preferences:
        return self._now.but(
            population=self._population.value(),
            generations=self._generations.value(),
            seed=self._seed.value(),
            to_the_end=self._to_the_end.isChecked(),
            palette=self._palette.currentData(),
            device=self._device.currentData(),
            slide_memory=self._slides.value(),
        )

    def show_devices(self, devices: "Sequence[Device]") -> None:
        """Offer these, best first, with their free memory; the choice stays as it is."""
        chosen = self._device.currentData()
        self._device.clear()
        self._device.addItem(_BEST, "auto")
        for device in devices:
            self._device.addItem(device_words(device), device.name)
        if self._device.findData(chosen) < 0:
            self._device.addItem(f"{chosen} · not on this machine", chosen)
        self._device.setCurrentIndex(self._device.findData(chosen))
        self.adjustSize()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setSpacing(9)
        form.addRow("Population", self._population)
        form.addRow("Generations", self._generations)
        form.addRow("", self._budget)
        form.addRow("Seed", self._seed)
        form.addRow("", self._to_the_end)
        form.addRow("Colours of a sweep", self._palette)
        form.addRow("Device", self._device)
        form.addRow("Memory for slides", self._slides)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.addLayout(form)
        note = "Differential evolution as Su et al. set it: 400 × 100, F 0.5, no crossover."
        layout.addWidget(faint(note))
        layout.addWidget(_buttons(self, "OK"))

    def _tell_budget(self) -> None:
        queries = self._population.value() * self._generations.value()
        self._budget.setText(f"at most {queries:,} queries")


@dataclass(frozen=True, slots=True)
class ExportChoice:
    template: Template
    width_mm: Literal[89, 183]
    dpi: Literal[300, 600]


class StyleDialog(QDialog):
    """How wide a figure is, and how fine; the file is chosen after it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export a figure")
        self.setObjectName("form")
        self._width = _choice("Width")
        self._width.addItem("183 mm, two columns", 183)
        self._width.addItem("89 mm, one column", 89)
        self._dpi = _choice("Resolution")
        self._dpi.addItem("300 dpi", 300)
        self._dpi.addItem("600 dpi", 600)
        self._form = QFormLayout()
        self._form.setSpacing(9)
        self._form.addRow("Width", self._width)
        self._form.addRow("PNG and TIFF", self._dpi)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.addLayout(self._form)
        note = "PDF and SVG keep their text. Caption and provenance go with the file."
        layout.addWidget(faint(note))
        layout.addWidget(_buttons(self, "Choose file…"))

    @property
    def width_mm(self) -> Literal[89, 183]:
        return 89 if self._width.currentData() == 89 else 183

    @property
    def dpi(self) -> Literal[300, 600]:
        return 600 if self._dpi.currentData() == 600 else 300


class ExportDialog(StyleDialog):
    """Besides, which figure."""

    def __init__(self, templates: Sequence[Template], parent: QWidget) -> None:
        super().__init__(parent)
        self._template = _choice("Figure")
        names: dict[Template, str] = {
            "attack": "Single attack",
            "sensitivity": "Sensitivity map",
            "comparison": "Comparison of two classifiers",
        }
        for template in templates:
            self._template.addItem(names[template], template)
        self._form.insertRow(0, "Figure", self._template)
        self._template.setFocus()
        QWidget.setTabOrder(self._template, self._width)

    def chosen(self) -> ExportChoice:
        return ExportChoice(self._template.currentData(), self.width_mm, self.dpi)


class CommandPalette(QDialog):
    """Type a few letters, press Enter: every action of the window by name."""

    chosen = Signal(object)  # QAction

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAccessibleName("Commands")
        self._actions = tuple(actions)
        self._rows: list[QTreeWidgetItem] = []
        self._line = QLineEdit()
        self._line.setPlaceholderText("Type a command")
        self._line.setAccessibleName("Type a command")
        self._list = QTreeWidget()
        self._prepare_list()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self._line)
        layout.addWidget(self._list)
        self._line.textChanged.connect(self.narrow)
        self._line.returnPressed.connect(self._take)
        self._line.installEventFilter(self)
        self.resize(460, 420)
        self.narrow("")

    def _prepare_list(self) -> None:
        self._list.setAccessibleName("Commands")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setColumnCount(2)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.itemClicked.connect(lambda _item, _column: self._take())
        for action in self._actions:
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem([action.text().rstrip("…"), key])
            item.setSizeHint(0, QSize(0, 26))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setForeground(1, self.palette().placeholderText())
            item.setToolTip(0, action.toolTip())
            self._list.addTopLevelItem(item)
            self._rows.append(item)
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    @property
    def offered(self) -> tuple[QAction, ...]:
        """The actions that match what was typed and can be done now, in order."""
        pairs = zip(self._actions, self._rows, strict=True)
        return tuple(action for action, row in pairs if not row.isHidden())

    def narrow(self, text: str) -> None:
        """Keep the actions whose text or hint holds every word."""
        words = text.lower().split()
        for action, row in zip(self._actions, self._rows, strict=True):
            hay = f"{action.text()} {action.toolTip()}".lower()
            row.setHidden(not action.isEnabled() or not all(word in hay for word in words))
        first = next((row for row in self._rows if not row.isHidden()), None)
        if first is not None:
            self._list.setCurrentItem(first)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down move in the list while the line keeps the typing."""
        keys = (Qt.Key.Key_Up, Qt.Key.Key_Down)
        if watched is self._line and isinstance(event, QKeyEvent) and event.key() in keys:
            if event.type() == QEvent.Type.KeyPress:
                self._step(-1 if event.key() == Qt.Key.Key_Up else 1)
            return True
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        item = self._list.currentItem()
        while item is not None:
            item = self._list.itemAbove(item) if by < 0 else self._list.itemBelow(item)
            if item is not None and not item.isHidden():
                self._list.setCurrentItem(item)
                return

    def _take(self) -> None:
        item = self._list.currentItem()
        if item is not None and not item.isHidden():
            self.close()
            self.chosen.emit(self._actions[self._rows.index(item)])


def device_words(device: "Device") -> str:
    """ "cuda:0 · NVIDIA L4 · free 12.3 of 24 GB"."""
    free, total = device.free / 1e9, device.total / 1e9
    whole = f"{total:.0f}" if total >= 10 else f"{total:.1f}"
    return f"{device.name} · {device.title} · free {free:.1f} of {whole} GB"


def faint(text: str = "") -> QLabel:
    """A line of small print."""
    label = QLabel(text)
    label.setObjectName("faint")
    return label


def _choice(name: str) -> Choice:
    box = Choice(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box


def _spin(low: int, high: int, value: int, hint: str) -> QSpinBox:
    spin = QSpinBox(minimum=low, maximum=high, value=value)
    spin.setGroupSeparatorShown(True)
    spin.setToolTip(hint)
    spin.setAccessibleName(hint)
    spin.lineEdit().setTextMargins(7, 0, 0, 0)  # a style sheet's padding has no effect here
    return spin


def _buttons(dialog: QDialog, accept: str) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    primary = buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
    primary.setObjectName("primary")
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
