"""Weights as PyTorch saves them: a zip since version 1.6, pickles in a row before.

The pickle inside is outlined first, and every number in it is checked against the file, so that
nothing is left for `torch.load` to be surprised by.  The weights are looked at on both ways in:
`weights` trusts only the bytes that it is given.
"""

import math
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pickle import UnpicklingError
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.weights.pickles import (
    DEFAULT,
    Limits,
    Made,
    Outline,
    Storage,
    outline,
)
from onepixel_gui.classifier.formats.weights.wrappers import find, own_names, told
from onepixel_gui.problems import UnusableCheckpoint

if TYPE_CHECKING:
    from torch import Tensor

# To copy; for files that hold Python objects beside or instead of weights.
RESAVE: Final = """import torch
model = torch.load("file", weights_only=False)  # only where the file is trusted
torch.save(model.state_dict(), "weights.pt")"""

_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_DIRECTORY = 8 << 20  # bytes; 70,000 weights
_FEW, _MANY = Limits(size=1 << 16, steps=1000), Limits(steps=200_000, seconds=1.0)
_SLACK = 1 << 16  # bytes by which a zip may grow when taken apart
_DIMENSIONS = 16
_FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})
_UNREAD_KINDS = (
    *("_rebuild_sparse", "_rebuild_q", "_rebuild_nested", "_rebuild_meta", "_rebuild_tensor_v3"),
    *("Complex", "QInt", "QUInt", "UntypedStorage", "_get_layout", "sparse_", "per_"),
)


def recognises(head: bytes) -> bool:
    """A pickle, whether it holds torch's weights or something to be refused."""
    return head[:1] == b"\x80" and head[1:2] in (b"\x01", b"\x02", b"\x03", b"\x04", b"\x05")


def entries_recognised(names: Sequence[str]) -> bool:
    """The entries of a zip are those of `torch.save`, and not of TorchScript."""
    inside = any("/code/" in f"/{name}" for name in names)
    return not inside and any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names)


def peek(file: BinaryIO, name: str) -> Contents:
    """What the weights are called and shaped, from the directory or the head of the file alone.

    Raises UnusableCheckpoint for Python objects beyond weights, and ValueError for damage.
    """
    return _read(file, name).contents


def weights(source: Source, contents: Contents) -> "dict[str, Tensor]":
    """Name -> tensor on the CPU, contiguous, floating numbers as float32; names as in `contents`.

    Tensors may share memory with each other.  Raises as `peek`, and what `torch.load` raises.
    """
    found = _read(BytesIO(source.data), source.name)
    if dict(found.contents.shapes) != dict(contents.shapes):
        raise ValueError("the file was changed since it was looked at")
    loaded: Any = _loaded(source.data, found.opaque)
    for key in found.path:
        loaded = loaded[key]
    tensors = {name: loaded.pop(key) for name, key in found.names.items()}
    del loaded  # with the optimiser's numbers, before any are copied
    return as_used(tensors, contents.shapes)


def as_used(
    tensors: "dict[str, Tensor]", shapes: Mapping[str, tuple[int, ...]]
) -> "dict[str, Tensor]":
    """The tensors, changed in place to what `weights` promises. Raises ValueError for a shape."""
    import torch

    for name in tensors:
        tensor = tensors[name].detach()
        if tuple(tensor.shape) != shapes[name]:
            raise ValueError(f"{name} is of another shape than stated")
        kind = torch.float32 if tensor.is_floating_point() else tensor.dtype
        tensors[name] = tensor.to(kind).contiguous()
    return tensors


class _Bystander:
    """Stands where the pickle names what is not needed; takes anything and does nothing."""

    def __new__(cls, *_arguments: object) -> Any:
        return super().__new__(cls)

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _Held(_Bystander):
    """The same for a kind of dictionary; torch sets items only of the kinds that it knows."""

    def __new__(cls, *_arguments: object) -> Any:
        return OrderedDict[Any, Any]()


class _Queued(_Bystander):
    """The same for a kind of list."""

    def __new__(cls, *_arguments: object) -> Any:
        return list[Any]()


_LOADING: Final = Lock()  # torch keeps one list of stand-ins for all threads
_STAND_INS: Final = {"defaultdict": _Held, "AttributeDict": _Held, "deque": _Queued}


def _loaded(data: bytes, opaque: Sequence[str]) -> Any:
    import torch

    harmless: Any = [(_STAND_INS.get(name.split(".")[-1], _Bystander), name) for name in opaque]
    try:
        with _LOADING, torch.serialization.safe_globals(harmless):
            return torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except (UnpicklingError, EOFError) as broken:
        raise ValueError(str(broken)) from broken


