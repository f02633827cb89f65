"""The filter line and the order of listed tiles: what passes, what is refused, what is offered."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onepixel_gui.analysis.completion import offers, unfinished
from onepixel_gui.analysis.filtering import (
    CHOICES,
    DEEPEST,
    FIELDS,
    MOST_TERMS,
    TEXTS,
    And,
    Comparison,
    Expression,
    Listed,
    Not,
    Or,
    UnclearFilter,
    Word,
    operators_of,
    parse,
)
from onepixel_gui.analysis.selection import KEYS, RESULTS, Facts, looks_at, ordered, passing

NAMES = ["tile_10.png", "tile_9.png", "ÄRGER 1.png", "b.png", "c.png", "d.png"]
LABELS = ["mitosis", "normal", None, "mitosis", "normal", "Atypical"]
CASES = ["p2", "p10", "p10", "", "p2", "p1"]


@pytest.fixture
def facts() -> Facts:
    """0 and 4 agree, 1 and 3 do not; 2 was refused, 5 is not scored."""
    made = Facts(NAMES, LABELS, CASES)
    made.forget(("normal", "mitosis"))
    tiles = np.array([0, 1, 3, 4])
    made.set_answers(tiles, np.array([1, 1, 0, 0]), np.array([0.94, 0.9, 0.2, 0.3], np.float32))
    made.set_unusable(2)
    made.set_result(0, "flipped")
    made.set_result(1, "held", guided=True)
    made.listed[[1, 5]] = True
    return made


def shown(facts: Facts, line: str) -> list[int]:
    return np.flatnonzero(passing(parse(line), facts)).tolist()


# ------------------------------------------------------------------ words
@pytest.mark.parametrize(
    ("line", "tiles"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("  \t ", [0, 1, 2, 3, 4, 5]),
        ("tile", [0, 1]),
        ("TILE 9", [1]),
        ("ärger", [2]),
        ("mitosis", [0, 1, 3]),  # by label or by answer
        ("flipped", [0]),
        ("guided", [1]),
        ("not run", [3, 4, 5]),
        ("NOT usable", [2]),
        ("not flipped", [1, 2, 3, 4, 5]),
        ('"not" run', [3, 4, 5]),
        ("listed", [1, 5]),
        ("not listed tile", [0]),
        ('"listed"', []),
        ("label:mit answer:normal", [3]),
    ],
)
def test_words_are_sought_in_name_label_answer_and_result(
    facts: Facts, line: str, tiles: list[int]
) -> None:
    assert shown(facts, line) == tiles


# ------------------------------------------------------------------ comparisons
@pytest.mark.parametrize(
    ("line", "tiles"),
    [
        ("label = mitosis and confidence < 0.9", [3]),
        ("label=mitosis", [0, 3]),
        ("LABEL = Mitosis", [0, 3]),
        ("label != mitosis", [1, 2, 4, 5]),
        ('label = ""', [2]),
        ("label ~ al", [1, 4, 5]),
        ("case = p10", [1, 2]),
        ("case : p1", [1, 2, 5]),
        ("name ~ tile", [0, 1]),
        ('name = "ÄRGER 1.png"', [2]),
        ("answer = normal", [3, 4]),
        ("confidence >= 0.9", [0, 1]),
        ("confidence ≥ 90%", [0, 1]),
        ("confidence > 0.9", [0]),
        ("confidence<=.2", [3]),
        ("confidence = 0.9", [0, 1]),  # 0.85 to 0.95, as it is written
        ("confidence = 0.90", [1]),
        ("confidence = 30%", [4]),
        ("not confidence < 0.5", [0, 1, 2, 5]),  # with those that are not scored
        ("agreement = yes", [0, 4]),
        ("agreement = disagrees", [1, 3]),
        ("agreement != agrees", [1, 2, 3, 5]),
        ("result = flipped", [0]),
        ("result = held", [1]),
        ('result = "held guided"', [1]),
        ("result = not run", [3, 4, 5]),
        ('result ~ "not"', [2, 3, 4, 5]),
        ("listed = no", [0, 2, 3, 4]),
        ("listed = yes and (label = normal or label = atypical)", [1, 5]),
        ("label = normal or label = mitosis and answer = normal", [1, 3, 4]),
        ("(label = normal or label = mitosis) and answer = normal", [3, 4]),
        ("not (label = normal or label = mitosis)", [2, 5]),
        ("not not label = normal", [1, 4]),
    ],
)
def test_a_comparison_keeps_what_it_says(facts: Facts, line: str, tiles: list[int]) -> None:
    assert shown(facts, line) == tiles


@pytest.mark.parametrize(
    ("line", "said", "at"),
    [
        ("label", "“label” needs a sign: = != ~ :.", 5),
        ("label =", "“label =” needs a value.", 7),
        ("label = mitosis and", "“and” needs something after it.", 19),
        ("label = mitosis and confidence <", "“confidence <” needs a value.", 32),
        ("(label = mitosis", "“mitosis” needs a ) after it.", 16),
        ("tile )", "There is no ( for this ).", 5),
        ("lable = mitosis", "There is no field “lable”.", 0),
        ("= mitosis", "“=” needs something before it.", 0),
        ("and tile", "“and” needs something before it.", 0),
        ("confidence < x", "“x” is no number like 0.9 or 90%.", 13),
        ("confidence < 90", "“90” is no number like 0.9 or 90%.", 13),
        ("confidence < 0,9", "“0,9” is no number like 0.9 or 90%.", 13),
        ("confidence ~ 0.9", "Confidence takes <, <=, >, >=, =, !=, not ~.", 11),
        ("label < mitosis", "Label takes =, !=, ~, :, not <.", 6),
        ("agreement = maybe", "Agreement is yes or no.", 12),
        ("result = fl", "Result is flipped, held, stopped, not run or not usable.", 9),
        ('name = "tile 1', "The quote before “tile 1” is not closed.", 7),
    ],
)
def test_what_is_unclear_is_told_in_one_sentence_at_its_place(
    line: str, said: str, at: int
) -> None:
    with pytest.raises(UnclearFilter) as unclear:
        parse(line)
    assert unclear.value.what == said
    assert unclear.value.at == at
    assert unclear.value.remedy[0].isupper()


# ------------------------------------------------------------------ invariants
def texts(least: int = 0) -> st.SearchStrategy[str]:
    odd = st.sampled_from([*FIELDS, "and", "or", "not", "run", "usable", "not run", 'a"b', "(", ""])
    return (odd | st.text(max_size=8)).filter(lambda text: len(text) >= least)


@st.composite
def comparisons(draw: Any) -> Comparison:
    field = draw(st.sampled_from(FIELDS))
    operator = draw(st.sampled_from(operators_of(field)))
    if field == "confidence":
        value = draw(st.sampled_from(["0", "1", "0.5", ".25", "90%", "12.5%", "1."]))
    elif field in CHOICES:
        value = draw(st.sampled_from(CHOICES[field]))
    else:
        value = draw(texts())
    return Comparison(field, operator, value)


def expressions() -> st.SearchStrategy[Expression]:
    def larger(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(parts, min_size=2, max_size=3).map(tuple)
        return st.builds(Not, parts) | st.builds(And, several) | st.builds(Or, several)

    return st.recursive(
        st.builds(Word, texts()) | st.just(Listed()) | comparisons(), larger, max_leaves=12
    )


@given(expressions())
@example(Word('a"b'))
@example(Not(Word("run")))
@example(Or((Word("listed"), And((Listed(), Or((Listed(), Word(""))))))))
@example(Comparison("label", "=", "not"))
def test_an_expression_is_read_as_it_is_written(expression: Expression) -> None:
    assert parse(str(expression)) == expression


def read(line: str) -> tuple[Expression | None, UnclearFilter | None]:
    try:
        return parse(line), None
    except UnclearFilter as unclear:
        return None, unclear


@given(st.text() | st.lists(st.sampled_from([*FIELDS, *'()"=<>~:!', "not", "and", "0.9", "x"])).map(
    " ".join))  # fmt: skip
def test_whatever_is_typed_is_understood_or_explained(line: str) -> None:
    made = Facts(NAMES, LABELS, CASES)
    expression, unclear = read(line)
    if unclear is None:
        assert passing(expression, made).shape == (len(NAMES),)
    else:
        assert 0 <= unclear.at <= len(line)
        assert unclear.what.endswith(".")
        assert "\n" not in unclear.remedy
    for cursor in range(len(line) + 1):
        found = offers(line, cursor, made)
        assert 0 <= found.start <= found.end <= len(line)


@given(expressions())
@settings(max_examples=50)
def test_one_tile_passes_alone_as_it_passes_among_all(expression: Expression) -> None:
    made = Facts(NAMES, LABELS, CASES)
    made.forget(("normal", "mitosis"))
    made.set_answer(1, "mitosis", 0.5)
    made.set_result(1, "flipped", guided=True)
    together = passing(expression, made)
    assert [bool(passing(expression, made, tile)[0]) for tile in range(6)] == together.tolist()
    assert (passing(Not(expression), made) == ~together).all()


@pytest.mark.parametrize(
    "line",
    ["(" * 40_000, "not " * 40_000, "a " * 40_000, '"' * 40_001, "label = " * 9_000, "=" * 40_000],
)
def test_an_endless_line_is_refused_at_once(line: str) -> None:
    begin = time.process_time()
    with pytest.raises(UnclearFilter):
        parse(line)
    assert time.process_time() - begin < 1.0


def test_as_much_as_is_allowed_is_read(facts: Facts) -> None:
    assert shown(facts, " ".join(["png"] * MOST_TERMS)) == [0, 1, 2, 3, 4, 5]
    assert shown(facts, "(" * DEEPEST + "tile" + ")" * DEEPEST) == [0, 1]


def test_an_expression_says_what_it_looks_at() -> None:
    line = "label = x and not (confidence < 1 or listed)"
    assert looks_at(parse(line)) == {"label", "confidence", "listed"}
    assert looks_at(parse("tile")) >= {"name", "label", "answer", "result"}
    assert not looks_at(None)


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
