"""Where the study meets the window: its name, its offers, its marks in the list, its replays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from onepixel_gui.qt.bench import Bench
from onepixel_gui.qt.gallery.desk import GalleryDesk
from onepixel_gui.qt.heading import Heading
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.study.button import StudyButton
from onepixel_gui.qt.study.desk import StudyDesk
from onepixel_gui.qt.study.errands import counted
from onepixel_gui.qt.study.marks import Marks
from onepixel_gui.qt.study.offer_strip import OfferStrip
from onepixel_gui.qt.study.stored_tile import StoredTile
from onepixel_gui.qt.study.wishes import StudyWishes
from onepixel_gui.qt.views import Views

if TYPE_CHECKING:
    from onepixel_gui.study.store import Study

UNTITLED = "Untitled study"
_READING = "The study is open for reading: nothing is recorded"


class Registry(QObject):
    """Passes values of the study's desk down and wishes up; decides nothing."""

    noted = Signal(str)  # a short word of success

    def __init__(
        self,
        desk: StudyDesk,
        wishes: StudyWishes,
        marks: Marks,
        tiles: GalleryDesk,
        bench: Bench,
        session: Session,
    ) -> None:
        super().__init__(desk)
        self._desk, self._wishes, self._marks = desk, wishes, marks
        self._tiles, self._bench, self._session = tiles, bench, session
        self._study: Study | None = None
        desk.changed.connect(self._take)
        desk.recall.tile_wished.connect(self._open)
        desk.replay.happened.connect(bench.take)
        desk.replay.playing_changed.connect(self._settle)
        marks.marked.connect(tiles.show_findings)
        marks.cleared.connect(tiles.forget_findings)

    def attach(self, button: StudyButton, strip: OfferStrip, heading: Heading) -> None:
        """What shows the study in the window."""
        desk, recents = self._desk, self._desk.recents
        self._button, self._heading = button, heading
        desk.state_changed.connect(self._tell)
        desk.offered.connect(strip.show_offer)
        strip.taken.connect(self._wishes.take)
        recents.changed.connect(button.show_recent)
        button.opening.connect(recents.look)
        button.recent_wished.connect(desk.open_recent)
        button.location_wished.connect(self._wishes.locate)
        button.show_recent(recents.entries, recents.missing)
        self._tell()

    def lead(self, views: Views) -> None:
        """Wishes for another view, and back from it."""
        self._views = views
        self._wishes.campaign_wished.connect(lambda: views.toggle("campaign"))
        self._wishes.population_wished.connect(lambda: views.toggle("population"))

    # -------------------------------------------------------------- values go down
    def _take(self, study: "Study | None") -> None:
        """Marks of the one before go, unless it was kept under another name."""
        before, self._study = self._study, study
        self._marks.set_study(study, afresh=before is not None and not self._desk.moved)

    def _tell(self) -> None:
        desk = self._desk
        path = desk.path
        name = "" if path is None else UNTITLED if desk.untitled else path.stem
        standing = [] if path is None else [str(path), counted(desk.runs)]
        waiting = desk.recorder.waiting if desk.recorder.failing else 0
        if waiting:
            standing.append(f"{counted(waiting)} could not be written yet")
        reading = path is not None and not desk.writable
        self._button.show_study(name, "\n".join(standing), troubled=bool(waiting), reading=reading)
        self._heading.show_standing(_READING if reading else "")

    def _settle(self, playing: bool) -> None:
        if not playing:
            self._bench.tile.run_over()

    # -------------------------------------------------------------- wishes go up
    def put_on_bench(self, run: int) -> None:
        """Of a table or a plot: the bench is seen with that run on it."""
        self._views.to_bench()
        self._desk.put_on_bench(int(run))

    def select(self, tiles: Sequence[int]) -> None:
        """Tiles of the study, by number: those of them that are in the list are chosen there."""
        places = self._marks.places
        here = [places[tile] for tile in tiles if tile in places]
        self._tiles.select(here)
        if len(here) < len(tiles):
            self.noted.emit(f"{len(here):,} of these {len(tiles):,} tiles are in the list")

    def _open(self, stored: StoredTile) -> None:
        """As a tile of the list where it is one, so that the next one is the next of the list."""
        index = self._marks.place_of(stored.tile.sha256)
        if index is not None:
            self._tiles.open(index)
        else:
            self._session.open_tile(stored)
