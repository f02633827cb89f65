"""A | B: what hands and keys mean on the pane that compares, and what eyes need of it."""

from time import perf_counter

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget

from onepixel_gui.attack.probe import Painted
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.qt.view import Cursor
from tests.core.stand_ins import flat
from tests.qt.comparing.comparing import (
    PATIENCE,
    Heard,
    Rival,
    button,
    near,
    put,
    readout,
    sound,
    swept_both,
    weak,
    wire,
    words,
)
from tests.qt.doubles import tile


def test_another_tile_clears_the_maps_and_what_was_said_of_them(bench):
    bench.show_tile(tile("other.png"))
    assert bench.pictures["A"].drawn is None
    assert "n = 1" not in words(bench.verdict)
    assert "flip" not in bench.heads["difference"].text


def test_the_cursor_stays_where_it_is_when_a_and_b_are_swapped(qtbot, comparison, bench):
    bench.set_cursor(Cursor(3, 5, pinned=True))
    before = readout(bench)
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.swap()
    after = readout(bench)
    assert after != before
    assert after.startswith("row 3, column 5 · A lowest 0.88")
    assert "· B lowest 0.018" in after
    bench.show_tile(tile("other.png"))
    assert readout(bench) == ""


def test_swap_and_close_are_wishes(qtbot, bench):
    for name, signal in (("Swap A ↔ B", bench.swap_wished), ("Close", bench.close_wished)):
        with qtbot.waitSignal(signal, timeout=PATIENCE):
            qtbot.mouseClick(button(bench, name), Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(("key", "quantity"), [("1", "lowest"), ("2", "highest"), ("3", "change")])
def test_the_keys_1_2_3_wish_for_the_quantity_that_their_hints_name(qtbot, bench, key, quantity):
    wished = []
    bench.quantity_wished.connect(wished.append)
    qtbot.keyClicks(bench.pictures["A"], key)
    assert wished == [quantity]
    hints = [b.toolTip() for b in bench.findChildren(QToolButton) if b.objectName() == quantity]
    assert hints[0].endswith(f"({key})")


def test_what_a_flip_means_for_a_decides_which_quantity_is_shown_first(pane):
    pane.show_pair(weak().card, sound().card)
    pane.show_tile(tile())
    pane.show_question("A", weak(start=-2.0).probe(tile()).question)
    assert pane.quantity == "highest"
    pane.show_question("B", sound().probe(tile()).question)
    assert pane.quantity == "highest"


def test_arrows_move_the_cursor_and_enter_pins_it(qtbot, bench):
    wished = []
    bench.cursor_moved.connect(wished.append)
    bench.set_cursor(Cursor(4, 7))
    qtbot.keyClick(bench.pictures["B"], Qt.Key.Key_Right)
    qtbot.keyClick(bench.pictures["B"], Qt.Key.Key_Return)
    assert wished == [Cursor(4, 8), Cursor(4, 7, pinned=True)]


def test_zooming_one_picture_zooms_all_at_the_same_place(bench):
    shown = bench.pictures["A"]
    at = shown.cell(3, 5).center()
    before = [picture.grab().toImage() for picture in bench.pictures.values()]
    up = QWheelEvent(at, shown.mapToGlobal(at), QPointF(0, 0).toPoint(), QPointF(0, 360).toPoint(),
                     Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
                     Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(shown, up)
    after = [picture.grab().toImage() for picture in bench.pictures.values()]
    assert all(one != other for one, other in zip(before, after, strict=True))
    boxes = {tuple(p.placement.box.getRect()) for p in bench.pictures.values()}
    assert len(boxes) == 1
    assert shown.placement.scale > shown.placement.fitted
    assert shown.position_at(at) == (3, 5)


def test_every_control_has_a_name_and_tab_reaches_each(qtbot, bench):
    controls = [*bench.pictures.values(), *bench.findChildren(QPushButton)]
    assert all(control.accessibleName() for control in controls)
    first = bench.pictures["tile"]
    first.setFocus()
    bench.activateWindow()
    qtbot.waitUntil(bench.isActiveWindow)
    met = []
    for _ in range(12):
        met.append(QApplication.focusWidget())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    expected = [c for c in controls if c.isEnabled()]
    assert [c for c in met if c in expected][: len(expected)] == expected


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_no_word_of_a_head_is_cut_at_1280_px(qapp, bench, theme):
    install(qapp, theme)
    bench.set_theme(theme)
    bench.resize(1256, 560)
    QApplication.processEvents()
    for head in bench.heads.values():
        for line in head.findChildren(QWidget):
            assert line.fontMetrics().horizontalAdvance(line.text()) <= line.width()


def test_each_theme_draws_its_own_ground_around_the_same_pictures(qapp, bench):
    dark = bench.pictures["A"].drawn.image
    install(qapp, LIGHT)
    bench.set_theme(LIGHT)
    assert bench.pictures["A"].drawn.image == dark
    assert near(bench, LIGHT.card, 4) > 100_000
    install(qapp, DARK)


def test_an_event_leaves_the_main_thread_free(qtbot, comparison, pane):
    """A painted map of both sides, with difference and outlines, within a frame or two."""
    wire(comparison, pane)
    edge = 96
    put(qtbot, comparison, weak(edge=edge), Rival("flat", flat(1.0), edge=edge), on=tile(edge=edge))
    heard = Heard(comparison)
    swept_both(qtbot, comparison)
    event = [e for _, e in heard.events if isinstance(e, Painted)][-1]
    times = []
    for _ in range(5):
        start = perf_counter()
        pane.take("B", event)
        times.append(perf_counter() - start)
    assert min(times) < 0.05
