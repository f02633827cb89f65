"""The sheet of a figure: no words are cut or overlap, maps and scale bars are true to measure."""

import os
from dataclasses import replace
from itertools import combinations

import pytest

from onepixel_gui.attack.probe import (
    Guidance,
)
from onepixel_gui.report.figure import (
    Style,
    render,
)
from tests.core.exhibits import ATTACK, SWEEP, attack_exhibit, painted, sweep_exhibit

# ------------------------------------------------------------------ layout
LONG = {"subject": "invasive ductal carcinoma", "rival": "no invasive ductal carcinoma"}


CASES = {
    "flip": attack_exhibit,
    "guided": lambda: attack_exhibit(settings=Guidance()),
    "early flip, late window": lambda: attack_exhibit(painted(80, 79), first=39_600),
    "held, far from the threshold": lambda: attack_exhibit(clean=-9.886, after=1.2e-4, first=None),
    "upward flip": lambda: attack_exhibit(clean=-1.2, after=0.93, first=400),
    "five pixels, long class names": lambda: attack_exhibit(pixels=5, **LONG),
    "held, far, long class names": lambda: attack_exhibit(
        clean=-9.886, after=1.2e-4, first=None, **LONG
    ),
    "a large tile of unknown scale": lambda: attack_exhibit(painted(600, 512, mpp=None)),
    "sweep": sweep_exhibit,
    "sweep upward, highest": lambda: sweep_exhibit(clean=-9.886, quantity="highest"),
    "sweep, signed, in a larger tile": lambda: sweep_exhibit(painted(128, 128), quantity="change"),
    "sweep, long class names": lambda: sweep_exhibit(**LONG),
    "sweep of a small input": lambda: sweep_exhibit(painted(40, 36)),
    "sweep of a large input": lambda: sweep_exhibit(painted(150, 150, mpp=0.5), window=150),
}


@pytest.fixture(scope="module", params=CASES, ids=str)
def exhibit(request):
    return CASES[request.param]()


def words_of(figure):
    """(what it says, where it lies in dots) of every text that is drawn."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    found = [
        text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()
    ]
    hidden = {id(text) for axes in figure.axes if not axes.axison for text in _axis_words(axes)}
    return [(t.get_text(), t.get_window_extent()) for t in found if id(t) not in hidden]


def _axis_words(axes):
    from matplotlib.text import Text

    return axes.xaxis.findobj(Text) + axes.yaxis.findobj(Text)


@pytest.mark.parametrize("width", [89, 183])
def test_no_words_are_cut_or_overlap(exhibit, width):
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    with drawing():
        figure = draw(exhibit, Style(width)).sheet.figure
        words = words_of(figure)
    assert len(words) > 25
    assert figure.get_figheight() * 25.4 <= 170
    for text, box in words:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
    for (one, first), (other, second) in combinations(words, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 0.5 or down <= 0.5, (one, other)


def test_the_profiles_are_aligned_with_the_map_to_the_dot():
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    for width in (89, 183):
        with drawing():
            figure = draw(sweep_exhibit(painted(80, 80)), Style(width)).sheet.figure
        _, shown, rows, _, columns, *_ = figure.axes
        assert (shown.bbox.y0, shown.bbox.y1) == pytest.approx((rows.bbox.y0, rows.bbox.y1))
        assert (shown.bbox.x0, shown.bbox.x1) == pytest.approx((columns.bbox.x0, columns.bbox.x1))
        assert shown.get_ylim() == rows.get_ylim() == (71.5, 7.5)
        assert shown.get_xlim() == columns.get_xlim() == (7.5, 71.5)


def test_the_confidence_map_has_a_fixed_range_and_the_signed_one_is_symmetric():
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    with drawing():
        key = draw(SWEEP, Style(89)).sheet.figure.axes[3]
        assert key.get_ylim() == (0, 1)
        signed = draw(replace(SWEEP, quantity="change"), Style(89)).sheet.figure.axes[3]
        assert signed.get_ylim()[0] == -signed.get_ylim()[1] < 0


def test_the_marked_extreme_is_the_one_of_the_shown_map():
    for quantity, words in (
        ("lowest", ">at row 28, column 26<"),
        ("highest", ">at row 1, column 2<"),
    ):
        drawn = render(replace(SWEEP, quantity=quantity), ".svg", Style(89))[0].decode()
        assert words in drawn
        assert f">{quantity}, " in drawn
        assert f">{quantity} confidence, 8 colours<" in drawn


@pytest.mark.parametrize(
    ("pixels", "mpp", "words"),
    [
        (64, 0.25, "5 µm"),
        (64, None, "20 px"),
        (80, 0.25, "5 µm"),
        (50, 0.5, "5 µm"),
        (600, None, "200 px"),
    ],
)
def test_a_scale_bar_has_a_round_length_within_a_third(pixels, mpp, words):
    from onepixel_gui.report.sheet import round_length

    length, said = round_length(pixels, mpp)
    assert said == words
    assert pixels / 9 < length <= pixels / 3


def test_drawing_leaves_the_settings_of_the_process_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    render(ATTACK, ".svg", Style(89))
    assert dict(mpl.rcParams) == before
    assert "SOURCE_DATE_EPOCH" not in os.environ
