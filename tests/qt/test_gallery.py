"""The gallery: rows that are chosen, filtered, sorted, put aside and scored."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget

from onepixel_gui.analysis.selection import KEYS
from onepixel_gui.qt.gallery.shelf import EDGE, REMEMBERED
from onepixel_gui.qt.gallery.tile_rows import KEPT_BYTES, Finding
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.tiles.folders import Looked
from tests.qt.doubles import painted

CLASSES = ("normal", "mitosis")
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    install(qapp, DARK)


def shown(qtbot: Any, size: tuple[int, int] = (230, 700)) -> GalleryPane:
    pane = GalleryPane()
    qtbot.addWidget(pane)
    pane.resize(*size)
    with qtbot.waitExposed(pane):
        pane.show()
    return pane


@pytest.fixture
def gallery(qtbot: Any) -> GalleryPane:
    """20 tiles, odd ones mitoses, of four cases."""
    pane = shown(qtbot)
    rows = ((f"tile_{n}.png", "mitosis" if n % 2 else "normal", f"p{n // 5}") for n in range(20))
    pane.set_listing(painted(*rows))
    pane.forget_results(CLASSES)
    return pane


def words(widget: QWidget) -> str:
    """All that can be read on a widget."""
    return " ".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def button(gallery: GalleryPane, begins: str) -> QToolButton:
    found = gallery.findChildren(QToolButton)
    return next(one for one in found if one.accessibleName().startswith(begins))


def apply(qtbot: Any, gallery: GalleryPane, text: str) -> list[str]:
    gallery.filter.setText(text)
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Return)
    return names(gallery)


def names(gallery: GalleryPane) -> list[str]:
    return [gallery.rows.index(row).data() for row in range(gallery.rows.rowCount())]


def heard(signal: Any) -> list[Any]:
    told: list[Any] = []
    signal.connect(told.append)
    return told


def click(qtbot: Any, gallery: GalleryPane, row: int, keys: Any = Qt.KeyboardModifier.NoModifier):
    place = gallery.list.visualRect(gallery.rows.index(row)).center()
    qtbot.mouseClick(gallery.list.viewport(), Qt.MouseButton.LeftButton, keys, place)


def score(gallery: GalleryPane, confidences: list[float]) -> None:
    """Of the first tiles; a mitosis from 0.5 on."""
    values = np.array(confidences, np.float32)
    gallery.set_answers(range(len(values)), (values >= 0.5).astype(np.int32), values)


# ------------------------------------------------------------------ choosing
def test_an_empty_gallery_says_what_to_do(qtbot: Any) -> None:
    assert "Drop tiles, a folder or a checkpoint" in words(shown(qtbot, (230, 400)))


def test_keys_wish_for_the_next_and_the_last_tile(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_current(0)
    wishes = heard(gallery.tile_wished)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown, Qt.Key.Key_End, Qt.Key.Key_PageUp):
        qtbot.keyClick(gallery.list, key)
    assert wishes == [1, 2, 19, 18]
    qtbot.keyClick(gallery.list, Qt.Key.Key_Return)
    assert wishes[-1] == 18


def test_letters_go_to_the_next_and_the_previous_tile(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_current(5)
    wishes = heard(gallery.tile_wished)
    for key in (Qt.Key.Key_N, Qt.Key.Key_J, Qt.Key.Key_P, Qt.Key.Key_K):
        qtbot.keyClick(gallery.list, key)
    assert wishes == [6, 7, 6, 5]


def test_a_letter_that_is_no_command_of_the_list_moves_nothing(
    qtbot: Any, gallery: GalleryPane
) -> None:
    gallery.set_current(5)
    wishes = heard(gallery.tile_wished)
    qtbot.keyClicks(gallery.list, "tX7")
    assert wishes == []
    assert gallery.list.currentIndex().row() == 5


def test_a_click_wishes_for_that_tile(qtbot: Any, gallery: GalleryPane) -> None:
    with qtbot.waitSignal(gallery.tile_wished) as wish:
        click(qtbot, gallery, 2)
    assert wish.args == [2]


def test_marking_the_current_tile_wishes_for_nothing(qtbot: Any, gallery: GalleryPane) -> None:
    with qtbot.assertNotEmitted(gallery.tile_wished):
        gallery.set_current(5)
    assert gallery.list.currentIndex().row() == 5


def test_step_goes_by_the_filtered_order_from_anywhere(qtbot: Any, gallery: GalleryPane) -> None:
    apply(qtbot, gallery, "mitosis")
    gallery.set_current(4)  # filtered out
    wishes = heard(gallery.tile_wished)
    gallery.step(1)
    gallery.step(1)
    gallery.set_current(4)
    for _ in range(3):
        gallery.step(-1)
    assert wishes == [5, 7, 3, 1]


def test_step_goes_by_the_order_that_is_shown(gallery: GalleryPane) -> None:
    score(gallery, [0.3, 0.9, 0.1])
    gallery.sort("confidence")
    gallery.set_current(2)
    wishes = heard(gallery.tile_wished)
    for by in (1, 1, 1, -1, -1, -1, -1):
        gallery.step(by)
    assert wishes == [0, 1, 3, 1, 0, 2]


# ------------------------------------------------------------------ filter
def test_the_filter_keeps_tiles_in_which_every_word_occurs(
    qtbot: Any, gallery: GalleryPane
) -> None:
    gallery.set_finding(3, Finding("flipped", 0.16))
    gallery.set_finding(4, Finding("flipped", 0.9))
    gallery.set_answer(5, "normal", 0.2)
    assert apply(qtbot, gallery, "Flipped") == ["tile_3.png", "tile_4.png"]
    assert apply(qtbot, gallery, "flipped mitosis") == ["tile_3.png"]
    assert apply(qtbot, gallery, "label=mitosis answer:normal") == ["tile_5.png"]
    assert len(apply(qtbot, gallery, "not run")) == 18
    assert apply(qtbot, gallery, "nothing") == []
    assert "No tile" in words(gallery)
    assert "0 of 20 · 2 flipped" in words(gallery)
    assert len(apply(qtbot, gallery, "")) == 20
    assert "20 · 2 flipped" in words(gallery)


def test_the_filter_understands_comparisons(qtbot: Any, gallery: GalleryPane) -> None:
    score(gallery, [0.95, 0.95, 0.3, 0.3])
    assert apply(qtbot, gallery, "label = mitosis and confidence < 0.9") == ["tile_3.png"]
    assert apply(qtbot, gallery, "agreement = no") == ["tile_0.png", "tile_3.png"]
    assert apply(qtbot, gallery, "case = p3 and label = normal") == ["tile_16.png", "tile_18.png"]


def test_rows_stay_while_the_filter_is_incomplete_and_it_says_why(
    qtbot: Any, gallery: GalleryPane
) -> None:
    before = apply(qtbot, gallery, "label = mitosis")
    gallery.filter.setText("label = mitosis and confidence <")
    qtbot.waitUntil(lambda: "“confidence <” needs a value." in words(gallery))
    assert names(gallery) == before
    assert not button(gallery, "Order").isVisible()
    gallery.filter.setText("label = mitosis")
    qtbot.waitUntil(lambda: "needs" not in words(gallery))
    assert button(gallery, "Order").isVisible()


def test_a_row_joins_when_news_makes_it_pass_the_filter(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_finding(7, Finding("flipped", 0.1))
    apply(qtbot, gallery, "flipped")
    gallery.set_finding(3, Finding("flipped", 0.1))
    assert list(gallery.rows.order) == [3, 7]
    assert gallery.rows.rowCount() == 2


def test_rows_join_together_when_many_are_answered(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_current(1)
    apply(qtbot, gallery, "confidence > 0.4")
    score(gallery, [0.1, 0.5, 0.2, 0.7])
    qtbot.waitUntil(lambda: names(gallery) == ["tile_1.png", "tile_3.png"])
    assert gallery.list.currentIndex().row() == 0
    score(gallery, [0.5, 0.1, 0.2, 0.7])  # what no longer passes stays until it is applied
    qtbot.waitUntil(lambda: len(names(gallery)) == 3)
    assert apply(qtbot, gallery, "confidence > 0.4") == ["tile_0.png", "tile_3.png"]


def test_another_classifier_empties_a_filter_on_answers(qtbot: Any, gallery: GalleryPane) -> None:
    score(gallery, [0.9] * 4)
    assert len(apply(qtbot, gallery, "answer = mitosis")) == 4
    gallery.forget_results(("a", "b"))
    assert names(gallery) == []


# ------------------------------------------------------------------ order
def test_the_menu_sorts_and_unknown_tiles_come_last(gallery: GalleryPane) -> None:
    score(gallery, [0.3, 0.9, 0.1])
    made = gallery.tools.sort.actions_by_name
    made["Confidence"].trigger()
    assert names(gallery)[:4] == ["tile_2.png", "tile_0.png", "tile_1.png", "tile_3.png"]
    made["Descending"].trigger()
    assert names(gallery)[:4] == ["tile_1.png", "tile_0.png", "tile_2.png", "tile_3.png"]
    assert button(gallery, "Order").accessibleName() == "Order: Confidence, descending"
    made["List order"].trigger()
    made["Ascending"].trigger()
    assert names(gallery)[0] == "tile_0.png"


@pytest.mark.parametrize("key", KEYS)
def test_the_tile_on_show_stays_marked_in_every_order(
    qtbot: Any, gallery: GalleryPane, key: Any
) -> None:
    score(gallery, [0.3, 0.9, 0.1])
    gallery.set_current(1)
    with qtbot.assertNotEmitted(gallery.tile_wished):
        gallery.sort(key, True)
    row = gallery.list.currentIndex().row()
    assert gallery.rows.order[row] == 1
    assert sorted(gallery.rows.order) == list(range(20))


def test_a_sorted_list_does_not_jump_while_it_is_scored_but_offers_to_sort_again(
    qtbot: Any, gallery: GalleryPane
) -> None:
    score(gallery, [0.3, 0.9, 0.1])
    gallery.sort("confidence")
    again = gallery.tools.sort.actions_by_name["Sort again"]
    assert not again.isEnabled()
    score(gallery, [0.3, 0.05, 0.1])
    qtbot.waitUntil(again.isEnabled)
    assert names(gallery)[:3] == ["tile_2.png", "tile_0.png", "tile_1.png"]
    again.trigger()
    assert names(gallery)[:3] == ["tile_1.png", "tile_2.png", "tile_0.png"]
    assert not again.isEnabled()


# ------------------------------------------------------------------ the reader's own list
def test_l_puts_a_tile_on_the_list_and_goes_on(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_current(2)
    wishes, changes = heard(gallery.tile_wished), heard(gallery.listed_changed)
    qtbot.keyClick(gallery.list, Qt.Key.Key_L)
    qtbot.keyClick(gallery.list, Qt.Key.Key_L)
    assert changes == [(2,), (2, 3)]
    assert wishes == [3, 4]
    assert "20 · 0 flipped · 2 listed" in words(gallery)
    gallery.set_current(3)
    qtbot.keyClick(gallery.list, Qt.Key.Key_L)
    assert gallery.listed == (2,)


def test_shift_and_ctrl_select_without_opening_a_tile(qtbot: Any, gallery: GalleryPane) -> None:
    click(qtbot, gallery, 1)
    wishes = heard(gallery.tile_wished)
    click(qtbot, gallery, 3, SHIFT)
    click(qtbot, gallery, 6, CONTROL)
    qtbot.keyClick(gallery.list, Qt.Key.Key_L)
    assert gallery.listed == (1, 2, 3, 6)
    assert wishes == []
    qtbot.keyClick(gallery.list, Qt.Key.Key_L)  # all of them are listed: off they go
    assert gallery.listed == ()


def test_ctrl_a_takes_all_that_pass_the_filter(qtbot: Any, gallery: GalleryPane) -> None:
    apply(qtbot, gallery, "case = p1")
    qtbot.keyClick(gallery.list, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(gallery.list, Qt.Key.Key_L)
    assert gallery.listed == (5, 6, 7, 8, 9)
    apply(qtbot, gallery, "")
    gallery.sort("label")
    gallery.forget_results(CLASSES)
    assert gallery.listed == (5, 6, 7, 8, 9)


def test_my_list_is_shown_alone_and_then_what_was_shown_before(
    qtbot: Any, gallery: GalleryPane
) -> None:
    gallery.set_listed([4, 9])
    before = apply(qtbot, gallery, "mitosis")
    mine = button(gallery, "Show my list")
    mine.click()
    assert names(gallery) == ["tile_4.png", "tile_9.png"]
    assert mine.isChecked()
    mine.click()
    assert names(gallery) == before
    assert gallery.filter.text() == "mitosis"


def test_a_new_list_starts_with_nothing_put_aside(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_listed([4])
    with qtbot.waitSignal(gallery.listed_changed) as change:
        gallery.set_listing(painted(("a.png",)))
    assert change.args == [()]
    assert not button(gallery, "Show my list").isVisible()


def test_a_listed_row_is_marked_and_says_so(gallery: GalleryPane) -> None:
    plain = row_picture(gallery, 3, whole=True)
    gallery.set_listed([3])
    assert row_picture(gallery, 3, whole=True) != plain
    assert gallery.rows.row_of(3).sentence.endswith("on your list")


# ------------------------------------------------------------------ scoring and looking
def test_scores_are_wished_for_what_passes_and_has_none(qtbot: Any, gallery: GalleryPane) -> None:
    score(gallery, [0.3, 0.9])
    gallery.set_unreadable(2, "gone")
    apply(qtbot, gallery, "case = p0")
    ask = button(gallery, "Ask the classifier")
    assert ask.text() == "Score 2"
    with qtbot.waitSignal(gallery.scores_wished) as wish:
        ask.click()
    assert wish.args == [(3, 4)]


def test_scoring_shows_how_far_it_is_and_can_be_stopped(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.set_scoring(5, 20)
    stop = button(gallery, "Stop scoring: 5 of 20")
    assert stop.text() == "Stop · 25%"
    with qtbot.waitSignal(gallery.scoring_stop_wished):
        stop.click()
    gallery.set_scoring(0, 0)
    assert stop.text() == "Score 20"


def test_a_sorted_list_is_sorted_again_when_scoring_ends(gallery: GalleryPane) -> None:
    gallery.sort("confidence")
    gallery.set_scoring(0, 3)
    score(gallery, [0.3, 0.9, 0.1])
    gallery.set_scoring(3, 3)
    assert names(gallery)[:3] == ["tile_2.png", "tile_0.png", "tile_1.png"]


def test_without_a_classifier_nothing_can_be_scored(gallery: GalleryPane) -> None:
    gallery.forget_results(())
    assert not gallery.tools.task.isVisible()


def test_a_folder_that_is_being_listed_says_how_far_and_can_be_stopped(
    qtbot: Any, gallery: GalleryPane
) -> None:
    gallery.set_looking(Looked(12_345, "patient_3"))
    assert "12,345 files · patient_3" in words(gallery)
    with qtbot.waitSignal(gallery.looking_stop_wished):
        button(gallery, "Stop looking").click()
    gallery.set_looking(None)
    assert "20 · 0 flipped" in words(gallery)


def test_the_first_folder_that_is_listed_can_be_stopped_too(qtbot: Any) -> None:
    gallery = shown(qtbot)
    gallery.set_looking(Looked(12, "pictures"))
    assert "Looking at 12 files · pictures" in words(gallery)
    with qtbot.waitSignal(gallery.looking_stop_wished):
        button(gallery, "Stop looking").click()
    gallery.set_looking(None)
    assert "Drop tiles" in words(gallery)


# ------------------------------------------------------------------ what is on screen
def test_only_rows_on_screen_are_told_of(qtbot: Any, gallery: GalleryPane) -> None:
    many = painted(*((f"slide_{n}.png",) for n in range(100_000)))
    begin = time.perf_counter()
    with qtbot.waitSignal(gallery.rows_seen) as wish:
        gallery.set_listing(many)
        gallery.grab()
        seconds = time.perf_counter() - begin
    assert seconds < 1.0
    assert wish.args[0][0] == 0
    assert len(wish.args[0]) <= 12
    with qtbot.waitSignal(gallery.rows_seen) as wish:
        gallery.list.scrollToBottom()
    assert wish.args[0][-1] == 99_999
    assert len(wish.args[0]) <= 12


def test_rows_that_stay_on_screen_are_told_of_once(qtbot: Any, gallery: GalleryPane) -> None:
    with qtbot.waitSignal(gallery.rows_seen) as wish:
        gallery.set_listing(painted(("a.png",), ("b.png",)))
    assert wish.args == [(0, 1)]
    gallery.set_thumbnail(0, np.zeros((80, 80, 3), np.uint8))
    gallery.resize(230, 690)
    gallery.filter.setText("png")
    with qtbot.assertNotEmitted(gallery.rows_seen, wait=200):
        qtbot.keyClick(gallery.filter, Qt.Key.Key_Return)


def test_remembered_thumbnails_are_bounded_by_their_bytes(gallery: GalleryPane) -> None:
    gallery.set_listing(painted(*((f"{n}.png",) for n in range(2000))))
    gallery.rows.pixels_per_point = 4.0
    rgb = np.zeros((EDGE, EDGE, 3), np.uint8)
    for index in range(2000):
        gallery.set_thumbnail(index, rgb)
    kept = [index for index in range(2000) if gallery.rows.thumbnail(index) is not None]
    pixmap = gallery.rows.thumbnail(kept[0])
    assert pixmap is not None
    assert 0.9 * KEPT_BYTES < len(kept) * pixmap.width() * pixmap.height() * 4 <= KEPT_BYTES
    assert kept[-1] == 1999
    assert kept == list(range(kept[0], 2000))


def test_a_thumbnail_that_comes_again_pushes_no_other_out(gallery: GalleryPane) -> None:
    gallery.rows.pixels_per_point = 2.0
    rgb = np.zeros((EDGE, EDGE, 3), np.uint8)
    for index in [0, *[1] * (KEPT_BYTES // (4 * EDGE * EDGE) + 2)]:
        gallery.set_thumbnail(index, rgb)
    assert gallery.rows.thumbnail(0) is not None


def test_the_gallery_keeps_more_thumbnails_than_the_shelf_counts_on() -> None:
    assert 4 * EDGE * EDGE * REMEMBERED <= KEPT_BYTES


# ------------------------------------------------------------------ one row
def test_late_news_for_a_replaced_list_is_ignored(gallery: GalleryPane) -> None:
    gallery.set_listing(painted(("only.png", "mitosis")))
    gallery.set_thumbnail(15, np.zeros((64, 64, 3), np.uint8))
    gallery.set_answer(15, "mitosis", 0.9)
    gallery.set_answers([15, -3], np.array([0, 1]), np.array([0.5, 0.5], np.float32))
    gallery.set_finding(15, Finding("flipped", 0.1))
    gallery.set_unreadable(-1, "gone")
    assert "1 · 0 flipped" in words(gallery)
    assert gallery.rows.thumbnail(15) is None


def test_an_answer_is_doubted_only_where_the_label_is_one_of_its_classes(
    gallery: GalleryPane,
) -> None:
    gallery.set_listing(painted(("a.png", "mitosis"), ("b.png", "atypical"), ("c.png", None)))
    gallery.forget_results(CLASSES)
    for index in range(3):
        gallery.set_answer(index, "normal", 0.9)
    assert [gallery.rows.row_of(index).disagrees for index in range(3)] == [True, False, False]


def test_a_tile_that_cannot_be_used_says_why_without_its_name_again(gallery: GalleryPane) -> None:
    gallery.set_listing(painted(("a.png",)))
    gallery.set_unreadable(0, "a.png is 50 x 50 px; the classifier looks at 64 x 64 px.")
    row = gallery.rows.row_of(0)
    assert row.why_line == "is 50 x 50 px; the classifier looks at 64 x 64 px."
    assert row.finding_words == "not usable"


def test_a_row_reads_as_a_sentence(gallery: GalleryPane) -> None:
    gallery.set_answer(3, "mitosis", 0.988)
    gallery.set_finding(3, Finding("flipped", 0.16))
    text = gallery.rows.index(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert text == "tile_3.png, label mitosis, case p0, answer mitosis 0.99, flipped to 0.16"
    gallery.set_unreadable(4, "truncated")
    assert "truncated" in gallery.rows.index(4).data(Qt.ItemDataRole.ToolTipRole)


def test_what_a_guided_search_found_is_tagged_and_can_be_filtered(
    qtbot: Any, gallery: GalleryPane
) -> None:
    gallery.set_finding(3, Finding("flipped", 0.16, guided=True))
    gallery.set_finding(4, Finding("flipped", 0.16))
    for index in (3, 4):
        gallery.set_thumbnail(index, np.full((64, 64, 3), 180, np.uint8))
    tagged, plain = (row_picture(gallery, index) for index in (3, 4))
    assert tagged != plain
    assert apply(qtbot, gallery, "guided") == ["tile_3.png"]
    text = gallery.rows.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert text.endswith("flipped to 0.16, found by a guided, white-box search")


def row_picture(gallery: GalleryPane, index: int, *, whole: bool = False) -> QImage:
    """A row, or its thumbnail, as it is drawn."""
    frame = gallery.list.visualRect(gallery.rows.index(index))
    if not whole:
        frame.setWidth(64)
    return gallery.list.viewport().grab(frame).toImage()


# ------------------------------------------------------------------ completion
def offered(gallery: GalleryPane) -> tuple[str, ...]:
    return gallery.filter.offers


def test_offers_come_while_a_field_is_typed_and_tab_takes_them(
    qtbot: Any, gallery: GalleryPane
) -> None:
    gallery.filter.setFocus()
    qtbot.keyClicks(gallery.filter, "la")
    assert offered(gallery) == ("label",)
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Tab)
    assert gallery.filter.text() == "label "
    assert offered(gallery) == ("=", "!=", "~", ":")
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Down)
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Return)
    assert offered(gallery) == ("normal", "mitosis")
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(gallery.filter, key)
    described = QAccessible.queryAccessibleInterface(gallery.filter)
    assert described.text(QAccessible.Text.Description) == "2 of 2: mitosis"
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Return)
    assert gallery.filter.text() == "label = mitosis "
    assert offered(gallery) == ()
    qtbot.waitUntil(lambda: len(names(gallery)) == 10)
    assert gallery.filter.hasFocus()


def test_enter_takes_no_offer_that_was_not_chosen(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.filter.setFocus()
    qtbot.keyClicks(gallery.filter, "tile_1 na")
    assert offered(gallery) == ("name",)
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Return)
    assert gallery.filter.text() == "tile_1 na"
    assert offered(gallery) == ()


def test_escape_closes_the_offers_and_down_asks_for_them(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.filter.setFocus()
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Down)
    assert "confidence" in offered(gallery)
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Escape)
    assert offered(gallery) == ()
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Space, CONTROL)
    assert "confidence" in offered(gallery)
    gallery.list.setFocus()
    assert offered(gallery) == ()


def test_a_click_takes_an_offer(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.filter.setFocus()
    qtbot.keyClicks(gallery.filter, "case = p")
    popup = gallery.filter.offered
    assert offered(gallery) == ("p0", "p1", "p2", "p3")
    centre = popup.visualItemRect(popup.item(2)).center()
    qtbot.mouseClick(popup.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(centre))
    assert gallery.filter.text() == "case = p2 "
    assert gallery.filter.hasFocus()


def test_a_half_typed_field_waits_for_its_rest(qtbot: Any, gallery: GalleryPane) -> None:
    gallery.filter.setFocus()
    before = apply(qtbot, gallery, "label = mitosis")
    with qtbot.assertNotEmitted(gallery.rows.modelReset, wait=200):
        qtbot.keyClicks(gallery.filter, " and conf")
    assert names(gallery) == before


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_offers_are_dressed_like_the_window(qtbot: Any, gallery: GalleryPane, theme: Any) -> None:
    gallery.set_theme(theme)
    gallery.filter.setFocus()
    qtbot.keyClicks(gallery.filter, "conf")
    image = gallery.filter.offered.grab().toImage()
    assert image.pixelColor(image.width() - 12, image.height() // 2).name() == theme.card
