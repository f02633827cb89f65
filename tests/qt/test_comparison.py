"""A | B: two classifiers asked and swept on one tile, drawn beside each other and told apart."""

import gc
import weakref
from dataclasses import replace
from importlib import import_module
from threading import Event as Flag
from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget

from onepixel_gui.analysis.comparison import Compared
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Painted, SweepBegan, Swept
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.problems import TileTooSmall
from onepixel_gui.qt.comparison import Comparison
from onepixel_gui.qt.panes.compare import NO_A, NO_B, NO_TILE, WITHOUT_B, ComparePane
from onepixel_gui.qt.panes.compare_picture import DASHED_ORANGE, SOLID_BLUE
from onepixel_gui.qt.panes.controls import Readout
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.qt.view import Cursor
from onepixel_gui.report.comparing import NO_RANK
from tests.core.stand_ins import flat, one_spot
from tests.qt.doubles import Gated, StandInClassifier, tile

import_module("scipy.signal")  # as loading a classifier does, so that no result waits for it
PATIENCE = 20_000  # ms
CORNERS, GRID = Preferences(), Preferences(palette="27")


class Rival(StandInClassifier):
    """A stand-in that may look at less of the tile, and have other classes."""

    def __init__(self, name, law=None, *, edge=16, classes=None, start=2.0, **more):
        super().__init__(name, law, **more)
        self.edge, self.start, self.wanted = edge, start, []
        if classes is not None:
            self.card = replace(self.card, classes=classes, subject=classes[-1])

    def probe(self, tile, *, subject=""):
        self.wanted.append(subject)
        if self.refuses is not None:
            raise self.refuses
        window = tile.centre(self.edge, self.edge)
        made = Gated(self.law, window=window, gate=self.gate, clean_logit=self.start)
        self.probes.append(made)
        return made


def weak(name="weak", **more):
    """Flips at row 3, column 5 and around it."""
    return Rival(name, one_spot(3, 5, depth=6.0), **more)


def sound(name="sound", **more):
    """Nothing flips it."""
    return Rival(name, one_spot(9, 9, depth=1.0), **more)


@pytest.fixture
def comparison(make_lanes):
    made = Comparison(make_lanes(1))
    yield made
    made.close()


class Heard:
    """Everything that a comparison tells, in order."""

    def __init__(self, comparison: Comparison) -> None:
        self.events: list = []
        self.compared: list[Compared] = []
        self.problems: list = []
        self.progress: list = []
        self.busy: list[bool] = []
        comparison.happened.connect(lambda side, event: self.events.append((side, event)))
        comparison.examined.connect(lambda side, found: self.events.append((side, found)))
        comparison.compared.connect(self.compared.append)
        comparison.failed.connect(self.problems.append)
        comparison.progressed.connect(lambda side, told: self.progress.append((side, told)))
        comparison.busy_changed.connect(self.busy.append)

    def sides(self, kind) -> list[str]:
        return [side for side, event in self.events if isinstance(event, kind)]


@pytest.fixture
def heard(comparison):
    return Heard(comparison)


def put(qtbot, comparison, a, b, on=None):
    """Both on a tile, and both have answered."""
    comparison.set_pair(a, b)
    comparison.set_tile(on or tile())
    qtbot.waitUntil(lambda: comparison.ready, timeout=PATIENCE)


def swept_both(qtbot, comparison, preferences=CORNERS):
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.run(preferences)
    qtbot.waitUntil(lambda: not comparison.busy, timeout=PATIENCE)


# ------------------------------------------------------------------ asking
def test_both_are_asked_about_the_untouched_tile_before_anything_is_swept(qtbot, comparison, heard):
    told = []
    comparison.questioned.connect(lambda side, question: told.append((side, question.clean)))
    put(qtbot, comparison, weak(), sound(start=1.0))
    assert told == [("A", pytest.approx(0.881, abs=1e-3)), ("B", pytest.approx(0.731, abs=1e-3))]
    assert not heard.events


def test_the_class_in_question_of_a_is_asked_of_b(qtbot, comparison):
    a, b = weak(), sound()
    comparison.set_subject("normal")
    put(qtbot, comparison, a, b)
    assert a.wanted == ["normal"]
    assert b.wanted == ["mitosis"]  # what A answered


def test_a_tile_that_is_too_small_for_b_is_told_and_nothing_is_swept(qtbot, comparison, heard):
    b = sound()
    b.refuses = TileTooSmall("plain.png is small.", "Choose a larger tile.")
    comparison.set_pair(weak(), b)
    comparison.set_tile(tile())
    qtbot.waitUntil(lambda: len(heard.problems) == 1, timeout=PATIENCE)
    assert "A" in comparison.questions
    assert not comparison.ready
    comparison.run(CORNERS)
    assert not comparison.busy
    assert heard.problems == [b.refuses]


# ------------------------------------------------------------------ which pairs
def test_other_class_names_are_refused_and_the_pair_that_was_there_stays(qtbot, comparison, heard):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    assert not comparison.set_pair(a, Rival("pets", classes=("cat", "dog")))
    assert (comparison.a, comparison.b) == (a, b)
    assert comparison.compared_last is heard.compared[-1]
    (problem,) = heard.problems
    assert problem.what.startswith("pets tells apart cat and dog")
    assert problem.remedy.startswith("Give both the same class names")


