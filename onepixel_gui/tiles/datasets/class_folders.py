"""Folders of tiles: a folder for each class, patients above or below it, or no classes at all."""

from collections.abc import Container, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnusableDataset
from onepixel_gui.tiles.datasets.columns import Coded, Codes, Columns, Derived
from onepixel_gui.tiles.datasets.dataset import Dataset, refusal
from onepixel_gui.tiles.datasets.naming import CIFAR10, NOTHING, Naming, Told, naming_of
from onepixel_gui.tiles.datasets.slide_folders import slides_in
from onepixel_gui.tiles.files import is_picture, read, thumbnail
from onepixel_gui.tiles.folders import Branch, Looked, Pace, Tree
from onepixel_gui.tiles.labels import labels_of
from onepixel_gui.tiles.tile import Tile

_MANY_CLASSES = 50


@dataclass(frozen=True, slots=True)
class NamedTile:
    """A tile in a file of its own, with what its name says. An Entry."""

    path: Path
    label: str | None = None
    case: str = ""
    told: Told = NOTHING

    @property
    def name(self) -> str:
        return printable(self.path.name)

    def read(self) -> Tile:
        """Raises UnreadableTile."""
        tile, told = read(self.path, label=self.label), self.told
        height, width = tile.shape
        origin = told.corner or (0, 0)
        if told.centre is not None:
            origin = told.centre[0] - height // 2, told.centre[1] - width // 2
        notes = (*tile.notes, *told.notes)
        return replace(tile, case=self.case, slide=told.slide, origin=origin, notes=notes)

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """Raises UnreadableTile."""
        return thumbnail(self.path, edge)


class _Pictures(Sequence[str]):
    """Which files of which branches, as numbers; as a sequence, their names as they are shown."""

    def __init__(self, branches: Sequence[Branch], of: Codes, at: Codes) -> None:
        self.branches = branches
        self.of = of  # number of the branch
        self._at = at  # number of the name within it

    def __len__(self) -> int:
        return len(self.of)

    @overload
    def __getitem__(self, index: int, /) -> str: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice, /) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        return printable(self.stored(range(len(self))[index]))

    def __iter__(self) -> Iterator[str]:
        return map(printable, self.all_stored())

    def stored(self, index: int) -> str:
        """The name as the file system has it."""
        return self.branches[int(self.of[index])].names[int(self._at[index])]

    def all_stored(self) -> Iterator[str]:
        """Those of all, much faster than one by one."""
        held, number = list[str](), -1
        for of, at in zip(self.of.tolist(), self._at.tolist(), strict=True):
            if of != number:
                held, number = list(self.branches[of].names), of
            yield held[at]

    def path(self, index: int) -> Path:
        return Path(self.branches[int(self.of[index])].path, self.stored(index))


def picking(tree: Tree, leave: Container[tuple[int, int]]) -> Generator[Looked, None, _Pictures]:
    """The pictures of a tree; `leave`: (number of the branch, of the name) of what is none."""
    pace, seen = Pace(), 0
    of: list[NDArray[np.int32]] = []
    at: list[NDArray[np.int32]] = []
    for number, branch in enumerate(tree.branches):
        here = []
        for place, name in enumerate(branch.names):
            if is_picture(name) and (number, place) not in leave:
                here.append(place)
            if not place % 1024 and pace.due():
                yield Looked(seen + place, printable(Path(branch.path).name))
        seen += len(branch.names)
        at.append(np.array(here, np.int32))
        of.append(np.full(len(here), number, np.int32))
    empty = np.zeros(0, np.int32)
    return _Pictures(tree.branches, np.concatenate([empty, *of]), np.concatenate([empty, *at]))


def listing(root: Path, tree: Tree) -> Generator[Looked, None, Dataset]:
    """Every picture below the folder as a tile, labelled by its folder or its name; slides too.

    Raises UnusableDataset where there is neither.
    """
    slides = yield from slides_in(tree)
    pictures = yield from picking(tree, slides)
    count = len(pictures.of)
    fields = tuple(slides.values())
    if not count and not fields:
        raise _nothing_in(root, tree)
    if not count:
        return Dataset("slides", "Slides", root, fields=fields, notes=seen_of(tree))
    naming = naming_of(Derived(count, pictures.stored))
    labels, cases = yield from _columns(root, pictures, naming)

    def made(index: int) -> NamedTile:
        told = naming.read(pictures.stored(index)) if naming is not None else None
        return NamedTile(pictures.path(index), labels[index], cases[index], told or NOTHING)

    entries = Columns(pictures, labels, cases, made)
    kind, title = _kind(naming, entries.counts)
    notes = _notes(tree, entries.counts, naming)
    return Dataset(kind, title, root, entries, fields, entries.counts, notes=notes)


def _nothing_in(root: Path, tree: Tree) -> UnusableDataset:
    name = printable(root.name or str(root))
    what = f"The folder {name} holds no tiles, slides or tables that could be read as a data set."
    remedy = "Choose the folder that holds the tiles, or one above its class folders."
    return refusal(what, remedy, f"{len(tree):,} files in {len(tree.branches):,} folders")


def _columns(
    root: Path, pictures: _Pictures, naming: Naming | None
) -> Generator[Looked, None, tuple[Coded[str | None], Coded[str]]]:
    """Labels and cases: the folder's word comes first, then the name's."""
    used = np.unique(pictures.of)
    found = labels_of(root, [pictures.branches[i].below for i in used])
    of_branch = dict(zip(used.tolist(), found, strict=True))
    pace = Pace()
    labels: dict[str | None, int] = {}
    cases: dict[str, int] = {}
    coded = np.zeros((2, len(pictures.of)), np.int32)
    for index, (number, name) in enumerate(
        zip(pictures.of.tolist(), pictures.all_stored(), strict=True)
    ):
        label, case = of_branch[number]
        told = naming.read(name) if naming is not None else None
        if told is not None:
            label, case = label or told.label, told.case or case
        coded[0, index] = labels.setdefault(label, len(labels))
        coded[1, index] = cases.setdefault(case, len(cases))
        if not index % 1024 and pace.due():
            yield Looked(index, printable(Path(pictures.branches[number].path).name))
    return Coded(coded[0], tuple(labels)), Coded(coded[1], tuple(cases))


def _kind(naming: Naming | None, counts: dict[str, int]) -> tuple[str, str]:
    if naming is not None:
        return naming.kind, naming.title
    if {label.casefold() for label in counts if label} == set(CIFAR10):
        return "cifar10", "CIFAR-10 as pictures"
    if any(counts):
        return "class folders", "Folders of classes"
    return "tiles", "A folder of tiles"


def _notes(tree: Tree, counts: dict[str, int], naming: Naming | None) -> tuple[str, ...]:
    notes = list(seen_of(tree))
    if len(counts) > _MANY_CLASSES:
        notes.append(
            f"The folders give {len(counts):,} classes: they may be cases or dates instead."
        )
    if naming is not None and naming.kind in ("cifar10", "pcam tiles") and "" not in counts:
        notes.append("The classes are those in the file names.")
    return tuple(notes)


def seen_of(tree: Tree) -> tuple[str, ...]:
    """What of a tree could not be listed, one sentence each."""
    notes = []
    if tree.refused:
        first = printable(Path(tree.refused[0]).name)
        many = len(tree.refused)
        what = "1 folder" if many == 1 else f"{many:,} folders"
        tail = "" if many == 1 else ", the first is"
        notes.append(f"{what} could not be listed{tail or ':'} {first}.")
    if tree.cut:
        notes.append(f"{tree.cut:,} folders lie too deep and were not entered.")
    return tuple(notes)
