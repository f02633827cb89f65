"""Which of the listed tiles pass a filter, and in which order: 200,000 in a few milliseconds.

`Facts` holds what is known as one array per fact; filters and orders are made of whole arrays.
"""

import heapq
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.filtering import (
    And,
    Comparison,
    Expression,
    Listed,
    Not,
    Or,
    Word,
    fields_of,
)
from onepixel_gui.tiles.datasets.columns import Coded
from onepixel_gui.tiles.folders import natural

Bools = NDArray[np.bool_]
Codes = NDArray[np.int32]
Indices = NDArray[np.intp]
Key = Literal["order", "name", "label", "answer", "confidence", "agreement", "result", "case"]
Outcome = Literal["flipped", "held", "stopped"]

KEYS: tuple[Key, ...] = get_args(Key)
RESULTS = ("flipped", "held", "stopped", "not usable", "not run")
_NOT_USABLE, _NOT_RUN = 3, 4
_STEP = 1_500  # names that are read between two pauses
_LONG = 500_000  # names whose order is not prepared
_COMPARED: dict[str, Callable[[NDArray[np.float32], np.float32], Bools]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass
class Column:
    """A text for each tile, as a number into `words`; -1 and "" where nothing is known."""

    codes: Codes
    words: list[str]

    @classmethod
    def of(cls, texts: Iterable[str | None], count: int) -> "Column":
        if isinstance(texts, Coded):  # known already; a million need not be looked at
            once = cls.of(texts.words, len(texts.words))
            return cls(once.codes[texts.codes], once.words)
        known: dict[str | None, int] = {None: -1, "": -1}
        numbers = (known.setdefault(text, len(known) - 2) for text in texts)
        codes = np.fromiter(numbers, np.int32, count)
        return cls(codes, [word for word in known if word])

    def code(self, word: str) -> int:
        """Its number; a new word gets one."""
        if word not in self.words:
            self.words.append(word)
        return self.words.index(word)

    def word(self, tile: int) -> str:
        code = self.codes[tile]
        return self.words[code] if code >= 0 else ""

    def which(self, test: Callable[[str], bool], rows: slice) -> Bools:
        """Tiles whose text, in small letters, passes."""
        found = np.array([*(test(word.casefold()) for word in self.words), test("")], bool)
        tiles: Bools = found[self.codes[rows]]
        return tiles

    def rank(self) -> Codes:
        """(N,) place of each tile's text among all in natural order; -1 where it is not known."""
        order = sorted(range(len(self.words)), key=lambda code: natural(self.words[code]))
        places = np.full(len(self.words) + 1, -1, np.int32)
        places[order] = np.arange(len(order))
        ranks: Codes = places[self.codes]
        return ranks


class Facts:
    """What is known of N listed tiles. Written by whoever hears news, read by filters.

    names:        as the list tells them.   labels, cases, answers: columns of few words.
    confidences:  (N,) float32 in the class in question, NaN where not scored.
    results:      (N,) index into RESULTS.  guided: (N,) bool, found by a white-box search.
    listed:       (N,) bool, on the reader's own list.   classes: those of the classifier.
    """

    def __init__(
        self, names: Sequence[str], labels: Iterable[str | None], cases: Iterable[str]
    ) -> None:
        self.names, self.count = names, len(names)
        self.labels = Column.of(labels, self.count)
        self.cases = Column.of(cases, self.count)
        self.listed = np.zeros(self.count, bool)
        self._folded: list[str] = []
        self._ranks: Codes | None = None
        self.forget(())

    def forget(self, classes: Sequence[str]) -> None:
        """Another classifier, with these classes: what the one before said is no longer true."""
        self.classes = tuple(classes)
        self.answers = Column(np.full(self.count, -1, np.int32), list(self.classes))
        self.confidences = np.full(self.count, np.nan, np.float32)
        self.results = np.full(self.count, _NOT_RUN, np.int8)
        self.guided = np.zeros(self.count, bool)

    @property
    def flipped(self) -> int:
        """How many tiles flipped."""
        return int(np.count_nonzero(self.results == 0))

    def set_answers(
        self, tiles: Indices, answers: NDArray[np.integer], confidences: NDArray[np.float32]
    ) -> None:
        """answers: (M,) index into `classes`."""
        self.answers.codes[tiles] = answers
        self.confidences[tiles] = confidences

    def set_answer(self, tile: int, answer: str, confidence: float) -> None:
        self.answers.codes[tile] = self.answers.code(answer)
        self.confidences[tile] = confidence

    def set_result(self, tile: int, outcome: Outcome, *, guided: bool = False) -> None:
        self.results[tile] = RESULTS.index(outcome)
        self.guided[tile] = guided

    def forget_results(self, tiles: Indices) -> None:
        """As if nothing had been run on them."""
        self.results[tiles] = _NOT_RUN
        self.guided[tiles] = False

    def set_unusable(self, tile: int) -> None:
        self.results[tile] = _NOT_USABLE

    def unscored(self, tiles: Indices) -> Indices:
        """Those of them that may still be scored."""
        asked = (self.answers.codes[tiles] >= 0) | (self.results[tiles] == _NOT_USABLE)
        left: Indices = tiles[~asked]
        return left

    def agreement(self, rows: slice = slice(None)) -> NDArray[np.int8]:
        """(N,) 1 where the answer is the label, 0 where not, -1 where that is not known.

        A label that is none of the classes is neither right nor wrong.
        """
        class_of = {name: code for code, name in enumerate(self.answers.words)}
        wanted = [class_of.get(word, -1) if word in self.classes else -1 for word in
                  self.labels.words]  # fmt: skip
        labels = np.array([*wanted, -1], np.int32)[self.labels.codes[rows]]
        answers = self.answers.codes[rows]
        agrees = np.where(labels == answers, 1, 0).astype(np.int8)
        agrees[(labels < 0) | (answers < 0)] = -1
        return agrees

    # ------------------------------------------------------------------ names
    def preparing(self) -> Generator[None]:
        """Make names ready to be searched and sorted, in steps of a few milliseconds.

        Whoever asks before pays for all of it at once.  Of a very long list the order of the names
        is left for then, because its keys would take much memory.
        """
        folded: list[str] = []
        runs: list[list[tuple[str, int]]] = []
        for start in range(0, self.count, _STEP):
            names = self.names[start : start + _STEP]
            folded += [name.casefold() for name in names]
            if self.count <= _LONG:
                keys = map(natural, names)
                runs.append(sorted(zip(keys, range(start, start + len(names)), strict=True)))
            yield
        self._folded = folded
        if self.count > _LONG:
            return
        ranks = np.empty(self.count, np.int32)
        for place, (_, tile) in enumerate(heapq.merge(*runs)):
            ranks[tile] = place
            if not place % _STEP:
                yield
        self._ranks = ranks

    def folded(self, rows: slice = slice(None)) -> Sequence[str]:
        """Names in small letters."""
        if rows != slice(None):
            return [name.casefold() for name in self.names[rows]]
        if not self._folded:
            self._folded = [name.casefold() for name in self.names]
        return self._folded

    def name_ranks(self) -> Codes:
        """(N,) place of each name in natural order."""
        if self._ranks is None:
            keys = [natural(name) for name in self.names]
            self._ranks = np.empty(self.count, np.int32)
            self._ranks[sorted(range(self.count), key=keys.__getitem__)] = np.arange(self.count)
        return self._ranks


# ------------------------------------------------------------------ filters
def passing(expression: Expression | None, facts: Facts, tile: int | None = None) -> Bools:
    """(N,) bool, or (1,) for one tile. What is not known compares with nothing."""
    rows = slice(None) if tile is None else slice(tile, tile + 1)
    return _passing(expression, facts, rows)


def _passing(expression: Expression | None, facts: Facts, rows: slice) -> Bools:
    match expression:
        case None:
            return np.ones(len(facts.listed[rows]), bool)
        case Word(text=text):
            return _occurs(text.casefold(), facts, rows)
        case Listed():
            return facts.listed[rows].copy()
        case Comparison(operator="!="):
            same = Comparison(expression.field, "=", expression.value)
            return _opposite(_compared(same, facts, rows))
        case Comparison():
            return _compared(expression, facts, rows)
        case Not(part=part):
            return _opposite(_passing(part, facts, rows))
        case And(parts=parts):
            return _all([_passing(part, facts, rows) for part in parts])
        case Or(parts=parts):
            return _opposite(_all([_opposite(_passing(part, facts, rows)) for part in parts]))
        case _:
            assert_never(expression)


def _equal(values: NDArray[np.generic], wanted: bool) -> Bools:
    same: Bools = values == wanted
    return same


def _all(several: Sequence[Bools]) -> Bools:
    passes: Bools = np.all(several, axis=0)
    return passes


def _opposite(passes: Bools) -> Bools:
    others: Bools = ~passes
    return others


def _occurs(word: str, facts: Facts, rows: slice) -> Bools:
    found = _named(lambda name: word in name, facts, rows)
    for column in (facts.labels, facts.answers):
        found |= column.which(lambda text: word in text, rows)
    return found | _result(lambda text: word in text, facts, rows)


def _compared(expression: Comparison, facts: Facts, rows: slice) -> Bools:
    field, value = expression.field, expression.value.casefold()
    match field:
        case "confidence":
            return _confident(expression, facts.confidences[rows])
        case "listed":
            return _equal(facts.listed[rows], value == "yes")
        case "agreement":
            return _equal(facts.agreement(rows), value in ("yes", "agrees"))
    test = _test(expression.operator, value)
    match field:
        case "name":
            return _named(test, facts, rows)
        case "result":
            return _result(test, facts, rows)
    columns = {"label": facts.labels, "answer": facts.answers, "case": facts.cases}
    return columns[field].which(test, rows)


def _test(operator: str, value: str) -> Callable[[str], bool]:
    match operator:
        case "~":
            return lambda text: value in text
        case ":":
            return lambda text: text.startswith(value)
        case _:
            return lambda text: text == value


def _confident(expression: Comparison, confidences: NDArray[np.float32]) -> Bools:
    value, half = expression.number
    passes: Bools
    with np.errstate(invalid="ignore"):
        if expression.operator == "=":  # as the value is written: 0.9 is 0.85 to 0.95
            passes = np.abs(confidences - value) <= half
        else:
            passes = _COMPARED[expression.operator](confidences, np.float32(value))
    return passes


def _named(test: Callable[[str], bool], facts: Facts, rows: slice) -> Bools:
    names = facts.folded(rows)
    return np.fromiter(map(test, names), bool, len(names))


def _result(test: Callable[[str], bool], facts: Facts, rows: slice) -> Bools:
    """A guided result passes by its own words and by those with "guided"."""
    plain = np.array([test(word) for word in RESULTS])
    guided = plain | np.array([test(f"{word} guided") for word in RESULTS])
    results = facts.results[rows]
    return np.where(facts.guided[rows], guided[results], plain[results])


def looks_at(expression: Expression | None) -> frozenset[str]:
    """Fields that decide it; a plain word looks at four."""
    found = frozenset(fields_of(expression)) if expression is not None else frozenset()
    return found | {"name", "label", "answer", "result"} if "words" in found else found


# ------------------------------------------------------------------ order
def ordered(
    facts: Facts, passes: Bools, key: Key = "order", *, descending: bool = False
) -> Indices:
    """Indices of the tiles that pass; equal ones stay in the order of the list.

    What is not known comes last, whichever way it is sorted.
    """
    tiles = np.flatnonzero(passes)
    if key == "order":
        return tiles[::-1] if descending else tiles
    values = _values(facts, key)[tiles]
    known = values >= 0  # NaN is not
    first, last = tiles[known], tiles[~known]
    by = -values[known] if descending else values[known]
    return np.concatenate([first[np.argsort(by, kind="stable")], last])


def _values(facts: Facts, key: Key) -> NDArray[np.float32] | NDArray[np.signedinteger]:
    """(N,) numbers that grow in the wanted order, below 0 or NaN where nothing is known."""
    match key:
        case "name":
            return facts.name_ranks()
        case "label":
            return facts.labels.rank()
        case "answer":
            return facts.answers.rank()
        case "case":
            return facts.cases.rank()
        case "confidence":
            return facts.confidences
        case "agreement":
            return facts.agreement()
        case "result":
            return np.where(facts.results == _NOT_RUN, np.int8(-1), facts.results)
        case "order":
            return np.arange(facts.count)
        case _:
            assert_never(key)
