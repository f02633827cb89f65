"""What stays the same is not laid out and not drawn anew."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.arrangement import Middle, View
from onepixel_gui.qt.panes.classes import ClassesPane
from tests.qt.conftest import MakeWindow
from tests.qt.doubles import tile


@pytest.fixture
def middle(qtbot: Any) -> Iterator[Middle]:
    window = QWidget()
    qtbot.addWidget(window)
    pages: dict[View, QWidget] = {"campaign": QWidget(), "population": QWidget()}
    five = [QWidget() for _ in range(5)]
    comparison, slide, candidates = QWidget(), QWidget(), QWidget()
    middle = Middle(QWidget(), five, ClassesPane(), comparison, slide, candidates, pages)
    window.setLayout(middle)
    yield middle
    window.close()


def test_a_view_that_is_in_sight_is_not_laid_out_again(
    middle: Middle, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[QWidget] = []
    monkeypatch.setattr(middle, "removeWidget", moved.append)
    middle.show_view("bench")
    assert not moved, "a window begins with the bench"
    middle.show_view("population")
    assert moved
    moved.clear()
    middle.show_view("population")
    assert not moved
    middle.show_view("bench")
    assert moved


def test_panes_that_show_nothing_but_the_tile_are_cleared_no_second_time(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, shown = make_window(), list[str]()
    monkeypatch.setattr(window.periods, "show_tile", lambda of, _window: shown.append(of.name))
    window.session.set_tile(tile("one.png"))
    window.session.set_classifier(None)
    assert shown == ["one.png"]
    window.session.set_tile(tile("two.png"))
    assert shown == ["one.png", "two.png"]


def test_panes_that_showed_an_event_are_cleared(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, shown = make_window(), list[str]()
    window.session.set_tile(tile("one.png"))
    monkeypatch.setattr(window.periods, "show_tile", lambda of, _window: shown.append(of.name))
    for pane in (window.tile, window.map, window.shift, window.search, window.periods):
        monkeypatch.setattr(pane, "take", lambda _event: None)
    window.study.replay.happened.emit(object())
    window.session.set_classifier(None)
    assert shown == ["one.png"]
