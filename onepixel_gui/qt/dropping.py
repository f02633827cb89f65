"""Drag and drop anywhere on the window: what it is, told before it replaces anything."""

import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from onepixel_gui.classifier.card import CHECKPOINTS
from onepixel_gui.tiles.files import SUFFIXES as TILES

_GLANCED = 2000  # entries of a folder looked at before the drop; counting goes on after it


@dataclass(frozen=True, slots=True)
class Cargo:
    """What a drag carries. tiles: files and folders. checkpoint: at most one."""

    tiles: tuple[Path, ...] = ()
    checkpoint: Path | None = None
    refused: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tiles) or self.checkpoint is not None

    @property
    def lines(self) -> tuple[str, ...]:
        """What will be opened, a line each."""
        lines = []
        if self.tiles:
            lines.append(f"Open {_named(self.tiles)} in place of the present list")
        if self.checkpoint is not None:
            lines.append(f"Look at {self.checkpoint.name}; the classifier stays until you say Use")
        if self.refused:
            more = "" if len(self.refused) == 1 else f" and {len(self.refused) - 1} more"
            lines.append(f"Leave out {self.refused[0]}{more}: neither tile nor checkpoint")
        return tuple(lines)


def cargo(data: QMimeData) -> Cargo:
    """Sort what is dragged by suffix; nothing is opened yet."""
    tiles: list[Path] = []
    checkpoints: list[Path] = []
    refused: list[str] = []
    for url in data.urls():
        path = Path(url.toLocalFile()) if url.isLocalFile() else None
        if path is None:
            refused.append(url.fileName() or url.toString())
        elif path.suffix.lower() in CHECKPOINTS and path.is_file():
            checkpoints.append(path)
        elif (path.suffix.lower() in TILES and path.is_file()) or _holds_tiles(path):
            tiles.append(path)
        else:
            refused.append(path.name)
    refused += [path.name for path in checkpoints[1:]]
    return Cargo(tuple(tiles), checkpoints[0] if checkpoints else None, tuple(refused))


def _holds_tiles(folder: Path, depth: int = 2) -> bool:
    """A quick look: does the folder, or one inside it, seem to hold a picture?"""
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(_GLANCED), entries, strict=False):
                if Path(entry.name).suffix.lower() in TILES:
                    return True
                if depth and entry.is_dir() and _holds_tiles(Path(entry.path), depth - 1):
                    return True
    except OSError:
        return False
    return False


def _named(paths: tuple[Path, ...]) -> str:
    folders = sum(path.is_dir() for path in paths)
    files = len(paths) - folders
    if len(paths) == 1:
        return f"the folder {paths[0].name}" if folders else paths[0].name
    parts = []
    if folders:
        parts.append(f"{folders} folder{'s' if folders > 1 else ''}")
    if files:
        parts.append(f"{files} tile{'s' if files > 1 else ''}")
    return " and ".join(parts)


class DropCard(QFrame):
    """Covers a window while something is dragged over it and says what a drop would do."""

    dropped = Signal(object)  # Cargo

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("dropcard")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        QVBoxLayout(self).addWidget(self._text)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def enter(self, event: QDragEnterEvent) -> None:
        """Accept what can be used and say what it is; the cursor refuses the rest."""
        found = cargo(event.mimeData())
        if not found:
            event.ignore()
            return
        event.acceptProposedAction()
        self._text.setText("\n".join(found.lines))
        parent = self.parentWidget()
        assert parent is not None
        self.setGeometry(parent.rect().adjusted(24, 24, -24, -24))
        self.raise_()
        self.show()

    def leave(self, _event: QDragLeaveEvent) -> None:
        self.hide()

    def drop(self, event: QDropEvent) -> None:
        self.hide()
        found = cargo(event.mimeData())
        if found:
            event.acceptProposedAction()
            self.dropped.emit(found)
