"""What the actions do: each method bears the name of one row of the table of actions."""

import shlex
from collections.abc import Callable, Generator, Sequence
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from onepixel_gui import RESOURCES
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.classifier.card import CHECKPOINTS, Card
from onepixel_gui.problems import Problem
from onepixel_gui.qt.arrivals import Arrivals
from onepixel_gui.qt.dialogs import ExportChoice, ExportDialog, SettingsDialog, Template
from onepixel_gui.qt.dropping import Cargo
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.qt.preferences import Memory, Preferences, Recent
from onepixel_gui.qt.recent import Recents
from onepixel_gui.qt.session import Loaded, Session
from onepixel_gui.qt.view import Quantity
from onepixel_gui.tiles.cutting import pixels_per_pixel
from onepixel_gui.tiles.files import SUFFIXES, save
from onepixel_gui.tiles.slides import SUFFIXES as SLIDES
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.report.exhibit import ComparisonExhibit

DEMONSTRATION = RESOURCES / "demo"
FIRST_TILE = "prometaphase_65.png"  # one pixel flips it, so the first Run shows a flip
DEMO_SLIDE = DEMONSTRATION / "slide" / "painted_slide.csv"
DEMO_CHECKPOINT = DEMONSTRATION / "mitosis_demo.safetensors"


