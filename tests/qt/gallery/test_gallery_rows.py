"""What a gallery draws: the rows on screen, each in one line, and completions."""

import time
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible

from onepixel_gui.qt.gallery.shelf import EDGE, REMEMBERED
from onepixel_gui.qt.gallery.tile_rows import KEPT_BYTES, Finding
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.theme import DARK, LIGHT
from tests.qt.doubles import painted
from tests.qt.gallery.listing import CLASSES, CONTROL, apply, names, row_picture, words


# ------------------------------------------------------------------ what is on screen
def test_only_rows_on_screen_are_told_of(qtbot: Any, gallery: GalleryPane) -> None:
    many = painted(*((f"slide_{n}.png",) for n in range(100_000)))
    begin = time.thread_time()
    with qtbot.waitSignal(gallery.rows_seen) as wish:
        gallery.set_listing(many)
        gallery.grab()
        seconds = time.thread_time() - begin
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
