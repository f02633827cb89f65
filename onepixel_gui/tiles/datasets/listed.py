"""A table of tiles: `path,label`, or `slide,row,column,label`, with or without a header."""

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.cutting import half, pixels_per_pixel
from onepixel_gui.tiles.datasets.class_folders import NamedTile
from onepixel_gui.tiles.datasets.columns import Coded, Columns, Derived
from onepixel_gui.tiles.datasets.dataset import Dataset, Field, Mark, Sampling, refusal
from onepixel_gui.tiles.datasets.detection import outside
from onepixel_gui.tiles.datasets.marked_tiles import marked_tile
from onepixel_gui.tiles.datasets.places import Elsewhere
from onepixel_gui.tiles.datasets.sizes import shape_of
from onepixel_gui.tiles.datasets.tables import rows, separator_of, whole
from onepixel_gui.tiles.entries import Entry
from onepixel_gui.tiles.files import is_picture
from onepixel_gui.tiles.folders import Looked, Pace, Packed
from onepixel_gui.tiles.slides import SUFFIXES, SlideTile, borrowed

_PATH = frozenset({
    "path", "file", "filename", "file_name", "filepath", "file_path", "image", "img", "image_path",
    "image_name", "tile", "tile_path", "patch", "picture", "name", "id",
})  # fmt: skip
_SLIDE = frozenset({
    "slide", "wsi", "slide_path", "slide_name", "slide_id", "image", "file", "filename", "path",
})  # fmt: skip
_ROW = frozenset({"row", "y", "y0", "top", "row0", "tile_row", "ymin", "y_min"})
_COLUMN = frozenset({"column", "col", "x", "x0", "left", "column0", "tile_column", "xmin", "x_min"})
_CENTRE_ROW = frozenset({
    "centre_row", "center_row", "row_centre", "row_center", "cy", "centre_y", "center_y",
})  # fmt: skip
_CENTRE_COLUMN = frozenset({
    "centre_column", "center_column", "centre_col", "center_col", "cx", "centre_x", "center_x",
})  # fmt: skip
_LABEL = frozenset({
    "label", "labels", "class", "target", "category", "diagnosis", "annotation", "truth",
    "ground_truth", "gt", "y",
})  # fmt: skip
_CASE = frozenset({"case", "case_id", "patient", "patient_id", "subject"})
_DECODED = frozenset([".png", ".jpg", ".jpeg", ".bmp"])  # whole when opened; few say a resolution
_MOST_WORDS = 10_000  # different labels or cases


@dataclass(frozen=True, slots=True)
class _Heading:
    """Which column holds what; -1 for none. first: the line on which the rows begin."""

    path: int
    label: int = -1
    row: int = -1
    column: int = -1
    case: int = -1
    first: int = 1
    centred: bool = False

    @property
    def placed(self) -> bool:
        return self.row >= 0 and self.column >= 0


@dataclass(slots=True)
class _Rows:
    """The table as columns. files: each name once; of: number of the file of each row."""

    files: dict[str, int] = field(default_factory=dict)
    of: list[int] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    labels: dict[str | None, int] = field(default_factory=dict)
    label: list[int] = field(default_factory=list)
    cases: dict[str, int] = field(default_factory=dict)
    case: list[int] = field(default_factory=list)
    bad: int = 0
    first_bad: int = 0


def speaks(path: Path) -> bool:
    """The first lines of a table name pictures or slides."""
    return _heading(path) is not None


def listing(
    root: Path, path: Path, sampling: Sampling, elsewhere: Elsewhere
) -> Generator[Looked, None, Dataset]:
    """The tiles that a table names; paths are relative to its folder. Raises UnusableDataset."""
    name = printable(path.name)
    heading = _heading(path)
    if heading is None:
        what = f"The table {name} names no pictures and no slides that can be told."
        remedy = (
            "Open the folder of its data set, or give it the columns path, label or slide, row, "
            "column, label."
        )
        raise refusal(what, remedy)
    table = yield from _read(path, heading)
    if not table.of:
        raise refusal(f"The table {name} holds no rows.", "Check that it was saved whole.")
    found = yield from _sought(path.parent, list(table.files), elsewhere)
    told = _missing(table, found, name)
    notes = _bad_rows(table, name)
    if heading.placed:
        entries, fields = yield from _placed(table, found, heading, sampling, notes)
    else:
        entries, fields = _whole(table, found), ()
    title = "Tiles of slides, by a table" if heading.placed else "Pictures, by a table"
    return Dataset(
        "slide table" if heading.placed else "table",
        title,
        root,
        entries,
        fields,
        entries.counts,
        told,
        tuple(notes),
        sampling if heading.placed else None,
    )


