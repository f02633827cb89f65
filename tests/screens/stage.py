"""Draws the window in every state that the README and the reader's eye need, and writes PNGs.

Run as `python -m tests.screens.stage FOUND.pickle FOLDER [STUDY]`, in a process of its own,
because the scale of the screen (QT_SCALE_FACTOR) is fixed at its start.  The science is done
before, by `find` and by a campaign.
"""

import json
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from onepixel_gui import RESOURCES
from onepixel_gui.analysis.comparison import compare
from onepixel_gui.analysis.sensitivity import Sensitivity, sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Candidates,
    Ended,
    Event,
    Guidance,
    Painted,
    Probe,
    Readings,
    Settings,
    SweepBegan,
    Swept,
)
from onepixel_gui.problems import Problem
from onepixel_gui.qt.app import make_application
from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.dialogs import CommandPalette, ExportDialog, SettingsDialog
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.view import Findings, picture_of
from onepixel_gui.qt.window import Window
from tests.screens.slide_stage import SlideStage
from tests.screens.study_stage import StudyStage

DEMO = RESOURCES / "demo"
CHECKPOINT = DEMO / "mitosis_demo.safetensors"
_SETTLED = 3  # looks in a row


@dataclass(frozen=True)
class Found:
    """What was really found on one demonstration tile, so that pictures need no waiting.

    guided: all events of a guided search, none where the network has no preview.
    previewed: the map before anything was asked.  painted: when a quarter of it was.
    rival: a second checkpoint, and what its sweep found.
    """

    tile: str
    began: Began
    advanced: tuple[Advanced, ...]
    ended: Ended
    guided: tuple[Event, ...]
    previewed: Painted | None
    painted: Painted
    swept: Swept
    rival: Path
    rival_swept: Swept


class Steady:
    """A probe asked in chunks of one size, so that no picture depends on the machine's speed."""

    chunk = 512

    def __init__(self, probe: Probe) -> None:
        self.question, self.confirm, self.preview = probe.question, probe.confirm, probe.preview
        self.preview_chunk = 4096 if probe.preview_chunk else 0
        self._probe = probe

    def __call__(self, candidates: Candidates) -> Readings:
        return self._probe(candidates)


def rival_in(folder: Path) -> Path:
    """The demonstration's network, its weights a little astray, as another training leaves them."""
    import torch
    from safetensors.torch import load_file, save_file

    generator = torch.Generator().manual_seed(7)
    weights = load_file(CHECKPOINT)
    for name, values in weights.items():
        if name.endswith("weight") and values.ndim > 1:
            stray = torch.randn(values.shape, generator=generator)
            weights[name] = values + 0.05 * float(values.std()) * stray
    path = folder / "mitosis_retrained.safetensors"
    card = {"name": "Retrained mitosis classifier", "classes": ["normal", "mitosis"]}
    save_file(weights, path, {"architecture": "codait_mitosis", "card": json.dumps(card)})
    return path


def find(tile: str, folder: Path) -> Found:
    """Attack and sweep a demonstration tile, without a screen. folder: for a second checkpoint."""
    from onepixel_gui.attack.guided import guided
    from onepixel_gui.attack.search import search
    from onepixel_gui.attack.sweep import sweep
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.tiles.files import read

    read_ = read(DEMO / tile, label=Path(tile).parent.name)
    probe = Steady(Classifier.open(CHECKPOINT, "cpu").probe(read_))
    rival = rival_in(folder)
    *_, rival_swept = sweep(Classifier.open(rival, "cpu").probe(read_))
    began, *advanced, ended = search(probe, Settings(seed=0))
    *way, swept = sweep(probe)
    maps = [event for event in way if isinstance(event, Painted)]
    previews = [event for event in maps if not event.done]
    return Found(
        tile=tile,
        began=began,
        advanced=tuple(advanced),
        ended=ended,
        guided=tuple(guided(probe, Guidance())) if probe.preview_chunk else (),
        previewed=previews[-1] if previews else None,
        painted=next(event for event in maps if event.exact.mean() >= 0.25),
        swept=swept,
        rival=rival,
        rival_swept=rival_swept,
    )


