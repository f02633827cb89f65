"""Slides and data sets that were opened: remembered, missed, found again, and offered."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QFileDialog, QStyleOptionMenuItem, QWidget

from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.open_button import OpenButton, ask_where
from onepixel_gui.qt.preferences import RECENT, Memory, Opened
from onepixel_gui.qt.recent import RecentlyOpened

HASH = "quickhash-1:" + "ab" * 32


def entry(number: int = 0, **facts) -> Opened:
    made = Opened(f"/there/{number}", f"set {number}", "data set", "MIDOG++", "midog", number)
    return replace(made, **facts)


@pytest.fixture
def opened(qtbot, qapp, memory):
    del qapp
    lanes = Detached()
    made = RecentlyOpened(memory, lanes)
    yield made
    made.close()
    qtbot.waitUntil(lambda: lanes.busy == 0)


def slide(opened: RecentlyOpened, path: str, mark: str = HASH) -> None:
    opened.note(Path(path), Path(path).name, "slide", "Aperio SVS", mark)


# ------------------------------------------------------------------ what is remembered
def test_what_was_opened_survives_a_restart_the_latest_first(tmp_path):
    Memory(tmp_path / "kept.ini").keep_opened([entry(1), entry(3, kind="slide"), entry(2)])
    again = Memory(tmp_path / "kept.ini").opened()
    assert again == (entry(3, kind="slide"), entry(2), entry(1))


def test_classifiers_and_what_was_opened_are_remembered_apart(opened, memory):
    slide(opened, "/there/a.svs")
    assert memory.recent() == ()
    assert len(memory.opened()) == 1


def test_only_the_latest_twelve_are_kept(opened, memory):
    for number in range(RECENT + 3):
        slide(opened, f"/there/{number}.svs")
    assert [each.name for each in memory.opened()][:2] == ["14.svs", "13.svs"]
    assert len(memory.opened()) == RECENT


def test_what_is_opened_again_comes_first_and_only_once(opened):
    for name in ("a.svs", "b.svs", "a.svs"):
        slide(opened, f"/there/{name}")
    assert [each.name for each in opened.entries] == ["a.svs", "b.svs"]


@pytest.mark.parametrize(
    "change",
    [
        {"path": 3},
        {"path": "/a\0"},
        {"kind": "film"},
        {"kind": []},
        {"title": ""},
        {"mark": None},
        {"mark": "m" * 100_000},
        {"used": "never"},
        {"used": float("nan")},
        {"name": "n" * 100_000},
    ],
)
def test_a_damaged_entry_costs_only_itself(tmp_path, change):
    good = {
        "path": "/a", "name": "a", "kind": "slide", "title": "Aperio SVS", "mark": "", "used": 1.0
    }  # fmt: skip
    store = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    store.setValue("recent/opened", json.dumps([{**good, **change}, 5, good]))
    store.sync()
    assert [each.path for each in Memory(tmp_path / "kept.ini").opened()] == ["/a"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_any_text_where_the_list_should_be_is_survived(tmp_path, text):
    (tmp_path / "any.ini").write_text(f"[recent]\nopened={text}\n", encoding="utf-8")
    assert isinstance(Memory(tmp_path / "any.ini").opened(), tuple)


# ------------------------------------------------------------------ what is gone
def look(qtbot, opened) -> frozenset[str]:
    with qtbot.waitSignal(opened.changed) as told:
        opened.look()
    return told.args[1]


def test_folders_and_files_that_are_gone_are_known_as_missing(qtbot, opened, tmp_path):
    (tmp_path / "folder").mkdir()
    slide(opened, str(tmp_path / "folder"))
    slide(opened, str(tmp_path / "gone.svs"))
    assert look(qtbot, opened) == {str(tmp_path / "gone.svs")}


def test_a_lost_slide_found_elsewhere_takes_its_place(qtbot, opened):
    slide(opened, "/there/a.svs")
    opened.seek(opened.entries[0], Path("/here/a.svs"))
    with qtbot.waitSignal(opened.healed):
        slide(opened, "/here/a.svs")
    assert [each.path for each in opened.entries] == ["/here/a.svs"]


def test_another_slide_takes_no_lost_ones_place_and_that_is_told(qtbot, opened):
    slide(opened, "/there/a.svs")
    opened.seek(opened.entries[0], Path("/here/b.svs"))
    with qtbot.waitSignal(opened.failed) as told:
        slide(opened, "/here/b.svs", mark="quickhash-1:other")
    assert told.args[0].what == "b.svs is not the a.svs that was opened before."
    assert [each.path for each in opened.entries] == ["/here/b.svs", "/there/a.svs"]


def test_what_is_opened_from_elsewhere_is_not_what_was_sought(opened):
    told = []
    opened.failed.connect(told.append)
    slide(opened, "/there/a.svs")
    opened.seek(opened.entries[0], Path("/here/a.svs"))
    slide(opened, "/other/c.svs", mark="quickhash-1:other")
    slide(opened, "/here/a.svs", mark="quickhash-1:other")
    assert not told
    assert len(opened.entries) == 3


# ------------------------------------------------------------------ the button and its menu
@pytest.fixture
def button(qtbot, qapp):
    del qapp
    actions = [QAction("Open tiles…"), QAction("Open slide…"), QAction("Open data set…")]
    made = OpenButton(actions)
    qtbot.addWidget(made)
    made.actions_kept = actions
    return made


def entries_of(button: OpenButton) -> list[QAction]:
    return [a for a in button.menu().actions() if " · " in a.text()]


def test_the_menu_begins_with_what_can_be_opened(button):
    button.show_recent([entry(1)], frozenset())
    assert button.menu().actions()[:3] == button.actions_kept


def test_recent_slides_come_before_recent_data_sets_each_under_its_title(qtbot, button):
    button.show_recent([entry(2), entry(1, kind="slide", title="Aperio SVS")], frozenset())
    sections = [a.text() for a in button.menu().actions() if a.isSeparator()]
    assert sections == ["Recent slides", "Recent data sets"]
    first, second = entries_of(button)
    assert (first.text(), second.text()) == ("set 1 · Aperio SVS", "set 2 · MIDOG++")
    assert "/there/2" in second.toolTip()
    with qtbot.waitSignal(button.recent_wished) as wished:
        second.trigger()
    assert wished.args == [entry(2)]


def test_what_is_missing_is_grey_and_asks_where_it_is(qtbot, button):
    button.show_recent([entry(1), entry(2)], frozenset({"/there/2"}))
    there, gone = entries_of(button)
    assert gone.text().endswith("moved or deleted: locate…")
    colours = []
    for action in (there, gone):
        option = QStyleOptionMenuItem()
        button.menu().initStyleOption(option, action)
        colours.append(option.palette.color(QPalette.ColorRole.Text))
    assert colours[0] != colours[1]
    with qtbot.waitSignal(button.location_wished) as wished:
        gone.trigger()
    assert wished.args == [entry(2)]


def test_a_long_name_is_shortened_and_whole_in_the_hint(button):
    name = "a long name of a folder " * 12
    button.show_recent([entry(1, name=name, path=f"/{name}")], frozenset({f"/{name}"}))
    (action,) = entries_of(button)
    assert "…" in action.text()
    assert action.text().endswith("· MIDOG++ · moved or deleted: locate…")
    assert button.menu().sizeHint().width() < 640
    assert name in action.toolTip()


def test_words_of_hostile_names_are_shown_as_letters(button):
    button.show_recent([entry(1, name="a & <b>b</b>", path="/<img src='x'>")], frozenset())
    (action,) = entries_of(button)
    assert action.text() == "a && <b>b</b> · MIDOG++"
    assert "<img" not in action.toolTip()


def test_the_files_are_looked_for_when_the_menu_opens(qtbot, button):
    with qtbot.waitSignal(button.opening):
        button.menu().popup(button.pos())
    button.menu().close()


# ------------------------------------------------------------------ asking where it is
@pytest.mark.parametrize(
    ("lost", "asks"),
    [
        (None, "folder"),
        (Path("/there/tupac"), "folder"),
        (Path("/there/version 1.0"), "folder"),
        (Path("/there/a.svs"), "file"),
    ],
)
def test_a_file_is_sought_among_files_and_a_folder_among_folders(qtbot, monkeypatch, lost, asks):
    widget = QWidget()
    qtbot.addWidget(widget)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/folder")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/file", ""))
    assert ask_where(lost, widget) == Path(f"/{asks}")


def test_choosing_nothing_is_none(qtbot, monkeypatch):
    widget = QWidget()
    qtbot.addWidget(widget)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    assert ask_where(None, widget) is None
