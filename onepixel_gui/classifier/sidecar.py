"""Cards as files: `<checkpoint>.card.toml` beside a checkpoint, bound to it by its hash."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from onepixel_gui import __version__
from onepixel_gui.classifier.card import (
    Card,
    Fitting,
    Order,
    Outputs,
    Scaling,
)
from onepixel_gui.outbox import write_whole
from onepixel_gui.problems import Problem, UnusableCheckpoint

# What a reader may say of a checkpoint; the rest of a card follows from the file.
FIELDS = (
    "name",
    "classes",
    "subject",
    "input_size",
    "order",
    "scaling",
    "mean",
    "std",
    "outputs",
    "threshold",
    "fitting",
    "mpp",
)
FINEST, COARSEST = 0.05, 20.0  # micrometres per pixel that a network may be trained with
SUFFIX = ".card.toml"
_AS_SCANNED = 0.0  # written where a resolution was left open, since TOML has no word for nothing
_LARGEST = 1 << 20  # bytes: a card is a page, not a book; ImageNet's thousand names are 20 kB


class UnusableCard(Problem):
    """A .card.toml that cannot be gone by."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a card file says. fields: of FIELDS, checked. source: which file that is, in words.

    architecture: the network the reader chose, where several fit; "" where he did not.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    architecture: str = ""


def beside(checkpoint: Path) -> Path:
    """Where the card of a checkpoint lies."""
    return checkpoint.with_name(checkpoint.name + SUFFIX)


def found(checkpoint: Path, sha256: str, card: Path | None) -> tuple[Given, tuple[str, ...]]:
    """The card to go by, and doubts about it.

    card: a file the reader named, which holds for any checkpoint; without it the file beside the
    checkpoint counts, if it was made for these very bytes.
    Raises UnusableCard for a card that was named; one that lies about is only told.
    """
    if card is not None:
        given, made_for = _read(card)
        given = Given(given.fields, f"the card {card.name}", given.architecture)
        if made_for and made_for != sha256:
            return given, (f"{card.name} was made for another file; it is used as you asked.",)
        return given, ()
    path = beside(checkpoint)
    if not path.is_file():
        return Given(), ()
    try:
        given, made_for = _read(path)
    except UnusableCard as problem:
        return Given(), (f"{problem.what} It was not used.",)
    if made_for != sha256:
        return Given(), (
            f"{path.name} belongs to an earlier version of this checkpoint; it was not used.",
        )
    return Given(given.fields, "the card beside the file", given.architecture), ()


def write(card: Card, path: Path) -> None:
    """Write what a reader may say of a checkpoint, bound to it by its hash. Raises NotWritten."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(f"How {card.file} is asked. Written by onepixel_gui."))
    document["onepixel_gui"] = __version__
    document["checkpoint"] = card.file
    document["sha256"] = card.sha256
    document["architecture"] = card.architecture
    for key in FIELDS:
        if key not in ("mean", "std") or card.scaling == "custom":
            value = getattr(card, key)
            if value is None:
                value = _AS_SCANNED
            document[key] = list(value) if isinstance(value, tuple) else value
    write_whole(path, tomlkit.dumps(document).encode())


def made(name: str, values: Mapping[str, Any]) -> Card:
    """A card from plain values. Raises UnusableCheckpoint where they make no sense.

    name: of the file they come from.
    """
    wanted = {each.name for each in fields(Card)} - {"sources"}
    checked, wrong = _checked({key: value for key, value in values.items() if key in wanted})
    if not wrong:
        card = Card(**checked)
        wrong = _contradictions(card)
    if wrong:
        raise UnusableCheckpoint(
            f"{name} describes itself in a way that makes no sense ({', '.join(wrong)}).",
            "Correct its card.",
        )
    return card


def _read(path: Path) -> tuple[Given, str]:
    """(what it says, the hash it was made for or "")."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError("larger than 1 MB")
        told = tomllib.loads(text.decode())
    except (OSError, ValueError, RecursionError) as broken:
        raise UnusableCard(
            f"{path.name} is not a card that can be read.",
            "Write it again from the window, or correct it in an editor.",
            detail=str(broken)[:500],
        ) from broken
    checked, wrong = _checked({key: told[key] for key in FIELDS if key in told})
    if wrong:
        raise UnusableCard(
            f"{path.name} makes no sense ({', '.join(wrong)}).", "Correct these fields in it."
        )
    architecture, sha256 = (str(told.get(key, "")) for key in ("architecture", "sha256"))
    return Given(checked, path.name, architecture), sha256


def _checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(the values in their types, names of those that are wrong)."""
    from pydantic import ValidationError

    checked, wrong = {}, []
    for key, value in values.items():
        adapter = _adapters().get(key)
        try:
            checked[key] = value if adapter is None else adapter.validate_python(value)
        except ValidationError:
            wrong.append(key)
    return checked, wrong


@cache
def _adapters() -> dict[str, Any]:
    from pydantic import BeforeValidator, ConfigDict, Field, FiniteFloat, TypeAdapter

    word = Annotated[str, Field(min_length=1, max_length=200)]
    edge = Annotated[int, Field(ge=1, le=4096)]
    positive = Annotated[FiniteFloat, Field(gt=0)]
    resolution = Annotated[FiniteFloat, Field(ge=FINEST, le=COARSEST)]
    kinds: dict[str, Any] = {
        "name": word,
        "classes": Annotated[tuple[word, ...], Field(max_length=100_000)],
        "subject": Annotated[str, Field(max_length=200)],
        "input_size": tuple[edge, edge],
        "order": Order,
        "scaling": Scaling,
        "mean": tuple[FiniteFloat, FiniteFloat, FiniteFloat],
        "std": tuple[positive, positive, positive],
        "outputs": Outputs,
        "threshold": Annotated[FiniteFloat, Field(gt=0, lt=1)],
        "fitting": Fitting,
        "mpp": Annotated[resolution | None, BeforeValidator(_resolution)],
    }
    config = ConfigDict(coerce_numbers_to_str=False)
    return {key: TypeAdapter(kind, config=config) for key, kind in kinds.items()}


def _resolution(told: Any) -> Any:
    """None for what was left open, in a file or in a form."""
    return None if told in (_AS_SCANNED, "") else told


def _contradictions(card: Card) -> list[str]:
    wrong = []
    if len(set(card.classes)) != len(card.classes) or len(card.classes) == 1:
        wrong.append("classes")
    if card.classes and card.subject not in card.classes:
        wrong.append("subject")
    return wrong
