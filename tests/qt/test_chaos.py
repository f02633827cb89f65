"""Two hundred steps of an impatient reader under a fixed seed (issue 2, acceptance 6)."""

import gc
import json
import random
from collections.abc import Callable, Generator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Began, Event, Pixel, Responded, Swept
from onepixel_gui.problems import UnreadableTile, UnusableCheckpoint
from onepixel_gui.qt.dialogs import CommandPalette, ExportChoice
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.runs import Running
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.view import Cursor
from onepixel_gui.qt.window import Window
from tests.core.networks import Corner, save_script
from tests.qt.conftest import Census, shut
from tests.qt.doubles import Drag, picture_files

Watched = Callable[[Running, Generator[Event]], Generator[Event]]
STEPS = 200
_HELD = 2000  # events whose run is known
BUSY = Preferences(population=40, generations=40, to_the_end=True, device="cpu")


class Witness:
    """Knows which run, glance and tile each event came from, and objects to any that is stale."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stale: list[str] = []
        self.heard = 0
        self._run: Running | None = None  # the newest
        self._wish: Pixel | None = None  # the newest glance, None when its tile is gone
        self._source: dict[int, tuple[Event, Any]] = {}  # held, so that no id is used twice
        begin, glance = Running.__init__, Session.glance

        def running(of: Running, *words: Any) -> None:
            self._run = of
            begin(of, *words)

        def glanced(of: Session, pixel: Pixel) -> None:
            self._wish = pixel
            glance(of, pixel)

        monkeypatch.setattr(Running, "__init__", running)
        monkeypatch.setattr(Running, "watched", self._marked(Running.watched))
        monkeypatch.setattr(Session, "glance", glanced)

    def _marked(self, watched: Watched) -> Watched:
        def marked(of: Running, events: Generator[Event]) -> Generator[Event]:
            for event in watched(of, events):
                self._source[id(event)] = event, of
                while len(self._source) > _HELD:
                    del self._source[next(iter(self._source))]
                yield event

        return marked

    def watch(self, session: Session) -> None:
        session.happened.connect(lambda event: self._hear(session, event))
        session.tile_changed.connect(lambda _: self._forget())
        session.classifier_changed.connect(lambda _: self._forget())

    def _forget(self) -> None:
        self._wish = None

    def _hear(self, session: Session, event: Event) -> None:
        self.heard += 1
        if isinstance(event, Responded):
            fresh = event.pixel is self._wish
        elif session.activity is not None:
            fresh = self._source[id(event)][1] is self._run
        else:  # shown again from memory: it must be of this tile and classifier
            known = [getattr(session.findings, part.name) for part in fields(session.findings)]
            known += [part.swept for part in known if isinstance(part, Sensitivity)]
            fresh = any(event is part for part in known)
            if isinstance(event, Began | Swept):
                fresh = fresh and event.question == session.question
        if not fresh:
            self.stale.append(f"{type(event).__name__} during {session.activity}")


class Reader:
    """Does something at random, and does not wait for the answer.

    The dice are thrown alike whatever the window shows, so that a seed always means the same deeds.
    """

    def __init__(self, qtbot: Any, make: Callable[[], Window], places: dict[str, Path]) -> None:
        self.qtbot, self.make, self.places = qtbot, make, places
        self.dice = random.Random(2024)
        self.window = make()
        self.promised: list[Path] = []
        self.done: dict[str, int] = {}
        self.windows = 1

    def step(self) -> None:
        """One deed, most often of the main job; now and then the window gets no time at all."""
        deeds = {
            "run": 5,
            "guide": 3,
            "sweep": 5,
            "stop": 4,
            "next_tile": 4,
            "previous_tile": 2,
            "pin": 4,
            "hover": 3,
            "glance": 4,
            "drop": 4,
            "export": 3,
            "key": 3,
            "palette": 1,
            "close": 1,
        }
        (name,) = self.dice.choices(list(deeds), list(deeds.values()))
        self.done[name] = self.done.get(name, 0) + 1
        if name in self.window.actions_by_name and name not in ("export", "palette"):
            self.window.actions_by_name[name].trigger()
        else:
            getattr(self, name)()
        pause = self.dice.choice((0, 0, 1, 10, 40, 120))
        if pause:
            self.qtbot.wait(pause)

    def _place(self) -> tuple[int, int]:
        return self.dice.randrange(-1, 26), self.dice.randrange(-1, 26)

    def pin(self) -> None:
        self.window.session.pin(Cursor(*self._place()))

    def hover(self) -> None:
        self.window.session.set_cursor(Cursor(*self._place()))

    def glance(self) -> None:
        row, column, red, green, blue = (self.dice.randrange(16) for _ in range(5))
        question = self.window.session.question
        if question is not None:
            row, column = row + question.window.row, column + question.window.column
            pixel = Pixel(row, column, (16 * red, 16 * green, 16 * blue))
            self.window.shift.pixel_wished.emit(pixel)

    def drop(self) -> None:
        name = self.dice.choice(sorted(self.places))
        drag = Drag(self.places[name])
        assert drag.enter(self.window)
        if self.dice.random() < 0.8:
            drag.drop(self.window)

    def export(self) -> None:
        path = self.places["folder"].parent / f"out_{len(self.promised)}.png"
        commands, found = self.window.commands, self.window.session.findings
        figure = self.dice.random() < 0.2
        if commands.templates() and figure:
            commands.write_figure(path, ExportChoice(commands.templates()[0], 89, 300))
        elif found.ended is not None:
            commands.write_attacked(path)
        else:
            return
        self.promised.append(path)

    def key(self) -> None:
        key = self.dice.choice("123u ")
        self.qtbot.keyClick(self.window, Qt.Key.Key_Space if key == " " else key)

    def palette(self) -> None:
        self.window.actions_by_name["palette"].trigger()
        palette = self.window.findChild(CommandPalette)
        palette.narrow("map")
        palette.close()

    def close(self) -> None:
        shut(self.qtbot, self.window)
        self.window = self.make()
        self.windows += 1


@pytest.fixture
def places(tmp_path: Path, checkpoint: Path) -> dict[str, Path]:
    """What can be dropped: two folders, a tile, two that are broken, two classifiers."""
    picture_files(tmp_path / "folder")
    (large,) = picture_files(tmp_path / "large", edge=24, count=1)[:1]
    told = {"name": "contrary", "input": [16, 16], "scaling": "zero-to-one"}
    told |= {"classes": ["mitosis", "normal"], "subject": "mitosis", "outputs": "logits"}
    contrary = save_script(Corner(), tmp_path / "contrary.pt", told)
    (tmp_path / "broken.png").write_text("no picture")
    (tmp_path / "broken.pt").write_text("no network")
    return {
        "folder": tmp_path / "folder",
        "larger": tmp_path / "large",
        "tile": large,
        "bad tile": tmp_path / "broken.png",
        "bad network": tmp_path / "broken.pt",
        "network": checkpoint,
        "contrary": contrary,
    }


def test_two_hundred_random_steps_leave_no_stale_event_no_job_and_no_probe(
    qtbot: Any,
    make_window: Callable[[], Window],
    memory: Any,
    probes: Census,
    places: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory.keep(BUSY)
    witness, problems = Witness(monkeypatch), []

    def make() -> Window:
        gc.collect()
        assert probes.alive == 0, "probes outlived a closed window"
        window = make_window()
        witness.watch(window.session)
        for source in (window.session, window.shelf, window.commands):
            source.failed.connect(problems.append)
        window.commands.open_paths([places["folder"]])
        window.commands.use_checkpoint(places["network"])
        qtbot.waitUntil(lambda: window.session.question is not None)
        return window

    reader = Reader(qtbot, make, places)
    for number in range(5 * STEPS):  # on a slow machine less is heard of a step
        if number >= STEPS and witness.heard > 50:
            break
        reader.step()
        assert not witness.stale
    window = reader.window
    qtbot.waitUntil(lambda: window.jobs <= (window.session.activity is not None))
    window.commands.stop()
    qtbot.waitUntil(lambda: window.jobs == 0)
    gc.collect()
    assert probes.alive <= 1  # the one that looks at the tile on the bench
    problems = [problem for problem in problems if "has no preview" not in problem.what]
    assert not {type(problem) for problem in problems} - {UnreadableTile, UnusableCheckpoint}
    assert not [path.name for path in reader.promised if not path.is_file()]
    # The chaos was one: everything was done, and much was heard.
    assert len(reader.done) == 14, json.dumps(reader.done)
    assert reader.windows > 2
    assert witness.heard > 50
    assert probes.made > 50
