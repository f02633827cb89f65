"""Everything of the window that is about a study and many tiles: made, joined and closed here."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.arrangement import View
from onepixel_gui.qt.bench import Bench
from onepixel_gui.qt.campaign.desk import CampaignDesk
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.gallery.desk import GalleryDesk
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.heading import Heading
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.population.desk import PopulationDesk
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.study.button import StudyButton
from onepixel_gui.qt.study.desk import StudyDesk
from onepixel_gui.qt.study.later import Later
from onepixel_gui.qt.study.marks import Marks
from onepixel_gui.qt.study.note_line import NoteLine
from onepixel_gui.qt.study.offer_strip import OfferStrip
from onepixel_gui.qt.study.registry import Registry
from onepixel_gui.qt.study.wishes import StudyWishes
from onepixel_gui.qt.theme import Theme
from onepixel_gui.qt.views import Page

PARTS = (  # of the menu
    ("new_study", "open_study", "keep_study"),
    ("campaign", "population"),
    ("replay", "add_note", "export_table"),
)
_CLOSING = 3000  # ms that closing waits for a campaign and for what is being read


class StudyRoom(QObject):
    """lanes: of what is written, read, recognised, of the campaign, and of the population."""

    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem
    changed = Signal()  # what can be done now may be something else

    def __init__(
        self,
        window: QWidget,
        commands: Commands,
        session: Session,
        shelf: Shelf,
        gallery: tuple[GalleryPane, GalleryDesk],
        bench: Bench,
        memory: Memory,
        openings: Detached,
    ) -> None:
        super().__init__(window)
        self.lanes = tuple(Lanes(1) for _ in range(5))
        writing, reading, recognising, campaigns, populations = self.lanes
        pane, tiles = gallery
        self.desk = StudyDesk(commands, session, memory, (writing, reading), openings)
        self.line, self.strip = NoteLine(window), OfferStrip()
        self.wishes = StudyWishes(self.desk, session, self.line, window)
        self.marks = Marks(session, shelf, recognising)
        self.registry = Registry(self.desk, self.wishes, self.marks, tiles, bench, session)
        self.campaign = CampaignDesk(commands, session, shelf, pane, self.desk, campaigns)
        self._later = Later(lambda: self._make_population(populations), self)
        self._commands, self._session = commands, session
        self._wire()

    def _wire(self) -> None:
        desk, campaign = self.desk, self.campaign
        desk.engaged = lambda: campaign.busy
        campaign.kept.connect(lambda runs: desk.add_runs(len(runs)))
        campaign.busy_changed.connect(lambda busy: None if busy else self.marks.look())
        desk.recorded.connect(lambda _run: self._refresh())
        campaign.kept.connect(lambda _runs: self._refresh())
        campaign.kept.connect(lambda _runs: self.marks.look_soon())
        campaign.run_wished.connect(self.registry.put_on_bench)
        for part in (desk, self.registry, campaign):
            part.noted.connect(self.noted)
        for part in (desk, campaign):
            part.failed.connect(self.failed)
        for news in (desk.state_changed, desk.replay.playing_changed, campaign.busy_changed):
            news.connect(lambda *_: self.changed.emit())

    def _make_population(self, lanes: Lanes) -> PopulationDesk:
        made = PopulationDesk(self._commands, self._session, self.desk, lanes)
        made.brushed.connect(self.registry.select)
        made.run_wished.connect(self.registry.put_on_bench)
        made.noted.connect(self.noted)
        made.failed.connect(self.failed)
        return made

    def _refresh(self) -> None:
        if self._later.desk is not None:
            self._later.desk.refresh()

    @property
    def population(self) -> PopulationDesk:
        """Made now, where it was not looked at before."""
        return self._later.made()

    @property
    def pages(self) -> dict[View, Page]:
        return {"campaign": self.campaign, "population": self._later}

    @property
    def page_widgets(self) -> dict[View, QWidget]:
        return {"campaign": self.campaign.page, "population": self._later.room}

    def button(self, actions: Mapping[str, QAction], heading: Heading) -> StudyButton:
        """For the toolbar; what else shows the study hears of it from now on."""
        parts: Sequence[Sequence[QAction]] = [[actions[name] for name in part] for part in PARTS]
        made = StudyButton(parts)
        self.registry.attach(made, self.strip, heading)
        return made

    @property
    def possible(self) -> dict[str, bool]:
        """Which actions can do something now."""
        desk = self.desk
        there = desk.study is not None
        resting = self._session.activity is None and not desk.replay.playing
        return {
            "keep_study": there,
            "population": there,
            "export_table": there and desk.runs > 0,
            "add_note": desk.writable,
            "replay": desk.replay.story is not None and resting,
        }

    def set_theme(self, theme: Theme) -> None:
        self.line.set_theme(theme)

    def close(self) -> None:
        """Who else writes to the study ends first; then what waits is written, and it is closed."""
        for part in (self.campaign, self.marks):
            part.close()
        if self._later.desk is not None:
            self._later.desk.close()
        for lanes in self.lanes[1:]:
            lanes.close(_CLOSING)
        self.desk.close()
