"""Where the study is opened, kept and left, and where its runs come back to the bench."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.session import Session
from onepixel_gui.study.store import Study


class StudyDesk(QObject):
    """At most one study is open. Whoever reads it asks `study` anew after each `changed`."""

    changed = Signal(object)  # Study or None: another one from now on
    recorded = Signal(int)  # number of a run by hand that is in the study now
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(self, commands: Commands, session: Session, memory: Memory, lanes: Lanes) -> None:
        """lanes: one job wide, of its own: what is written is written in order."""
        super().__init__(commands)
        self._commands, self._session, self._memory, self._lanes = commands, session, memory, lanes
        self._study: Study | None = None

    @property
    def study(self) -> Study | None:
        """The open one; None until it is open, and where none could be."""
        return self._study

    def open(self, path: Path, *, make: bool = False, reading: bool = False) -> None:
        """Open it in the background; the one before stays open until then."""

    def put_on_bench(self, run: int) -> None:
        """The tile of that run as the study keeps it, its classifier, and what was found."""

    def close(self) -> None:
        """Write what waits, and close the study."""
