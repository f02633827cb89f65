"""What a campaign may take: the tiles of the list and the classifiers in use, as they change."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from onepixel_gui.qt.campaign.builder import BuilderPane
from onepixel_gui.qt.campaign.sources import of_list
from onepixel_gui.qt.campaign.view import TilesKnown
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.session import Session
from onepixel_gui.tiles.datasets import Dataset

_PAUSE = 300  # ms after the last change of the list


class Supply(QObject):
    """Keeps the builder told; decides nothing."""

    def __init__(
        self,
        commands: Commands,
        session: Session,
        shelf: Shelf,
        gallery: GalleryPane,
        builder: BuilderPane,
    ) -> None:
        super().__init__(commands)
        self._session, self._shelf = session, shelf
        self._gallery, self._builder = gallery, builder
        self._second: Path | None = None  # checkpoint of the classifier beside the one in use
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self.show_tiles)
        shelf.opened.connect(lambda _: self._pause.start())
        gallery.listed_changed.connect(lambda _: self._pause.start())
        gallery.filter.textChanged.connect(lambda _: self._pause.start())
        session.classifier_changed.connect(lambda _: self._show_models())
        commands.arrivals.second_ready.connect(self._note_second)
        self.show_tiles()
        self._show_models()

    @property
    def listed(self) -> Dataset:
        """The list of tiles, as a data set."""
        return of_list(self._shelf.listing, self._shelf.dataset)

    def close(self) -> None:
        self._pause.stop()

    def show_tiles(self) -> None:
        """As they are now."""
        self._pause.stop()
        rows, dataset = self._gallery.rows, self._shelf.dataset
        line = self._gallery.filter.text().strip() if rows.expression is not None else ""
        self._builder.show_tiles(
            TilesKnown(
                title=dataset.root.name if dataset is not None else "",
                listed=len(self._shelf.listing),
                passing=len(rows.order),
                mine=len(self._gallery.listed),
                filter=line,
            )
        )

    def _note_second(self, _classifier: object, inspection: Any) -> None:
        self._second = inspection.path
        self._show_models()

    def _show_models(self) -> None:
        first = self._session.checkpoint
        known = [(first, "in use"), (self._second, "second")]
        in_use = {path: what for path, what in reversed(known) if path is not None}
        self._builder.show_models(tuple(reversed(in_use.items())))
