"""The card of a data set: what it says, its keys, its place, and that nothing on it is cut."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QWidget,
)

from onepixel_gui.problems import UnusableDataset
from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.classes import ClassTable
from onepixel_gui.qt.datasets.view import Look, chosen
from onepixel_gui.qt.theme import DARK, LIGHT, Line, install
from onepixel_gui.tiles.datasets import Looked, Sampling
from onepixel_gui.tiles.entries import Entries
from tests.qt.dataset_stand_ins import detection, plain
from tests.qt.doubles import window_in_front

BROKEN = UnusableDataset("The table is damaged.", "Write it anew.")
HOSTILE = "<img src='/etc/passwd'>&amp; <b>bold</b>"


def look(dataset=None, **facts) -> Look:
    base = Look((Path("/there/tupac"),), Sampling(), chosen({}, {}), quiet=False)
    return replace(base, dataset=dataset, busy=dataset is None, **facts)


@pytest.fixture
def over(qtbot, qapp):
    del qapp
    return window_in_front(qtbot, 860, "Before", "Elsewhere", "After")


@pytest.fixture
def card(over) -> DatasetCard:
    return DatasetCard(over)


def text_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def button(card: DatasetCard, name: str) -> QPushButton | None:
    """None where it is not offered."""
    offered = (b for b in card.findChildren(QPushButton) if b.isVisible())
    return next((b for b in offered if b.accessibleName() == name), None)


def field(card: DatasetCard, name: str) -> QSpinBox:
    fields = card.findChildren(QAbstractSpinBox)
    return next(each for each in fields if each.accessibleName().startswith(name))


def press(key: Qt.Key) -> None:
    QTest.keyClick(QApplication.focusWidget(), key)


# ------------------------------------------------------------------ what it says
def test_the_card_says_what_was_found_and_what_is_missing(card):
    card.show_look(look(detection()))
    told = text_of(card)
    for words in (
        "TUPAC16 auxiliary mitosis set",
        "2 of 3 images are here · 3 cases · marked: 6 mitosis, 3 look-alike",
        "⚠ 1 of 3 images is missing: 03.tif.",
        "4 normal tiles were sampled.",
        "Our choices: the data set itself says only where the mitoses are.",
    ):
        assert words in told
    assert card.findChild(ClassTable).rows == (("mitosis", 4), ("normal", 4))
    assert button(card, "Open 8 tiles")
    assert button(card, "Look at the slides")
    assert button(card, "Locate…")


@pytest.mark.parametrize("facts", [{}, {"busy": False, "problem": BROKEN, "gone": True}])
def test_the_card_names_what_is_looked_at_though_it_was_quiet_first(card, facts):
    quiet = replace(look(), quiet=True)
    card.show_look(quiet)
    assert not card.isVisible()
    card.show_look(replace(quiet, quiet=False, **facts))
    assert "tupac" in text_of(card)


def test_tiles_beside_slides_are_both_counted(card):
    card.show_look(look(detection(sampling=None)))
    assert "8 tiles · 2 of 3 images are here" in text_of(card)


def test_plain_tiles_have_neither_sampling_nor_slides_nor_anything_to_locate(card):
    card.show_look(look(plain(counts={"": 6})))
    assert card.findChild(ClassTable).rows == (("no label", 6),)
    assert "HOW TILES ARE CUT" not in text_of(card)
    assert button(card, "Locate…") is None
    assert button(card, "Look at the slides") is None


def test_where_there_are_only_slides_enter_looks_at_them(qtbot, card):
    card.show_look(look())
    card.show_look(look(detection(entries=Entries(), counts={}, sampling=None)))
    assert button(card, "Open tiles") is None
    with qtbot.waitSignal(card.slides_wished):
        press(Qt.Key.Key_Return)


def test_where_there_is_nothing_to_open_enter_locates_the_images(qtbot, card):
    fields = tuple(replace(each, present=False) for each in detection().fields)
    card.show_look(look(detection(entries=Entries(), counts={}, fields=fields)))
    assert not button(card, "Open tiles").isEnabled()
    with qtbot.waitSignal(card.location_wished):
        press(Qt.Key.Key_Return)


def test_each_value_of_the_sampling_says_whose_choice_it_is(card):
    sources = chosen({"normals": 2}, {"shape": (80, 80)})
    card.show_look(look(detection(), sampling=Sampling((80, 80), normals=2), sources=sources))
    told = text_of(card)
    for words in ("as the classifier takes it", "chosen by you", "our default, CODAIT's too"):
        assert words in told


def test_where_look_alikes_are_taken_nothing_is_drawn_at_random(card):
    card.show_look(look(detection()))
    assert not field(card, "Seed").isEnabled()
    card.show_look(look(detection(), sampling=Sampling(look_alikes=False)))
    assert field(card, "Seed").isEnabled()
    fields = tuple(replace(each, marks=each.marks[:2]) for each in detection().fields)
    card.show_look(look(detection(fields=fields)))
    assert field(card, "Seed").isEnabled(), "the set marks no look-alikes"
    assert not card.findChild(QCheckBox).isVisible()


def test_the_counts_are_grey_while_they_are_counted_again(card):
    dataset = detection()
    card.show_look(look(dataset))
    assert card.findChild(ClassTable).isEnabled()
    card.show_look(replace(look(dataset), busy=True, looked=Looked(12_345, "05")))
    assert not card.findChild(ClassTable).isEnabled()
    assert card.findChild(QProgressBar).isVisible()
    assert "Counting again into 05 · 12,345 files seen" in text_of(card)
    assert button(card, "Open tiles"), "the old number was told"


def test_a_problem_is_told_in_two_sentences_with_a_way_out(qtbot, card):
    card.show_look(look())
    card.show_look(replace(look(), busy=False, problem=BROKEN))
    assert "The table is damaged.\nWrite it anew." in text_of(card)
    assert not card.findChild(QProgressBar).isVisible()
    assert button(card, "Open tiles") is None
    assert button(card, "Locate…") is None
    with qtbot.waitSignal(card.cancel_wished):
        press(Qt.Key.Key_Return)
    assert button(card, "Close").hasFocus()


def test_what_is_gone_can_be_located(qtbot, card):
    card.show_look(replace(look(), busy=False, problem=BROKEN, gone=True))
    with qtbot.waitSignal(card.location_wished):
        press(Qt.Key.Key_Return)


def test_words_of_hostile_files_are_shown_as_letters(card):
    told = plain(title=HOSTILE, notes=(HOSTILE,), missing=(HOSTILE,), counts={HOSTILE: 6})
    card.show_look(replace(look(told), paths=(Path(f"/there/{HOSTILE}"),)))
    plain_text = Qt.TextFormat.PlainText
    shown = [each for each in card.findChildren(QLabel) if HOSTILE in each.text()]
    assert len(shown) == 3
    assert all(each.textFormat() == plain_text for each in shown)
    hints = [each.toolTip() for each in card.findChildren(QWidget)]
    table = card.findChild(ClassTable).model()
    hints.append(table.index(0, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert not any("<b>" in hint or "<img" in hint for hint in hints)


# ------------------------------------------------------------------ keys and the mouse
def test_escape_sends_it_away(qtbot, card):
    card.show_look(look(detection()))
    with qtbot.waitSignal(card.cancel_wished):
        press(Qt.Key.Key_Escape)


def test_enter_opens_the_tiles(qtbot, card):
    card.show_look(look())
    card.show_look(look(detection()))
    with qtbot.waitSignal(card.tiles_wished):
        press(Qt.Key.Key_Enter)


def test_enter_in_a_field_ends_the_typing_and_opens_nothing(qtbot, card):
    card.show_look(look(detection()))
    opened, normals = [], field(card, "Normal tiles")
    card.tiles_wished.connect(lambda: opened.append(True))
    normals.setFocus()
    normals.selectAll()
    told = []
    card.sampling_wished.connect(lambda *wish: told.append(wish))
    QTest.keyClicks(normals, "25")
    assert not told, "a number half typed is no wish"
    press(Qt.Key.Key_Return)
    assert told == [("normals", 25)]
    assert not opened
    with qtbot.waitSignal(card.tiles_wished):
        press(Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("name", "value", "wish"),
    [
        ("Tile height", 80, ("shape", (80, 64))),
        ("Tile width", 50, ("shape", (64, 50))),
        ("Resolution", 0.25, ("mpp", 0.25)),
        ("Normal tiles", 0, ("normals", 0)),
        ("Least distance", 30, ("distance", 30)),
        ("Seed", 7, ("seed", 7)),
    ],
)
def test_each_field_wishes_for_its_value(card, name, value, wish):
    card.show_look(look(detection()))
    told = []
    card.sampling_wished.connect(lambda *each: told.append(each))
    field(card, name).setValue(value)
    assert told == [wish]


def test_a_resolution_of_nothing_is_as_stored(card):
    card.show_look(look(detection(), sampling=Sampling(mpp=0.25)))
    told = []
    card.sampling_wished.connect(lambda *each: told.append(each))
    field(card, "Resolution").setValue(0)
    assert told == [("mpp", None)]
    assert field(card, "Resolution").text() == "as stored"


def test_look_alikes_can_be_left_out(card):
    card.show_look(look(detection()))
    told = []
    card.sampling_wished.connect(lambda *each: told.append(each))
    card.findChild(QCheckBox).click()
    assert told == [("look_alikes", False)]


def test_what_is_shown_is_no_wish(card):
    told = []
    card.sampling_wished.connect(lambda *each: told.append(each))
    changed = Sampling((80, 80), 0.5, 3, 10, 4, look_alikes=False)
    card.show_look(look(detection(), sampling=changed))
    assert not told


def test_the_wheel_over_a_field_without_the_focus_changes_nothing(card):
    card.show_look(look(detection()))
    told = []
    card.sampling_wished.connect(lambda *each: told.append(each))
    normals = field(card, "Normal tiles")
    event = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 120), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(normals, event)
    assert not told


@pytest.mark.parametrize("name", ["Before", "Elsewhere", "After"])
def test_the_focus_goes_back_to_where_it_was(over, card, name):
    fields = over.findChildren(QLineEdit)
    elsewhere = next(each for each in fields if each.accessibleName() == name)
    elsewhere.setFocus()
    card.show_look(look())
    assert card.isAncestorOf(QApplication.focusWidget())
    card.show_look(look(detection()))
    assert card.isAncestorOf(QApplication.focusWidget())
    card.show_look(None)
    assert elsewhere.hasFocus()


def test_the_focus_stays_in_a_field_while_tiles_are_counted_again(card):
    dataset = detection()
    card.show_look(look(dataset))
    seed = field(card, "Normal tiles")
    seed.setFocus()
    card.show_look(replace(look(dataset), busy=True))
    card.show_look(look(detection()))
    assert seed.hasFocus()


def test_no_focus_is_taken_from_elsewhere_by_news(over, card):
    card.show_look(look())
    elsewhere = over.findChild(QLineEdit)
    elsewhere.setFocus()
    card.show_look(look(detection()))
    assert elsewhere.hasFocus()


def test_every_control_has_a_name_and_the_keys_are_told(card):
    card.show_look(look(detection()))
    for widget in card.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            told = QAccessible.queryAccessibleInterface(widget)
            assert told.text(QAccessible.Text.Name), widget
    assert "(Enter)" in button(card, "Open 8 tiles").toolTip()
    assert "(Esc)" in button(card, "Cancel").toolTip()


def test_all_that_can_be_done_is_reached_by_tab(card):
    card.show_look(look(detection()))
    reached = set()
    for _ in range(40):
        press(Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget().accessibleName())
    names = {"Open 8 tiles", "Look at the slides", "Locate…", "Cancel", "Tiles per class"}
    assert names <= reached
    assert any(name.startswith("Tile height") for name in reached)


# ------------------------------------------------------------------ its place
@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("notes", [1, 7])
def test_nothing_on_the_card_is_cut_or_scrolled(qtbot, qapp, over, card, theme, notes):
    install(qapp, theme)
    card.set_theme(theme)
    lines = tuple("word " * words + "." for words in range(9, 9 + notes))
    card.show_look(look())
    sources = chosen({}, {"shape": (64, 64), "mpp": 0.25})
    card.show_look(look(detection(notes=lines), sources=sources))
    contents = card.findChild(QWidget, "contents")
    qtbot.waitUntil(lambda: contents.height() >= contents.heightForWidth(contents.width()))
    assert contents.parentWidget().height() >= contents.height()
    assert over.rect().contains(card.geometry())
    for each in card.findChildren(QPushButton):
        assert each.isHidden() or each.width() >= each.sizeHint().width(), each.text()
    for each in card.findChildren(QAbstractSpinBox):
        room = each.findChild(QLineEdit).width() - 14
        assert each.fontMetrics().horizontalAdvance(each.text()) <= room, each.text()
    for each in card.findChildren(Line):
        room = each.width()
        assert each.fontMetrics().horizontalAdvance(each.text()) <= room, each.text()
    install(qapp, DARK)


def test_a_small_window_scrolls_what_it_has_no_room_for(qtbot, over, card):
    over.resize(1000, 480)
    card.show_look(look(detection()))
    qtbot.waitUntil(lambda: over.rect().contains(card.geometry()))
    assert button(card, "Open 8 tiles").isVisible()
    assert card.findChild(QScrollArea).focusPolicy() == Qt.FocusPolicy.TabFocus
    over.resize(1000, 900)
    qtbot.waitUntil(lambda: card.findChild(QScrollArea).focusPolicy() == Qt.FocusPolicy.NoFocus)


def test_of_a_thousand_classes_a_few_are_in_sight_and_the_rest_scroll(over, card):
    counts = {f"class {number}": number for number in range(1000)}
    card.show_look(look(plain(counts=counts)))
    table = card.findChild(ClassTable)
    assert len(table.rows) == 1000
    assert table.verticalScrollBar().maximum() > 0
    assert over.rect().contains(card.geometry())


def test_no_news_of_a_data_set_costs_the_window_50_ms(qapp, over):
    """The window's own time is counted, which other programs cannot take."""
    many = plain(counts={f"class {number}": number for number in range(1000)})

    def worst() -> float:
        card, spent = DatasetCard(over), []
        news = (look(), look(looked=Looked(5, "05")), look(detection()), look(many), None)
        for each in news:
            began = time.thread_time()
            card.show_look(each)
            qapp.processEvents()
            spent.append(time.thread_time() - began)
        return max(spent)

    assert min(worst() for _ in range(3)) < 0.05
