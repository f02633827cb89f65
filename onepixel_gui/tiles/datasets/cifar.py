"""CIFAR-10 and CIFAR-100 as they are handed out: pickled batches, and records of bytes.

Both store 32 x 32 pictures plane by plane: all reds, all greens, all blues.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableTile, UnusableDataset
from onepixel_gui.tiles.datasets import pickled
from onepixel_gui.tiles.datasets.columns import Coded, Columns, Derived
from onepixel_gui.tiles.datasets.dataset import Dataset, refusal
from onepixel_gui.tiles.datasets.detection import per_image
from onepixel_gui.tiles.datasets.naming import CIFAR10
from onepixel_gui.tiles.folders import Branch, Looked, Pace, Tree
from onepixel_gui.tiles.tile import Tile

_EDGE = 32
_PIXELS = 3 * _EDGE * _EDGE  # bytes of one picture
_TEN = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
_HUNDRED = ("train", "test")
_KINDS = frozenset(["", ".bin", ".meta", ".txt"])
_AGAIN = "Unpack the archive again, then open its folder."


@dataclass(frozen=True, slots=True)
class Form:
    """One of the ways in which a set is handed out.

    suffix:  of its batches.   meta: the file with the names of the classes.   key: of them in it.
    label:   where the class stands: a key of a pickle, or a byte of a record of `head` + pixels.
    """

    title: str
    batches: tuple[str, ...]
    suffix: str
    meta: str
    key: str = ""
    label: str | int = 0
    head: int = 0


FORMS = (
    Form("CIFAR-10", _TEN, "", "batches.meta", "label_names", "labels"),
    Form("CIFAR-10", _TEN, ".bin", "batches.meta.txt", head=1),
    Form("CIFAR-100", _HUNDRED, "", "meta", "fine_label_names", "fine_labels"),
    Form("CIFAR-100", _HUNDRED, ".bin", "fine_label_names.txt", label=1, head=2),
)


@dataclass(frozen=True, slots=True)
class StoredTile:
    """A picture inside a batch, as an Entry. at: where its first red lies, in bytes."""

    path: Path
    name: str
    at: int
    label: str | None = None
    case: str = ""

    def read(self) -> Tile:
        """Raises UnreadableTile; may wait for a disk."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.at)
                data = file.read(_PIXELS)
        except OSError as cause:
            what = f"{printable(self.path.name)} could not be read."
            remedy = "Check that it is still there and that its disk is connected."
            raise UnreadableTile(what, remedy, detail=repr(cause)) from cause
        if len(data) != _PIXELS:
            what = f"{printable(self.path.name)} is cut short: {self.name} is missing."
            raise UnreadableTile(what, _AGAIN)
        planes = np.frombuffer(data, np.uint8).reshape(3, _EDGE, _EDGE)
        return Tile(self.name, planes.transpose(1, 2, 0), self.label)

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3), at most `edge` on its long side. Raises UnreadableTile."""
        picture = Image.fromarray(self.read().rgb)
        picture.thumbnail((edge, edge), Image.Resampling.BOX, reducing_gap=None)
        return np.asarray(picture)


@dataclass(frozen=True, slots=True)
class _Batch:
    """start, step: bytes from the file's beginning to its first picture, and from one to the next.

    labels: number of the class of each picture.
    """

    path: Path
    start: int
    step: int
    labels: NDArray[np.int32]


def form_of(tree: Tree) -> Form | None:
    """How the CIFAR in these folders is handed out; None where there is none."""
    names = {name for branch in tree.branches for name in _plain(branch)}
    for form in FORMS:
        there = sum(batch + form.suffix in names for batch in form.batches)
        if form.batches == _TEN and there:
            return form
        if form.batches == _HUNDRED and there and form.meta in names:
            return form
    return None


def listing(root: Path, tree: Tree, form: Form) -> Generator[Looked, None, Dataset]:
    """All pictures of all batches. Raises UnusableDataset."""
    paths = dict(_files(tree, (*(batch + form.suffix for batch in form.batches), form.meta)))
    batches: list[_Batch] = []
    missing: list[str] = []
    for name in form.batches:
        path = paths.get(name + form.suffix)
        if path is None:
            missing.append(name + form.suffix)
        elif form.suffix:
            batches.append((yield from _records(path, form)))
        else:
            batches.append((yield from _unpickled(path, form)))
    classes, notes = yield from _classes(paths.get(form.meta), form)
    entries = _columns(batches, classes)
    told = per_image("batch", missing, len(form.batches)) if missing else ""
    return Dataset(
        form.title.lower().replace("-", ""),
        f"{form.title}, {'binary' if form.suffix else 'python'} version",
        root,
        entries,
        counts=entries.counts,
        missing=(told.replace("batchs", "batches"),) if told else (),
        notes=tuple(notes),
    )


def _plain(branch: Branch) -> Iterator[str]:
    if branch.kinds & _KINDS:
        yield from (name for name in branch.names if len(name) < 40)


def _files(tree: Tree, wanted: Sequence[str]) -> Iterator[tuple[str, Path]]:
    for branch in reversed(tree.branches):  # of two, the one that is less deep
        for name in set(wanted).intersection(_plain(branch)):
            yield name, Path(branch.path) / name


def _columns(batches: Sequence[_Batch], classes: Sequence[str]) -> Columns:
    starts = np.cumsum([0, *(len(batch.labels) for batch in batches)])
    codes = np.concatenate([np.zeros(0, np.int32), *(batch.labels for batch in batches)])
    most = int(codes.max(initial=-1))
    words = (*classes, *(str(number) for number in range(len(classes), most + 1)))
    labels: Coded[str | None] = Coded(codes, words)

    def place(index: int) -> tuple[_Batch, int]:
        number = int(np.searchsorted(starts, index, "right")) - 1
        return batches[number], index - int(starts[number])

    def name(index: int) -> str:
        batch, at = place(index)
        return f"{batch.path.stem} {at:05}"

    def made(index: int) -> StoredTile:
        batch, at = place(index)
        return StoredTile(batch.path, name(index), batch.start + at * batch.step, labels[index])

    count = len(codes)
    return Columns(Derived(count, name), labels, Coded.always("", count), made)


def _records(path: Path, form: Form) -> Generator[Looked, None, _Batch]:
    """A batch of the binary version."""
    step = form.head + _PIXELS
    data = yield from _whole(path)
    if not data or len(data) % step:
        what = f"{printable(path.name)} is cut short: it does not end with a whole picture."
        raise refusal(what, _AGAIN, f"{len(data):,} bytes, {step:,} a picture")
    assert isinstance(form.label, int)
    labels = np.frombuffer(data, np.uint8)[form.label :: step].astype(np.int32)
    return _Batch(path, form.head, step, labels)


def _unpickled(path: Path, form: Form) -> Generator[Looked, None, _Batch]:
    """A batch of the python version."""
    held = yield from _loaded(path)
    pixels, labels = held.get("data"), held.get(str(form.label))
    if not isinstance(pixels, pickled.Array) or pixels.at is None:
        raise _strange(path, "it holds no pixels")
    if len(pixels.shape) != 2 or pixels.shape[1] != _PIXELS:
        raise _strange(path, f"its pixels are {pixels.shape}")
    if not isinstance(labels, list) or len(labels) != pixels.shape[0]:
        raise _strange(path, "it has not one label for each picture")
    if not all(isinstance(one, int) and 0 <= one < 1000 for one in labels):
        raise _strange(path, "its labels are no classes")
    return _Batch(path, pixels.at.start, _PIXELS, np.array(labels, np.int32))


def _loaded(path: Path) -> Generator[Looked, None, dict[str, Any]]:
    data = yield from _whole(path)
    try:
        return (yield from pickled.reading(data, printable(path.name)))
    except pickled.Strange as cause:
        raise _strange(path, str(cause)) from cause


def _strange(path: Path, why: str) -> UnusableDataset:
    what = f"{printable(path.name)} is damaged or no batch of CIFAR: nothing of it was executed."
    return refusal(what, _AGAIN, why)


def _whole(path: Path) -> Generator[Looked, None, bytes]:
    """A file's bytes, in steps. Raises UnusableDataset."""
    name, pace = printable(path.name), Pace()
    held = bytearray()
    try:
        with path.open("rb") as file:
            while (part := file.read(1 << 22)) and len(held) <= pickled.LARGEST:
                held += part
                if pace.due():
                    yield Looked(len(held), name)
    except OSError as cause:
        remedy = "Check that you may read it and that its disk is connected."
        raise refusal(f"{name} could not be read.", remedy, repr(cause)) from cause
    if len(held) > pickled.LARGEST:
        raise refusal(f"{name} is too large to be a batch of CIFAR.", _AGAIN)
    return bytes(held)


def _classes(path: Path | None, form: Form) -> Generator[Looked, None, tuple[list[str], list[str]]]:
    """Names of the classes, and what there is to say about them."""
    if path is not None and not form.key:
        data = yield from _whole(path)
        words = data.decode("utf-8", "replace").split()
        return [printable(word[:80]) for word in words[:1000]], []
    if path is not None:
        held = yield from _loaded(path)
        names = held.get(form.key)
        if isinstance(names, list) and all(isinstance(one, str | bytes) for one in names):
            texts = [
                one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in names
            ]
            return [printable(text[:80]) for text in texts], []
    if form.batches == _TEN:
        return list(CIFAR10), [f"{form.meta} is missing: the classes have their usual names."]
    return [], [f"{form.meta} names no classes: they have numbers."]


def belonging(path: Path) -> list[str]:
    """A file's name, and that of the file beside it which names its classes, if there is one."""
    metas = [form.meta for form in FORMS if form.suffix == path.suffix]
    return [path.name, *(meta for meta in metas if path.with_name(meta).is_file())]
