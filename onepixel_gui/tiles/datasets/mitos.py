"""ICPR12 and MITOS-ATYPIA-14: high-power fields, each with tables of its own.

Both give the column first.  ICPR12 lists all pixels of a mitosis on one line, MITOS-ATYPIA-14 one
centre a line, with a confidence behind it, in a table for mitoses and one for look-alikes.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path

from onepixel_gui.tiles.datasets.dataset import MITOSIS, Field, Mark
from onepixel_gui.tiles.datasets.detection import LOOK_ALIKE, Finds, per_image
from onepixel_gui.tiles.datasets.places import Elsewhere
from onepixel_gui.tiles.datasets.tables import Numbers, Reader, centres
from onepixel_gui.tiles.folders import Looked, Pace, Tree

# Best first: in ICPR12 the mitoses are painted over in the JPEG files.
_IMAGES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg")
_FIRST = 20
_ICPR12 = re.compile(r"([AHM][0-9]{2})_[0-9]{2}(_v[0-9])?")
_ATYPIA = re.compile(r"([AH][0-9]{2})_[0-9]{2}[A-D][a-d]")
_TABLE = re.compile(r"(.+?)_(not_)?mitosis\.csv", re.IGNORECASE)
_PAINTED = (
    "In this set's JPEG files the mitoses are painted over in yellow: look at them, but score and "
    "attack the TIFF or BMP files."
)


def recognises(tree: Tree) -> bool:
    """There are images named as in one of the two sets, and tables beside them or none."""
    if _is_atypia(tree):
        return True
    return any(_ICPR12.fullmatch(stem) for _, stem, _ in _files(tree, (".csv",)))


def _is_atypia(tree: Tree) -> bool:
    # The first names of each folder tell: a folder of 100,000 tiles is not searched.
    return any(
        _ATYPIA.fullmatch(name.rpartition(".")[0])
        for branch in tree.branches
        if branch.kinds & {".tif", ".tiff", ".png"}
        for name in branch.names[:_FIRST]
    )


def finding(root: Path, tree: Tree, elsewhere: Elsewhere) -> Generator[Looked, None, Finds]:
    if _is_atypia(tree):
        found = Finds("mitos-atypia", "MITOS-ATYPIA-14", root)
        yield from _atypia(found, tree, elsewhere)
    else:
        found = Finds("icpr12", "ICPR12 mitosis set", root)
        yield from _icpr12(found, tree, elsewhere)
    return found


def _files(tree: Tree, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(folder, name without suffix, suffix in lower case) of the files with such a suffix."""
    for branch in tree.branches:
        for name in branch.names if branch.kinds.intersection(suffixes) else ():
            stem, dot, suffix = name.rpartition(".")
            if dot and "." + suffix.lower() in suffixes:
                yield branch.path, stem, "." + suffix


def _best(tree: Tree, pattern: re.Pattern[str]) -> dict[tuple[str, str], Path]:
    """(folder, stem) -> the image to read, of several the one that keeps most."""
    best: dict[tuple[str, str], Path] = {}
    for folder, stem, suffix in _files(tree, _IMAGES):
        if pattern.fullmatch(stem):
            key, path = (folder, stem), Path(folder) / (stem + suffix)
            if key not in best or _rank(path) < _rank(best[key]):
                best[key] = path
    return best


def _rank(path: Path) -> int:
    return _IMAGES.index(path.suffix.lower())


def _icpr12(found: Finds, tree: Tree, elsewhere: Elsewhere) -> Generator[Looked]:
    images = _best(tree, _ICPR12)
    tables = {
        (folder, stem): Path(folder) / (stem + suffix)
        for folder, stem, suffix in _files(tree, (".csv",))
        if _ICPR12.fullmatch(stem)
    }
    missing: list[str] = []
    faults, pace = Reader(), Pace()
    for folder, stem in sorted({*images, *tables}):
        if pace.due():
            yield Looked(len(found.fields), stem)
        table = tables.get((folder, stem))
        marks = tuple(_middles(faults.read(table))) if table is not None else ()
        path = images.get((folder, stem)) or _sought(elsewhere, stem)
        if path is None:
            missing.append(stem)
        case = stem.partition("_")[0]
        where = path or Path(folder) / f"{stem}.bmp"
        found.add(stem, Field(where, case, marks, path is not None, labelled=table is not None))
    if missing:
        found.missing.append(per_image("image", missing, len(found.fields)))
    if any(each.present and _rank(each.path) > 3 for each in found.fields):
        found.notes.append(_PAINTED)
    found.notes += faults.notes()


def _sought(elsewhere: Elsewhere, stem: str) -> Path | None:
    found = (elsewhere.find(stem + suffix) for suffix in _IMAGES)
    return next((path for path in found if path is not None), None)


def _middles(table: Numbers) -> Iterator[Mark]:
    """The mean of all pixels of each line."""
    for row in table.rows:
        across, down = row[0 : len(row) // 2 * 2 : 2], row[1::2]
        yield Mark(round(sum(down) / len(down)), round(sum(across) / len(across)), MITOSIS)


def _atypia(found: Finds, tree: Tree, elsewhere: Elsewhere) -> Generator[Looked]:
    images = {stem: path for (_, stem), path in sorted(_best(tree, _ATYPIA).items())}
    tables: dict[str, dict[str, Path]] = {MITOSIS: {}, LOOK_ALIKE: {}}
    for folder, stem, suffix in _files(tree, (".csv",)):
        if (match := _TABLE.fullmatch(stem + suffix)) and _ATYPIA.fullmatch(match[1]):
            label = LOOK_ALIKE if match[2] else MITOSIS
            tables[label][match[1]] = Path(folder) / (stem + suffix)
    marked = {*tables[MITOSIS], *tables[LOOK_ALIKE]}
    cases = {stem.partition("_")[0] for stem in marked}
    missing: list[str] = []
    faults, pace = Reader(), Pace()
    for stem in sorted({*images, *marked}):
        if pace.due():
            yield Looked(len(found.fields), stem)
        marks = [
            mark
            for label, held in tables.items()
            if stem in held
            for mark in centres(faults.read(held[stem]), label, column_first=True)
        ]
        path = images.get(stem) or _sought(elsewhere, stem)
        if path is None:
            missing.append(stem)
        case = stem.partition("_")[0]
        where = path or found.root / case / "frames" / "x40" / f"{stem}.tiff"
        found.add(stem, Field(where, case, tuple(marks), path is not None, labelled=case in cases))
    if missing:
        found.missing.append(per_image("image", missing, len(found.fields)))
    if not marked:
        found.missing.append("There are no tables of mitoses, so none is marked.")
    found.notes += faults.notes()
