"""The population view is made and drawn in small turns: the window answers between them."""

import sys
from typing import Any

import pytest
from PySide6.QtCore import QTimer

from onepixel_gui.qt.population.columns import columns
from onepixel_gui.qt.population.page import PopulationPage
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.parts import PARTS
from onepixel_gui.qt.population.reading import Tabled, reading
from onepixel_gui.study.store import Study
from tests.core.populations import outcomes_of, records_of

TITLES = [part.title for part in PARTS]
MOST, FEWER = (columns("mitosis to normal", outcomes_of(n, both=False)) for n in (60, 20))


@pytest.fixture
def page(qtbot: Any) -> PopulationPage:
    page = PopulationPage()
    qtbot.addWidget(page)
    page.resize(1000, 600)
    with qtbot.waitExposed(page):
        page.show()
    return page


def panes(page: PopulationPage) -> list[LinkedPane]:
    return page.findChildren(LinkedPane)


def test_panes_are_made_one_after_the_other_and_events_come_between(
    qtbot: Any, page: PopulationPage
) -> None:
    seen: list[int] = []
    beat = QTimer(page, interval=0)
    beat.timeout.connect(lambda: seen.append(len(panes(page))))
    page.show_columns(MOST)
    assert not panes(page)
    beat.start()
    qtbot.waitUntil(lambda: page.complete)
    assert len(panes(page)) == 6
    assert {1, 2, 3, 4, 5} <= set(seen)


def test_other_tiles_are_shown_in_one_pane_after_the_other(
    qtbot: Any, page: PopulationPage
) -> None:
    page.show_columns(MOST)
    qtbot.waitUntil(lambda: page.complete)
    seen: list[int] = []
    beat = QTimer(page, interval=0)
    beat.timeout.connect(lambda: seen.append(sum(p.columns is FEWER for p in panes(page))))
    beat.start()
    page.show_columns(FEWER)
    qtbot.waitUntil(lambda: page.complete)
    assert {1, 2, 3, 4, 5} <= set(seen)
    assert all(pane.columns is FEWER for pane in panes(page))


def test_parts_that_were_left_half_made_are_completed_with_the_newest_tiles(
    qtbot: Any, page: PopulationPage
) -> None:
    page.show_columns(MOST)
    qtbot.waitUntil(lambda: len(panes(page)) == 2)
    page.tabs.setCurrentIndex(TITLES.index("Periods"))
    qtbot.waitUntil(lambda: len(panes(page)) == 4)
    page.show_columns(FEWER)
    page.tabs.setCurrentIndex(TITLES.index("Overview"))
    qtbot.waitUntil(lambda: page.complete)
    page.tabs.setCurrentIndex(TITLES.index("Periods"))
    qtbot.waitUntil(lambda: page.complete)
    assert len(panes(page)) == 11
    assert all(pane.columns is FEWER for pane in panes(page))


def test_of_several_sizes_in_a_row_none_is_drawn_but_the_last(
    qtbot: Any, page: PopulationPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.show_columns(MOST)
    qtbot.waitUntil(lambda: page.complete)
    pane, drawn = page.pane("distance"), list[int]()
    monkeypatch.setattr(pane, "draw", lambda: drawn.append(pane.width()))
    size = page.size()
    page.resize(700, 500)
    page.resize(size)
    page.repaint()
    other = QTimer(page, singleShot=True, interval=20)
    with qtbot.waitSignal(other.timeout):
        other.start()
    assert not drawn, "it stood at its old size again"
    page.resize(800, 500)
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [pane.width()]


def test_what_the_findings_need_is_imported_by_the_reading_job(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"onepixel_gui.report.population.{name}" for name in ("exhibit", "summary")]
    study = Study.open(tmp_path / "some.onepixel", make=True)
    study.add_all([(record, -1, -1) for record in records_of(outcomes_of(8))])
    for name in names:
        monkeypatch.setitem(sys.modules, name, sys)
        monkeypatch.delitem(sys.modules, name)
    events = reading(study, None)
    while not isinstance(next(events), Tabled):
        pass
    events.close()
    study.close()
    assert all(name in sys.modules for name in names)
