"""Recent classifiers: what is remembered, and how a lost file is found again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QFileDialog, QMenu, QStyleOptionMenuItem

from onepixel_gui.qt import commands
from onepixel_gui.qt.classifier_button import ClassifierButton
from onepixel_gui.qt.preferences import RECENT, Memory, Preferences, Recent
from onepixel_gui.qt.recent import Recents
from onepixel_gui.qt.view import Arrival
from tests.qt.arrivals.arriving import inspection
from tests.qt.doubles import SERVING, card

DIGEST = "ab" * 32


def entry(number: int = 0, **facts) -> Recent:
    return replace(Recent(f"/there/{number}.pt", f"net {number}", DIGEST, float(number)), **facts)


@pytest.fixture
def recents(make_lanes, memory):
    made = Recents(memory, make_lanes())
    yield made
    made.close()


# ------------------------------------------------------------------ what is remembered
def test_recent_classifiers_survive_a_restart_the_latest_first(tmp_path):
    Memory(tmp_path / "kept.ini").keep_recent([entry(1), entry(3), entry(2)])
    again = Memory(tmp_path / "kept.ini").recent()
    assert again == (entry(3), entry(2), entry(1))


def test_only_the_latest_twelve_are_kept(recents, memory):
    for number in range(15):
        recents.note(Path(f"/there/{number}.pt"), f"net {number}", DIGEST)
    assert RECENT == 12
    assert [each.name for each in memory.recent()] == [f"net {n}" for n in range(14, 2, -1)]


def test_a_classifier_used_again_comes_first_and_only_once(recents):
    for name in ("a", "b", "a"):
        recents.note(Path(f"/there/{name}.pt"), name, DIGEST)
    assert [each.name for each in recents.entries] == ["a", "b"]


def test_another_file_of_the_same_name_replaces_its_entry(recents):
    recents.note(Path("/there/a.pt"), "a", DIGEST)
    recents.note(Path("/there/a.pt"), "a", "cd" * 32)
    assert [each.sha256 for each in recents.entries] == ["cd" * 32]


@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "{}", "7", "null", "[[]]", "[1, null]", "[" * 100_000, '[{"path": 3}]'),
        json.dumps([{"path": "/a", "name": "a", "sha256": "short", "used": 1}]),
        json.dumps([{"path": "/a", "name": "a", "sha256": DIGEST, "used": "never"}]),
        json.dumps([{"path": "/a\0", "name": "a", "sha256": DIGEST, "used": 1}]),
        f'[{{"path": "/a", "name": "a", "sha256": "{DIGEST}", "used": NaN}}]',
    ],
)
def test_a_damaged_list_counts_as_empty_and_can_be_written_again(tmp_path, text):
    store = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    store.setValue("recent/classifiers", text)
    store.sync()
    memory = Memory(tmp_path / "kept.ini")
    assert memory.recent() == ()
    assert memory.preferences() == Preferences()
    memory.keep_recent([entry(1)])
    assert memory.recent() == (entry(1),)


def test_a_damaged_entry_costs_only_itself(tmp_path):
    good = {"path": "/a", "name": "a", "sha256": DIGEST, "used": 1.0}
    store = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    store.setValue("recent/classifiers", json.dumps([{"path": "/b"}, good, 5]))
    store.sync()
    assert [each.path for each in Memory(tmp_path / "kept.ini").recent()] == ["/a"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_any_text_where_the_list_should_be_is_survived(tmp_path, text):
    (tmp_path / "any.ini").write_text(f"[recent]\nclassifiers={text}\n", encoding="utf-8")
    assert isinstance(Memory(tmp_path / "any.ini").recent(), tuple)


# ------------------------------------------------------------------ files that are gone
def look(qtbot, recents) -> frozenset[str]:
    with qtbot.waitSignal(recents.changed) as told:
        recents.look()
    return told.args[1]


def test_a_file_that_is_gone_is_known_as_missing(qtbot, recents, tmp_path):
    there = tmp_path / "there.pt"
    there.write_bytes(b"x")
    recents.note(there, "there", DIGEST)
    recents.note(tmp_path / "gone.pt", "gone", "cd" * 32)
    assert look(qtbot, recents) == {str(tmp_path / "gone.pt")}


def test_the_same_bytes_used_elsewhere_replace_an_entry_whose_file_is_gone(
    qtbot, recents, tmp_path
):
    recents.note(tmp_path / "gone.pt", "net", DIGEST)
    look(qtbot, recents)
    recents.note(tmp_path / "elsewhere.pt", "net", DIGEST)
    assert [each.path for each in recents.entries] == [str(tmp_path / "elsewhere.pt")]


def test_the_same_file_elsewhere_heals_its_entry(qtbot, recents, memory):
    lost = entry(4, sha256=inspection().card.sha256)
    recents.note(Path(lost.path), lost.name, lost.sha256)
    lost = recents.entries[0]
    recents.seek(lost, Path("one.pt"))
    with qtbot.waitSignal(recents.healed):
        recents.hear(Arrival(Path("one.pt"), inspection=inspection()))
    assert memory.recent() == (replace(lost, path="one.pt"),)


def test_another_file_heals_nothing_and_is_told(qtbot, recents, memory):
    recents.note(Path("/there/4.pt"), "net 4", DIGEST)
    recents.seek(recents.entries[0], Path("one.pt"))
    with qtbot.waitSignal(recents.failed) as told:
        recents.hear(Arrival(Path("one.pt"), inspection=inspection()))
    assert "one.pt is not the net 4 that was used before" in told.args[0].what
    assert DIGEST[:12] in told.args[0].what
    assert memory.recent()[0].path == "/there/4.pt"


def test_what_arrives_from_elsewhere_is_not_what_was_sought(recents):
    told = []
    recents.failed.connect(told.append)
    recents.note(Path("/there/4.pt"), "net 4", DIGEST)
    recents.seek(recents.entries[0], Path("other.pt"))
    recents.hear(Arrival(Path("one.pt"), inspection=inspection()))
    recents.hear(Arrival(Path("other.pt"), inspection=inspection()))
    assert not told


# ------------------------------------------------------------------ the button and its menu
@pytest.fixture
def button(qtbot, qapp):
    del qapp
    actions = [QAction("Open checkpoint…"), QAction("Edit card…")]
    made = ClassifierButton(actions)
    qtbot.addWidget(made)
    made.actions_kept = actions
    return made


def entries_of(button: ClassifierButton) -> list[QAction]:
    return [a for a in button.menu().actions() if " · " in a.text()]


def colour_of(menu: QMenu, action: QAction):
    option = QStyleOptionMenuItem()
    menu.initStyleOption(option, action)
    return option.palette.color(QPalette.ColorRole.Text)


def test_the_menu_names_recent_classifiers_with_the_beginning_of_their_hash(qtbot, button):
    button.show_recent([entry(1), entry(2)], frozenset())
    first, second = entries_of(button)
    assert first.text() == f"net 1 · {DIGEST[:12]}"
    assert DIGEST in first.toolTip()
    with qtbot.waitSignal(button.recent_wished) as wished:
        second.trigger()
    assert wished.args == [entry(2)]


def test_what_is_missing_is_grey_and_asks_where_it_is(qtbot, button):
    button.show_recent([entry(1), entry(2)], frozenset({entry(2).path}))
    there, gone = entries_of(button)
    assert gone.text().endswith("moved or deleted: locate…")
    assert colour_of(button.menu(), gone) != colour_of(button.menu(), there)
    with qtbot.waitSignal(button.location_wished) as wished:
        gone.trigger()
    assert wished.args == [entry(2)]


def test_the_menu_begins_with_what_can_be_done(button):
    button.show_recent([entry(1)], frozenset())
    assert button.menu().actions()[:2] == button.actions_kept


def test_the_files_are_looked_for_when_the_menu_opens(qtbot, button):
    with qtbot.waitSignal(button.opening):
        button.menu().popup(button.pos())
    button.menu().close()


def test_the_button_names_the_classifier_and_what_is_saved(button):
    assert button.text() == "No classifier yet"
    button.show_classifier(card("net"), replace(SERVING, shortcut="Saves 64 %."))
    assert button.text().startswith("net · ")
    assert button.toolTip().startswith("Saves 64 %.")


# ------------------------------------------------------------------ in the window
@pytest.fixture
def window(qtbot, make_window, door, tmp_path):
    """Two classifiers were used, the file of the first is gone since."""
    window = make_window()
    for name in ("first", "second"):
        path = tmp_path / f"{name}.pt"
        path.write_bytes(b"x")
        window.commands.use_checkpoint(path)
        qtbot.waitUntil(lambda path=path: window.session.checkpoint == path and window.jobs == 0)
    (tmp_path / "first.pt").unlink()
    del door
    return window


def menu_of(qtbot, window) -> list[QAction]:
    button = window.findChild(ClassifierButton)
    with qtbot.waitSignal(window.commands.recents.changed):
        button.opening.emit()
    return entries_of(button)


def test_classifiers_in_use_are_remembered_and_the_demonstration_is_not(qtbot, window, memory):
    window.commands.use_checkpoint(commands.DEMO_CHECKPOINT)
    qtbot.waitUntil(lambda: window.session.checkpoint == commands.DEMO_CHECKPOINT)
    assert [each.name for each in memory.recent()] == ["second", "first"]


def test_a_preview_alone_is_not_remembered(qtbot, window, memory):
    window.commands.bring_checkpoint(Path("looked_at.pt"))
    qtbot.waitUntil(lambda: window.arrivals.arrival.classifier is not None)
    window.arrivals.dismiss()
    assert [each.name for each in memory.recent()] == ["second", "first"]


def test_a_recent_one_is_previewed_and_chosen_again_it_is_taken(qtbot, window, tmp_path):
    window.commands.use_checkpoint(Path("third.pt"))
    qtbot.waitUntil(lambda: window.session.checkpoint == Path("third.pt"))
    second = next(a for a in menu_of(qtbot, window) if a.text().startswith("second"))
    second.trigger()
    qtbot.waitUntil(lambda: window.arrivals.arrival.classifier is not None)
    assert window.session.checkpoint == Path("third.pt")
    second.trigger()
    assert window.session.checkpoint == tmp_path / "second.pt"


def test_a_lost_one_is_located_and_previewed(qtbot, window, memory, tmp_path, monkeypatch):
    elsewhere = tmp_path / "moved" / "first.pt"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(elsewhere), ""))
    lost = menu_of(qtbot, window)[1]
    assert "locate" in lost.text()
    with qtbot.waitSignal(window.commands.recents.healed):
        lost.trigger()
    assert [Path(each.path) for each in memory.recent()] == [tmp_path / "second.pt", elsewhere]
    qtbot.waitUntil(lambda: window.arrivals.arrival.classifier is not None)
    assert window.session.checkpoint == tmp_path / "second.pt"


def test_another_file_than_the_lost_one_is_told_and_previewed(qtbot, window, tmp_path, monkeypatch):
    other = tmp_path / "stranger.pt"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(other), ""))
    menu_of(qtbot, window)[1].trigger()
    qtbot.waitUntil(lambda: "is not the first that was used before" in window.messages.text)
    assert window.arrivals.arrival.path == other


def test_locating_nothing_changes_nothing(qtbot, window, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: ("", ""))
    menu_of(qtbot, window)[1].trigger()
    assert window.arrivals.arrival is None