def _missing(table: _Rows, found: Sequence[Path | None], name: str) -> tuple[str, ...]:
    """Which named pictures are not there. Raises UnusableDataset when none is."""
    missing = [printable(file) for file, at in zip(table.files, found, strict=True) if at is None]
    if not missing:
        return ()
    if len(missing) == len(found):
        what = f"None of the {len(found):,} pictures that {name} names is there."
        remedy = "Locate the folder that holds them, or put the table beside them."
        raise refusal(what, remedy, f"the first is {missing[0]}")
    are = "is" if len(missing) == 1 else "are"
    first = f"the first is {missing[0]}" if len(missing) > 1 else missing[0]
    return (f"{len(missing):,} of {len(found):,} named pictures {are} missing, {first}.",)


def _heading(path: Path) -> _Heading | None:
    line = next((text for _, text in islice(rows(path, "\n"), 1)), None)
    if line is None:
        return None
    separator = separator_of(line[0])
    head = [(number, words) for number, words in islice(rows(path, separator), 3)]
    number, words = head[0]
    named = _named([word.casefold().replace(" ", "_") for word in words], number + 1)
    if named is not None:
        return named
    return _unnamed(words, number)


def _named(words: Sequence[str], first: int) -> _Heading | None:
    """By the words of a header."""

    def at(wanted: frozenset[str], *taken: int) -> int:
        return next((i for i, w in enumerate(words) if w in wanted and i not in taken), -1)

    row, column, centred = at(_CENTRE_ROW), at(_CENTRE_COLUMN), True
    if min(row, column) < 0:
        row, column, centred = at(_ROW), at(_COLUMN), False
    if min(row, column) >= 0:
        slide = at(_SLIDE, row, column)
        if slide >= 0:
            label, case = at(_LABEL, row, column, slide), at(_CASE, slide)
            return _Heading(slide, label, row, column, case, first, centred)
        row = column = -1
    path = at(_PATH)
    label = at(_LABEL, path)
    if path < 0 or (label < 0 and len(words) > 1 and is_picture(words[path])):
        return None
    return _Heading(path, label, case=at(_CASE | {"slide", "wsi"}, path), first=first)


def _unnamed(words: Sequence[str], first: int) -> _Heading | None:
    """By what the first row looks like."""
    if not words or not words[0] or not _is_file(words[0]):
        return None
    if len(words) >= 3 and whole(words[1]) is not None and whole(words[2]) is not None:
        return _Heading(0, 3 if len(words) > 3 else -1, 1, 2, first=first)
    return _Heading(0, 1 if len(words) > 1 else -1, first=first)


def _is_file(word: str) -> bool:
    return is_picture(word) or word[word.rfind(".") :].lower() in SUFFIXES


def _read(path: Path, heading: _Heading) -> Generator[Looked, None, _Rows]:
    table, pace, name = _Rows(), Pace(), printable(path.name)
    first = next((text for _, text in islice(rows(path, "\n"), 1)), [""])
    for number, words in rows(path, separator_of(first[0])):
        if number < heading.first:
            continue
        if pace.due():
            yield Looked(number, name)
        if not _take(table, words, heading):
            table.bad += 1
            table.first_bad = table.first_bad or number
    return table


