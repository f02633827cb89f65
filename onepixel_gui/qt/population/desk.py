"""Where a population is read and looked at: between the study and the panes of the view."""

from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.population.page import PopulationPage
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.theme import THEMES
from onepixel_gui.study.store import Study


class Studies(Protocol):
    """What the view needs of the study's desk: the open study, and word of another one."""

    changed: SignalInstance

    @property
    def study(self) -> Study | None: ...


class PopulationDesk(QObject):
    """Passes what is known down to the panes of the view, and their wishes up.

    page: the view, to stand in the middle of the window.
    """

    shown = Signal(bool)  # the view takes the place of the other panes, or gives it back
    brushed = Signal(object)  # tuple of tile numbers of the study that are selected, () for none
    run_wished = Signal(object)  # number of a run of the study: its tile belongs on the bench
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(
        self, commands: Commands, session: Session, studies: Studies, lanes: Lanes
    ) -> None:
        """lanes: of its own, one wide: a large study takes seconds to read."""
        super().__init__(commands)
        self._commands, self._session = commands, session
        self._studies, self._lanes = studies, lanes
        self.page = PopulationPage()
        self.visible = False
        commands.preferences_changed.connect(self._dress)
        self._dress(commands.preferences)

    def toggle(self) -> None:
        """To the view, and back."""
        self.show(not self.visible)

    def show(self, visible: bool) -> None:
        if visible != self.visible:
            self.visible = visible
            self.shown.emit(visible)

    def refresh(self) -> None:
        """The study has more runs than before: look again soon, at most every 2 s."""

    def close(self) -> None:
        """From now on nothing that is under way is told."""

    def _dress(self, preferences: Preferences) -> None:
        self.page.set_theme(THEMES[preferences.theme])
