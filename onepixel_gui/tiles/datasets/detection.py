"""Tiles cut around what was marked on slides, and normal tiles away from it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.datasets.columns import Coded, Columns, Derived
from onepixel_gui.tiles.datasets.dataset import MITOSIS, NORMAL, Dataset, Field, Mark, Sampling
from onepixel_gui.tiles.datasets.marked_tiles import marked_tile
from onepixel_gui.tiles.datasets.sizes import shape_of
from onepixel_gui.tiles.entries import Entry
from onepixel_gui.tiles.folders import Looked, Pace

LOOK_ALIKE = "look-alike"  # marked as no mitosis, though it resembles one
_ROUNDS = 60  # of drawing places for normal tiles before a slide counts as full

Places = NDArray[np.int32]
Inside = Callable[[Field, NDArray[np.int64]], NDArray[np.bool_]]  # (N, 2) centres -> (N,)


@dataclass(slots=True)
class Finds:
    """What a reader of one kind of data set has found.

    names:  tells the images of a set apart wherever it lies: "05/02".
    sure:   the first number of a mark is known to be its row, so that no doubt is raised.
    """

    kind: str
    title: str
    root: Path
    fields: list[Field] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, found: Field) -> None:
        self.names.append(name)
        self.fields.append(found)


def cutting(found: Finds, sampling: Sampling) -> Generator[Looked, None, Dataset]:
    """Measure the images by their headers, and decide which tiles there are."""
    fields = yield from _measured(found.fields)
    notes = [*found.notes, *outside(fields)]
    by_look = sampling.look_alikes and any(
        mark.label == LOOK_ALIKE for each in fields for mark in each.marks
    )
    columns = _Chosen()
    full = 0
    pace = Pace()
    for number, (name, each) in enumerate(zip(found.names, fields, strict=True)):
        if pace.due():
            yield Looked(number, name)
        if not each.present:
            continue
        inside = [mark for mark in each.marks if _inside(mark, each.shape)]
        mitoses = [mark for mark in inside if mark.label == MITOSIS]
        columns.take(number, mitoses, MITOSIS)
        if by_look and sampling.normals:
            columns.take(number, [mark for mark in inside if mark.label == LOOK_ALIKE], NORMAL)
        elif wanted := sampling.normals * len(mitoses):
            drawn = _normals(name, each, wanted, sampling)
            full += wanted - len(drawn)
            columns.take(number, drawn, NORMAL)
    notes += _chosen(columns, full, by_look, sampling)
    entries = columns.listing(fields, sampling)
    return Dataset(
        found.kind,
        found.title,
        found.root,
        entries,
        tuple(fields),
        entries.counts,
        tuple(found.missing),
        tuple(notes),
        sampling,
    )


class _Chosen:
    """Centres of tiles as columns: number of the field, row, column, label."""

    _LABELS = (MITOSIS, NORMAL)

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int]] = []

    def take(self, number: int, marks: Sequence[Mark], label: str) -> None:
        code = self._LABELS.index(label)
        self._rows += [(number, mark.row, mark.column, code) for mark in marks]

    def count(self, label: str) -> int:
        code = self._LABELS.index(label)
        return sum(row[3] == code for row in self._rows)

    def listing(self, fields: Sequence[Field], sampling: Sampling) -> Columns:
        table = np.array(self._rows, np.int32).reshape(-1, 4)
        labels: Coded[str | None] = Coded(table[:, 3], self._LABELS)
        of = table[:, 0]
        cases = Coded(of, tuple(each.case for each in fields))

        def made(index: int) -> Entry:
            where, row, column, _ = table[index].tolist()
            label, case = labels[index], fields[where].case
            return marked_tile(fields[where].path, (row, column), sampling, label, case)

        return Columns(Derived(len(table), lambda index: made(index).name), labels, cases, made)


def _measured(fields: Sequence[Field]) -> Generator[Looked, None, list[Field]]:
    """The fields with the shapes that their files say."""
    measured, pace = [], Pace()
    for number, each in enumerate(fields):
        if pace.due():
            yield Looked(number, each.path.name)
        if each.present and each.shape is None:
            each = replace(each, shape=shape_of(each.path))
        measured.append(each)
    return measured


def _inside(mark: Mark, shape: tuple[int, int] | None) -> bool:
    if shape is None:
        return mark.row >= 0 and mark.column >= 0
    return 0 <= mark.row <= shape[0] and 0 <= mark.column <= shape[1]


def _in_image(each: Field, centres: NDArray[np.int64]) -> NDArray[np.bool_]:
    limits = np.array(each.shape or (0, 0), np.int64)
    return np.asarray(((centres >= 0) & (centres <= limits)).all(1))


def outside(fields: Sequence[Field], inside: Inside = _in_image) -> list[str]:
    """Marks outside their images, and whether the order of the coordinates could be why."""
    amiss = turned = 0
    for each in fields:
        if each.shape is not None and each.marks:
            centres = np.array([(mark.row, mark.column) for mark in each.marks], np.int64)
            amiss += int(np.count_nonzero(~inside(each, centres)))
            turned += int(np.count_nonzero(~inside(each, centres[:, ::-1])))
    if not amiss:
        return []
    marks = "1 mark lies" if amiss == 1 else f"{amiss:,} marks lie"
    told = f"{marks} outside the image and cannot be cut"
    if turned < amiss:
        left = f"only {turned:,}" if turned else "none"
        return [
            f"{told}; {left} would with row and column exchanged: the table may have them in the "
            "other order, so check a tile before you trust any."
        ]
    return [f"{told}."]


def _normals(name: str, each: Field, wanted: int, sampling: Sampling) -> list[Mark]:
    """Centres away from every mitosis, drawn evenly; the same for the same seed and image."""
    if each.shape is None:
        return []
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    rng = np.random.default_rng([sampling.seed, int.from_bytes(digest[:8], "little")])
    ranges = [_range(*pair) for pair in zip(each.shape, sampling.shape, strict=True)]
    low, high = np.array(ranges).T
    avoid = np.array([(m.row, m.column) for m in each.marks if m.label == MITOSIS], np.int64)
    drawn: list[NDArray[np.int64]] = []
    held = 0
    for _ in range(_ROUNDS):
        places = rng.integers(low, high, (64, 2))
        away = ((places[:, None] - avoid[None]) ** 2).sum(-1).min(1)
        drawn.append(places[away >= sampling.distance**2])
        held += len(drawn[-1])
        if held >= wanted:
            break
    found = np.concatenate(drawn)[:wanted]
    return [Mark(row, column, NORMAL) for row, column in found.tolist()]


def _range(edge: int, of_tile: int) -> tuple[int, int]:
    """Where centres may lie: the whole tile inside, if there is room."""
    before, after = of_tile // 2, of_tile - of_tile // 2
    return (before, edge - after + 1) if edge >= of_tile else (0, edge)


def _chosen(columns: _Chosen, full: int, by_look: bool, sampling: Sampling) -> list[str]:
    """What was cut, in words."""
    normals = columns.count(NORMAL)
    tiles = "1 normal tile" if normals == 1 else f"{normals:,} normal tiles"
    notes = []
    if by_look and normals:
        notes.append(f"The {tiles} are the set's own look-alikes.")
    elif normals:
        was = "was" if normals == 1 else "were"
        notes.append(
            f"{tiles} {was} sampled at least {sampling.distance} px from any mitosis, "
            f"seed {sampling.seed}: our choice."
        )
    if full:
        notes.append(f"There was no room for {full:,} more normal tiles that far from mitoses.")
    return notes


def per_image(what: str, names: Sequence[str], total: int) -> str:
    """ "3 of 656 images are missing, the first is 05/02.tif." """
    count = len(names)
    if count == total == 1:
        return f"The only {what} is missing: {names[0]}."
    if count == total:
        return f"All {total:,} {what}s are missing, the first is {names[0]}."
    are = "is" if count == 1 else "are"
    first = f": {names[0]}" if count == 1 else f", the first is {names[0]}"
    return f"{count:,} of {total:,} {what}s {are} missing{first}."


def spread(labels: Sequence[str]) -> str:
    """ "12 mitosis, 3 look-alike"."""
    return ", ".join(f"{count:,} {label}" for label, count in Counter(labels).items())
