"""Words of figures and findings: every number has its n, its test and its reservations."""

import re
from dataclasses import replace

import numpy as np
import pytest

from onepixel_gui.analysis.population.shares import share
from onepixel_gui.attack.attacks import Exhaustive, Settings
from onepixel_gui.attack.probe import Guidance
from onepixel_gui.report.population.captions import attack, caption
from onepixel_gui.report.population.contents import LETTERS, contents
from onepixel_gui.report.population.exhibit import exhibits
from onepixel_gui.report.population.phrases import (
    SINGLY,
    chance,
    first_of_several,
    number,
    percents,
    stopping,
)
from onepixel_gui.report.population.phrases import share as told_share
from onepixel_gui.report.population.summary import findings
from onepixel_gui.report.population.tabulated_maps import numbers
from tests.core.planted import changed
from tests.core.planted_figures import ALL, DRAWN_SWEPT, SEARCHED, SWEPT, exhibit
from tests.core.populations import Planted, examined_of, outcomes_of


# ------------------------------------------------------------------ words
@pytest.mark.parametrize("name", ALL)
def test_a_caption_speaks_of_every_panel_with_its_letter(name):
    words = caption(ALL[name])
    for key in LETTERS[: len(contents(ALL[name]))]:
        assert f" {key}, " in words
    assert "Research use only" in words
    assert "ab" * 4 in words  # which classifier
    assert "None" not in words
    assert "nan" not in words.lower().replace("finance", "")


@pytest.mark.parametrize("name", ALL)
def test_no_p_value_stands_without_its_test_and_n(name):
    words = caption(ALL[name])
    for found in re.finditer(r"p [=<] ", words):
        before = words[max(0, found.start() - 160) : found.start()]
        assert re.search(r"n = [\d,]+", before), before
        assert re.search(r"Mann-Whitney|Student|Spearman|chi-square|shifts|shuffles|Kolmogorov|"
                         r"uniform|random pixels|far from the centre|sign|permutations",
                         before), before  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_every_number_of_a_caption_is_in_the_table(name):
    """As far as it is a finding: share, effect, p or count."""
    rows = numbers(ALL[name])
    known = {word for row in rows for word in spellings(row)} | GIVEN
    said = caption(ALL[name]).split(" Attack: ")[0]
    for word in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", said):
        assert word.rstrip(",") in known, (word, said)


GIVEN = {  # of the wording, not found
    "0", "1", "2", "4", "8", "16", "95", "95th", "0.5", "441.67", "1.5", "100", "255", "2000",
    "9,999", "1,999", "5", "65", "64", "3",
    "0.001",  # below which no p is told
}  # fmt: skip


def spellings(row):
    """How a number may read in a caption."""
    for value in (row.value, row.low, row.high, row.p, row.n):
        if value is None:
            continue
        for told in (number(value), number(value, 4), percents(value), f"{value:,.0f}"):
            yield told.split(" %")[0].lstrip("−")
        if 0 < value < 1:
            yield chance(value).removeprefix("p = ")
            yield f"{100 * value:.0f}"
    for word in re.findall(r"[\d,]+(?:\.\d+)?", f"{row.note} {row.quantity} {row.test}"):
        yield word
        yield f"{float(word.replace(',', '')):,.0f}" if word.strip(",") else word


def test_findings_promise_nothing_of_robustness():
    for examined in (SEARCHED, SWEPT):
        told = " ".join(findings(examined))
        assert "robust" not in told
        assert "safe" not in told
    held = " ".join(findings(SEARCHED))
    assert "no proof that no such pixel exists" in held
    assert "40,000 queries" in held


# ------------------------------------------------------------------ what decides
def test_a_tile_with_several_seeds_is_one_flip_of_locality_and_propagation():
    """Its first seed that flipped stands for it: the others repeat the same tile."""
    found = outcomes_of(20, seeds=3, both=False)
    every = changed(found, flipped=np.ones(60, bool), after=1 - found.answer,
                    first_flip=np.full(60, 400))  # fmt: skip
    source = Planted(every)
    examined = examined_of(source, dark=0)
    assert len(list(source.aftermaths(source.group))) == 60
    assert examined.locality.flips == 20
    assert sum(each.flips for each in examined.propagated) == 20
    told = findings(examined)
    assert "the first that flipped stands for the tile" in told[0]
    assert "stands for the tile" not in findings(SEARCHED)[0]