# ------------------------------------------------------------------ reading without torch
@dataclass(frozen=True, slots=True)
class _Reading:
    """path: the keys that lead to the weights; names: of a weight -> in the file."""

    contents: Contents
    path: tuple[str, ...]
    names: Mapping[str, str]
    opaque: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Weight:
    dtype: str
    shape: tuple[int, ...]


def _read(file: BinaryIO, name: str) -> _Reading:
    head = file.read(len(_MAGIC))
    file.seek(0)
    if head[:2] == b"PK":
        return _described(_zipped(file, name), name)
    if head == _MAGIC:
        return _described(_in_a_row(file, name), name)
    try:
        raise _runs_code(name, outline(file).foreign)
    except ValueError:  # it is refused in any case; its names would only have been a courtesy
        raise _runs_code(name, ()) from None


def _described(told_by: Outline, name: str) -> _Reading:
    found = find(told_by.value, lambda item: _weight(item) is not None)
    if found is None:
        raise UnusableCheckpoint(
            f"{name} holds no weights under names.",
            "Save the network's state dict: torch.save(model.state_dict(), ...).",
        )
    held = {
        key: weight
        for key, item in found.held.items()
        if isinstance(key, str) and (weight := _weight(item)) and weight.dtype != "bool"
    }
    names, notes = own_names(held)
    room = sum({storage.key: storage.count for storage in told_by.stored}.values())
    if sum(math.prod(held[key].shape) for key in names.values()) > 2 * room:  # some are shared
        raise ValueError("weights of more numbers than the file holds")
    shapes = {own: held[key].shape for own, key in names.items()}
    kinds = {held[key].dtype for key in names.values()} & _FLOATS - {"float32"}
    if kinds:
        notes += (f"Weights stored as {' and '.join(sorted(kinds))} are used as float32.",)
    fields, sources = told(told_by.value)
    contents = Contents(
        "PyTorch state dict",
        stored(shapes),
        shapes,
        told=fields,
        sources=sources,
        notes=(*found.notes, *notes),
    )
    return _Reading(contents, found.path, names, told_by.opaque)


def stored(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many numbers; how often a norm was trained is none of them."""
    return sum(
        math.prod(shape) for key, shape in shapes.items() if not key.endswith("num_batches_tracked")
    )


# ------------------------------------------------------------------ one pickle
def _accepted(found: Outline, name: str) -> Outline:
    """The outline, if it names nothing but weights and all of them lie inside their storages."""
    if found.foreign:
        unread = [word for word in found.foreign if _is_unread_kind(word)]
        if unread == list(found.foreign):
            raise UnusableCheckpoint(
                f"{name} holds sparse, quantised, complex or otherwise unusual numbers.",
                "Save the network with ordinary dense weights of 16, 32 or 64 bits.",
                detail=", ".join(unread),
            )
        raise _runs_code(name, found.foreign)
    if found.protocol != 2:
        raise UnusableCheckpoint(
            f"{name} was saved with pickle protocol {found.protocol}, which is not read.",
            "Save it again with torch.save and its own protocol.",
        )
    storages: dict[str, Storage] = {}
    for storage in found.stored:
        first = storages.setdefault(storage.key, storage)
        if (first.dtype, first.count) != (storage.dtype, storage.count):
            raise ValueError("one storage of two sizes")
    for made in found.made:
        _weight(made)
    return found


def _is_unread_kind(word: str) -> bool:
    return word.startswith("torch.") and any(kind in word for kind in _UNREAD_KINDS)


def _runs_code(name: str, foreign: Sequence[str]) -> UnusableCheckpoint:
    return UnusableCheckpoint(
        f"{name} is a pickle of Python objects, which could run code when opened.",
        f"Run these three lines where the file is trusted:\n{RESAVE}\nThen open weights.pt.",
        detail=f"It names: {', '.join(foreign[:8])}" if foreign else "",
    )


def _weight(item: Any) -> _Weight | None:
    """The tensor that a pickle would rebuild, None for anything else; ValueError if it cannot."""
    if not isinstance(item, Made):
        return None
    if item.name.startswith("torch._utils._rebuild_parameter"):
        item = item.arguments[0]  # a tensor, and no parameter in turn
    if not isinstance(item, Made) or not item.name.startswith("torch._utils._rebuild_tensor"):
        return None
    storage, offset, size, stride, *rest = item.arguments
    if not isinstance(storage, Storage) or (len(rest) > 2 and rest[2]):
        raise ValueError("a tensor without numbers of its own")
    lengths = (*_lengths(size), *_lengths(stride))
    shape, steps = lengths[: len(size)], lengths[len(size) :]
    (first,) = _lengths((offset,))
    count = math.prod(shape)
    room = storage.view[1] if storage.view else storage.count
    last = first + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    if count > room or (count and last >= room):
        raise ValueError("a tensor that reaches out of its storage")
    return _Weight(storage.dtype, shape)


def _lengths(numbers: Any) -> tuple[int, ...]:
    if not isinstance(numbers, tuple) or len(numbers) > _DIMENSIONS:
        raise ValueError("a shape of no sensible length")
    if not all(type(number) is int and 0 <= number < 1 << 48 for number in numbers):
        raise ValueError("a shape of no sensible size")
    return numbers


# ------------------------------------------------------------------ zips
class _Doubting:
    """A file from which `zipfile` gets no directory larger than any checkpoint's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, count: int = -1) -> bytes:
        most = _DIRECTORY + 1
        data = self._file.read(most if count < 0 else min(count, most))
        if len(data) == most:
            raise ValueError("a zip with a directory of absurd size")
        return data


def opened(file: BinaryIO) -> ZipFile:
    """The zip for reading, however large its directory claims to be. Raises ValueError."""
    try:
        return ZipFile(_Doubting(file))
    except (BadZipFile, NotImplementedError) as broken:
        raise ValueError(str(broken)) from broken


def _zipped(file: BinaryIO, name: str) -> Outline:
    size = file.seek(0, 2)
    with opened(file) as archive:
        root, sizes = _entries(archive.infolist(), size)
        found = _accepted(_outlined(_entry(archive, f"{root}/data.pkl", DEFAULT.size)), name)
        order = "byteorder"
        if order in sizes and _entry(archive, f"{root}/{order}", 16) not in (b"little", b"big"):
            raise ValueError("numbers of an unknown byte order")
    for storage in found.stored:
        if sizes.get(f"data/{storage.key}") != storage.count * storage.itemsize or storage.view:
            raise ValueError(f"the numbers of storage {storage.key[:40]} are not in the file")
    return found


def _entries(entries: Sequence[ZipInfo], size: int) -> tuple[str, dict[str, int]]:
    """The one folder of a zip, and the name of each entry in it -> its size in bytes."""
    if sum(entry.file_size for entry in entries) > size + _SLACK:
        raise ValueError("a zip that grows beyond reason when taken apart")
    # torch's own reader takes names that differ in their case alone for the same.
    if len({entry.filename.lower() for entry in entries}) < len(entries):
        raise ValueError("a zip with two entries of one name")
    if any(entry.orig_filename != entry.filename or "\\" in entry.filename for entry in entries):
        raise ValueError("a zip with names out of all order")
    roots = {entry.filename.partition("/")[0] for entry in entries}
    if len(roots) != 1:
        raise ValueError("a zip of more than one folder")
    return roots.pop(), {entry.filename.partition("/")[2]: entry.file_size for entry in entries}


def _entry(archive: ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise ValueError(f"{name[-40:]} is larger than any that is read")
    try:
        return archive.read(name)
    except (BadZipFile, NotImplementedError, EOFError, zlib.error) as broken:
        raise ValueError(str(broken)) from broken


def _outlined(data: bytes) -> Outline:
    return outline(BytesIO(data))


# ------------------------------------------------------------------ pickles in a row
def _in_a_row(file: BinaryIO, name: str) -> Outline:
    """A magic number, a version, facts of the machine, the weights, keys of storages; numbers."""
    size = file.seek(0, 2)
    file.seek(0)
    _, version, machine = (outline(file, _FEW).value for _ in range(3))
    if version != 1001 or not isinstance(machine, dict) or machine.get("little_endian") is False:
        raise ValueError("not a file of torch, or one of a machine of another byte order")
    found = _accepted(outline(file), name)
    keys = outline(file, _MANY).value
    needed = {storage.key: storage.count * storage.itemsize for storage in found.stored}
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("storages without keys")
    if sorted(keys) != sorted(needed):
        raise ValueError("storages other than those of the weights")
    # Each is preceded by its length; torch makes room for all of them before it looks.
    if sum(needed.values()) + 8 * len(needed) > size - file.tell():
        raise ValueError("the file ends before its weights do")
    return found
