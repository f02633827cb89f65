"""The order of listed tiles, and what is offered to one who types a filter."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.analysis.completion import offers, unfinished
from onepixel_gui.analysis.filtering import (
    CHOICES,
    FIELDS,
    TEXTS,
    operators_of,
    parse,
)
from onepixel_gui.analysis.selection import KEYS, RESULTS, Facts, ordered, passing
from tests.core.selection.listed import CASES, LABELS, NAMES, shown


# ------------------------------------------------------------------ order
def sorted_by(facts: Facts, key: Any, *, descending: bool = False) -> list[int]:
    return ordered(facts, passing(None, facts), key, descending=descending).tolist()


@pytest.mark.parametrize(
    ("key", "upward", "downward"),
    [
        ("order", [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]),
        ("name", [3, 4, 5, 1, 0, 2], [2, 0, 1, 5, 4, 3]),
        ("label", [5, 0, 3, 1, 4, 2], [1, 4, 0, 3, 5, 2]),
        ("answer", [0, 1, 3, 4, 2, 5], [3, 4, 0, 1, 2, 5]),
        ("confidence", [3, 4, 1, 0, 2, 5], [0, 1, 4, 3, 2, 5]),
        ("agreement", [1, 3, 0, 4, 2, 5], [0, 4, 1, 3, 2, 5]),
        ("result", [0, 1, 2, 3, 4, 5], [2, 1, 0, 3, 4, 5]),
        ("case", [5, 0, 4, 1, 2, 3], [1, 2, 0, 4, 5, 3]),
    ],
)
def test_equal_tiles_keep_their_order_and_unknown_ones_come_last(
    facts: Facts, key: str, upward: list[int], downward: list[int]
) -> None:
    assert sorted_by(facts, key) == upward
    assert sorted_by(facts, key, descending=True) == downward


@given(st.lists(st.text(max_size=6), max_size=40))
def test_names_are_sorted_by_their_numbers_prepared_or_not(names: list[str]) -> None:
    made, prepared = (Facts(names, [None] * len(names), [""] * len(names)) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onepixel_gui.analysis.selection._STEP", 3)
        for _ in prepared.preparing():
            pass
    assert sorted_by(prepared, "name") == sorted_by(made, "name")
    assert prepared.folded() == made.folded()
    assert sorted_by(Facts(NAMES, LABELS, CASES), "name") == [3, 4, 5, 1, 0, 2]


def test_an_order_holds_what_passes_and_nothing_else(facts: Facts) -> None:
    passes = passing(parse("label = normal"), facts)
    for key in KEYS:
        assert sorted(ordered(facts, passes, key).tolist()) == [1, 4]


def test_another_classifier_takes_back_what_the_one_before_said(facts: Facts) -> None:
    facts.forget(("a", "b"))
    assert shown(facts, "result = not run") == [0, 1, 2, 3, 4, 5]
    assert np.isnan(facts.confidences).all()
    assert shown(facts, "listed") == [1, 5]
    assert facts.unscored(np.arange(6)).tolist() == [0, 1, 2, 3, 4, 5]


def test_what_was_scored_or_refused_is_not_asked_again(facts: Facts) -> None:
    assert facts.unscored(np.array([5, 2, 0])).tolist() == [5]
    assert facts.flipped == 1
    assert RESULTS[facts.results[2]] == "not usable"


def test_a_tile_without_an_answer_neither_agrees_nor_disagrees() -> None:
    made = Facts(["a", "b"], ["normal", "normal"], ["", ""])
    made.forget(("normal", "mitosis"))
    made.set_answer(1, "normal", 0.1)
    assert made.agreement().tolist() == [-1, 1]


def test_an_answer_of_a_class_nobody_named_is_kept(facts: Facts) -> None:
    facts.set_answer(5, "atypical", 0.6)
    assert shown(facts, "answer = atypical") == [5]
    assert facts.answers.word(5) == "atypical"
    assert facts.agreement()[5] == -1


@pytest.mark.parametrize(
    "line",
    [
        "label = mitosis and confidence < 0.9",
        "agreement = no or result = flipped",
        "name ~ 77 and not listed",
        "patient_7",
    ],
)
def test_200_000_tiles_are_filtered_and_sorted_within_a_blink(line: str) -> None:
    count, rng = 200_000, np.random.default_rng(0)
    names = [f"tile_{index}.png" for index in range(count)]
    labels = ["mitosis" if index % 9 == 0 else "normal" for index in range(count)]
    many = Facts(names, labels, [f"patient_{index // 500}" for index in range(count)])
    many.forget(("normal", "mitosis"))
    confidences = rng.random(count, np.float32)
    many.set_answers(np.arange(count), rng.integers(0, 2, count), confidences)
    for _ in many.preparing():
        pass
    expression = parse(line)
    begin = time.process_time()
    passes = passing(expression, many)
    filtered = time.process_time()
    for key in ("confidence", "name", "case"):
        ordered(many, passes, key)
    assert filtered - begin < 0.3
    assert time.process_time() - filtered < 0.6


# ------------------------------------------------------------------ completion
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("", (*FIELDS, "not")),
        ("la", ("label",)),
        ("conf", ("confidence",)),
        ("label", ()),
        ("label ", ("=", "!=", "~", ":")),
        ("label = ", ("mitosis", "normal", "Atypical")),
        ("label = no", ("normal",)),
        ("label = normal", ()),
        ("label = IT", ("mitosis",)),
        ('case = "p1', ("p10", "p1")),
        ("result = not", ("not run", "not usable")),
        ("agreement = ", CHOICES["agreement"]),
        ("listed ", ("and", "or", *FIELDS, "not")),
        ("label = normal a", ("and", "answer", "agreement")),
        ("(", (*FIELDS, "not")),
        ("not l", ("label", "listed")),
        ("nothing = ", ("and", "or", *FIELDS, "not")),
    ],
)
def test_what_may_come_next_is_offered(facts: Facts, line: str, offered: tuple[str, ...]) -> None:
    assert offers(line, len(line), facts).texts == offered


def test_an_offer_takes_the_place_of_what_was_begun(facts: Facts) -> None:
    found = offers("conf and tile", 4, facts)
    assert found.taken("conf and tile", "confidence") == ("confidence and tile", 11)
    assert found.asked
    assert not offers("tile ", 5, facts).asked


def test_a_value_with_blanks_is_offered_in_quotes() -> None:
    made = Facts(["a"], ["not a mitosis"], ["or"])
    assert offers("label = n", 9, made).texts == ('"not a mitosis"',)
    line, cursor = offers("case ", 5, made).taken("case ", "=")
    assert (line, cursor) == ("case = ", 7)
    assert offers(line, cursor, made).texts == ('"or"',)


@pytest.mark.parametrize(
    ("line", "waits"),
    [
        ("label = mitosis and conf", True),
        ("label = mitosis o", True),
        ("label = mitosis and tile", False),
        ("label = mitosis and confidence", False),
        ("label = no", False),
        ("conf", False),
        ("label = mitosis and conf ", False),
        ("", False),
    ],
)
def test_a_word_that_may_become_a_field_is_waited_for(line: str, waits: bool) -> None:
    assert unfinished(line) == waits


def test_text_fields_take_no_order() -> None:
    assert all("<" not in operators_of(field) for field in TEXTS)
