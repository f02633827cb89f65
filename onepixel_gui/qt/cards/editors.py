"""Editors of single fields of a card: what was typed goes out as it is, unchecked."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.qt.choice import Choice

SCALINGS: dict[str, tuple[str, str]] = {
    "zero-to-one": ("0 to 1", "v / 255, for v from 0 to 255"),
    "minus-one-to-one": ("−1 to 1", "v / 255 × 2 − 1, for v from 0 to 255"),
    "zero-to-255": ("0 to 255", "v as it is, from 0 to 255"),
    "imagenet": (
        "ImageNet mean and std",
        "(v / 255 − mean) / std, for red, green, blue:\n"
        "mean 0.485, 0.456, 0.406; std 0.229, 0.224, 0.225",
    ),
    "caffe": (
        "Caffe mean",
        "v − mean, for red, green, blue: mean 123.68, 116.779, 103.939",
    ),
    "custom": ("Own mean and std", "(v / 255 − mean) / std: enter both on the scale of 0 to 1"),
}
ORDERS = {"RGB": "RGB, red first", "BGR": "BGR, blue first"}
OUTPUTS = {
    "logits": ("Logits", "any numbers; softmax, or for one output the logistic function, follows"),
    "log-softmax": ("Log-softmax", "logarithms of probabilities"),
    "softmax": ("Softmax", "probabilities that sum to 1"),
    "sigmoid": ("Sigmoid", "one probability for each output, from 0 to 1"),
}
FITTINGS = {
    "crop": ("Cut out the centre", "larger tiles are cut, smaller ones refused"),
    "resize": ("Resize", "bilinear, inside the classifier"),
    "refuse": ("Refuse", "only tiles of the input size are taken"),
}
_THIRD = 1 / 255
# What "custom" has to say to do what another scaling does, so that it starts from there.
_AS_CUSTOM: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "zero-to-one": ((0.0,) * 3, (1.0,) * 3),
    "minus-one-to-one": ((0.5,) * 3, (0.5,) * 3),
    "zero-to-255": ((0.0,) * 3, (round(_THIRD, 9),) * 3),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": (
        tuple(round(v * _THIRD, 6) for v in (123.68, 116.779, 103.939)),
        (round(_THIRD, 9),) * 3,
    ),
}

Tell = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Editor:
    """One row of the form.

    fields: the names in `Card` that it holds, the first of which has the source.
    outlined: what to outline where such a field is wrong; `widget` where it is not named.
    """

    widget: QWidget
    fields: tuple[str, ...]
    read: Callable[[], dict[str, Any]]
    write: Callable[[Mapping[str, Any]], None]
    outlined: Mapping[str, Sequence[QWidget]]


def line(field: str, title: str, tell: Tell) -> Editor:
    """Plain text."""
    typed = _edit(title, tell)

    def read() -> dict[str, Any]:
        return {field: typed.text().strip()}

    def write(values: Mapping[str, Any]) -> None:
        typed.setText(str(values[field]))

    return Editor(typed, (field,), read, write, {field: [typed]})


def choice(
    field: str, title: str, words: Mapping[str, str | tuple[str, str]], tell: Tell
) -> Editor:
    """One of a few. words: value -> what the reader calls it, or that and its small print."""
    box, holder = Choice(title), QWidget()
    small = _small()
    for value, told in words.items():
        box.addItem(told if isinstance(told, str) else told[0], value)
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3)
    layout.addWidget(box)
    layout.addWidget(small)
    holder.setFocusProxy(box)

    def changed() -> None:
        told = words[box.currentData()]
        small.setText("" if isinstance(told, str) else told[1])
        small.setVisible(bool(small.text()))
        tell()

    def read() -> dict[str, Any]:
        return {field: box.currentData()}

    box.currentIndexChanged.connect(lambda _: changed())
    changed()

    def write(values: Mapping[str, Any]) -> None:
        box.setCurrentIndex(box.findData(values[field]))

    return Editor(holder, (field,), read, write, {field: [box]})


def size(tell: Tell) -> Editor:
    """Height and width in pixels."""
    holder = QWidget()
    height, width = _edit("Input height in pixels", tell), _edit("Input width in pixels", tell)
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(height, 1)
    row.addWidget(QLabel("×"))
    row.addWidget(width, 1)
    row.addWidget(QLabel("px, height × width"), 2)
    holder.setFocusProxy(height)

    def read() -> dict[str, Any]:
        return {"input_size": (height.text().strip(), width.text().strip())}

    def write(values: Mapping[str, Any]) -> None:
        for line, edge in zip((height, width), values["input_size"], strict=True):
            line.setText(str(edge))

    return Editor(holder, ("input_size",), read, write, {"input_size": [height, width]})


def resolution(tell: Tell) -> Editor:
    """Micrometres per pixel, or nothing."""
    holder, typed = QWidget(), _edit("Resolution in micrometres per pixel", tell)
    typed.setPlaceholderText("as scanned")
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(typed, 1)
    row.addWidget(QLabel("µm/px; slides of another one are resampled"), 2)
    holder.setFocusProxy(typed)

    def read() -> dict[str, Any]:
        return {"mpp": typed.text().strip()}

    def write(values: Mapping[str, Any]) -> None:
        told = values["mpp"]
        typed.setText("" if told is None else str(told))

    return Editor(holder, ("mpp",), read, write, {"mpp": [typed]})


def scaling(tell: Tell) -> Editor:
    """A preset, or mean and std of one's own for each channel."""
    words: dict[str, str | tuple[str, str]] = {**SCALINGS}
    channels, means, stds = _channels(tell)
    before = [""]

    def changed() -> None:
        chosen, last = preset.read()["scaling"], before[0]
        before[0] = chosen
        channels.setVisible(chosen == "custom")
        if chosen == "custom":
            _start_from(last, means, stds)
        tell()

    preset = choice("scaling", "Scaling", words, lambda: changed() if before[0] else None)

    def read() -> dict[str, Any]:
        told = preset.read()
        own = told["scaling"] == "custom"
        told["mean"] = _texts(means) if own else ("0.0",) * 3
        told["std"] = _texts(stds) if own else ("1.0",) * 3
        return told

    def write(values: Mapping[str, Any]) -> None:
        before[0] = str(values["scaling"])
        _write(means, values["mean"])
        _write(stds, values["std"])
        preset.write(values)
        changed()

    layout = preset.widget.layout()
    assert layout is not None
    layout.addWidget(channels)
    return Editor(
        preset.widget,
        ("scaling", "mean", "std"),
        read,
        write,
        {**preset.outlined, "mean": means, "std": stds},
    )


