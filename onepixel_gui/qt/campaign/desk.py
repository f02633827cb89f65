"""Where campaigns are planned, run and watched: between the study and the panes of the view."""

from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.session import Session
from onepixel_gui.study.store import Study


class Studies(Protocol):
    """What a campaign needs of the study's desk: the open study, and word of another one."""

    changed: SignalInstance

    @property
    def study(self) -> Study | None: ...


class CampaignDesk(QObject):
    """Passes what is known down to the panes of the view, and their wishes up.

    page: the view, to stand in the middle of the window.
    """

    shown = Signal(bool)  # the view takes the place of the other panes, or gives it back
    run_wished = Signal(object)  # number of a run of the study: its tile belongs on the bench
    kept = Signal(object)  # tuple of RunKept, at most four times a second
    busy_changed = Signal(bool)  # a campaign or a dry run goes on
    progressed = Signal(object)  # Standing
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(
        self,
        commands: Commands,
        session: Session,
        shelf: Shelf,
        gallery: GalleryPane,
        studies: Studies,
        lanes: Lanes,
    ) -> None:
        """lanes: of its own, one wide: a campaign may take days."""
        super().__init__(commands)
        self.page = QWidget()
        self.visible = False
        self.busy = False

    def toggle(self) -> None:
        """To the view, and back."""
        self.show(not self.visible)

    def show(self, visible: bool) -> None:
        if visible != self.visible:
            self.visible = visible
            self.shown.emit(visible)

    def stop(self) -> None:
        """End a campaign or dry run; what was found is kept, and it can be continued."""

    def close(self) -> None:
        """From now on nothing that is under way is told."""