def _take(table: _Rows, words: Sequence[str], heading: _Heading) -> bool:
    """Whether that row names a picture, and a place on it where it should."""

    def word(at: int) -> str:
        return words[at] if 0 <= at < len(words) else ""

    file = word(heading.path)
    row, column = whole(word(heading.row)), whole(word(heading.column))
    if not file or len(file) > 4096 or (heading.placed and (row is None or column is None)):
        return False
    if max(len(table.labels), len(table.cases)) > _MOST_WORDS:
        return False
    if heading.placed and row is not None and column is not None:
        table.places.append((row, column))
    label = printable(word(heading.label)[:200]) or None
    case = printable(word(heading.case)[:200])
    table.of.append(table.files.setdefault(file, len(table.files)))
    table.label.append(table.labels.setdefault(label, len(table.labels)))
    table.case.append(table.cases.setdefault(case, len(table.cases)))
    return True


def _bad_rows(table: _Rows, name: str) -> list[str]:
    if not table.bad:
        return []
    lines = "1 line" if table.bad == 1 else f"{table.bad:,} lines"
    are = "is" if table.bad == 1 else "are"
    return [
        f"{lines} of {name} {are} no such row and left out; the first is line {table.first_bad}."
    ]


def _sought(
    folder: Path, names: Sequence[str], elsewhere: Elsewhere
) -> Generator[Looked, None, list[Path | None]]:
    """Where each file lies. Each folder is listed once, however many files it holds."""
    listed: dict[str, dict[str, str]] = {}
    found: list[Path | None] = []
    pace = Pace()
    for number, name in enumerate(names):
        if pace.due():
            yield Looked(number, printable(name[-60:]))
        ways = [name, name.replace("\\", "/")] if "\\" in name and os.sep == "/" else [name]
        path = next((at for way in ways if (at := _there(folder, way, listed))), None)
        parts = [part for part in ways[-1].split("/") if part not in ("", ".", "..")]
        found.append(path or (elsewhere.find(*parts) if parts and "\0" not in name else None))
    return found


def _there(folder: Path, name: str, listed: dict[str, dict[str, str]]) -> Path | None:
    """The file of that name, or the only picture that is called so without its suffix."""
    above, last = os.path.split(os.path.join(folder, name))  # noqa: PTH118
    if above not in listed:
        try:
            with os.scandir(above) as entries:
                names = [entry.name for entry in entries]
        except (OSError, ValueError):
            names = []
        stems = {each.rpartition(".")[0]: each for each in names if _is_file(each[1:])}
        listed[above] = stems | {each: each for each in names}
    held = listed[above].get(last)
    return Path(above) / held if held is not None else None


def _whole(table: _Rows, found: Sequence[Path | None]) -> Columns:
    """Each row a picture of its own."""
    paths = Packed([str(path) if path is not None else "" for path in found])
    of = np.array(table.of, np.int32)
    there = np.array([path is not None for path in found])[of]
    of, labels, cases = of[there], *_words(table, there)

    def name(index: int) -> str:
        return printable(os.path.basename(paths[int(of[index])]))  # noqa: PTH119

    def made(index: int) -> Entry:
        return NamedTile(Path(paths[int(of[index])]), labels[index], cases[index])

    return Columns(Derived(len(of), name), labels, cases, made)


def _words(table: _Rows, kept: NDArray[np.bool_]) -> tuple[Coded[str | None], Coded[str]]:
    label, case = np.array(table.label, np.int32)[kept], np.array(table.case, np.int32)[kept]
    return Coded(label, tuple(table.labels)), Coded(case, tuple(table.cases))


