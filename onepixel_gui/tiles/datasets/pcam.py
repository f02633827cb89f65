"""PatchCamelyon: stacks of 96 x 96 tiles in HDF5, their labels in another file beside it."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableTile, UnusableDataset
from onepixel_gui.tiles.datasets.columns import Coded, Columns, Derived
from onepixel_gui.tiles.datasets.dataset import NORMAL, Dataset, refusal
from onepixel_gui.tiles.datasets.hdf5 import SHELF, Stack, pictures
from onepixel_gui.tiles.datasets.tables import rows
from onepixel_gui.tiles.folders import Looked, Pace, Tree
from onepixel_gui.tiles.tile import Tile

TUMOR = "tumor"
_X = re.compile(r"(.*?)_?x\.(h5|hdf5)", re.IGNORECASE)
_PACKED = re.compile(r".*_[xy]\.(h5|hdf5)\.(gz|zip|bz2|xz)", re.IGNORECASE)
_PARTS = re.compile(r"split_(train|valid|test)", re.IGNORECASE)
_KINDS = frozenset([".h5", ".hdf5", ".gz", ".zip", ".bz2", ".xz"])
_LARGEST_EDGE = 4096
_MOST_TILES = 20_000_000


@dataclass(frozen=True, slots=True)
class StackedTile:
    """A picture inside an HDF5 file, as an Entry. at: its number in the stack."""

    path: Path
    at: int
    name: str
    label: str | None = None
    case: str = ""

    def read(self) -> Tile:
        """Raises UnreadableTile; may wait for a disk."""
        try:
            with SHELF.borrowed(self.path) as stack:
                return Tile(self.name, stack[self.at], self.label, case=self.case)
        except UnusableDataset as cause:
            raise UnreadableTile(cause.what, cause.remedy, detail=cause.detail) from cause

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3), at most `edge` on its long side. Raises UnreadableTile."""
        picture = Image.fromarray(self.read().rgb)
        picture.thumbnail((edge, edge), Image.Resampling.BOX, reducing_gap=None)
        return np.asarray(picture)


@dataclass(frozen=True, slots=True)
class _Split:
    """One file of pictures and what belongs to it."""

    path: Path
    name: str
    labels: NDArray[np.int32]  # 0 normal, 1 tumor, 2 nobody said
    cases: Coded[str]


def recognises(tree: Tree) -> bool:
    return any(True for _ in _stacks(tree, _X)) or any(True for _ in _stacks(tree, _PACKED))


def listing(root: Path, tree: Tree) -> Generator[Looked, None, Dataset]:
    """All tiles of all splits. Raises UnusableDataset."""
    packed = [path for path, _ in _stacks(tree, _PACKED)]
    missing: list[str] = []
    notes: list[str] = []
    splits: list[_Split] = []
    for path, match in _stacks(tree, _X):
        yield Looked(len(splits), printable(path.name))
        splits.append((yield from _split(path, match, missing, notes)))
    if not splits:
        what = f"{printable(packed[0].name)} is packed, and is not read as it is."
        raise refusal(what, "Unpack it, with gunzip or 7-Zip, then open the .h5 file.")
    if packed:
        many = "1 file is" if len(packed) == 1 else f"{len(packed):,} files are"
        first = printable(packed[0].name)
        missing.append(f"{many} packed and not read: {first}. Unpack to have its tiles.")
    entries = _columns(splits)
    return Dataset(
        "pcam",
        "PatchCamelyon",
        root,
        entries,
        counts=entries.counts,
        missing=tuple(missing),
        notes=tuple(notes),
    )


def _stacks(tree: Tree, pattern: re.Pattern[str]) -> Iterator[tuple[Path, re.Match[str]]]:
    for branch in tree.branches:
        for name in branch.names if branch.kinds & _KINDS else ():
            if match := pattern.fullmatch(name):
                yield Path(branch.path) / name, match


