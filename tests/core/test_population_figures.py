"""Figures of populations: what each shows, says and counts, and when it is not drawn."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from matplotlib.transforms import Bbox
from PIL import Image

from onepixel_gui.analysis.population.shares import share
from onepixel_gui.attack.attacks import Exhaustive, Settings
from onepixel_gui.attack.probe import Guidance
from onepixel_gui.report.exhibit import Style
from onepixel_gui.report.figure import render
from onepixel_gui.report.plates import draw
from onepixel_gui.report.population import folder
from onepixel_gui.report.population.captions import attack, caption, title
from onepixel_gui.report.population.contents import LETTERS, contents
from onepixel_gui.report.population.exhibit import TEMPLATES, exhibits, plain_name
from onepixel_gui.report.population.numbers import COLUMNS, Number, table
from onepixel_gui.report.population.phrases import (
    LINES,
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
from onepixel_gui.report.sheet import drawing
from onepixel_gui.study.store import Group
from tests.core.planted import changed
from tests.core.populations import CARD, Planted, examined_of, outcomes_of

SEARCHED = examined_of(Planted(outcomes_of(220)), dark=30)
AGAIN = examined_of(Planted(outcomes_of(220)), dark=30)
SWEPT = examined_of(Planted(outcomes_of(60, share=0.6), sweeps=30), dark=10)
DRAWN = exhibits(SEARCHED, "onepixel-gui analyse planted.onepixel")[0]
DRAWN_SWEPT = exhibits(SWEPT)[0]
ALL = {f"{kind} {each.stem}": each for kind, some in (("search", DRAWN), ("sweep", DRAWN_SWEPT))
       for each in some}  # fmt: skip


def exhibit(template, some=DRAWN, direction=0):
    return next(each for each in some if each.template == template and each.direction == direction)


# ------------------------------------------------------------------ pictures
@pytest.mark.parametrize("name", ALL)
def test_every_figure_fits_a_page_of_a_journal(name):
    """Searches in one column, sweeps in two: most of their panels are the same."""
    width = 89 if name.startswith("search") else 183
    picture = Image.open(BytesIO(render(ALL[name], ".png", Style(width, 300))[0]))
    across, down = (side / 300 * 25.4 for side in picture.size)
    assert across == pytest.approx(width, abs=0.5)
    assert down <= 170
    ink = np.asarray(picture.convert("L"))
    assert (ink[:, [0, -1]] == 255).all(), "something is cut off at the side"
    assert 0.005 < (ink < 128).mean() < 0.6


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".tiff"])
def test_the_same_runs_give_the_same_bytes(suffix):
    again = exhibits(AGAIN, "onepixel-gui analyse planted.onepixel")[0]
    one, other = (exhibit("places", some) for some in (DRAWN, again))
    assert render(one, suffix, Style(89)) == render(other, suffix, Style(89))
    assert numbers(one) == numbers(other)


@pytest.mark.parametrize("name", ALL)
def test_every_panel_tells_its_letter_and_its_n(name):
    width = 183 if name.startswith("search") else 89
    svg = render(ALL[name], ".svg", Style(width))[0].decode()
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    headings = [word for word in words if word in {*LETTERS[:10]}]
    assert headings == list(LETTERS[: len(contents(ALL[name]))])
    counted = [word for word in words if re.search(r"\bn = [\d,]+|[\d,]+ (flipped|held)", word)]
    assert len(counted) >= len(headings)
    assert any("research use only" in word for word in words)


def test_black_box_and_white_box_are_told_in_every_title():
    for each in ALL.values():
        assert "(black-box, n = " in title(each)


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


# ------------------------------------------------------------------ what is lacking
def test_what_cannot_be_drawn_is_told_with_its_reason():
    drawn, lacking = exhibits(SEARCHED)
    assert {each.template for each in drawn} | {each.template for each in lacking} == {*TEMPLATES}
    assert {each.template for each in lacking} == {"universal pixels"}
    assert "no sweeps" in lacking[0].why


def test_four_tiles_are_too_few_for_any_distribution():
    few = outcomes_of(4)
    drawn, lacking = exhibits(examined_of(Planted(few, aftermaths=False), dark=0))
    assert not drawn
    assert all("too few" in each.why or "no sweeps" in each.why or "Nothing was asked" in each.why
               for each in lacking)  # fmt: skip


def test_a_population_without_a_single_flip_is_drawn_and_said_to_hold():
    found = outcomes_of(40)
    none = changed(
        found, flipped=np.zeros(40, bool), after=found.answer.copy(),
        first_flip=np.full(40, -1),
    )  # fmt: skip
    examined = examined_of(Planted(none), dark=5)
    drawn, _ = exhibits(examined)
    for each in drawn:
        render(each, ".svg", Style(89))
        assert "None" not in caption(each)
    assert "0 of 40 tiles (0 %" in " ".join(findings(examined))


def test_a_population_that_flips_whole_is_drawn_too():
    found = outcomes_of(40, both=False)
    every = changed(
        found, flipped=np.ones(40, bool), after=1 - found.answer, first_flip=np.full(40, 400),
    )  # fmt: skip
    for each in exhibits(examined_of(Planted(every), dark=5))[0]:
        render(each, ".svg", Style(89))


def test_tiles_of_unknown_case_and_label_are_drawn_without_them():
    found = changed(
        outcomes_of(60, cases=0), label=np.full(60, -1),
    )  # fmt: skip
    examined = examined_of(Planted(found), dark=0)
    drawn, _ = exhibits(examined)
    assert "cases" not in contents(exhibit("population", drawn))
    assert "dark" not in contents(exhibit("places", drawn))
    for each in drawn:
        render(each, ".svg", Style(183))


@pytest.mark.parametrize("cases", [LINES, LINES + 1])
def test_more_cases_than_there_is_room_for_are_counted_by_their_rate(cases):
    outcomes = outcomes_of(4 * cases, cases=cases)
    led = changed(outcomes, case=np.arange(4 * cases) % cases, answer=np.ones(4 * cases, int))
    examined = examined_of(Planted(led), dark=0)
    shown = exhibit("population", exhibits(examined)[0])
    rates = [each.share for each in shown.directed.rates.cases]
    assert len(rates) == cases
    assert all(any(f"case {n:02}" in row.quantity for row in numbers(shown)) for n in range(cases))
    many = cases > LINES
    assert ("Number of cases by their success rate" in caption(shown)) == many
    with drawing():
        figure = draw(shown, Style()).sheet.figure
        counted = [axes for axes in figure.axes if axes.get_ylabel() == "cases"]
        assert len(counted) == many
        for axes in counted:
            heights = [bar.get_height() for bar in axes.patches]
            assert heights == np.histogram(rates, np.linspace(0, 1, 11))[0].tolist()
            assert axes.get_xlabel().startswith("success rate")


def test_ten_classes_are_shown_together_with_a_matrix_of_all():
    names = tuple(f"class {index}" for index in range(10))
    found = outcomes_of(300)
    rng = np.random.default_rng(0)
    answer = rng.integers(0, 10, 300)
    after = np.where(found.flipped, (answer + rng.integers(1, 10, 300)) % 10, answer)
    ten = changed(found, answer=answer, subject=answer, after=after, label=answer, classes=names)
    examined = examined_of(Planted(ten), dark=0)
    assert len(examined.directed) == 1
    drawn, _ = exhibits(examined)
    for each in drawn:
        render(each, ".svg", Style(89))


# ------------------------------------------------------------------ what goes with a figure
LONG_NAMES = (
    "adipose tissue", "background", "debris", "lymphocytes", "mucus", "smooth muscle",
    "normal colon mucosa", "cancer-associated stroma", "colorectal adenocarcinoma epithelium",
)  # fmt: skip


def long_named():
    found, rng = outcomes_of(120), np.random.default_rng(1)
    answer = rng.integers(0, 9, len(found))
    after = np.where(found.flipped, (answer + rng.integers(1, 9, len(found))) % 9, answer)
    found = changed(found, classes=LONG_NAMES, answer=answer, label=answer, after=after)
    return exhibits(examined_of(Planted(found, aftermaths=False)))[0]


def written_beside(axis):
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    labels = [label for tick in ticks for label in (tick.label1, tick.label2)]
    shown = [words for words in (axis.label, *labels) if words.get_visible()]
    return [words for words in shown if words.get_text()]


def test_long_names_of_many_classes_stay_on_the_page_and_off_the_headings():
    drawn = long_named()
    for template, width in (("per-class matrix", 89), ("population", 183)):
        with drawing():
            figure = draw(exhibit(template, drawn), Style(width, 300)).sheet.figure
            figure.draw_without_rendering()
            headings = [words.get_window_extent() for words in figure.texts]
            beside = [
                words.get_window_extent()
                for axes in figure.axes
                if axes.axison
                for axis in (axes.xaxis, axes.yaxis)
                for words in written_beside(axis)
            ]
        for box in (*headings, *beside):
            assert -2 <= box.x0 <= box.x1 <= figure.bbox.width + 2
            assert -2 <= box.y0 <= box.y1 <= figure.bbox.height + 2
        for heading, box in product(headings, beside):
            shared = Bbox.intersection(heading, box)
            assert shared is None or min(shared.width, shared.height) < 8  # px, of what is empty


def test_a_sidecar_holds_n_seeds_settings_and_the_hash_of_every_tile():
    block = json.loads(render(exhibit("population"), ".png", Style())[1])
    origin = block["provenance"]
    hashes = origin["tiles"]["sha256"]
    assert origin["tiles"]["n"] == len(hashes) == 220
    whole = hashlib.sha256("".join(f"{each}\n" for each in sorted(hashes)).encode())
    assert origin["tiles"]["sha256_of_all"] == whole.hexdigest()
    assert origin["seeds"] == [0]
    assert origin["attack"]["population"] == 400
    assert origin["attack"]["access"] == "black-box"
    assert origin["classifier"]["sha256"] == CARD.sha256
    assert origin["study"]["name"] == "planted.onepixel"
    assert origin["runs"] == 220
    assert origin["strides_px"] == [2, 4, 8]
    assert block["caption"] == caption(exhibit("population"))


def test_a_sidecar_names_the_file_beside_it_that_lists_the_tiles():
    """For many figures of one group: a hundred thousand lines in each would be too many."""
    told = exhibits(SEARCHED, tiles="tiles.txt")[0][0].provenance["tiles"]
    assert told == {"n": 220, "listed_in": "tiles.txt", "sha256_of_all": SEARCHED.digest}
    assert hashlib.sha256(SEARCHED.hash_lines).hexdigest() == SEARCHED.digest


# ------------------------------------------------------------------ the table
def rows_of(examined):
    drawn, _ = exhibits(examined)
    found = [(f"{index}", numbers(each)) for index, each in enumerate(drawn)]
    return list(csv.DictReader(io.StringIO(table(found).decode())))


def test_the_table_names_what_n_and_which_interval_each_number_has():
    rows = rows_of(SEARCHED)
    assert tuple(rows[0]) == COLUMNS
    rate = next(row for row in rows if row["quantity"] == "success rate"
                and row["direction"] == "mitosis to normal")  # fmt: skip
    led = SEARCHED.leading
    assert float(rate["value"]) == pytest.approx(led.flipped / led.tiles)
    assert int(rate["n"]) == led.tiles
    assert rate["interval"] == "95 %, Wilson"
    assert float(rate["low"]) < float(rate["value"]) < float(rate["high"])
    for row in rows:
        assert not row["p"] or row["test"], row
        assert bool(row["low"]) == bool(row["interval"]), row
        assert "nan" not in row.values()


def test_the_bars_of_a_histogram_add_up_to_their_tiles():
    rows = [row for row in rows_of(SEARCHED) if row["quantity"].startswith("RGB length, flipped,")]
    assert sum(float(row["value"]) for row in rows) == SEARCHED.leading.flipped


def test_a_class_that_looks_like_a_formula_stays_text():
    hostile = Number("population", "a", "=1+cmd()", 1.0, direction="@x to\ny")
    row = next(csv.DictReader(io.StringIO(table([("+g", [hostile])]).decode())))
    assert row["quantity"].startswith("'=")
    assert row["direction"].startswith("'@")
    assert row["group"].startswith("'+")
    assert "\n" not in row["direction"]


def test_no_number_becomes_an_empty_cell_not_nan():
    row = Number("population", "a", "x", float("nan"), low=None, high=float("inf"))
    read = next(csv.DictReader(io.StringIO(table([("g", [row])]).decode())))
    assert read["value"] == read["low"] == read["high"] == ""


# ------------------------------------------------------------------ arrays and names
def test_maps_hold_every_position_that_is_drawn():
    arrays = np.load(io.BytesIO(folder.maps(SWEPT)))
    assert arrays["directions"].tolist() == [each.title for each in SWEPT.directed]
    assert arrays["counts_flipped"].sum() == sum(each.flipped for each in SWEPT.directed)
    assert arrays["universal_0"].shape == (64, 64, 8)
    assert arrays["mean_lowest"].shape[1:] == (64, 64)
    assert folder.maps(SWEPT) == folder.maps(SWEPT)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("colours mitosis to normal", "colours-mitosis-to-normal"),
        ("places ../../etc to a\0b", "places-etc-to-a-b"),
        ("Grüße", "gr-e"),
    ],
)
def test_any_class_may_be_part_of_a_files_name(words, name):
    assert plain_name(words) == name


# ------------------------------------------------------------------ the list of groups
def grouped(classifier=1, runs=5, window=(64, 64), **card):
    return Group(classifier, 1, replace(CARD, **card), Settings(), runs, window)


@pytest.mark.parametrize(
    "other",
    [
        {"classifier": 2, "sha256": "cd" * 32},
        {"classifier": 2, "file": "other.safetensors", "sha256": "cd" * 32},
        {"classifier": 2},
        {"window": (96, 96)},
    ],
)
def test_no_two_groups_read_alike(other):
    first, second = (line[1:] for line in folder.listed([grouped(), grouped(**other)]))
    assert first != second


def test_a_group_of_one_run_is_counted_in_the_singular():
    (alone,) = folder.listed([grouped(runs=1)])
    assert alone.startswith("1  demonstration  differential evolution")
    assert alone.endswith("  1 run")


def test_one_flip_is_too_few_in_the_singular():
    found = changed(outcomes_of(40), flipped=np.arange(40) == 0)
    _, lacking = exhibits(examined_of(Planted(found, aftermaths=False), dark=0))
    assert "the pixels of 1 flip are too few" in next(
        each.why for each in lacking if each.template == "periods"
    )


# ------------------------------------------------------------------ numbers in words
@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.123, "12.3 %"),
        (1e-5, "0.001 %"),
        (0.99999, "99.999 %"),
        (1 - 1e-9, "over 99.999 %"),
        (0.0005, "0.1 %"),
    ],
)
def test_a_share_is_never_rounded_into_none_or_all(share, words):
    assert percents(share) == words


def test_small_and_large_numbers_keep_their_digits():
    assert number(-0.000012) == "−1.2 × 10⁻⁵"
    assert number(40_000) == "40,000"
    assert number(0) == "0"
    assert chance(0.0123) == "p = 0.012"
    assert chance(0.001) == "p = 0.001"
    assert chance(4.0e-38) == chance(0.0) == "p < 0.001"
