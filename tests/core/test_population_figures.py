"""Figures of populations: their pages, what goes with them, and when they are not drawn."""

import hashlib
import json
import re
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from matplotlib.transforms import Bbox
from PIL import Image

from onepixel_gui.report.exhibit import Style
from onepixel_gui.report.figure import render
from onepixel_gui.report.plates import draw
from onepixel_gui.report.population.captions import caption, title
from onepixel_gui.report.population.contents import LETTERS, contents
from onepixel_gui.report.population.exhibit import TEMPLATES, exhibits
from onepixel_gui.report.population.phrases import (
    LINES,
)
from onepixel_gui.report.population.summary import findings
from onepixel_gui.report.population.tabulated_maps import numbers
from onepixel_gui.report.sheet import drawing
from tests.core.planted import changed
from tests.core.planted_figures import ALL, DRAWN, SEARCHED, exhibit
from tests.core.populations import CARD, Planted, examined_of, outcomes_of

AGAIN = examined_of(Planted(outcomes_of(220)), dark=30)


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
