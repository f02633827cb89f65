"""The gallery is filtered, ordered, scored and chosen from."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from onepixel_gui.analysis.selection import KEYS
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.tiles.folders import Looked
from tests.qt.doubles import painted
from tests.qt.gallery.listing import (
    CLASSES,
    CONTROL,
    SHIFT,
    apply,
    names,
    row_picture,
    shown,
    words,
)


def button(gallery: GalleryPane, begins: str) -> QToolButton:
    found = gallery.findChildren(QToolButton)
    return next(one for one in found if one.accessibleName().startswith(begins))


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
    assert stop.text() == "Stop · 25 %"
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