def _split(
    path: Path, match: re.Match[str], missing: list[str], notes: list[str]
) -> Generator[Looked, None, _Split]:
    name = printable(path.name)
    stack = pictures(path)
    try:
        shape = stack.shape
    finally:
        stack.close()
    if (
        len(shape) != 4
        or shape[3] != 3
        or not 0 < min(shape[1:3]) <= max(shape[1:3]) <= _LARGEST_EDGE
    ):
        said = " x ".join(map(str, shape)) or "a single number"
        remedy = "Save N x height x width x 3 values of 0 to 255 as dataset x."
        raise refusal(f"{name} holds no stack of RGB pictures: it is {said}.", remedy)
    count = shape[0]
    if count > _MOST_TILES:
        raise refusal(f"{name} claims {count:,} pictures.", "Copy it again from where it came.")
    part = _PARTS.search(name)
    shown = part[1].lower() if part else printable(match[1] or path.stem)
    labels = _labels(path, match, count, missing)
    cases = yield from _cases(path, match, count, notes)
    return _Split(path, shown, labels, cases)


def _beside(path: Path, match: re.Match[str], ends: str) -> Path:
    """The file whose name goes on differently from where the x stands."""
    joint = "_" if path.name[match.end(1)] == "_" else ""
    return path.with_name(match[1] + joint + ends)


def _labels(path: Path, match: re.Match[str], count: int, missing: list[str]) -> NDArray[np.int32]:
    name = printable(path.name)
    there = _beside(path, match, f"y.{match[2]}")
    if not there.is_file():
        missing.append(f"{printable(there.name)}, the labels of {name}, is missing.")
        return np.full(count, 2, np.int32)
    stack = Stack(there, "y")
    try:
        values = stack.values()
    finally:
        stack.close()
    if len(values) != count or not np.isin(values, (0, 1)).all():
        what = f"{printable(there.name)} does not label the {count:,} tiles of {name}."
        raise refusal(
            what, "Fetch both files again from where they came.", f"{len(values):,} labels"
        )
    return values.astype(np.int32)


def _cases(
    path: Path, match: re.Match[str], count: int, notes: list[str]
) -> Generator[Looked, None, Coded[str]]:
    """The slide of each tile, where the table that comes with the set lies beside it."""
    there = _beside(path, match, "meta.csv")
    if not there.is_file():
        return Coded.always("", count)
    known: dict[str, int] = {}
    codes: list[int] = []
    column: int | None = None
    pace = Pace()
    for number, fields in rows(there, ","):
        if pace.due():
            yield Looked(number, printable(there.name))
        if column is None:
            words = [field.casefold() for field in fields]
            if "wsi" not in words:
                break
            column = words.index("wsi")
        else:
            word = fields[column] if column < len(fields) else ""
            codes.append(known.setdefault(printable(word[:200]), len(known)))
    if len(codes) != count:
        notes.append(f"{printable(there.name)} does not fit its tiles and was left out.")
        return Coded.always("", count)
    return Coded(np.array(codes, np.int32), tuple(known))


def _columns(splits: list[_Split]) -> Columns:
    words: tuple[str | None, ...] = (NORMAL, TUMOR, None)
    labels = Coded(np.concatenate([split.labels for split in splits]), words)
    starts = np.cumsum([0, *(len(split.labels) for split in splits)])
    known: dict[str, int] = {}
    codes = []
    for split in splits:
        order = [known.setdefault(word, len(known)) for word in split.cases.words]
        codes.append(np.array(order, np.int32)[split.cases.codes])
    cases = Coded(np.concatenate(codes), tuple(known))

    def name(index: int) -> str:
        number = int(np.searchsorted(starts, index, "right")) - 1
        return f"{splits[number].name} {index - int(starts[number]):06}"

    def made(index: int) -> StackedTile:
        number = int(np.searchsorted(starts, index, "right")) - 1
        at = index - int(starts[number])
        return StackedTile(splits[number].path, at, name(index), labels[index], cases[index])

    return Columns(Derived(len(labels), name), labels, cases, made)
