"""A | B: the pane draws two classifiers beside each other, and where they differ."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton

from onepixel_gui.attack.sweep import sweep
from onepixel_gui.qt.panes.compare import NO_A, NO_B, NO_TILE, WITHOUT_B
from onepixel_gui.qt.panes.compare_picture import DASHED_ORANGE, SOLID_BLUE
from onepixel_gui.qt.view import Cursor
from onepixel_gui.report.comparing import NO_RANK
from tests.core.stand_ins import one_spot
from tests.qt.comparing.comparing import (
    CORNERS,
    PATIENCE,
    Rival,
    button,
    hints,
    near,
    pixels,
    put,
    readout,
    sound,
    swept_both,
    weak,
    wire,
    words,
)
from tests.qt.doubles import tile


def colour_at(widget, point, reach):
    """(2 reach, 2 reach, 3) of what a widget shows around a point."""
    x, y = int(point.x()), int(point.y())
    return pixels(widget)[y - reach : y + reach, x - reach : x + reach]


def test_an_empty_pane_says_what_to_drop_and_how_to_get_a_b(pane):
    assert hints(pane)["tile"] == NO_TILE
    assert hints(pane)["A"] == NO_A
    assert hints(pane)["B"] == NO_B == "Drop a second checkpoint and choose Use as B"
    assert not button(pane, "Sweep both").isEnabled()
    assert not button(pane, "Swap A ↔ B").isEnabled()
    pane.show_pair(weak().card, None)
    pane.show_tile(tile())
    assert NO_B in words(pane.verdict)
    pane.show_question("A", weak().probe(tile()).question)
    assert hints(pane)["A"] == WITHOUT_B


def test_the_four_pictures_are_of_equal_size_at_every_width(bench):
    for size in ((1240, 600), (1000, 480), (1500, 900), *((1233 + n, 599) for n in range(9))):
        bench.resize(*size)
        QApplication.processEvents()
        boxes = {shown.placement.box.getRect() for shown in bench.pictures.values()}
        assert len(boxes) == 1, size
        assert bench.size().toTuple() == size


def test_each_map_is_headed_by_name_architecture_hash_answer_and_cost(bench):
    lines = bench.heads["A"].text.split("\n")
    assert lines[0] == "A · weak"
    assert lines[1] == f"TorchScript · {weak().card.sha256[:8]}"
    assert lines[2] == "clean P(mitosis) 88.1 % · answers mitosis"
    assert "flip · 2,048 queries · " in lines[3]
    assert lines[3].endswith(" s")
    assert bench.heads["B"].text.split("\n")[3].startswith("0 flip · 2,048 queries · ")
    assert "labelled mitosis" in bench.heads["tile"].text


def test_both_maps_are_on_one_fixed_scale_with_their_threshold(bench):
    scales = [bench.pictures[side].drawn.scale for side in "AB"]
    assert [(scale.low, scale.high, scale.mark) for scale in scales] == [(0.0, 1.0, 0.5)] * 2
    assert scales[0].label == scales[1].label == "P(mitosis)"
    assert bench.pictures["A"].drawn.beyond is not None


def test_changes_of_both_share_one_scale_that_holds_the_larger(bench):
    bench.set_quantity("change")
    first, second = (bench.pictures[side].drawn.scale for side in "AB")
    assert (first.low, first.high) == (second.low, second.high) == (-6.0, 6.0)


def test_the_shared_scale_of_changes_follows_the_side_that_is_being_swept(bench):
    bench.set_quantity("change")
    *way, _ = sweep(Rival("steep", one_spot(depth=9.0)).probe(tile()))
    bench.take("B", way[-1])
    assert [bench.pictures[side].drawn.scale.high for side in "AB"] == [10.0, 10.0]


def test_the_difference_is_symmetric_about_zero_in_confidence_or_logit(qtbot, bench):
    scale = bench.pictures["difference"].drawn.scale
    assert scale.low == -scale.high
    assert scale.label == "B − A, confidence"
    logit = next(b for b in bench.findChildren(QToolButton) if b.text() == "Δ logit")
    qtbot.mouseClick(logit, Qt.MouseButton.LeftButton)
    assert bench.unit == "logit"
    scale = bench.pictures["difference"].drawn.scale
    assert scale.low == -scale.high == -6.0
    assert scale.label == "B − A, logit"


def test_where_b_is_higher_the_difference_is_red_and_where_lower_blue(bench):
    image = bench.pictures["difference"].drawn.image
    higher, lower = image.pixelColor(5, 3), image.pixelColor(9, 9)  # A's dent, B's dent
    assert higher.red() > higher.blue() + 40
    assert lower.blue() > lower.red()


def test_the_cursor_is_one_on_all_pictures_and_is_wished_for_not_set(qtbot, bench):
    wished = []
    bench.cursor_moved.connect(wished.append)
    for shown in bench.pictures.values():
        point = shown.cell(4, 7).center().toPoint()
        qtbot.mouseMove(shown, point)
        qtbot.mouseClick(shown, Qt.MouseButton.LeftButton, pos=point)
    assert wished == [Cursor(4, 7), Cursor(4, 7, pinned=True)] * 4
    before = [shown.grab().toImage() for shown in bench.pictures.values()]
    bench.set_cursor(Cursor(4, 7, pinned=True))
    after = [shown.grab().toImage() for shown in bench.pictures.values()]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_only_what_is_seen_of_a_larger_tile_is_shown_in_positions_of_the_tile(
    qtbot, comparison, pane
):
    wire(comparison, pane)
    put(qtbot, comparison, weak(), sound(), on=tile(edge=24))
    swept_both(qtbot, comparison)
    assert "rows 4–19, columns 4–19" in pane.heads["tile"].text
    wished = []
    pane.cursor_moved.connect(wished.append)
    shown = pane.pictures["A"]
    qtbot.mouseMove(shown, shown.cell(6, 17).center().toPoint())
    assert wished == [Cursor(6, 17)]
    pane.set_cursor(Cursor(6, 17))
    assert readout(pane).startswith("row 6, column 17 · A lowest 0.88")


def test_the_line_below_reads_both_values_and_their_difference(bench):
    bench.set_cursor(Cursor(3, 5))
    assert readout(bench).startswith("row 3, column 5 · A lowest 0.018 · B lowest 0.88")
    assert "· B − A +0.86" in readout(bench)
    assert "(Δ logit +" in readout(bench)
    bench.set_quantity("change")
    assert "A change Δ logit −6.00" in readout(bench)
    bench.set_cursor(None)
    assert readout(bench) == ""


def test_a_position_that_only_one_sees_is_told_as_not_seen(qtbot, comparison, pane):
    wire(comparison, pane)
    put(qtbot, comparison, weak(edge=16), sound(edge=24), on=tile(edge=24))
    swept_both(qtbot, comparison)
    pane.set_cursor(Cursor(1, 1))
    assert "A lowest not seen · B lowest 0.8" in readout(pane)
    assert "B − A" not in readout(pane)
    assert "A sees 16 × 16 px and B 24 × 24 px" in words(pane.verdict)
    assert "hatched: not seen" in words(pane)
    assert [word for word, _ in pane.pictures["tile"].drawn.seen] == ["seen by A"]
    assert pane.pictures["difference"].drawn.window.shape == (16, 16)
    corner = pane.pictures["A"].cell(1, 1).center()  # hatched; B has a colour there
    grounds = [colour_at(pane.pictures[side], corner, 8) for side in "AB"]
    assert np.ptp(grounds[0], axis=-1).max() < 40 < np.ptp(grounds[1], axis=-1).min()
    cells = [shown.cell(4, 4) for shown in pane.pictures.values()]
    assert cells.count(cells[0]) == 4


def test_flips_are_outlined_in_two_styles_that_the_legend_explains(qtbot, comparison, pane):
    wire(comparison, pane)
    rival = Rival("rival", one_spot(11, 11, depth=6.0))
    put(qtbot, comparison, weak(), rival)
    swept_both(qtbot, comparison)
    blue, orange = ([near(pane.pictures[c], colour) for c in pane.pictures] for colour in
                    (SOLID_BLUE, DASHED_ORANGE))  # fmt: skip
    tile_, a, b, both = zip(blue, orange, strict=True)
    assert min(tile_) > 8
    assert min(both) > 8
    assert a[0] > 8 > a[1]
    assert b[1] > 8 > b[0]
    assert "A flips B flips IoU 0.00" in words(pane)


def test_the_verdict_has_n_and_both_budgets_and_a_doubt_that_forbids_a_ranking(bench):
    told = words(bench.verdict)
    assert "n = 1" in told
    assert told.count("(2,048 queries)") == 2
    assert NO_RANK in told


def test_a_map_is_drawn_while_it_is_swept_and_greys_what_was_not_asked(pane):
    began, *way = sweep(weak().probe(tile()))
    half = next(event for event in way if 0 < event.exact.mean() < 1)
    pane.show_pair(weak().card, sound().card)
    pane.show_tile(tile())
    for side in "AB":
        pane.show_question(side, began.question)
    pane.show_busy(True)
    pane.take("A", began)
    assert (hints(pane)["A"], hints(pane)["B"]) == ("The sweep has begun", "Waits for its turn")
    pane.take("A", half)
    assert "grey: estimate" in words(pane)
    assert pane.heads["A"].text.endswith(f"{half.done:,} of 2,048 queries")
    image = pane.pictures["A"].drawn.image
    row, column = np.argwhere(~half.exact)[0]
    grey = image.pixelColor(int(column), int(row))
    row, column = np.argwhere(half.exact)[0]
    exact = image.pixelColor(int(column), int(row))
    assert grey.saturation() < exact.saturation() / 2
    pane.set_cursor(Cursor(*np.argwhere(~half.exact)[0].tolist()))
    assert "(estimate) · B lowest not swept" in readout(pane)


def test_stopping_says_so_and_the_button_offers_to_go_on(qtbot, comparison, pane):
    wire(comparison, pane)
    b = sound(open_=False)
    put(qtbot, comparison, weak(), b)
    pane.stop_wished.connect(comparison.stop)
    pane.run_wished.connect(lambda: comparison.run(CORNERS))
    with qtbot.waitSignal(comparison.examined, timeout=PATIENCE):
        qtbot.mouseClick(button(pane, "Sweep both"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(button(pane, "Stop"), Qt.MouseButton.LeftButton)
    assert "sweep of A is complete, that of B is not" in words(pane.verdict)
    b.gate.set()
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        qtbot.mouseClick(button(pane, "Sweep both"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not comparison.busy, timeout=PATIENCE)
    assert button(pane, "Sweep both").isEnabled()  # perhaps with another palette