def _start_from(preset: str, means: list[QLineEdit], stds: list[QLineEdit]) -> None:
    """Own figures begin as those of the preset, unless some were entered before."""
    if preset in _AS_CUSTOM and _texts(means) == ("0.0",) * 3:
        for lines, numbers in zip((means, stds), _AS_CUSTOM[preset], strict=True):
            _write(lines, numbers)


def _channels(tell: Tell) -> tuple[QWidget, list[QLineEdit], list[QLineEdit]]:
    """Three means and three standard deviations, of red, green and blue."""
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 3, 0, 0)
    lines: dict[str, list[QLineEdit]] = {}
    for column, letter in enumerate("RGB", 1):
        grid.addWidget(QLabel(letter), 0, column)
    for place, name in enumerate(("Mean", "Std"), 1):
        grid.addWidget(QLabel(name), place, 0)
        lines[name] = [_edit(f"{name} of {channel}", tell) for channel in ("red", "green", "blue")]
        for column, line in enumerate(lines[name], 1):
            grid.addWidget(line, place, column)
    return holder, lines["Mean"], lines["Std"]


def _texts(lines: list[QLineEdit]) -> tuple[str, ...]:
    return tuple(line.text().strip() for line in lines)


def _write(lines: list[QLineEdit], numbers: Collection[Any]) -> None:
    for line, number in zip(lines, numbers, strict=True):
        with QSignalBlocker(line):
            line.setText(str(number))


def _edit(title: str, tell: Tell) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(title)
    line.setAcceptDrops(False)  # it would take a dropped file for words
    line.setMinimumWidth(56)
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    line.textChanged.connect(lambda _: tell())
    return line


def _small() -> QLabel:
    label = QLabel(wordWrap=True)
    label.setObjectName("faint")
    return label
