"""Recognise which data set it is that somebody opened."""

import os
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableTile, UnusableDataset
from onepixel_gui.tiles.datasets import cifar, class_folders, listed, midog, mitos, pcam, tupac
from onepixel_gui.tiles.datasets.dataset import DEFAULT, Dataset, Field, Sampling, counted, refusal
from onepixel_gui.tiles.datasets.detection import Finds, cutting
from onepixel_gui.tiles.datasets.places import Elsewhere, seeking, unlisted
from onepixel_gui.tiles.entries import Entries
from onepixel_gui.tiles.files import TileFile, find, is_picture
from onepixel_gui.tiles.folders import Branch, Looked, Pace, Tree, finished, scanning
from onepixel_gui.tiles.slides import is_slide

_TABLES = (".csv", ".tsv", ".txt")
_STACKS = (".h5", ".hdf5", ".gz")
_AROUND = 2  # folders below that of a file, in which what belongs to it is sought


def looking(
    paths: Sequence[Path],
    sampling: Sampling = DEFAULT,
    *,
    instead: Path | None = None,
) -> Generator[Looked, None, Dataset]:
    """Look at what was opened or dropped; the data set that it is.

    sampling:  how tiles are cut where mitoses are marked on slides.
    instead:   a folder in which missing images are sought too.
    Raises UnusableDataset, UnreadableTile.
    """
    found = yield from _looking(paths, sampling, instead)
    return replace(found, paths=tuple(paths))


def _looking(
    paths: Sequence[Path], sampling: Sampling, instead: Path | None
) -> Generator[Looked, None, Dataset]:
    if not paths:
        raise refusal("Nothing was opened.", "Choose a folder, a table or picture files.")
    elsewhere = yield from seeking(instead)
    folders = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - says no, never raises
    if len(folders) == len(paths):
        root, tree = yield from _together(folders)
        return (yield from _folder(root, tree, sampling, elsewhere))
    if len(paths) == 1 and not is_picture(paths[0].name):
        found = yield from _file(paths[0], sampling, elsewhere)
        if found is not None:
            return found
    return (yield from _several(paths))


def recognise(paths: Sequence[Path], sampling: Sampling = DEFAULT) -> Dataset:
    """The data set, without a pause. Raises UnusableDataset, UnreadableTile."""
    return finished(looking(paths, sampling))


def _together(folders: Sequence[Path]) -> Generator[Looked, None, tuple[Path, Tree]]:
    """One tree of all folders: parts of a data set are often unpacked and dropped side by side."""
    if len(folders) == 1:
        return folders[0], (yield from _scanned(folders[0]))
    branches: dict[str, Branch] = {}
    refused: list[str] = []
    cut = 0
    for folder in folders:
        tree = yield from _scanned(folder)
        for each in tree.branches:
            below = (folder.absolute().name, *each.below)
            branches.setdefault(each.path, replace(each, below=below))
        refused += tree.refused
        cut += tree.cut
    try:
        root = Path(os.path.commonpath([folder.absolute() for folder in folders]))
    except ValueError:  # on different drives
        root = folders[0].absolute().parent
    return root, Tree(tuple(branches.values()), tuple(refused), cut)


def _scanned(folder: Path) -> Generator[Looked, None, Tree]:
    try:
        return (yield from scanning(folder))
    except OSError as cause:
        raise unlisted(folder, cause) from cause


def _folder(
    root: Path, tree: Tree, sampling: Sampling, elsewhere: Elsewhere
) -> Generator[Looked, None, Dataset]:
    found = yield from _marked(root, tree, elsewhere)
    if found is not None:
        found.notes += class_folders.seen_of(tree)
        return (yield from cutting(found, sampling))
    if pcam.recognises(tree):
        return (yield from pcam.listing(root, tree))
    form = cifar.form_of(tree)
    if form is not None:
        return (yield from cifar.listing(root, tree, form))
    return (yield from _plain(root, tree, sampling, elsewhere))


def _marked(root: Path, tree: Tree, elsewhere: Elsewhere) -> Generator[Looked, None, Finds | None]:
    """What is marked on slides, None where nothing is."""
    if tupac.recognises(root, tree):
        return (yield from tupac.finding(root, tree, elsewhere))
    if midog.recognises(tree):
        return (yield from midog.in_folder(root, tree, elsewhere))
    if mitos.recognises(tree):
        return (yield from mitos.finding(root, tree, elsewhere))
    return None


def _plain(
    root: Path, tree: Tree, sampling: Sampling, elsewhere: Elsewhere
) -> Generator[Looked, None, Dataset]:
    """Pictures in folders; a table beside them is asked only where no folder says a class."""
    refused: UnusableDataset | None = None
    try:
        found = yield from class_folders.listing(root, tree)
        if any(found.counts):
            return found
    except UnusableDataset as cause:
        found, refused = None, cause
    doubts = []
    for path in _tables(tree):
        try:
            return (yield from listed.listing(root, path, sampling, elsewhere))
        except UnusableDataset as cause:
            doubts.append(f"{cause.what} It was left out.")
            refused = cause if found is None else refused
    if found is None:
        assert refused is not None
        raise refused
    return replace(found, notes=(*found.notes, *doubts))


def _tables(tree: Tree) -> list[Path]:
    """Tables in the opened folder itself that name pictures."""
    top = tree.branches[0] if tree.branches else Branch.of("", (), ())
    paths = [Path(top.path) / name for name in top.names if name.lower().endswith((".csv", ".tsv"))]
    return [path for path in paths[:20] if _speaks(path)]


def _speaks(path: Path) -> bool:
    try:
        return listed.speaks(path)
    except UnusableDataset:
        return False


def _file(
    path: Path, sampling: Sampling, elsewhere: Elsewhere
) -> Generator[Looked, None, Dataset | None]:
    """The data set that one file is, None for a slide or whatever else."""
    suffix, name = path.suffix.lower(), path.name
    alone = Tree((Branch.of(str(path.parent), (), [name]),))
    if suffix == ".json":
        around = Elsewhere(path.parent, (yield from scanning(path.parent, _AROUND)))
        found = yield from midog.finding(path, path, midog.parsed(path), (around, elsewhere))
        return (yield from cutting(found, sampling))
    if suffix in _TABLES and path.is_file():
        return (yield from listed.listing(path, path, sampling, elsewhere))
    if suffix in _STACKS and pcam.recognises(alone):
        return (yield from pcam.listing(path, alone))
    batch = Tree((Branch.of(str(path.parent), (), cifar.belonging(path)),))
    form = cifar.form_of(batch)
    if form is not None:
        return (yield from cifar.listing(path, batch, form))
    return None


def _several(paths: Sequence[Path]) -> Generator[Looked, None, Dataset]:
    """Tiles and slides that were named one by one."""
    tiles: list[TileFile] = []
    fields: list[Field] = []
    pace = Pace()
    for number, tile in enumerate(find(paths)):
        if pace.due():
            yield Looked(number, tile.name)
        if is_slide(tile.path):
            fields.append(Field(tile.path, printable(tile.path.stem)))
        else:
            tiles.append(tile)
    if not fields and not any(tile.path.exists() for tile in tiles):
        what = f"{printable(paths[0].name or str(paths[0]))} does not exist."
        remedy = "Check that it was not moved or renamed and that its disk is connected."
        raise UnreadableTile(what, remedy)
    entries = Entries(tuple(tiles))
    kind, title = ("tiles", "Tiles") if tiles else ("slides", "Slides")
    labels = counted(entries.labels)
    return Dataset(kind, title, paths[0], entries, tuple(fields), labels)
