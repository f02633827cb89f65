"""Drag and drop anywhere on the window: what it is, told before it replaces anything."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Literal

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from onepixel_gui.classifier.card import CHECKPOINTS
from onepixel_gui.study.store import SUFFIX as STUDIES
from onepixel_gui.tiles.files import SUFFIXES as TILES
from onepixel_gui.tiles.slides import SUFFIXES as SLIDES

_GLANCED = 2000  # entries of a folder looked at before the drop; counting goes on after it
_PATIENCE = 0.25  # seconds that a drag waits for a drive; what is not known by then is let in
_TABLES = frozenset({".csv", ".tsv", ".json"})  # that list tiles or mitoses
# Data sets whose files end as checkpoints do, or in nothing.
_STORES = re.compile(r"camelyonpatch.*\.h5|.*_[xy]\.h5|(data|test)_batch(_\d)?(\.bin)?", re.I)

Kind = Literal["tiles", "folder", "checkpoint", "study", "stranger"]


@dataclass(frozen=True, slots=True)
class Cargo:
    """What a drag carries. tiles: files, slides and folders. checkpoint, study: at most one.

    folders: how many of them are known to be folders.
    """

    tiles: tuple[Path, ...] = ()
    checkpoint: Path | None = None
    refused: tuple[str, ...] = ()
    folders: int = 0
    study: Path | None = None

    def __bool__(self) -> bool:
        return bool(self.tiles) or self.checkpoint is not None or self.study is not None

    @property
    def lines(self) -> tuple[str, ...]:
        """What will be opened, a line each."""
        lines = []
        if len(self.tiles) == 1 and _is_certainly_a_slide(self.tiles[0]):
            lines.append(f"Open the slide {self.tiles[0].name}")
        elif self.tiles:
            lines.append(f"Open {_named(self.tiles, self.folders)} in place of the present list")
        if self.checkpoint is not None:
            lines.append(f"Look at {self.checkpoint.name}; the classifier stays until you say Use")
        if self.study is not None:
            lines.append(f"Go on with the study {self.study.stem} in place of the one that is open")
        if self.refused:
            more = "" if len(self.refused) == 1 else f" and {len(self.refused) - 1} more"
            lines.append(f"Leave out {self.refused[0]}{more}: neither tile, checkpoint nor study")
        return tuple(lines)


def cargo(data: QMimeData) -> Cargo:
    """Sort what is dragged by suffix; nothing is opened yet."""
    tiles: list[Path] = []
    checkpoints: list[Path] = []
    studies: list[Path] = []
    refused: list[str] = []
    urls = data.urls()
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    kinds = iter(_in_time(paths))
    folders = 0
    for url in urls:
        if not url.isLocalFile():
            refused.append(url.fileName() or url.toString())
            continue
        path, kind = Path(url.toLocalFile()), next(kinds)
        if kind == "checkpoint":
            checkpoints.append(path)
        elif kind == "study":
            studies.append(path)
        elif kind == "stranger":
            refused.append(path.name)
        else:
            tiles.append(path)
            folders += kind == "folder"
    refused += [path.name for path in (*checkpoints[1:], *studies[1:])]
    checkpoint, study = next(iter(checkpoints), None), next(iter(studies), None)
    return Cargo(tuple(tiles), checkpoint, tuple(refused), folders, study)


def _in_time(paths: Sequence[Path]) -> list[Kind]:
    """What the file system answers; "tiles" where a network drive takes its time."""
    answers: SimpleQueue[Kind] = SimpleQueue()

    def ask() -> None:
        for path in paths:
            answers.put(_kind(path))

    Thread(target=ask, name="drag", daemon=True).start()
    kinds: list[Kind] = []
    end = time.monotonic() + _PATIENCE  # of all of them together
    try:
        while len(kinds) < len(paths):
            kinds.append(answers.get(timeout=max(0.0, end - time.monotonic())))
    except Empty:
        kinds += ["tiles"] * (len(paths) - len(kinds))
    return kinds


def _kind(path: Path) -> Kind:
    try:
        if not path.is_file():
            return "folder" if _holds_tiles(path) else "stranger"
    except (OSError, ValueError):  # ValueError: a null byte in the name
        return "stranger"
    if path.suffix.lower() in CHECKPOINTS and not _STORES.fullmatch(path.name):
        return "checkpoint"
    if path.suffix.lower() == STUDIES:
        return "study"
    return "tiles" if _is_readable(path.name) else "stranger"


def _is_readable(name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - thousands of names are glanced at
    known = suffix in TILES or suffix in SLIDES or suffix in _TABLES
    return known or _STORES.fullmatch(name) is not None


def _is_certainly_a_slide(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in SLIDES and suffix not in TILES


def _holds_tiles(folder: Path, depth: int = 2) -> bool:
    """A quick look: does the folder, or one inside it, seem to hold a picture or a table of them?

    What lies deeper is not looked at, and gets the benefit of the doubt.
    """
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(_GLANCED), entries, strict=False):
                if entry.is_dir():
                    if not depth or _holds_tiles(Path(entry.path), depth - 1):
                        return True
                elif _is_readable(entry.name):
                    return True
    except OSError:
        return False
    return False


def _named(paths: tuple[Path, ...], folders: int) -> str:
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
        zone = QFrame()
        zone.setObjectName("dropzone")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        QVBoxLayout(zone).addWidget(self._text)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 24, 24, 24)
        whole.addWidget(zone)
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
        self.setGeometry(parent.rect())
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
