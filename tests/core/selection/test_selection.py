"""The filter line: what passes, and what is refused."""

import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onepixel_gui.analysis.completion import offers
from onepixel_gui.analysis.filtering import (
    CHOICES,
    DEEPEST,
    FIELDS,
    MOST_TERMS,
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
from onepixel_gui.analysis.selection import Facts, looks_at, passing
from tests.core.selection.listed import CASES, LABELS, NAMES, shown


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
