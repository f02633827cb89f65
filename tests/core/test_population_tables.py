"""Tables and maps beside figures of populations, and how groups and numbers are written."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from onepixel_gui.attack.attacks import Settings
from onepixel_gui.report.population import folder
from onepixel_gui.report.population.exhibit import exhibits, plain_name
from onepixel_gui.report.population.numbers import COLUMNS, Number, table
from onepixel_gui.report.population.phrases import (
    chance,
    number,
    percents,
)
from onepixel_gui.report.population.tabulated_maps import numbers
from onepixel_gui.study.store import Group
from tests.core.planted import changed
from tests.core.planted_figures import SEARCHED, SWEPT
from tests.core.populations import CARD, Planted, examined_of, outcomes_of


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
