"""The states of the window that have to do with slides, data sets and long lists of tiles."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import skimage

from onepixel_gui.qt.commands import DEMO_SLIDE
from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.tiles.datasets import Field
from onepixel_gui.tiles.tile import Window as Rectangle

if TYPE_CHECKING:
    from tests.screens.stage import Stage

# Real tissue that comes with scikit-image: colon glands, DAB and haematoxylin, no known copyright
# restrictions (Center for Microscopy and Molecular Imaging).
TISSUE = Path(skimage.__file__).parent / "data" / "ihc.png"
FILTER = "label = mitosis and confidence < 0.9"
REGION = Rectangle(64, 832, 704, 896)
ATTACKED = (0, 2, 5, 9, 14, 19, 23, 26)  # candidates; the last ones are the least sure


class SlideStage:
    def __init__(self, stage: "Stage", live: Callable[[Callable[[], object]], None]) -> None:
        self.stage, self.window, self.live = stage, stage.window, live

    def bring(self) -> None:
        """The demonstration slide was dropped: what it is, before anything is replaced."""
        window = self.window
        window.commands.open_paths([DEMO_SLIDE])
        self.live(lambda: window.datasets.look is not None and window.datasets.look.usable)
        for theme in self.stage.themes():
            self.stage.shoot(f"window-dataset-{theme}")
            self.stage.shoot(f"dataset-{theme}", window.findChild(DatasetCard))
        window.datasets.open("slides")
        self.settle()

    def settle(self) -> None:
        window = self.window
        self.live(lambda: window.slides.slide is not None and window.slides.visible)
        self.live(lambda: not window.jobs and not window.slides.reader.busy)
        faded = time.monotonic() + 0.4
        self.live(lambda: time.monotonic() > faded)

    def scan(self) -> None:
        """Candidates of a region, the first of them attacked and in sight."""
        window = self.window
        window.slide.set_region(REGION)
        window.slide.region_drawn.emit(REGION)
        window.scans.scan()
        self.live(lambda: window.scans.scanner.result is not None and not window.jobs)
        preferences = window.commands.preferences
        window.commands.set_preferences(preferences.but(population=200, generations=10))
        for index in ATTACKED:
            name = window.candidates.rows.listing.names[index]
            window.candidates.list.setCurrentIndex(window.candidates.rows.index(index))
            self.live(lambda name=name: window.session.tile.name == name)
            self.live(lambda: window.session.question is not None)
            window.commands.run()
            self.live(lambda: window.session.findings.ended is not None and not window.jobs)

    def show(self, name: str) -> None:
        for theme in self.stage.themes():
            self.settle()
            self.stage.shoot(f"window-{name}-{theme}")
            self.stage.shoot(f"{name}-{theme}", self.window.slide)
            self.stage.shoot(f"{name}-candidates-{theme}", self.window.candidates)

    def near(self) -> None:
        """Single tiles: the grid, the tile on the bench and its result."""
        canvas, tile = self.window.slide.canvas, self.window.session.tile
        middle = tile.origin[0] + tile.shape[0] / 2, tile.origin[1] + tile.shape[1] / 2
        canvas.look(canvas.sight.centred(*middle))
        for _ in range(5):
            canvas.zoom(1)

    def tissue(self) -> None:
        """A field of real tissue."""
        self.window.slides.look([Field(TISSUE)])
        self.live(lambda: self.window.slides.slide.name == TISSUE.name)
        self.settle()
        self.window.scans.scan()
        self.live(lambda: self.window.scans.scanner.result is not None)

    def gallery(self) -> None:
        """All tiles of the demonstration scored, and those picked that are worth a look."""
        window = self.window
        window.slides.show(False)
        window.commands.open_demonstration()
        self.live(lambda: len(window.shelf.listing) == 50 and window.session.question is not None)
        window.shelf.score(range(50))
        self.live(lambda: not window.jobs)
        window.gallery.filter.setText(FILTER)
        window.gallery.filter.returnPressed.emit()
        for theme in self.stage.themes():
            self.live(lambda: not window.shelf.busy)
            assert not window.messages.text
            self.stage.shoot(f"gallery-filtered-{theme}", window.gallery)

    def all(self) -> None:
        self.bring()
        self.scan()
        self.show("slide")
        self.near()
        self.show("slide-near")
        self.tissue()
        self.show("slide-tissue")
        self.gallery()
