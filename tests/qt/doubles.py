"""What stands in for tissue, networks and hands in the tests of the window."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Gate
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from onepixel_gui.attack.probe import Candidates, Readings
from onepixel_gui.classifier.card import Card, Fit, Inspection, Serving
from onepixel_gui.classifier.opening import Step
from onepixel_gui.problems import DeviceFull, Problem, UnusableCheckpoint
from onepixel_gui.tiles.entries import Entries
from onepixel_gui.tiles.files import save
from onepixel_gui.tiles.tile import Tile
from tests.core.stand_ins import Law, StandIn, one_spot

SERVING = Serving("cpu", "a stand-in", 1, 64, "0", True)
_LONGEST = 20  # seconds that a closed gate holds a worker


def tile(name: str = "plain.png", *, shade: int = 150, edge: int = 16, label=None) -> Tile:
    return Tile(name, np.full((edge, edge, 3), shade, np.uint8), label)


def card(name: str = "stand-in") -> Card:
    digest = name.encode().hex().ljust(64, "0")
    return Card(name, f"{name}.pt", digest, "TorchScript", 10, ("normal", "mitosis"), "mitosis",
                (16, 16), "zero-to-one")  # fmt: skip


@dataclass
class Gated(StandIn):
    """Waits at a gate before each chunk of a search or sweep; a glance passes freely."""

    gate: Gate = field(default_factory=Gate)

    def __call__(self, candidates: Candidates) -> Readings:
        places = candidates[:, 0, :2]
        if len(candidates) and (places != places[0]).any():
            assert self.gate.wait(_LONGEST), "the gate was never opened"
        return super().__call__(candidates)


class StandInClassifier:
    """A classifier of a few lines, with a gate that holds its runs.

    guess: the law of its preview, None for a network that has none.
    """

    def __init__(
        self,
        name: str = "stand-in",
        law: Law | None = None,
        *,
        guess: Law | None = None,
        shortcut: str = "",
        open_: bool = True,
    ):
        self.card, self.guess = card(name), guess
        self.serving = replace(SERVING, shortcut=shortcut)
        self.gate = Gate()
        self.law = law or one_spot()
        self.probes: list[Any] = []
        self.refuses: Problem | None = None
        if open_:
            self.gate.set()

    prepared = True

    def preparing(self) -> Generator[Step]:
        yield from ()

    def __call__(self, tiles):
        """The clean answer of its probes, to every tile."""
        if self.refuses is not None:
            raise self.refuses
        clean = Gated(self.law).question.clean
        return np.tile(np.array([1 - clean, clean], np.float32), (len(tiles), 1))

    def probe(self, tile: Tile, *, subject: str = "") -> Gated:  # noqa: ARG002 - of two classes
        if self.refuses is not None:
            raise self.refuses
        window = tile.centre(16, 16)
        made = Gated(self.law, window=window, guess=self.guess, gate=self.gate)
        self.probes.append(made)
        return made


FITS = (
    Fit("resnet18", "ResNet-18", 2, True, "The names and shapes of all weights agree."),
    Fit("resnet_other", "Another ResNet", 2, False, "The shapes agree in their order."),
)


class Door:
    """Stands in for the readers of checkpoints: any path is one, named as the file.

    refuses: path -> Problem.  unloadable: keys of networks that cannot be made.
    full, here: names of devices.  gate: holds the loading, between its two steps.
    """

    def __init__(self) -> None:
        self.inspected: list[tuple[Path, str]] = []
        self.opened: list[tuple[Card, str]] = []
        self.refuses: dict[Path, Problem] = {}
        self.unloadable: set[str] = set()
        self.full: set[str] = set()
        self.here: tuple[str, ...] = ("cpu",)
        self.fits: tuple[Fit, ...] = FITS
        self.gate = Gate()
        self.gate.set()

    def inspecting(
        self, path: Path, *, architecture: str = ""
    ) -> Generator[Step, None, Inspection]:
        self.inspected.append((path, architecture))
        yield Step(f"Reading {path.name}", 0, 100)
        if path in self.refuses:
            raise self.refuses[path]
        fits = tuple(sorted(self.fits, key=lambda fit: fit.architecture != architecture))
        made = replace(card(path.stem), architecture=fits[0].architecture if fits else "own")
        return Inspection(path, 830_000, fits, made, ("A prefix was taken off.",))

    def opening(
        self, inspected: Inspection, device: str = "auto"
    ) -> Generator[Step, None, StandInClassifier]:
        self.opened.append((inspected.card, device))
        yield Step("Building it")
        assert self.gate.wait(_LONGEST), "the gate was never opened"
        if device in self.full:
            raise DeviceFull(f"There is no memory left on {device}.", "Choose the CPU.")
        if inspected.card.architecture in self.unloadable:
            raise UnusableCheckpoint(f"{inspected.path.name} lacks a weight.", "Choose another.")
        yield Step("Trying it", 1, 3)
        classifier = StandInClassifier(shortcut="Saves 64 % of the work.")
        classifier.card = inspected.card
        classifier.serving = replace(classifier.serving, device=device)
        return classifier

    def in_order(self, wanted: str = "auto") -> tuple[str, ...]:
        return tuple(sorted(self.here, key=lambda name: name != wanted))


def picture_files(folder, *, edge: int = 16, count: int = 3):
    """`count` mitoses and as many normals, as PNG in class folders."""
    rng = np.random.default_rng(7)
    files = []
    for label, shade in (("mitosis", 60), ("normal", 200)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            rgb = np.clip(rng.normal(shade, 12, (edge, edge, 3)), 0, 255).astype(np.uint8)
            path = folder / label / f"{label}_{index}.png"
            save(rgb, path)
            files.append(path)
    return files


@dataclass(frozen=True)
class PaintedEntry:
    """A tile of one shade, made when it is read. problem: raised instead."""

    name: str
    label: str | None = None
    case: str = ""
    shade: int = 150
    edge: int = 16
    problem: Problem | None = None

    def read(self) -> Tile:
        if self.problem is not None:
            raise self.problem
        return tile(self.name, shade=self.shade, edge=self.edge, label=self.label)

    def thumbnail(self, edge: int):
        return self.read().rgb[:edge, :edge]


def painted(*pairs: tuple[Any, ...], **more: Any) -> Entries:
    """A listing of (name, label, case...), made on demand."""
    return Entries(tuple(PaintedEntry(*pair, **more) for pair in pairs))


def delete_now() -> None:
    """What was told to delete itself later is deleted now."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Drag:
    """Files dragged over a widget of the window."""

    def __init__(self, *paths: Path) -> None:
        self.data = QMimeData()  # an event does not hold it
        self.data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])

    def enter(self, widget: QWidget) -> bool:
        event = QDragEnterEvent(QPoint(5, 5), *self._how())
        QApplication.sendEvent(widget, event)
        return event.isAccepted()

    def drop(self, widget: QWidget) -> bool:
        event = QDropEvent(QPointF(5, 5), *self._how())
        QApplication.sendEvent(widget, event)
        return event.isAccepted()

    def _how(self) -> tuple[Any, ...]:
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        return Qt.DropAction.CopyAction, self.data, buttons, keys


def window_in_front(qtbot: Any, height: int, *names: str) -> QWidget:
    """An active window, 1280 points wide, with a line to type in of each name."""
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(1280, height)
    for name in names:
        QLineEdit(widget).setAccessibleName(name)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget
