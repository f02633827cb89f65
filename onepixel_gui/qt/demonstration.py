"""The whole job once without a reader: open, attack, sweep, and write what was seen."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer, SignalInstance

from onepixel_gui.outbox import write_whole
from onepixel_gui.problems import Problem
from onepixel_gui.qt.app import make_application
from onepixel_gui.qt.dialogs import ExportChoice
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.telling import told
from onepixel_gui.qt.view import picture_of
from onepixel_gui.qt.window import Window

_PATIENCE = 600_000  # ms


def run_demonstration(folder: Path, say: Callable[[str], None]) -> None:
    """Attack one painted tile, sweep it, write window.png, figure.png and figure.pdf.

    say:  hears one line per step.  Raises Problem.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise Problem(
            f"The folder {folder.name} cannot be made.", "Choose another folder with --out."
        ) from refused
    make_application()
    with tempfile.TemporaryDirectory() as spare:
        window = Window(Memory(Path(spare) / "settings.ini"))
        try:
            _act(window, folder, say)
        finally:
            window.close()


def _act(window: Window, folder: Path, say: Callable[[str], None]) -> None:
    session, commands = window.session, window.commands
    window.show()
    _wait(window, session.question_changed, commands.open_demonstration, lambda: session.question)
    assert session.tile is not None
    say(f"Opened {len(window.shelf.files)} painted tiles; on the bench: {session.tile.name}")
    _wait(window, session.busy_changed, commands.run, lambda: session.activity is None)
    say(_sentence(window))
    _wait(window, session.busy_changed, commands.sweep, lambda: session.activity is None)
    say(_sentence(window))
    _settle()
    write_whole(folder / "window.png", picture_of(window))
    for name in ("figure.png", "figure.pdf"):
        (folder / name).unlink(missing_ok=True)
        _write_figure(window, folder / name)
    say(f"Wrote window.png, figure.png and figure.pdf into {folder.name}")


def _sentence(window: Window) -> str:
    said = told(window.session)
    return "" if said is None else said.sentence


def _write_figure(window: Window, path: Path) -> None:
    choice = ExportChoice("sensitivity", 183, 300)
    start = partial(window.commands.write_figure, path, choice)
    _wait(window, window.commands.noted, start, path.is_file)


def _wait(
    window: Window, signal: SignalInstance, start: Callable[[], object], done: Callable[[], object]
) -> None:
    """Start something and let the window live until `done` is true; a problem ends it."""
    problems: list[Problem] = []
    loop = QEventLoop()

    def look(*_: object) -> None:
        if done():
            loop.quit()

    def fail(problem: Problem) -> None:
        problems.append(problem)
        loop.quit()

    signal.connect(look)
    for source in (window.session, window.shelf):
        source.failed.connect(fail)
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(_PATIENCE)
    start()
    loop.exec()
    signal.disconnect(look)
    for source in (window.session, window.shelf):
        source.failed.disconnect(fail)
    if problems:
        raise problems[0]
    if not done():
        raise Problem("The demonstration took too long.", "Try again when the machine is idle.")


def _settle() -> None:
    """Let the glance that follows a result arrive before the picture is taken."""
    loop = QEventLoop()
    QTimer.singleShot(1500, loop.quit)
    loop.exec()
