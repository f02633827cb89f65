"""Recognise which data set it is that somebody opened."""

import os
from collections.abc import Generator, Sequence
from pathlib import Path

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableTile
from onepixel_gui.tiles import files
from onepixel_gui.tiles.datasets import class_folders
from onepixel_gui.tiles.datasets.dataset import DEFAULT, Dataset, Sampling, counted, refusal
from onepixel_gui.tiles.entries import Entries
from onepixel_gui.tiles.folders import Looked, finished, scanning


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
    if len(paths) == 1 and os.path.isdir(paths[0]):  # noqa: PTH112 - says no where Path raises
        return (yield from _folder(paths[0], sampling, instead))
    return _several(paths)


def recognise(paths: Sequence[Path], sampling: Sampling = DEFAULT) -> Dataset:
    """The data set, without a pause. Raises UnusableDataset, UnreadableTile."""
    return finished(looking(paths, sampling))


def _folder(
    folder: Path, sampling: Sampling, instead: Path | None
) -> Generator[Looked, None, Dataset]:
    del sampling, instead
    try:
        tree = yield from scanning(folder)
    except OSError as cause:
        what = f"The folder {printable(folder.name or str(folder))} could not be listed."
        remedy = "Check that you may open this folder and that its disk is connected."
        raise UnreadableTile(what, remedy, detail=repr(cause)) from cause
    return (yield from class_folders.listing(folder, tree))


def _several(paths: Sequence[Path]) -> Dataset:
    entries = Entries(tuple(files.find(paths)))
    return Dataset("tiles", "Tiles", paths[0], entries, counts=counted(entries.labels))