def summary(found: Found) -> dict[str, object]:
    """What the pictures depend on: another processor's rounding may lead a search elsewhere."""
    (pixel,) = found.ended.best
    return {
        "tile": found.tile,
        "queries": found.ended.queries,
        "row": pixel.row,
        "column": pixel.column,
        "rgb": list(pixel.rgb),
        "lowest": [found.swept.lowest.row, found.swept.lowest.column],
    }


def live(until: Callable[[], object], most_ms: int = 180_000) -> None:
    """Let the window live until something holds, and goes on to hold: a layout that settles may
    bring new work.
    """
    loop, poll, end = QEventLoop(), QTimer(), QTimer()
    held = 0

    def look() -> None:
        nonlocal held
        held = held + 1 if until() else 0
        if held == _SETTLED:
            loop.quit()

    poll.timeout.connect(look)
    end.setSingleShot(True)
    end.timeout.connect(loop.quit)
    poll.start(20)
    end.start(most_ms)
    loop.exec()
    assert held == _SETTLED, "the window never came to this state"


class Stage:
    """A window with the demonstration open on the tile of `found`."""

    def __init__(self, found: Found, folder: Path) -> None:
        self.found, self.folder = found, folder
        self.examined: Sensitivity = sensitivity(found.swept)
        make_application()
        self.memory = Memory(folder / "settings.ini")
        self.window = Window(self.memory)

    def open(self) -> None:
        window = self.window
        window.show()
        window.commands.open_demonstration()
        live(lambda: window.session.question is not None)
        names = [file.path for file in window.shelf.files]
        index = names.index(DEMO / self.found.tile)
        window.gallery.set_current(index)
        window.gallery.tile_wished.emit(index)
        name = Path(self.found.tile).name
        live(lambda: window.session.tile.name == name and window.session.question is not None)
        live(lambda: not window.shelf.busy)

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        application = QApplication.instance()
        assert application is not None
        for _ in range(10):  # layouts that depend on each other settle in turns
            application.processEvents()
        (self.folder / f"{name}.png").write_bytes(picture_of(widget or self.window))

    def themes(self) -> Iterator[str]:
        """Both, the one in use first: to dress the whole window anew takes longest of all."""
        names = ("dark", "light")
        for name in names if self.window.commands.preferences.theme != "light" else names[::-1]:
            self.theme(name)
            yield name

    def theme(self, name: str) -> None:
        window = self.window
        window.commands.set_preferences(window.commands.preferences.but(theme=name))

    def show_painted(self, painted: Painted) -> None:
        """A sweep that has come so far."""
        session, swept = self.window.session, self.found.swept
        session.happened.emit(SweepBegan(swept.question, swept.palette, swept.queries))
        session.happened.emit(painted)

    def show_guided(self) -> None:
        """A guided search that has ended; nothing where the network has no preview."""
        if self.found.guided:
            began, *_, ended = self.found.guided
            self.window.session.recall(Findings(began=began, ended=ended, latest="guided"))
            live(lambda: not self.window.jobs)

    def show_running(self) -> None:
        """A half-painted map of an earlier sweep, and a search in its middle."""
        session = self.window.session
        self.show_painted(self.found.painted)
        session.happened.emit(self.found.began)
        for event in self.found.advanced[: max(1, len(self.found.advanced) // 2)]:
            session.happened.emit(event)

    def bring_rival(self) -> None:
        """A dropped checkpoint lies in its preview, loaded."""
        window = self.window
        window.commands.bring_checkpoint(self.found.rival)
        live(lambda: getattr(window.arrivals.arrival, "classifier", None) is not None)
        live(lambda: not window.jobs)

    def show_arrival(self, theme: str) -> None:
        """What has arrived, and the dialog of its card."""
        window = self.window
        self.shoot(f"window-arrival-{theme}")
        self.shoot(f"arrival-{theme}", window.findChild(ArrivalCard))
        window.cards.open()
        dialog = window.cards.dialog
        assert dialog is not None
        checked: list[Any] = []
        dialog.check.checked.connect(checked.append)
        live(lambda: checked and checked[-1].labelled == len(window.shelf.files))
        self.shoot(f"card-{theme}", dialog)
        dialog.reject()

    def take_rival(self) -> None:
        """It stands beside the one in use, and both were swept."""
        window, found = self.window, self.found
        window.arrivals.take(as_second=True)
        live(lambda: window.second.visible and not window.jobs)
        comparison, rival = window.second.comparison, sensitivity(found.rival_swept)
        comparison.examined.emit("A", self.examined)
        comparison.examined.emit("B", rival)
        comparison.compared.emit(compare(self.examined, rival))

    def show_comparison(self, theme: str) -> None:
        self.shoot(f"window-compare-{theme}")
        self.shoot(f"compare-{theme}", self.window.compare)
        self.window.resize(1280, 720)
        self.shoot(f"window-compare-1280-{theme}")
        self.window.resize(1440, 900)

    def show_finished(self) -> None:
        found, session = self.found, self.window.session
        waiting: list[object] = []
        session.happened.connect(waiting.append)
        session.recall(
            Findings(
                began=found.began, ended=found.ended, sensitivity=self.examined, latest="search"
            )
        )
        live(lambda: any(getattr(event, "curves", None) is not None for event in waiting))
        live(lambda: any(event.levels.size for event in waiting if hasattr(event, "levels")))


def main(found: Found, folder: Path, study: Path | None = None) -> None:
    """Draw the bench and its panes; with a study also arrivals, slides and campaigns."""
    folder.mkdir(parents=True, exist_ok=True)
    stage = Stage(found, folder)
    window = stage.window
    window.show()
    stage.shoot("window-empty-dark")
    stage.open()
    for theme in ("dark", "light"):
        stage.theme(theme)
        stage.shoot(f"window-opened-{theme}")
        stage.show_running()
        stage.shoot(f"window-running-{theme}")
        for quantity in ("change", "lowest"):
            window.map.set_quantity(quantity)
            stage.shoot(f"map-running-{quantity}-{theme}", window.map)
        stage.show_painted(found.previewed or found.painted)
        stage.shoot(f"map-previewed-{theme}", window.map)
        stage.show_guided()
        stage.shoot(f"window-guided-{theme}")
        stage.show_finished()
        stage.shoot(f"window-{theme}")
        panes = ("gallery", "tile", "map", "shift", "search", "periods", "verdict")
        for name in panes:
            stage.shoot(f"{name}-{theme}", getattr(window, name))
        window.resize(1280, 720)
        stage.shoot(f"window-1280-{theme}")
        window.resize(1440, 900)
        devices = ("cpu",)
        dialogs: dict[str, QWidget] = {
            "settings": SettingsDialog(window.commands.preferences, devices, window),
            "export": ExportDialog(window.commands.templates(), window),
            "palette": CommandPalette(list(window.actions_by_name.values()), window),
        }
        for name, dialog in dialogs.items():
            dialog.show()
            stage.shoot(f"{name}-{theme}", dialog)
            dialog.close()
        window.show_problem(
            Problem(
                "notes.png is not a picture.", "Open a PNG, JPEG, TIFF or NPY file.", detail="x"
            )
        )
        stage.shoot(f"window-problem-{theme}")
        window.messages.dismiss()
    stage.bring_rival()
    if study is not None:
        for theme in stage.themes():
            stage.show_arrival(theme)
    stage.take_rival()
    for theme in stage.themes():
        stage.show_comparison(theme)
    window.compare.close_wished.emit()
    if study is not None:
        SlideStage(stage, live).all()
        StudyStage(stage, live).all(study)
    window.close()


if __name__ == "__main__":
    main(pickle.loads(Path(sys.argv[1]).read_bytes()), *map(Path, sys.argv[2:]))
