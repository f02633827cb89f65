"""What a reader does with a window, and what the window then says."""

from PySide6.QtWidgets import QLabel

from onepixel_gui.qt.dialogs import ExportChoice
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.window import Window

QUICK = Preferences(population=60, generations=6, device="cpu")
FIGURE = ExportChoice("sensitivity", 89, 300)


def until(qtbot, holds):
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


def open_all(qtbot, window: Window, pictures, checkpoint) -> None:
    window.commands.open_paths([pictures[0].parent.parent])
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)


def run(qtbot, window: Window, name: str) -> None:
    """Trigger search or sweep and let it end."""
    window.actions_by_name[name].trigger()
    assert window.session.activity is not None
    until(qtbot, lambda: window.session.activity is None and window.jobs == 0)


def sentence(window: Window) -> str:
    return next(
        label.text()
        for label in window.verdict.findChildren(QLabel)
        if label.accessibleName() == "Verdict"
    )