def test_a_new_a_of_other_classes_lets_go_of_b(qtbot, comparison, heard):
    put(qtbot, comparison, weak(), sound())
    pets = Rival("pets", classes=("cat", "dog"))
    assert not comparison.set_pair(pets, comparison.b)
    assert (comparison.a, comparison.b) == (pets, None)
    assert len(heard.problems) == 1


def test_the_same_pair_again_changes_nothing(qtbot, comparison):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    with qtbot.assertNotEmitted(comparison.pair_changed):
        comparison.set_pair(a, b)
    with qtbot.assertNotEmitted(comparison.tile_changed):
        comparison.set_tile(comparison.tile)
    assert comparison.ready


def test_what_is_compared_no_longer_is_let_go(qtbot, comparison):
    a, b = weak(), sound()
    gone = [weakref.ref(a), weakref.ref(b)]
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    probes = [weakref.ref(probe) for one in (a, b) for probe in one.probes]
    a.probes.clear()
    b.probes.clear()
    del a, b
    comparison.set_pair(None, None)
    gc.collect()
    assert [ref() for ref in gone] == [None, None]
    assert not any(ref() for ref in probes)


# ------------------------------------------------------------------ runs
def test_a_is_swept_then_b_with_the_same_palette_at_every_position(qtbot, comparison, heard):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    assert heard.sides(SweepBegan) == heard.sides(Swept) == heard.sides(Sensitivity) == ["A", "B"]
    whole = [(side, event) for side, event in heard.events if not isinstance(event, Painted)]
    assert [side for side, _ in whole] == ["A"] * 3 + ["B"] * 3
    asked = [classifier.probes[-1].queries for classifier in (a, b)]
    for queries in asked:
        assert len(queries) == 16 * 16 * 8
        assert len(np.unique(queries.reshape(-1, 5), axis=0)) == 16 * 16 * 8
    (found,) = heard.compared
    assert found.a.map.flips[3, 5]
    assert found.only_a == found.a.map.flipping_positions > 0
    assert (found.both, found.only_b) == (0, 0)
    assert heard.busy == [True, False]


def test_the_27_colours_are_used_for_both_when_they_are_preferred(qtbot, comparison, heard):
    put(qtbot, comparison, weak(), sound())
    swept_both(qtbot, comparison, GRID)
    assert [len(event.palette) for _, event in heard.events if isinstance(event, Swept)] == [27, 27]


def test_the_map_of_each_side_is_painted_while_it_is_swept(qtbot, comparison, heard):
    put(qtbot, comparison, weak(edge=48), sound(edge=48), on=tile(edge=48))
    swept_both(qtbot, comparison, GRID)
    assert set(heard.sides(Painted)) == {"A", "B"}
    assert {side for side, told in heard.progress if 0 < told.done < told.total} == {"A", "B"}
    assert {told.total for _, told in heard.progress} == {48 * 48 * 27}


def test_a_complete_sweep_stays_when_the_second_is_stopped_and_is_not_asked_again(
    qtbot, comparison, heard
):
    a, b = weak(), sound(open_=False)
    put(qtbot, comparison, a, b)
    with qtbot.waitSignal(comparison.examined, timeout=PATIENCE):
        comparison.run(CORNERS)
    comparison.stop()
    assert heard.busy == [True, False]
    assert comparison.finished("A") is not None
    assert comparison.finished("B") is None
    b.gate.set()
    count = len(heard.events)
    swept_both(qtbot, comparison)
    assert {side for side, _ in heard.events[count:]} == {"B"}
    assert len(heard.compared) == 1


def test_another_palette_asks_both_again(qtbot, comparison, heard):
    put(qtbot, comparison, weak(), sound())
    swept_both(qtbot, comparison)
    swept_both(qtbot, comparison, GRID)
    assert heard.sides(Swept) == ["A", "B", "A", "B"]
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.run(GRID)
    assert heard.sides(Swept) == ["A", "B", "A", "B"]


def test_nothing_of_a_run_on_another_tile_is_told_any_more(qtbot, comparison, heard):
    a = weak(open_=False)
    put(qtbot, comparison, a, sound())
    with qtbot.waitSignal(comparison.happened, timeout=PATIENCE):  # it began, and waits at the gate
        comparison.run(CORNERS)
    comparison.set_tile(tile("other.png", shade=20))
    heard.events.clear()
    a.gate.set()
    qtbot.waitUntil(lambda: comparison.ready, timeout=PATIENCE)
    assert not comparison.busy
    assert not heard.events
    assert not heard.compared


def test_what_was_on_its_way_when_a_run_was_stopped_is_not_told(qtbot, comparison, heard):
    asked = Flag()

    def law(candidates):
        asked.set()
        return flat()(candidates)

    put(qtbot, comparison, Rival("told", law), sound())
    comparison.run(CORNERS)
    assert asked.wait(20)  # so "began" was sent, and no event loop has delivered it yet
    comparison.stop()
    with qtbot.waitSignal(comparison.questioned, timeout=PATIENCE):  # behind it in the queue
        comparison.set_tile(tile("other.png", shade=20))
    assert not heard.events


