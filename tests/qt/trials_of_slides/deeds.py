"""What is done with slides in the window."""

from pathlib import Path
from threading import Event as Gate

from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.slides import open_slide

QUICK = Preferences(population=60, generations=10, to_the_end=True, theme="dark", device="cpu")
EDGE = 320


def until(qtbot, holds):
    # None would count as fulfilled, as if the callback had asserted something.
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


def show(qtbot, window: Window, path: Path) -> None:
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.commands.open_paths([path])
    until(qtbot, window.slide.isVisible)


def on_bench(qtbot, window: Window, row: int, column: int) -> None:
    window.slides.put_on_bench(row, column)
    until(qtbot, lambda: window.session.tile and window.session.tile.origin == (row, column))
    until(qtbot, lambda: window.session.question is not None)


def run(qtbot, window: Window, name: str = "run") -> None:
    window.actions_by_name[name].trigger()
    until(qtbot, lambda: window.session.activity is None)


def stalled(monkeypatch, window: Window, path: Path, gate: Gate) -> None:
    """The viewer cannot open that slide before the gate is opened."""

    def opener(asked):
        if asked == path:
            assert gate.wait(20)
        return open_slide(asked)

    monkeypatch.setattr(window.slides.reader, "_opener", opener)