def test_random_shifts_decide_of_periods_and_shuffles_are_said_to_be_no_evidence():
    told, said = caption(exhibit("periods", DRAWN_SWEPT)), " ".join(findings(SWEPT))
    for words in (told, said):
        assert "chance at 5 % (random shifts of each tile" in words
        for each in (*SWEPT.periods.row.explained, *SWEPT.periods.column.explained):
            assert chance(each.locked_p) in words
    assert told.index("random shifts") < told.index("explains")
    assert "Shuffled positions alone are no evidence of a period." in told
    assert "explain" not in said
    assert "shuffle" not in said


def test_the_table_tells_the_test_of_random_shifts_of_each_stride():
    rows = [row for row in numbers(exhibit("periods", DRAWN_SWEPT))
            if "power up to 8 px at stride" in row.quantity]  # fmt: skip
    strides = [*SWEPT.periods.row.explained, *SWEPT.periods.column.explained]
    assert [row.p for row in rows] == [each.locked_p for each in strides]
    assert all(row.test == "random shifts" for row in rows if row.p is not None)


@pytest.mark.parametrize("words", [caption(exhibit("places")), " ".join(findings(SEARCHED))])
def test_darkness_is_told_first_among_pixels_as_far_from_the_centre(words):
    part = SEARCHED.leading.darkness.parts[1]
    ring = words.index(f"as far from the centre, n = {part.n}")
    assert ring < words.index("random pixels of the same tiles, n =")
    assert "which nearness to the centre explains as well" in words


STOPPING = "A search stops at its first flip"


def test_a_search_that_stops_at_its_flip_is_said_to_differ_by_that_from_one_that_holds():
    for template in ("population", "before and after", "colours", "places"):
        assert STOPPING in caption(exhibit(template))
        assert STOPPING not in caption(exhibit(template, DRAWN_SWEPT))
    assert stopping(Settings()) in findings(SEARCHED)
    assert not any(STOPPING in each for each in findings(SWEPT))
    assert stopping(Settings(to_the_end=True)) == stopping(Exhaustive()) == ""


@pytest.mark.parametrize("name", ALL)
def test_a_caption_with_any_p_says_that_none_is_corrected_for_the_number_of_tests(name):
    words = caption(ALL[name])
    assert (SINGLY in words) == bool(re.search(r"\bp [=<]", words))


def test_findings_with_any_p_say_that_none_is_corrected_for_the_number_of_tests():
    assert SINGLY in findings(SEARCHED)
    assert SINGLY in findings(SWEPT)
    few = examined_of(Planted(outcomes_of(4, both=False), aftermaths=False), dark=0)
    assert SINGLY not in findings(few)


def of_several(settings):
    group = replace(SEARCHED.group, settings=settings)
    return replace(SEARCHED, group=group)


@pytest.mark.parametrize("settings", [Settings(pixels=3), Guidance(pixels=3)])
def test_several_pixels_are_never_told_as_one_and_their_first_is_said_to_stand_for_them(settings):
    several = of_several(settings)
    told = (
        "Each run changes 3 pixels together; colours, distances and places are those of the first"
    )
    for each in exhibits(several)[0]:
        words = caption(each)
        assert told in words
        assert "one-pixel" not in words.lower()
        assert "3 pixels" in words
    assert any(told in each for each in findings(several))
    assert not any("One pixel changed" in each for each in findings(several))
    assert any("3 pixels together changed the answer" in each for each in findings(several))
    assert first_of_several(Settings()) == first_of_several(Exhaustive()) == ""


@pytest.mark.parametrize(
    "other", [Settings(to_the_end=True), Settings(pixels=2), Settings(weight=0.7)]
)
def test_no_two_attacks_read_alike(other):
    assert attack(other) != attack(Settings())


@pytest.mark.parametrize("other", [Guidance(to_the_end=True), Guidance(pixels=2, shortlist=32)])
def test_no_two_guided_searches_read_alike(other):
    assert attack(other) != attack(Guidance())


def test_bars_of_rates_are_never_said_to_have_more_cases_than_their_own():
    words = caption(exhibit("population"))
    assert "bars, 95 % intervals clustered by case where these are told, else Wilson's." in words
    alone = examined_of(Planted(outcomes_of(40, cases=0)), dark=0)
    assert "bars, 95 % Wilson intervals." in caption(exhibits(alone)[0][0])


def test_one_tile_is_told_as_one():
    assert told_share(share(1, 1)).startswith("1 of 1 tile (")
    assert told_share(share(0, 0)) == "0 of 0 tiles"


def test_success_is_compared_with_failure_within_one_direction_only():
    """Normal tiles hold and mitoses flip: together they would show an effect of the direction."""
    assert [each.title for each in SEARCHED.directed] == ["mitosis to normal", "normal to mitosis"]
    compared = SEARCHED.leading.chromatic.compared[0]
    mitoses = SEARCHED.outcomes.answer == 1
    assert compared.flipped + compared.held == mitoses.sum()