def test_swapping_keeps_what_is_known_of_each(qtbot, comparison, heard):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.swap()
    assert (comparison.a, comparison.b) == (b, a)
    first, second = heard.compared
    assert second.a is first.b
    assert second.b is first.a
    assert heard.sides(Swept) == ["A", "B"]


def test_coming_back_to_a_tile_shows_what_was_found_there(qtbot, comparison, heard):
    first = tile()
    put(qtbot, comparison, weak(), sound(), on=first)
    swept_both(qtbot, comparison)
    comparison.set_tile(tile("other.png", shade=20))
    assert comparison.compared_last is None
    qtbot.waitUntil(lambda: comparison.ready, timeout=PATIENCE)
    assert comparison.finished("A") is None
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.set_tile(first)
    assert heard.sides(Swept) == ["A", "B"]


def test_windows_of_different_sizes_are_laid_over_each_other_on_the_tile(qtbot, comparison, heard):
    put(qtbot, comparison, weak(edge=16), sound(edge=24), on=tile(edge=24))
    swept_both(qtbot, comparison)
    (found,) = heard.compared
    assert (found.window.row, found.window.shape) == (4, (16, 16))
    assert [found.a.swept.queries, found.b.swept.queries] == [16 * 16 * 8, 24 * 24 * 8]


def test_a_classifier_that_breaks_on_the_way_ends_the_run_with_a_problem(qtbot, comparison, heard):
    b = sound()
    put(qtbot, comparison, weak(), b)
    b.refuses = TileTooSmall("plain.png is small.", "Choose a larger tile.")
    comparison.run(CORNERS)
    qtbot.waitUntil(lambda: heard.busy == [True, False], timeout=PATIENCE)
    assert heard.problems == [b.refuses]
    assert comparison.finished("A") is not None
    assert not heard.compared


@pytest.mark.usefixtures("checkpoint")  # torch is imported, on one thread
def test_two_networks_are_compared_and_their_probes_let_go(qtbot, comparison, heard, probes):
    from onepixel_gui.classifier.classifier import Classifier
    from tests.core.networks import Corner, Tiny, card

    a = Classifier(card(), Corner(), "cpu")
    b = Classifier(replace(card(), sha256="1" * 64), Tiny(gain=0.01), "cpu")
    put(qtbot, comparison, a, b, on=tile(shade=0, edge=8))
    swept_both(qtbot, comparison)
    (found,) = heard.compared
    assert np.argwhere(found.flips_a).tolist() == [[1, 2]]
    assert not found.flips_b.any()
    assert probes.made == 4  # both asked, both swept
    qtbot.waitUntil(lambda: gc.collect() is not None and probes.alive == 0, timeout=PATIENCE)


# ------------------------------------------------------------------ the pane
@pytest.fixture
def pane(qtbot, qapp):
    install(qapp, DARK)
    made = ComparePane()
    qtbot.addWidget(made)
    made.set_theme(DARK)
    made.resize(1240, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


def wire(comparison, pane):
    """As the window does."""

    def cards(*pair):
        pane.show_pair(*(None if one is None else one.card for one in pair))

    comparison.pair_changed.connect(cards)
    comparison.tile_changed.connect(pane.show_tile)
    comparison.questioned.connect(pane.show_question)
    comparison.happened.connect(pane.take)
    comparison.examined.connect(pane.examine)
    comparison.compared.connect(pane.show_compared)
    comparison.progressed.connect(pane.show_progress)
    comparison.busy_changed.connect(pane.show_busy)


def hints(pane):
    return {column: shown.hint for column, shown in pane.pictures.items()}


def button(pane, text):
    return next(b for b in pane.findChildren(QPushButton) if b.text() == text)


def words(widget):
    """All that a reader, or a screen reader, is told in a part of the pane."""
    parts = [widget, *widget.findChildren(QWidget)]
    return "\n".join(part.accessibleDescription() for part in parts)


def readout(pane):
    name = "Both values at the cursor"
    return next(r for r in pane.findChildren(Readout) if r.accessibleName() == name).text


def colour_at(widget, point, reach):
    """(2 reach, 2 reach, 3) of what a widget shows around a point."""
    x, y = int(point.x()), int(point.y())
    return pixels(widget)[y - reach : y + reach, x - reach : x + reach]


def pixels(widget):
    """(H, W, 3) of what a widget shows."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return raw[..., 2::-1].astype(int)


def near(widget, colour, within=20):
    """How many pixels of what a widget shows are about that colour."""
    wanted = QColor(colour)
    far = np.abs(pixels(widget) - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=2)
    return int((far < within).sum())


@pytest.fixture
def bench(qtbot, comparison, pane):
    """A weak A and a sound B on a tile, swept, shown."""
    wire(comparison, pane)
    put(qtbot, comparison, weak(), sound(), on=tile(label="mitosis"))
    swept_both(qtbot, comparison)
    return pane


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