class Commands(QObject):
    """Wishes of the reader, made into work of session and shelf."""

    preferences_changed = Signal(object)  # Preferences
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem
    brought = Signal(object)  # paths of tiles, slides, data sets
    slide_brought = Signal(object)  # Path of what is to be opened as a slide, whatever it is
    study_brought = Signal(object)  # Path of a study
    edit_card_wished = Signal()
    compare_wished = Signal()
    slide_wished = Signal()  # to the slide, or back from it
    scan_wished = Signal()
    stop_wished = Signal()  # of whatever else goes on
    candidates_wished = Signal()

    def __init__(
        self,
        session: Session,
        shelf: Shelf,
        previews: Lanes,
        errands: Lanes,
        preparations: Lanes,
        memory: Memory,
        window: QWidget,
    ) -> None:
        """previews, errands, preparations: lanes for looking at checkpoints, for loading them, and
        for what makes a classifier in use quicker.
        """
        super().__init__(window)
        self._session, self._shelf, self._memory, self._window = session, shelf, memory, window
        self._previews = previews
        self.arrivals = Arrivals(previews, errands, self, preparations=preparations)
        self.recents = Recents(memory, previews, self)
        self.preferences = memory.preferences()
        self.quantity: Quantity | None = None  # None: towards the flip
        self.compared: Callable[[], ComparisonExhibit | None] = lambda: None  # that is in view

    # -------------------------------------------------------------- opening
    def open_tiles(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(
            self._window, "Open tiles", filter=f"Tiles ({kinds})"
        )
        if names:
            self.open_paths([Path(name) for name in names])

    def open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open a folder of tiles")
        if name:
            self.open_paths([Path(name)])

    def open_checkpoint(self) -> None:
        path = self._checkpoint_chosen("Open a checkpoint")
        if path is not None:
            self.bring_checkpoint(path)

    def _checkpoint_chosen(self, title: str, start: str = "") -> Path | None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(CHECKPOINTS))
        name, _ = QFileDialog.getOpenFileName(
            self._window, title, start, filter=f"Checkpoints ({kinds})"
        )
        return Path(name) if name else None

    def open_demonstration(self) -> None:
        self._shelf.open([DEMONSTRATION], first=FIRST_TILE)
        self.use_checkpoint(DEMO_CHECKPOINT)

    def open_painted_slide(self) -> None:
        self.open_paths([DEMO_SLIDE])
        self.use_checkpoint(DEMO_CHECKPOINT)

    def open_cargo(self, cargo: Cargo) -> None:
        if cargo.tiles:
            self.open_paths(cargo.tiles)
        if cargo.checkpoint is not None:
            self.bring_checkpoint(cargo.checkpoint)
        if cargo.study is not None:
            self.study_brought.emit(cargo.study)

    def open_slide(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(SLIDES))
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open a slide", filter=f"Slides ({kinds})"
        )
        if name:
            self.slide_brought.emit(Path(name))

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Tiles, slides, folders and tables: what they are is found out in the background."""
        self.brought.emit(tuple(paths))

    def show_slide(self) -> None:
        self.slide_wished.emit()

    def scan(self) -> None:
        self.scan_wished.emit()

    def list_candidates(self) -> None:
        self.candidates_wished.emit()

    def bring_checkpoint(self, path: Path) -> None:
        """Preview it and load it in the background; the bench stays until the reader takes it."""
        self.arrivals.bring(path, self.preferences.device)

    def bring_second(self) -> None:
        """Choose a checkpoint and load it, to stand beside the classifier in use."""
        path = self._checkpoint_chosen("Open a second classifier")
        if path is not None:
            self.bring_checkpoint(path)
            self.arrivals.take(as_second=True)

    def use_checkpoint(self, path: Path) -> None:
        """The same without a preview: the classifier in use stays until the new one is ready."""
        self.arrivals.bring(path, self.preferences.device, at_once=True)

    def use_recent(self, recent: Recent) -> None:
        """Preview it; chosen a second time, take it."""
        arrival = self.arrivals.arrival
        if arrival is not None and str(arrival.path) == recent.path:
            self.arrivals.take()
        else:
            self.bring_checkpoint(Path(recent.path))

    def locate(self, lost: Recent) -> None:
        path = self._checkpoint_chosen(f"Where is {lost.name} now?", Path(lost.path).name)
        if path is not None:
            self.recents.seek(lost, path)
            self.bring_checkpoint(path)

    def edit_card(self) -> None:
        self.edit_card_wished.emit()

    def compare(self) -> None:
        self.compare_wished.emit()

    # -------------------------------------------------------------- runs
    def run(self) -> None:
        self._session.search(self.preferences)

    def guide(self) -> None:
        self._session.guide(self.preferences)

    def sweep(self) -> None:
        self._session.sweep(self.preferences)

    def stop(self) -> None:
        """End the run; where there is none, send away what is arriving, else end all the rest."""
        if self._session.activity is not None:
            self._session.stop()
        elif self.arrivals.arrival is not None:
            self.arrivals.dismiss()
        else:
            self.stop_wished.emit()

    def unpin(self) -> None:
        self._session.set_cursor(None)

    def settings(self) -> None:
        dialog = SettingsDialog(self.preferences, ("cpu",), self._window)
        job = Job(_devices)  # torch may not be loaded yet, and a graphics card wakes slowly
        job.happened.connect(
            lambda event: dialog.show_devices(event.what) if dialog.isVisible() else None
        )
        job.failed.connect(self.failed)
        self._previews.add(job)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        job.stop()
        if accepted:
            self.set_preferences(dialog.chosen())

    def set_preferences(self, preferences: Preferences) -> None:
        """Keep them, tell the window, and move the classifier if its device changed."""
        before, self.preferences = self.preferences, preferences
        self._memory.keep(preferences)
        self.preferences_changed.emit(preferences)
        if preferences.device != before.device:
            self.arrivals.move(preferences.device)

    def switch_theme(self) -> None:
        other = "light" if self.preferences.theme == "dark" else "dark"
        self.set_preferences(self.preferences.but(theme=other))

    # -------------------------------------------------------------- results out
    def templates(self) -> tuple[Template, ...]:
        """The figures that what is known now can fill, the latest first."""
        found = self._session.findings
        known: list[Template] = []
        if found.began is not None and found.ended is not None:
            known.append("attack")
        if found.sensitivity is not None:
            known.append("sensitivity")
        known = known[::-1] if found.latest == "sweep" else known
        return tuple(known) if self.compared() is None else ("comparison", *known)

    def export(self) -> None:
        dialog = ExportDialog(self.templates(), self._window)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        assert self._session.tile is not None
        choice = dialog.chosen()
        start = f"{Path(self._session.tile.name).stem}-{choice.template}.pdf"
        kinds = "Figures (*.pdf *.svg *.png *.tiff *.tif)"
        name, _ = QFileDialog.getSaveFileName(self._window, "Write the figure", start, kinds)
        if name:
            self.write_figure(Path(name), choice)

    def write_figure(self, path: Path, choice: ExportChoice) -> None:
        """Draw and write in the background."""
        try:
            exhibit = self._exhibit(choice.template)
        except Problem as problem:  # the bench changed while the file was being chosen
            self.failed.emit(problem)
            return

        def work() -> Generator[Loaded]:
            from onepixel_gui.report.exhibit import Style
            from onepixel_gui.report.figure import export

            yield Loaded(export(exhibit, path, Style(choice.width_mm, choice.dpi)))

        self._write(work, lambda event: f"Wrote {' and '.join(p.name for p in event.what)}")

    def save_attacked(self) -> None:
        assert self._session.tile is not None
        start = f"{Path(self._session.tile.name).stem}-attacked.png"
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Write the attacked tile", start, "Lossless pictures (*.png *.tiff)"
        )
        if name:
            self.write_attacked(Path(name))

    def write_attacked(self, path: Path) -> None:
        """The tile with the found pixels set, without loss."""
        tile, found = self._session.tile, self._session.findings
        assert tile is not None
        assert found.ended is not None
        rgb = tile.rgb.copy()
        for pixel in found.ended.best:
            rgb[pixel.row, pixel.column] = pixel.rgb
        text = {"Title": f"{tile.name}, attacked", "Comment": self.command_line()}

        def work() -> Generator[Loaded]:
            save(rgb, path, text=text)
            yield Loaded(path)

        self._write(work, lambda event: f"Wrote {event.what.name}")

    def _write(self, work: Callable[[], Generator[Any]], words: Callable[[Any], str]) -> None:
        self._session.export(work, lambda event: self.noted.emit(words(event)))

    def _exhibit(self, template: Template) -> Any:
        from onepixel_gui.report.exhibit import AttackExhibit, SweepExhibit

        session = self._session
        tile, question, classifier = session.tile, session.question, session.classifier
        found, command = session.findings, self.command_line()
        if template == "comparison" and (compared := self.compared()) is not None:
            return compared
        known = tile is not None and template in self.templates()
        if tile is None or question is None or classifier is None or not known:
            raise Problem("There is no result to export yet.", "Run a search or a sweep first.")
        if template == "attack" and found.began is not None and found.ended is not None:
            card, serving = classifier.card, classifier.serving
            return AttackExhibit(tile, question, card, serving, found.began, found.ended, command)
        assert found.sensitivity is not None
        quantity = self.quantity or ("lowest" if question.downward else "highest")
        return SweepExhibit(
            tile,
            question,
            classifier.card,
            classifier.serving,
            found.sensitivity,
            quantity,
            self.command_line(sweep=True),
        )

    def command_line(self, *, sweep: bool = False, checkpoint: Path | None = None) -> str:
        """The words that repeat this run in a terminal; file names only.

        checkpoint: of another classifier than the one in use.
        """
        tile, chosen = self._session.tile, self.preferences
        words = ["onepixel-gui", "map" if sweep else "attack", *self._tile_named(tile)]
        checkpoint = checkpoint or self._session.checkpoint
        if checkpoint is not None and checkpoint != DEMO_CHECKPOINT:
            words += ["--model", checkpoint.name]
        if self._session.subject:
            words += ["--subject", self._session.subject]
        if sweep:
            words += ["--palette", chosen.palette] if chosen.palette != "corners" else []
            return shlex.join(words)
        began = self._session.findings.began
        return shlex.join(words + _options(chosen.settings if began is None else began.settings))

    def _tile_named(self, tile: Tile | None) -> list[str]:
        """What a terminal has to be told of the tile: its file, or its place on a slide."""
        classifier = self._session.classifier
        if tile is None:
            return ["TILE"]
        if classifier is None or not _is_cut_for(tile, classifier.card):
            return [tile.name]
        return [tile.slide, "--at", "{},{}".format(*tile.origin)]

    def copy_command(self) -> None:
        QGuiApplication.clipboard().setText(
            self.command_line(sweep=self._session.findings.latest == "sweep")
        )
        self.noted.emit("The command line is on the clipboard")


def _is_cut_for(tile: Tile, card: Card) -> bool:
    """Whether that is the tile of its slide that a classifier with this card is given there."""
    own = None if tile.mpp is None else tile.mpp / tile.downsample
    ratio = pixels_per_pixel(own, card.mpp)
    return bool(tile.slide) and tile.shape == card.input_size and isclose(tile.downsample, ratio)


def _devices() -> Generator[Loaded]:
    from onepixel_gui.classifier import devices

    yield Loaded(devices.listed())


def _options(settings: Settings | Guidance) -> list[str]:
    """What the command line has to be told of a search."""
    end = ["--to-the-end"] if settings.to_the_end else []
    match settings:
        case Settings(population=population, generations=generations, seed=seed):
            size = ["--population", str(population), "--generations", str(generations)]
            return [*size, "--seed", str(seed), *end]
        case Guidance():
            return ["--strategy", "guided", *end]
        case _:
            assert_never(settings)
