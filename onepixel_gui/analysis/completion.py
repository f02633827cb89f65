"""What may come next in a filter line: fields, signs, and the values that the list holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from onepixel_gui.analysis.filtering import (
    CHOICES,
    FIELDS,
    JOINTS,
    Token,
    operators_of,
    quoted,
    tokens,
)
from onepixel_gui.analysis.selection import Facts

MOST = 40  # offers at once
_CONFIDENCES = ("0.1", "0.5", "0.9", "0.99")


@dataclass(frozen=True, slots=True)
class Offers:
    """texts, each of which may take the place of characters `start` to `end`.

    asked:  something was begun that these go on with; else they only may follow.
    """

    start: int
    end: int
    texts: tuple[str, ...] = ()
    asked: bool = False

    def taken(self, line: str, text: str) -> tuple[str, int]:
        """The line with one of them, and where the cursor stands then."""
        before = f"{line[: self.start]}{text} "
        return before + line[self.end :].lstrip(), len(before)


def offers(line: str, cursor: int, facts: Facts) -> Offers:
    """What may stand at the cursor. cursor: 0 to the length of the line."""
    found = tokens(line[:cursor])
    begun = found.pop() if found and _open(found[-1], cursor) else None
    start = cursor if begun is None else begun.start
    place, field = _place(found)
    # A word cut by the cursor goes as a whole.
    end = cursor
    if begun is not None and begun.kind == "bare":
        end = next((token.end for token in tokens(line) if token.start == start), cursor)
    texts = _possible(place, field, facts)
    typed = "" if begun is None else begun.text.casefold()
    if typed:
        texts = _matching(typed, texts, anywhere=place == "value")
    if place == "value":
        texts = [text if text in CHOICES.get(field, ()) else quoted(text) for text in texts]
    asked = bool(typed) or place in ("value", "operator") or begun is not None
    return Offers(start, end, tuple(texts[:MOST]), asked)


def unfinished(line: str) -> bool:
    """The last word may yet become a field, "and" or the like, in a line that compares."""
    found = tokens(line)
    if not found or not _open(found[-1], len(line)):
        return False
    compares = any(token.kind == "operator" for token in found)
    typed, (place, _) = found[-1].text.casefold(), _place(found[:-1])
    words = (*FIELDS, *JOINTS) if compares and place in ("term", "joint") else ()
    return any(word.startswith(typed) and word != typed for word in words)


def _open(token: Token, cursor: int) -> bool:
    """It is still being typed."""
    if token.kind == "quoted":
        return not token.closed
    return token.kind == "bare" and token.end == cursor


def _place(found: Sequence[Token]) -> tuple[Literal["term", "operator", "value", "joint"], str]:
    """What comes next, and the field that it is about."""
    if not found or found[-1].means(*JOINTS) or _is_opening(found[-1]):
        return "term", ""
    last, before = found[-1], found[-2] if len(found) > 1 else None
    if last.kind == "operator" and before is not None and before.means(*FIELDS):
        return "value", before.text.casefold()
    is_value = before is not None and before.kind == "operator"
    if last.means(*FIELDS) and not last.means("listed") and not is_value:
        return "operator", last.text.casefold()
    return "joint", ""


def _is_opening(token: Token) -> bool:
    return token.kind == "bracket" and token.text == "("


def _possible(place: str, field: str, facts: Facts) -> Sequence[str]:
    match place:
        case "term":
            return (*FIELDS, "not")
        case "operator":
            return operators_of(field)
        case "joint":
            return ("and", "or", *FIELDS, "not")
        case _:
            return _values(field, facts)


def _values(field: str, facts: Facts) -> Sequence[str]:
    columns: dict[str, Callable[[], Sequence[str]]] = {
        "label": lambda: facts.labels.words,
        "case": lambda: facts.cases.words,
        "answer": lambda: facts.answers.words,
        "confidence": lambda: _CONFIDENCES,
    }
    return columns[field]() if field in columns else CHOICES.get(field, ())


def _matching(typed: str, texts: Sequence[str], *, anywhere: bool) -> list[str]:
    """What begins so, then what only holds it; nothing where it is typed out."""
    folded = [(text.casefold(), text) for text in texts]
    found = [text for small, text in folded if small.startswith(typed)]
    if anywhere:
        found += [text for small, text in folded if typed in small and not small.startswith(typed)]
    return [] if [text.casefold() for text in found] == [typed] else found
