"""What is done with a study in the window, and where it is seen."""

from pathlib import Path

from PySide6.QtWidgets import QPushButton

from onepixel_gui.qt.study.button import StudyButton
from onepixel_gui.qt.study.offer_strip import OfferStrip
from onepixel_gui.qt.window import Window
from onepixel_gui.study.store import Study
from tests.qt.window.deeds import run, until


def ran(qtbot, window: Window, name: str) -> None:
    """The same as `run`, and its record is in the study."""
    before = window.study.runs
    run(qtbot, window, name)
    until(qtbot, lambda: window.study.runs == before + 1)


def kept(path: Path):
    study = Study.open(path, reading=True)
    try:
        return [study.run(number) for number in study.rows().run.tolist()]
    finally:
        study.close()


def finding(window: Window, index: int) -> str:
    return window.gallery.rows.row_of(index).finding_words


def offer(window: Window):
    return window.findChild(OfferStrip)


def button(window: Window) -> StudyButton:
    return window.findChild(StudyButton)


def press(widget, text: str) -> None:
    next(each for each in widget.findChildren(QPushButton) if each.text() == text).click()
