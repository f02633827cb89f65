"""The language of the filter line: `label = mitosis and confidence < 0.9`, or just words.

Everything that is typed becomes an `Expression` or an `UnclearFilter` that names the place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from onepixel_gui.problems import Problem

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "~", ":"]

TEXTS = ("name", "label", "answer", "case")
CHOICES: dict[str, tuple[str, ...]] = {
    "result": ("flipped", "held", "stopped", "not run", "not usable"),
    "agreement": ("agrees", "disagrees", "yes", "no"),
    "listed": ("yes", "no"),
}
FIELDS = ("name", "label", "answer", "confidence", "agreement", "result", "case", "listed")
JOINTS = ("and", "or", "not")
MOST_TERMS = 64
DEEPEST = 24  # parentheses and "not" within each other

_OPERATORS: dict[str, tuple[Operator, ...]] = {
    **dict.fromkeys(TEXTS, ("=", "!=", "~", ":")),
    "result": ("=", "!=", "~", ":"),
    "confidence": ("<", "<=", ">", ">=", "=", "!="),
    "agreement": ("=", "!="),
    "listed": ("=", "!="),
}
_TYPED: dict[str, Operator] = {
    **{sign: sign for sign in ("=", "!=", "<", "<=", ">", ">=", "~", ":")},
    "==": "=",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
}
_NUMBER = re.compile(r"([0-9]+)?(?:\.([0-9]*))?(%)?")
_BARE = re.compile(r'(?:[^\s()"=<>~:≤≥≠!]|!(?!=))+')
_TOKEN = re.compile(
    r'(?P<quoted>"(?:[^"]|"")*"?)|(?P<bracket>[()])|(?P<operator>!=|<=|>=|==|[=<>~:≤≥≠])'
    rf"|(?P<bare>{_BARE.pattern})"
)


class UnclearFilter(Problem):
    """A filter line that says nothing yet, or something odd. at: the character it is about."""

    def __init__(self, what: str, remedy: str, at: int) -> None:
        super().__init__(what, remedy)
        self.at = at


# ------------------------------------------------------------------ what a line means
@dataclass(frozen=True, slots=True)
class Word:
    """Occurs in the name, the label, the answer or the result; upper and lower case are one."""

    text: str

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True, slots=True)
class Listed:
    """Is on the reader's own list."""

    def __str__(self) -> str:
        return "listed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`~` means contains, `:` begins with; `!=` is true wherever `=` is not.

    value: as it was typed.
    """

    field: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {quoted(self.value)}"

    @property
    def number(self) -> tuple[float, float]:
        """Of a confidence: the value in 0-1, and half of its last digit, which `=` allows."""
        return _number(self.value)


@dataclass(frozen=True, slots=True)
class Not:
    part: "Expression"

    def __str__(self) -> str:
        return f"not {_within(self.part, (And, Or))}"


@dataclass(frozen=True, slots=True)
class And:
    """Two and more parts."""

    parts: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return " and ".join(_within(part, (And, Or)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Two and more parts."""

    parts: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return " or ".join(_within(part, (Or,)) for part in self.parts)


Expression = Word | Listed | Comparison | Not | And | Or


def fields_of(expression: Expression) -> Iterator[str]:
    """What it looks at; "words" stands for all that a plain word looks at."""
    match expression:
        case Word():
            yield "words"
        case Listed():
            yield "listed"
        case Comparison(field=field):
            yield field
        case Not(part=part):
            yield from fields_of(part)
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from fields_of(part)
        case _:
            assert_never(expression)


def _within(part: "Expression", weaker: tuple[type, ...]) -> str:
    return f"({part})" if isinstance(part, weaker) else str(part)


def quoted(text: str) -> str:
    """As it has to be typed: in quotes where it would be taken for something else."""
    folded = text.casefold()
    special = folded in FIELDS or folded in JOINTS or folded in ("run", "usable")
    if _BARE.fullmatch(text) and not special:
        return text
    return '"' + text.replace('"', '""') + '"'


