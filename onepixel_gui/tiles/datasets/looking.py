"""Recognise which data set it is that somebody opened."""

import os
from collections.abc import Generator, Sequence
from pathlib import Path

from onepixel_gui.tiles import files
from onepixel_gui.tiles.datasets import class_folders, midog, mitos, tupac
from onepixel_gui.tiles.datasets.dataset import DEFAULT, Dataset, Sampling, counted, refusal
from onepixel_gui.tiles.datasets.detection import Finds, cutting
from onepixel_gui.tiles.datasets.places import Elsewhere, seeking, unlisted
from onepixel_gui.tiles.entries import Entries
from onepixel_gui.tiles.folders import Looked, Tree, finished, scanning


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
    if not paths:
        raise refusal("Nothing was opened.", "Choose a folder, a table or picture files.")
    elsewhere = yield from seeking(instead)
    if len(paths) == 1 and os.path.isdir(paths[0]):  # noqa: PTH112 - says no where Path raises
        return (yield from _folder(paths[0], sampling, elsewhere))
    return _several(paths)


def recognise(paths: Sequence[Path], sampling: Sampling = DEFAULT) -> Dataset:
    """The data set, without a pause. Raises UnusableDataset, UnreadableTile."""
    return finished(looking(paths, sampling))


def _folder(
    folder: Path, sampling: Sampling, elsewhere: Elsewhere
) -> Generator[Looked, None, Dataset]:
    try:
        tree = yield from scanning(folder)
    except OSError as cause:
        raise unlisted(folder, cause) from cause
    found = yield from _marked(folder, tree, elsewhere)
    if found is not None:
        return (yield from cutting(found, sampling))
    return (yield from class_folders.listing(folder, tree))


def _marked(
    folder: Path, tree: Tree, elsewhere: Elsewhere
) -> Generator[Looked, None, Finds | None]:
    """What is marked on slides, None where nothing is."""
    if tupac.recognises(folder, tree):
        return (yield from tupac.finding(folder, tree, elsewhere))
    if midog.recognises(tree):
        return (yield from midog.in_folder(folder, tree, elsewhere))
    if mitos.recognises(tree):
        return (yield from mitos.finding(folder, tree, elsewhere))
    return None


def _several(paths: Sequence[Path]) -> Dataset:
    entries = Entries(tuple(files.find(paths)))
    return Dataset("tiles", "Tiles", paths[0], entries, counts=counted(entries.labels))
