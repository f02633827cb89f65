"""What the actions of the study do: each method bears the name of one row of the table."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.problems import NotWritten
from onepixel_gui.qt.open_button import ask_where
from onepixel_gui.qt.preferences import Opened
from onepixel_gui.qt.session import Loaded, Session
from onepixel_gui.qt.study.desk import StudyDesk
from onepixel_gui.qt.study.errands import Offer
from onepixel_gui.qt.study.note_line import NoteLine
from onepixel_gui.study.store import SUFFIX, Study

_KIND = f"Studies (*{SUFFIX})"
_TABLES = "Tables (*.csv);;JSON (*.json);;Parquet (*.parquet);;Confidence maps (*.npz)"


class StudyWishes(QObject):
    """Asks for names where they are needed, and hands wishes on to the study's desk."""

    campaign_wished = Signal()  # to the campaigns, or back
    population_wished = Signal()  # to the population, or back

    def __init__(self, desk: StudyDesk, session: Session, line: NoteLine, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._session, self._line, self._window = desk, session, line, window
        line.kept.connect(desk.note)

    def new_study(self) -> None:
        path = self._name_asked("New study", "Study")
        if path is not None:
            self._desk.open(path, make=True)

    def open_study(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a study", filter=_KIND)
        if name:
            self._desk.open(Path(name))

    def keep_study(self) -> None:
        path = self._name_asked("Keep the study as", self._stem)
        if path is not None:
            self._desk.keep_as(path)

    def take(self, offer: Offer) -> None:
        self._desk.open(offer.path, reading=offer.reading)

    def locate(self, lost: Opened) -> None:
        path = ask_where(Path(lost.path), self._window)
        if path is not None:
            self._desk.locate(lost, path)

    def add_note(self) -> None:
        """Of the run on the bench, or else of the whole study."""
        desk, tile = self._desk, self._session.tile
        if not desk.writable:
            return
        run = desk.bench_run if tile is not None else -1
        of = f"run {run}, {printable(tile.name)}" if tile is not None and run >= 0 else "the study"
        self._line.ask(of, run)
        desk.read_remarks(run, self._line.show_before)

    def replay(self) -> None:
        self._desk.replay.play()

    def campaign(self) -> None:
        self.campaign_wished.emit()

    def population(self) -> None:
        self.population_wished.emit()

    def export_table(self) -> None:
        start = f"{self._stem}.csv"
        name, chosen = QFileDialog.getSaveFileName(self._window, "Write the runs", start, _TABLES)
        if name:
            path = Path(name)
            suffix = chosen.partition("*")[2].rstrip(")")
            self.write_table(path if path.suffix else path.with_suffix(suffix))

    def write_table(self, path: Path) -> None:
        """Every run of the study, a row each, in the background."""
        study = self._desk.study
        if study is None:
            return

        def work() -> Generator[Loaded]:
            write_runs(study, path)
            yield Loaded(path)

        self._session.export(work, self._tell_written)

    def _tell_written(self, event: Any) -> None:
        self._desk.noted.emit(f"Wrote {event.what.name}")

    @property
    def _stem(self) -> str:
        path = self._desk.path
        return "Study" if path is None or self._desk.untitled else path.stem

    def _name_asked(self, title: str, start: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._window, title, f"{start}{SUFFIX}", _KIND)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)


def write_runs(study: Study, path: Path) -> None:
    """As CSV, JSON or Parquet, or the confidence maps of all sweeps as NPZ, by the suffix.

    Raises NotWritten for another suffix.
    """
    from onepixel_gui.study.exporting import as_csv, as_json, as_npz, as_parquet, expect_parquet

    match path.suffix.lower():
        case ".csv":
            data = as_csv(study.table())
        case ".json":
            data = as_json(study, study.table())
        case ".parquet":
            expect_parquet()  # before all runs are read
            data = as_parquet(study.table())
        case ".npz":
            data = as_npz(study)
        case other:
            raise NotWritten(
                f"No table is written as {other or 'a file without a suffix'}.",
                "Choose a name that ends in .csv, .json, .parquet or .npz.",
            )
    write_whole(path, data)
