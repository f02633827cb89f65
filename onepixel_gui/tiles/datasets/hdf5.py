"""Pictures stacked in an HDF5 file, read one at a time.

A stranger's HDF5 can link to other files, keep its numbers outside itself, or claim shapes that no
memory holds: links, headers and sizes are looked at before a dataset is opened or read.
"""

import atexit
import math
import threading
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnusableDataset
from onepixel_gui.tiles.datasets.dataset import refusal
from onepixel_gui.tiles.hdf5_headers import EXTERNAL, LAYOUT, Headers
from onepixel_gui.tiles.shelf import Shelf

MAGIC = b"\x89HDF\r\n\x1a\n"
_FILTERS = {1, 2, 3, 32000}  # deflate, shuffle, checksum, LZF; others may load a plug-in
_LARGEST_CHUNK = 256 << 20  # bytes
_MOST_VALUES = 100_000_000  # labels that are read at once
_OPEN_AT_ONCE = 4
_AGAIN = "Copy it again from where it came, then open it once more."


class Stack:
    """One dataset of an HDF5 file, N along its first axis. For any number of threads.

    shape: of the whole.  Raises UnusableDataset when it is opened.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._raw, self._file, self._dataset = _opened(path, key)
        self.shape: tuple[int, ...] = tuple(self._dataset.shape)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """The picture of that number. Raises UnusableDataset where it is damaged."""
        with self._lock:
            try:
                return np.asarray(self._dataset[index], np.uint8)
            except (OSError, RuntimeError, ValueError) as cause:  # a chunk that cannot be unpacked
                what = f"Picture {index:,} of {printable(self.path.name)} is damaged."
                raise refusal(what, _AGAIN, repr(cause)[:500]) from cause

    def values(self) -> NDArray[np.int64]:
        """All of it, flat. Raises UnusableDataset."""
        if math.prod(self.shape) > _MOST_VALUES:
            raise refusal(f"{printable(self.path.name)} claims too many labels.", _AGAIN)
        with self._lock:
            try:
                return np.asarray(self._dataset[()], np.int64).ravel()
            except (OSError, RuntimeError, ValueError) as cause:
                what = f"The labels in {printable(self.path.name)} are damaged."
                raise refusal(what, _AGAIN, repr(cause)[:500]) from cause

    def close(self) -> None:
        with self._lock:
            self._file.close()
            self._raw.close()


def pictures(path: Path) -> Stack:
    """Dataset x of a file: (N, H, W, 3) uint8. Raises UnusableDataset."""
    return Stack(path, "x")


# Opened once for all tiles of a file, closed when long unused.
SHELF: Shelf[Stack] = Shelf(pictures, _OPEN_AT_ONCE)
atexit.register(SHELF.clear)


def _opened(path: Path, key: str) -> tuple[BinaryIO, Any, Any]:
    """The file twice, as bytes and as HDF5, and the dataset in it."""
    import h5py  # a fifth of a second, which only those wait for who open such a file

    name = printable(path.name)
    try:
        raw = path.open("rb")
    except OSError as cause:
        remedy = "Check that it is still there and that its disk is connected."
        raise refusal(f"{name} could not be read.", remedy, repr(cause)) from cause
    file = None
    try:
        if raw.read(8) != MAGIC:
            raise refusal(f"{name} is no HDF5 file.", _AGAIN)
        file = h5py.File(raw, "r")
        dataset = _found(raw, file, key, name)
        _judge(dataset, path.stat().st_size, name)
    except UnusableDataset:
        _close(raw, file)
        raise
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, OverflowError) as cause:
        _close(raw, file)  # the HDF5 library raises nearly all of these on damaged files
        what = f"{name} is cut short or damaged."
        raise refusal(what, _AGAIN, repr(cause)[:500]) from cause
    return raw, file, dataset


def _close(raw: BinaryIO, file: Any) -> None:
    if file is not None:
        file.close()
    raw.close()


def _found(raw: BinaryIO, file: Any, key: str, name: str) -> Any:
    """The dataset of that name, which lies in this file and nowhere else."""
    import h5py

    links, word = file.id.links, key.encode()
    link = links.get_info(word) if links.exists(word) else None
    if link is None or link.type != h5py.h5l.TYPE_HARD:
        what = f"{name} holds no dataset called {key}."
        raise refusal(what, "Choose the files of PatchCamelyon, which end in _x.h5 and _y.h5.")
    for kind, data in Headers(raw).messages(int(link.u)):
        if kind == EXTERNAL or (kind == LAYOUT and data[0] > 2 and data[1] > 2):
            raise refusal(f"{name} keeps its values in other files.", _AGAIN)
    dataset = file[key]
    if not isinstance(dataset, h5py.Dataset):
        raise refusal(f"{name} holds a group called {key}, not pictures.", _AGAIN)
    return dataset


def _judge(dataset: Any, size: int, name: str) -> None:
    """What it claims fits the file. size: of the file, in bytes."""
    if dataset.dtype.kind not in "uib" or dataset.dtype.itemsize > 8:
        raise refusal(f"{name} holds values of type {dataset.dtype}, not whole numbers.", _AGAIN)
    settings = dataset.id.get_create_plist()
    filters = {settings.get_filter(at)[0] for at in range(settings.get_nfilters())}
    if not filters <= _FILTERS:
        what = f"{name} is compressed in a way that is not read here."
        raise refusal(what, "Save it again with gzip or without compression.")
    chunk = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    if chunk > _LARGEST_CHUNK:
        what = f"{name} packs its pictures into pieces of {chunk >> 20:,} MB, too large to unpack."
        raise refusal(what, "Save it again in smaller chunks.")
    held = dataset.id.get_storage_size()
    short = dataset.chunks is None and held < dataset.nbytes
    if (
        short
        or held > size
        or (dataset.id.get_offset() or 0) + (0 if dataset.chunks else held) > size
    ):
        raise refusal(f"{name} is cut short: it should hold more than it does.", _AGAIN)