def _placed(
    table: _Rows,
    found: Sequence[Path | None],
    heading: _Heading,
    sampling: Sampling,
    notes: list[str],
) -> Generator[Looked, None, tuple[Columns, tuple[Field, ...]]]:
    """Each row a place on a slide."""
    shapes, ratios = yield from _measured(found, None if heading.centred else sampling.mpp)
    marks: list[list[Mark]] = [[] for _ in found]
    ahead = [(0, 0) if heading.centred else _halves(sampling, ratio) for ratio in ratios]
    labels, pace = list(table.labels), Pace()
    for index, (of, (row, column), label) in enumerate(
        zip(table.of, table.places, table.label, strict=True)
    ):
        if pace.due():
            yield Looked(index, "")
        marks[of].append(Mark(row + ahead[of][0], column + ahead[of][1], labels[label] or ""))
    words = list(table.cases)
    backwards = zip(reversed(table.of), reversed(table.case), strict=True)
    cases = {of: words[case] for of, case in backwards if words[case]}  # the first that is named
    fields = tuple(
        Field(
            path or Path(name),
            cases.get(number) or printable(Path(name).stem),
            tuple(marks[number]),
            path is not None,
            shapes[number],
            labelled=len(table.labels) > 1 or None not in table.labels,
        )
        for number, (name, path) in enumerate(zip(table.files, found, strict=True))
    )
    meant = "centre" if heading.centred else "top-left pixel"
    notes.append(f"Rows and columns are taken to be those of the {meant} of each tile.")
    if heading.centred:
        notes += outside(fields)
    else:
        of_path = dict(zip((each.path for each in fields), ratios, strict=True))
        notes += outside(fields, lambda each, at: _touching(each, at, of_path[each.path], sampling))
    return _cut(table, fields, ratios, heading, sampling), fields


def _measured(
    found: Sequence[Path | None], mpp: float | None
) -> Generator[Looked, None, tuple[list[tuple[int, int] | None], list[float]]]:
    """Of each file its (H, W), None where unknown, and what `_ratio` says."""
    shapes: list[tuple[int, int] | None] = []
    ratios: list[float] = []
    pace = Pace()
    for number, path in enumerate(found):
        if pace.due():
            yield Looked(number, printable(path.name if path else ""))
        shapes.append(shape_of(path) if path is not None else None)
        ratios.append(1.0 if path is None else _ratio(path, mpp))
    return shapes, ratios


def _ratio(path: Path, mpp: float | None) -> float:
    """Level-0 pixels per pixel of a tile; 1 where that is unknown, or costs all of a picture."""
    if mpp is None or path.suffix.lower() in _DECODED:
        return 1.0
    try:
        with borrowed(path) as slide:
            return pixels_per_pixel(slide.mpp, mpp)
    except UnreadableSlide:  # told when it is looked at
        return 1.0


def _halves(sampling: Sampling, ratio: float) -> tuple[int, int]:
    return half(sampling.shape[0], ratio), half(sampling.shape[1], ratio)


def _touching(
    each: Field, centres: NDArray[np.int64], ratio: float, sampling: Sampling
) -> NDArray[np.bool_]:
    """A tile that was named by its corner, and is marked in its middle, may stand out."""
    corners = centres - np.array(_halves(sampling, ratio))
    reach, limits = np.array(sampling.shape) * ratio, np.array(each.shape or (0, 0), np.int64)
    return np.asarray(((corners + reach > 0) & (corners < limits)).all(1))


def _cut(
    table: _Rows,
    fields: Sequence[Field],
    ratios: Sequence[float],
    heading: _Heading,
    sampling: Sampling,
) -> Columns:
    of, places = np.array(table.of, np.int32), np.array(table.places, np.int32).reshape(-1, 2)
    limits = np.array([each.shape or (1 << 30, 1 << 30) for each in fields])[of]
    there = np.array([each.present for each in fields])[of]
    if heading.centred:
        there &= ((places <= limits) & (places >= 0)).all(1)
    else:
        reach = np.outer(ratios, sampling.shape)[of]
        there &= ((places < limits) & (places + reach > 0)).all(1)
    of, places = of[there], places[there]
    labels, named = _words(table, there)
    known = dict(table.cases)
    own = np.array([known.setdefault(each.case, len(known)) for each in fields], np.int32)[of]
    unnamed = named.codes == known.get("", -1)  # such a row is of the case of its slide
    cases = Coded(np.where(unnamed, own, named.codes), tuple(known))

    def made(index: int) -> Entry:
        path, (row, column) = fields[int(of[index])].path, places[index].tolist()
        if heading.centred:
            return marked_tile(path, (row, column), sampling, labels[index], cases[index])
        return SlideTile(
            path, row, column, sampling.shape, sampling.mpp, labels[index], cases[index]
        )

    return Columns(Derived(len(of), lambda index: made(index).name), labels, cases, made)