def _number(text: str) -> tuple[float, float]:
    """Raises ValueError for what is no confidence."""
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[1] or found[2]) or len(text) > 30:
        raise ValueError(text)
    scale = 0.01 if found[3] else 1.0
    value = float(f"{found[1] or 0}.{found[2] or 0}") * scale
    if value > 1:
        raise ValueError(text)
    return value, 0.5 * scale * 10.0 ** -len(found[2] or "")


# ------------------------------------------------------------------ reading
@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the line. text: without its quotes.  closed: its last quote was typed."""

    kind: Literal["bare", "quoted", "operator", "bracket"]
    text: str
    start: int
    end: int
    closed: bool = True

    def means(self, *words: str) -> bool:
        return self.kind == "bare" and self.text.casefold() in words


def tokens(line: str) -> list[Token]:
    """All of it, whatever it is; only blanks are left out."""
    found = []
    for match in _TOKEN.finditer(line):
        text, closed = match[0], True
        if match.lastgroup == "quoted":
            inner = text[1:].replace('""', "")
            closed = inner.endswith('"')
            text = text[1 : -1 if closed else None].replace('""', '"')
        kind: Literal["bare", "quoted", "operator", "bracket"]
        match match.lastgroup:
            case "bare" | "quoted" | "operator" | "bracket" as group:
                kind = group
            case _:
                raise AssertionError(match.lastgroup)
        found.append(Token(kind, text, match.start(), match.end(), closed))
    return found


def parse(line: str) -> Expression | None:
    """What the line asks for, None when it is blank. Raises UnclearFilter."""
    reader = _Reader(line)
    return reader.all() if reader.left else None


class _Reader:
    """or < and (or nothing between two terms) < not < comparison, word, parentheses."""

    def __init__(self, line: str) -> None:
        self._line, self._tokens, self._at = line, tokens(line), 0
        self._terms = self._depth = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._tokens)

    def all(self) -> Expression:
        made = self._either()
        if self.left:
            what = "There is no ( for this )."
            raise UnclearFilter(what, "Take the parenthesis away.", self._now.start)
        return made

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._term()]
        while self._take("and") or self._goes_on():
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _goes_on(self) -> bool:
        """Another term follows, with no word between."""
        return self.left and not self._sees(")") and not self._now.means("or")

    def _term(self) -> Expression:
        if not self.left:
            raise self._unclear("something after it", "Write a word or a comparison.")
        phrase = self._phrase()
        if phrase:
            return Word(phrase)
        if self._now.means("not") or self._sees("("):
            return self._deeper()
        token = self._now
        if token.kind in ("operator", "bracket") or token.means("and", "or"):
            remedy = "Write a field before it, such as label, or put it in quotes."
            what = f"“{token.text}” needs something before it."
            raise UnclearFilter(what, remedy, token.start)
        self._count()
        self._at += 1
        follows = self._tokens[self._at] if self.left else None
        compares = follows is not None and follows.kind == "operator"
        if token.kind == "quoted":
            self._closed(token)
            return Word(token.text)
        if token.means("listed") and not compares:
            return Listed()
        if token.means(*FIELDS) or compares:
            return self._comparison(token)
        return Word(token.text)

    def _deeper(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            what = f"More than {DEEPEST} parentheses are in each other."
            raise UnclearFilter(what, "Take some parentheses away.", self._now.start)
        if self._take("not"):
            made: Expression = Not(self._term())
        else:
            self._at += 1
            made = self._either()
            if not self._sees(")"):
                raise self._unclear("a ) after it", "Close the parenthesis.")
            self._at += 1
        self._depth -= 1
        return made

    def _comparison(self, token: Token) -> Expression:
        field = token.text.casefold()
        if field not in FIELDS:
            remedy = f"Write one of {', '.join(FIELDS)}, or put it in quotes."
            raise UnclearFilter(f"There is no field “{_cut(token.text)}”.", remedy, token.start)
        if not self.left or self._now.kind != "operator":
            signs = " ".join(_OPERATORS[field])
            raise self._unclear(f"a sign: {signs}", f"Write {_example(field)}.")
        operator = _TYPED[self._now.text]
        if operator == ":" and ":" not in _OPERATORS[field]:
            operator = "="
        if operator not in _OPERATORS[field]:
            signs = ", ".join(_OPERATORS[field])
            what = f"{field.capitalize()} takes {signs}, not {self._now.text}."
            raise UnclearFilter(what, f"Write {_example(field)}.", self._now.start)
        self._at += 1
        return Comparison(field, operator, self._value(field, operator))

    def _value(self, field: str, operator: Operator) -> str:
        phrase = self._phrase()
        if phrase:
            start, value = self._tokens[self._at - 1].start, phrase
        else:
            missing = not self.left or self._now.kind in ("operator", "bracket")
            if missing or self._now.means(*JOINTS):
                raise self._unclear("a value", f"Write {_example(field)}.")
            self._closed(self._now)
            start, value = self._now.start, self._now.text
            self._at += 1
        if field == "confidence":
            try:
                _number(value)
            except ValueError:
                what = f"“{_cut(value)}” is no number like 0.9 or 90%."
                raise UnclearFilter(what, "Write a number from 0 to 1.", start) from None
        choices = CHOICES.get(field, ())
        known = {*choices, *(f"{choice} guided" for choice in choices[:3])}
        if choices and operator in ("=", "!=") and value.casefold() not in known:
            told = choices[-2:] if field == "agreement" else choices
            what = f"{field.capitalize()} is {', '.join(told[:-1])} or {told[-1]}."
            raise UnclearFilter(what, f"Write {_example(field)}.", start)
        return value

    def _phrase(self) -> str:
        """ "not run" and "not usable" are results, not negations."""
        pair = self._tokens[self._at : self._at + 2]
        if len(pair) == 2 and pair[0].means("not") and pair[1].means("run", "usable"):
            self._count()
            self._at += 2
            return f"not {pair[1].text.casefold()}"
        return ""

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _sees(self, bracket: str) -> bool:
        return self.left and self._now.kind == "bracket" and self._now.text == bracket

    def _take(self, word: str) -> bool:
        found = self.left and self._now.means(word)
        self._at += found
        return found

    def _count(self) -> None:
        self._terms += 1
        if self._terms > MOST_TERMS:
            what = f"There are more than {MOST_TERMS} terms."
            raise UnclearFilter(what, "Write a shorter filter.", self._tokens[self._at - 1].start)

    def _closed(self, token: Token) -> None:
        if not token.closed:
            what = f"The quote before “{_cut(token.text)}” is not closed."
            raise UnclearFilter(what, 'Write a " after it.', token.start)

    def _unclear(self, needed: str, remedy: str) -> UnclearFilter:
        """What stands before the next token needs something that is not there."""
        at = self._now.start if self.left else len(self._line)
        before = self._tokens[: self._at]
        sign = before[-1].kind == "operator"  # is named with its field
        needy = self._line[before[-1 - sign].start : before[-1].end]
        return UnclearFilter(f"“{_cut(needy)}” needs {needed}.", remedy, at)


def _cut(text: str, most: int = 24) -> str:
    return text if len(text) <= most else f"…{text[-most:]}"


def _example(field: str) -> str:
    examples = {
        "confidence": "confidence < 0.9",
        "agreement": "agreement = no",
        "result": "result = flipped",
        "listed": "listed = yes",
        "name": "name ~ tile_7",
        "case": "case = patient_3",
    }
    return examples.get(field, f"{field} = mitosis")


def operators_of(field: str) -> tuple[Operator, ...]:
    return _OPERATORS[field]
