"""Where tiles, slides and data sets are received: from what was opened to list and slide."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.datasets.desk import DatasetDesk
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.open_button import OpenButton, ask_where
from onepixel_gui.qt.preferences import Opened
from onepixel_gui.qt.recent import RecentlyOpened
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.slides.desk import SlideDesk
from onepixel_gui.tiles.datasets import Dataset, Field
from onepixel_gui.tiles.slides import Slide

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier


class Admission(QObject):
    """Passes data sets on to the list of tiles and to the slide's desk; decides nothing."""

    told = Signal(object)  # Problem that changes nothing on the bench
    noted = Signal(str)  # a short word of success

    def __init__(
        self,
        commands: Commands,
        session: Session,
        shelf: Shelf,
        slides: SlideDesk,
        datasets: DatasetDesk,
        opened: RecentlyOpened,
        button: OpenButton,
    ) -> None:
        super().__init__(commands)
        self._commands, self._shelf, self._slides = commands, shelf, slides
        self._datasets, self._opened, self._button = datasets, opened, button
        commands.brought.connect(datasets.bring)
        commands.slide_brought.connect(lambda path: slides.look([Field(path)]))
        session.classifier_changed.connect(self._follow)
        datasets.ready_at_once.connect(self._list)
        datasets.tiles_wished.connect(self._list)
        datasets.slides_wished.connect(self._look)
        slides.slide_changed.connect(self._note_slide)
        opened.changed.connect(button.show_recent)
        opened.healed.connect(lambda found: self.noted.emit(f"Found {found.name} again"))
        opened.failed.connect(self.told)
        button.opening.connect(opened.look)
        button.recent_wished.connect(lambda chosen: self._open(chosen, Path(chosen.path)))
        button.location_wished.connect(self._locate)
        button.show_recent(opened.entries, opened.missing)

    def _follow(self, classifier: "Classifier | None") -> None:
        """Tiles of detection sets are cut as the classifier wants them."""
        if classifier is None:
            self._datasets.set_classifier(None, None)
        else:
            self._datasets.set_classifier(classifier.card.input_size, classifier.card.mpp)

    def _list(self, dataset: Dataset) -> None:
        self._slides.set_fields(dataset.fields)
        self._slides.show(False)
        self._shelf.show(dataset.entries, dataset=dataset)

    def _look(self, dataset: Dataset) -> None:
        """The slides, and what tiles there are beside them."""
        if len(dataset.entries):
            self._shelf.show(dataset.entries, dataset=dataset)
        self._slides.look(dataset.fields)

    def _note_slide(self, slide: Slide) -> None:
        self._opened.note(slide.path, slide.name, "slide", slide.format, slide.hash)

    def _locate(self, lost: Opened) -> None:
        path = ask_where(Path(lost.path), self._button)
        if path is not None:
            self._opened.seek(lost, path)
            self._open(lost, path)

    def _open(self, known: Opened, path: Path) -> None:
        """Again as what it was."""
        if known.kind == "slide":
            self._commands.slide_brought.emit(path)
        else:
            self._commands.open_paths([path])
