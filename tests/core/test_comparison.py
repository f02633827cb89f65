"""Two classifiers on one tile: where both look, what differs, and what a reader is told of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.analysis.comparison import (
    Layer,
    both_look,
    check_pair,
    compare,
    difference,
)
from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.probe import Painted, Pixel, Question, Swept, confidence
from onepixel_gui.attack.sweep import CORNERS, PALETTES, sweep
from onepixel_gui.problems import Problem
from onepixel_gui.report.comparing import answers, doubts, stopped, verdict
from onepixel_gui.tiles.tile import Tile, Window
from tests.core.networks import card
from tests.core.stand_ins import StandIn, flat, one_spot

TWO = np.array([[0, 0, 0], [255, 255, 0]], np.uint8)
SMALL, LARGE = Window(16, 16, 64, 64), Window(0, 0, 96, 96)
TILE = Tile("tile.png", np.zeros((96, 96, 3), np.uint8))


def swept(window, lowest, *, highest=3.0, clean=2.0, flips=(), palette=TWO):
    """lowest, highest: logits of the first and second colour, (H, W) or one number."""
    logits = np.empty((*window.shape, len(palette)), np.float32)
    logits[..., 0], logits[..., 1] = lowest, highest
    flipped = np.zeros(logits.shape, np.bool_)
    for row, column in flips:
        flipped[row - window.row, column - window.column, 0] = True
    at_clean = float(confidence(np.float32(clean)))
    answer = "mitosis" if clean >= 0 else "normal"
    asked = Question("mitosis", "normal", answer, at_clean, clean, 0.5, window)
    pixel = Pixel(window.row, window.column, (0, 0, 0))
    return Swept(asked, palette, logits, flipped, pixel, 0.1, pixel, 0.9, logits.size, 1, 1.5)


def pair(*, flips_a=(), flips_b=(), second=SMALL):
    rng = np.random.default_rng(1)
    first = sensitivity(swept(SMALL, rng.normal(0, 1, SMALL.shape), flips=flips_a))
    other = sensitivity(swept(second, rng.normal(0, 1, second.shape), flips=flips_b))
    return first, other


# ------------------------------------------------------------------ where both look
@pytest.mark.parametrize(
    ("first", "second", "common"),
    [
        (SMALL, LARGE, SMALL),
        (Window(0, 0, 10, 10), Window(4, 6, 10, 10), Window(4, 6, 6, 4)),
        (Window(0, 0, 4, 4), Window(4, 0, 4, 4), None),
        (Window(0, 0, 4, 4), Window(0, 9, 4, 4), None),
    ],
)
def test_what_two_windows_share_is_the_same_from_both_sides(first, second, common):
    assert both_look(first, second) == both_look(second, first) == common


WINDOWS = st.builds(Window, *[st.integers(0, 12)] * 2, *[st.integers(1, 12)] * 2)


@settings(deadline=None)
@given(WINDOWS, WINDOWS)
def test_a_position_is_shared_exactly_when_both_windows_hold_it(first, second):
    common = both_look(first, second)
    for row in range(25):
        for column in range(25):
            both = first.holds(row, column) and second.holds(row, column)
            assert both == (common is not None and common.holds(row, column))


# ------------------------------------------------------------------ the difference of two maps
def test_the_difference_is_b_less_a_at_the_same_position_of_the_tile():
    small, large = np.zeros(SMALL.shape), np.zeros(LARGE.shape)
    small[20 - 16, 30 - 16] = -1.0
    large[20, 30] = 1.5
    layers = Layer.swept(swept(SMALL, small)), Layer.swept(swept(LARGE, large))
    found = difference(*layers, "lowest", "logit")
    assert found.window == SMALL
    assert found.values[20 - 16, 30 - 16] == pytest.approx(2.5)
    assert np.count_nonzero(found.values) == 1
    turned = difference(*reversed(layers), "lowest", "logit")
    np.testing.assert_array_equal(turned.values, -found.values)


def test_a_difference_of_confidences_is_not_that_of_logits():
    layers = Layer.swept(swept(SMALL, -8.0)), Layer.swept(swept(SMALL, -4.0))
    values = difference(*layers, "lowest", "confidence").values
    expected = 1 / (1 + np.exp(4.0)) - 1 / (1 + np.exp(8.0))
    assert values[3, 3] == pytest.approx(expected, rel=1e-4)
    assert difference(*layers, "lowest", "logit").values[3, 3] == pytest.approx(4.0)


def test_each_quantity_has_its_own_difference():
    a = Layer.swept(swept(SMALL, -1.0, highest=2.5, clean=2.0))
    b = Layer.swept(swept(SMALL, 0.0, highest=4.0, clean=1.0))
    values = {q: difference(a, b, q, "logit").values[0, 0] for q in ("lowest", "highest", "change")}
    assert values == {"lowest": 1.0, "highest": 1.5, "change": 6.0}  # from -3 to +3


def test_a_change_in_confidence_is_measured_from_the_untouched_tile():
    layer = Layer.swept(swept(SMALL, -1.0, highest=2.5, clean=2.0))
    sigmoid = 1 / (1 + np.exp(-np.array([-1.0, 2.0])))
    assert layer.values("change", "confidence")[0, 0] == pytest.approx(sigmoid[0] - sigmoid[1])


def test_windows_without_a_common_position_have_no_difference():
    first, second = Window(0, 0, 4, 4), Window(8, 8, 4, 4)
    layers = Layer.swept(swept(first, 0.0)), Layer.swept(swept(second, 0.0))
    assert difference(*layers, "lowest", "logit") is None
    with pytest.raises(ValueError, match="nothing in common"):
        compare(sensitivity(swept(first, 0.0)), sensitivity(swept(second, 0.0)))


def test_a_difference_is_exact_only_where_both_were_asked():
    probe = StandIn(one_spot(), chunk=16)
    painted = next(e for e in sweep(probe) if isinstance(e, Painted) and e.exact.any())
    sketch = Layer.painted(probe.question, painted)
    whole = Layer.swept(list(sweep(StandIn(one_spot())))[-1])
    found = difference(whole, sketch, "lowest", "confidence")
    np.testing.assert_array_equal(found.exact, painted.exact)
    assert 0 < found.exact.sum() < found.exact.size
    assert not found.values[painted.exact].any()  # the same network, so no difference


@pytest.mark.parametrize("palette", ["corners", "27"])
@pytest.mark.parametrize("quantity", ["lowest", "highest", "change"])
def test_a_map_that_was_painted_to_its_end_is_the_finished_one(palette, quantity):
    *way, last = sweep(StandIn(one_spot()), PALETTES[palette])
    question = last.question
    painted = Layer.painted(question, [e for e in way if isinstance(e, Painted)][-1])
    for unit in ("logit", "confidence"):
        ended = Layer.swept(last).values(quantity, unit)
        np.testing.assert_allclose(painted.values(quantity, unit), ended, atol=1e-6)


# ------------------------------------------------------------------ shared flips
def test_flipping_positions_are_counted_once_each():
    a, b = pair(flips_a=[(20, 20), (21, 21), (30, 40)], flips_b=[(30, 40), (50, 50)])
    found = compare(a, b)
    assert (found.only_a, found.both, found.only_b) == (2, 1, 1)
    assert found.overlap == pytest.approx(1 / 4)


def test_flips_that_only_one_can_see_have_no_part_in_the_overlap():
    a, b = pair(flips_a=[(20, 20)], flips_b=[(20, 20), (2, 2)], second=LARGE)
    assert b.map.flipping_positions == 2
    found = compare(a, b)
    assert (found.only_a, found.both, found.only_b) == (0, 1, 0)
    assert found.overlap == 1.0
    assert found.window == SMALL


def test_without_any_flip_there_is_no_overlap_to_speak_of():
    assert compare(*pair()).overlap is None


def test_equal_maps_correlate_and_a_constant_one_does_not():
    a, b = pair()
    assert compare(a, a).correlation == pytest.approx(1.0)
    assert abs(compare(a, b).correlation) < 0.1
    still = sensitivity(swept(SMALL, 1.5))
    assert compare(a, still).correlation is None
    assert compare(still, a).correlation is None


def test_the_correlation_is_of_sizes_whatever_their_sign():
    lowered = np.random.default_rng(2).random(SMALL.shape)
    down = sensitivity(swept(SMALL, 2.0 - lowered, highest=2.0))
    up = sensitivity(swept(SMALL, 2.0, highest=2.0 + 3 * lowered))
    assert compare(down, up).correlation == pytest.approx(1.0, abs=1e-5)


def test_sweeps_with_different_palettes_do_not_compare():
    other = sensitivity(swept(SMALL, 0.0, palette=TWO[::-1].copy()))
    with pytest.raises(ValueError, match="same palette"):
        compare(sensitivity(swept(SMALL, 0.0)), other)


def test_sweeps_of_different_subjects_do_not_compare():
    one = swept(SMALL, 0.0)
    other = replace(one, question=replace(one.question, subject="normal"))
    with pytest.raises(ValueError, match="same subject"):
        compare(sensitivity(one), sensitivity(other))


# ------------------------------------------------------------------ which pairs compare
def test_classifiers_of_the_same_classes_compare_in_any_order_of_outputs():
    check_pair(card(("normal", "mitosis")), card(("mitosis", "normal"), subject="mitosis"))
    check_pair(card(("a", "b", "c")), card(("c", "a", "b"), subject="a"))


def test_other_class_names_are_refused_with_both_lists_and_a_remedy():
    with pytest.raises(Problem) as refused:
        check_pair(card(("normal", "mitosis")), replace(card(("cat", "dog")), name="pets"))
    assert refused.value.what.startswith("pets tells apart cat and dog, but tiny normal and mitosi")
    assert refused.value.remedy.startswith("Give both the same class names")
    assert refused.value.remedy.endswith(".")


def test_a_thousand_classes_are_not_all_listed():
    with pytest.raises(Problem) as refused:
        check_pair(card(), card(tuple(f"class {n}" for n in range(1000))))
    assert len(refused.value.what) < 200
    assert "997 more" in refused.value.what


def test_two_classifiers_that_follow_opposite_classes_are_refused():
    with pytest.raises(Problem, match="follows the confidence in normal, but tiny that in mitosis"):
        check_pair(card(), card(subject="normal"))


# ------------------------------------------------------------------ words
def test_the_verdict_states_n_palette_positions_and_the_queries_of_each():
    def swept_by(law):
        return sensitivity(list(sweep(StandIn(law), CORNERS))[-1])

    said = verdict(compare(swept_by(one_spot(depth=6.0, reach=1.0)), swept_by(flat(2.5))))
    assert "n = 1" in said
    assert "8 corners of the RGB cube" in said
    assert "5 of 256 positions flip A (2,048 queries)" in said
    assert "0 of 256 positions flip B (2,048 queries)" in said
    assert "0 flip both (IoU 0.00)" in said
    assert said.endswith("do not correlate.")
    assert ". " not in said  # one sentence


@pytest.mark.parametrize("flips", [(), [(20, 20)]])
def test_no_word_of_a_verdict_ranks_one_classifier_above_the_other(flips):
    said = verdict(compare(*pair(flips_a=flips))).lower()
    for word in ("better", "worse", "robust", "safer", "stronger", "weaker", "wins", "best"):
        assert word not in said


def test_a_verdict_over_different_windows_says_that_sharing_is_where_both_look():
    a, b = pair(flips_a=[(20, 20)], flips_b=[(20, 20)], second=LARGE)
    said = verdict(compare(a, b))
    assert "1 flips both where both look (IoU 1.00)" in said
    assert "1 of 4,096 positions flips A (8,192 queries)" in said
    assert "1 of 9,216 positions flips B (18,432 queries)" in said
    assert "no position flips either where both look" in verdict(compare(*pair(second=LARGE)))


def test_different_windows_are_a_doubt_with_the_rows_that_both_see():
    a, b = (found.swept.question for found in pair(second=LARGE))
    said = " ".join(doubts(TILE, (card(), card()), a, b))
    assert "A sees 64 × 64 px and B 96 × 96 px of the tile (96 × 96 px)" in said
    assert "rows 16 to 79, columns 16 to 79" in said


def test_answers_that_differ_on_the_untouched_tile_are_told_and_doubted_first():
    a, b = swept(SMALL, 0.0).question, swept(SMALL, 0.0, clean=-1.0).question
    assert answers(a, b) == (
        "On the untouched tile A answers mitosis and B normal: "
        "P(mitosis) is 88.1 % for A and 26.9 % for B."
    )
    assert answers(a, a).startswith("Both answer mitosis on the untouched tile")
    first = doubts(TILE, (card(), replace(card(), sha256="1" * 64)), a, b)[0]
    assert "lead to different answers" in first


def test_the_doubts_of_each_classifier_say_whose_they_are():
    a, b = (found.swept.question for found in pair())
    cards = card(doubts=("Its scaling was assumed.",)), replace(card(), sha256="1" * 64)
    assert doubts(TILE, cards, a, b) == ("A: Its scaling was assumed.",)
    same = doubts(TILE, (card(), card()), a, replace(b, threshold=0.3), compare(*pair()))
    assert "A parts its answers at 0.5 and B at 0.3" in same[0]
    assert same[1:] == (
        "A and B come from the same checkpoint.",
        "One tile does not rank two classifiers.",
    )


def test_what_was_stopped_says_which_sweep_is_complete():
    a, _ = pair()
    assert "sweep of A is complete, that of B is not" in stopped(a, None)
    assert "sweep of B is complete, that of A is not" in stopped(None, a)
    assert "before either" in stopped(None, None)
