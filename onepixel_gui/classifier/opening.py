"""From a dropped file to what can be said of it: which kind, which network, which card.

No torch here: a preview shall not wait for it, and a hostile file shall not reach it.
"""

import hashlib
import io
import os
import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, ClassVar
from zipfile import BadZipFile, LargeZipFile

from onepixel_gui.classifier import recognition, sidecar
from onepixel_gui.classifier.card import Card, Fit, Inspection
from onepixel_gui.classifier.formats.contents import Contents
from onepixel_gui.classifier.formats.weights import state_dict
from onepixel_gui.problems import Problem, UnusableCheckpoint

LARGEST = 8 << 30  # bytes: refuse what cannot be a tile classifier before reading it
BROKEN = (
    # What the readers of damaged files raise, their own and those of the libraries behind them.
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
    RecursionError,
    OverflowError,
    EOFError,
    AssertionError,
    zlib.error,
    BadZipFile,
    LargeZipFile,
)

STATED, ASSUMED, ASKED = "stated in the file", "assumed", "asked of the network"

_HEAD = 4096  # bytes that tell the kind
_CHUNK = 8 << 20
_ZIPS = ("keras.file", "programs.torchscript", "weights.state_dict", "programs.exported")
_PLAIN = (
    "keras.file",
    "weights.safetensors_file",
    "weights.state_dict",
    "caffe.file",
    "onnx.file",
)
_READABLE = (
    "Choose weights (.safetensors, .pt, .pth), TorchScript, .pt2, .onnx, or Keras (.h5, .keras)."
)


@dataclass(frozen=True, slots=True)
class Step:
    """What is being done now on the way to a classifier. done of total: parts, or bytes."""

    droppable: ClassVar[bool] = True
    words: str
    done: int = 0
    total: int = 0


class Bytes(io.BytesIO):
    """The bytes of a file, with its path: some kinds read a second file beside the first."""

    def __init__(self, data: bytes, path: Path) -> None:
        super().__init__(data)
        self.name = str(path)


def inspect(path: Path, *, card: Path | None = None, architecture: str = "") -> Inspection:
    """What can be said of a checkpoint without making its network.

    card: a .card.toml to go by, instead of the one beside the file.
    architecture: the network to take it for, where several fit.
    Raises UnusableCheckpoint, UnusableCard.
    """
    steps = inspecting(path, card=card, architecture=architecture)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            inspected: Inspection = end.value
            return inspected


def inspecting(
    path: Path, *, card: Path | None = None, architecture: str = ""
) -> Generator[Step, None, Inspection]:
    """`inspect` in steps; to cancel is to stop asking."""
    yield Step(f"Looking at {path.name}")
    try:
        with opened(path) as file:
            contents = peeked(file, path.name)
            fits = _fits(path.name, contents)
            size = os.fstat(file.fileno()).st_size
            yield Step(f"Reading {path.name}", 0, size)
            digest = yield from _digested(file, path.name, size)
    except OSError as refused:
        raise _unreadable(path.name, refused) from refused
    given, notes = sidecar.found(path, digest, card)
    if not architecture and given.architecture in {fit.architecture for fit in fits}:
        architecture = given.architecture
    chosen = _chosen(path.name, fits, architecture)
    made = _card(path.name, digest, contents, chosen[0] if chosen else None, given)
    return Inspection(path, size, chosen, replace(made, doubts=notes), contents.notes)


def opened(path: Path) -> BinaryIO:
    """The open file. Raises UnusableCheckpoint where there is no such file, or a folder."""
    try:
        if not path.is_file():
            raise UnusableCheckpoint(
                f"{path.name} is not a file.", "Choose the checkpoint file itself."
            )
        file = path.open("rb")
    except OSError as refused:
        raise _unreadable(path.name, refused) from refused
    if os.fstat(file.fileno()).st_size > LARGEST:
        file.close()
        raise UnusableCheckpoint(
            f"{path.name} is larger than 8 GB.", "Choose the checkpoint of a tile classifier."
        )
    return file


def peeked(file: BinaryIO, name: str) -> Contents:
    """What the file says, by the reader of its kind.

    The kind is told by the content, not by the name.  Raises UnusableCheckpoint, OSError.
    """
    try:
        contents: Contents = reader_of(file, name).peek(file, name)
    except Problem:
        raise
    except BROKEN as broken:
        raise damaged(name, broken) from broken
    return contents


def reader_of(file: BinaryIO, name: str) -> Any:
    """The module of `formats` that reads this file, which is left at its start."""
    head = file.read(_HEAD)
    file.seek(0)
    if head[:4] == b"PK\x03\x04":
        with state_dict.opened(file) as archive:  # which refuses directories of absurd length
            entries = archive.namelist()
        file.seek(0)
        for kind in _ZIPS:
            if (reader := _reader(kind)).entries_recognised(entries):
                return reader
        raise UnusableCheckpoint(f"{name} is an archive, but not of a network.", _READABLE)
    for kind in _PLAIN:
        if (reader := _reader(kind)).recognises(head):
            return reader
    raise _unknown(name, head)


def damaged(name: str, broken: BaseException) -> UnusableCheckpoint:
    """The one word for whatever a format's own reader stumbles over."""
    return UnusableCheckpoint(
        f"{name} is damaged or not what its kind promises.",
        "Fetch the file again, and compare its checksum with the publisher's.",
        detail=f"{type(broken).__name__}: {str(broken)[:2000]}",
    )


def _reader(kind: str) -> Any:
    return import_module(f"onepixel_gui.classifier.formats.{kind}")


def _unreadable(name: str, refused: OSError) -> UnusableCheckpoint:
    return UnusableCheckpoint(
        f"{name} cannot be read.",
        "Check that the file still exists and that you may read it.",
        detail=str(refused),
    )


def _unknown(name: str, head: bytes) -> UnusableCheckpoint:
    if not head:
        return UnusableCheckpoint(f"{name} is empty.", "Fetch or copy the file again.")
    if head.startswith(b"version https://git-lfs"):
        return UnusableCheckpoint(
            f"{name} is only a Git LFS pointer, not the checkpoint.",
            "Fetch the real file with `git lfs pull`.",
        )
    return UnusableCheckpoint(f"{name} is not a checkpoint that can be read.", _READABLE)


def _digested(file: BinaryIO, name: str, size: int) -> Generator[Step, None, str]:
    digest, done = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        done += len(chunk)
        yield Step(f"Reading {name}", done, size)
    return digest.hexdigest()


# ------------------------------------------------------------------ which network
def _fits(name: str, contents: Contents) -> tuple[Fit, ...]:
    """The networks that the weights may belong to; none where the file brings its own."""
    if not contents.shapes:
        return ()
    hint = contents.architecture or str(contents.told.get("architecture_hint", ""))
    fits = recognition.recognise(contents.shapes, hint)
    fits = fits or recognition.recognise_timm(contents.shapes, hint)
    if fits:
        return fits
    near = recognition.nearest(contents.shapes)
    raise UnusableCheckpoint(
        f"{name} holds the weights of no network that is known here; nearest is {near.title}, "
        f"but {'; '.join(near.differences)}.",
        "Choose the checkpoint of a known network, or export yours whole: TorchScript, .pt2, ONNX.",
        detail="\n".join(f"{key} {shape}" for key, shape in [*contents.shapes.items()][:400]),
    )


def _chosen(name: str, fits: tuple[Fit, ...], architecture: str) -> tuple[Fit, ...]:
    """The fits, with the one that was asked for first."""
    if not architecture or not fits:
        return fits
    wanted = [fit for fit in fits if fit.architecture == architecture]
    if not wanted:
        raise UnusableCheckpoint(
            f"{name} does not fit {architecture}.",
            f"Choose one of: {', '.join(fit.architecture for fit in fits)}.",
        )
    return (wanted[0], *(fit for fit in fits if fit is not wanted[0]))


# ------------------------------------------------------------------ which card
def _card(
    name: str, digest: str, contents: Contents, fit: Fit | None, given: sidecar.Given
) -> Card:
    """Field by field the first who knows: the reader's card, the file, its network's custom."""
    architecture = fit.architecture if fit is not None else contents.architecture
    custom: Mapping[str, Any] = {}
    if fit is not None:
        custom = recognition.conventions(architecture, fit.classes, contents.shapes)
    told = {key: value for key, value in contents.told.items() if key in sidecar.FIELDS}
    sources = {key: recognition.source(architecture) for key in custom}
    sources |= {key: contents.sources.get(key, STATED) for key in told}
    sources |= dict.fromkeys(given.fields, given.source)
    values = {**custom, **told, **given.fields}
    plain = {
        "name": Path(name).stem,
        "classes": _classes(fit.classes if fit is not None else 0),
        "input_size": (64, 64),
        "scaling": "zero-to-one",
    }
    missing = {key: value for key, value in plain.items() if key not in values}
    sources |= dict.fromkeys(missing, ASSUMED)
    values = {**values, **missing}
    values.setdefault("subject", values["classes"][-1] if values["classes"] else "")
    fixed = {
        "file": name,
        "sha256": digest,
        "architecture": architecture,
        "weights": contents.stored,
        "format": contents.format,
        "white_box": contents.white_box,
    }
    card = sidecar.made(name, {**values, **fixed})
    return replace(card, sources=sources)


def _classes(count: int) -> tuple[str, ...]:
    """Names where nobody gave any; none while the network has not been asked how many."""
    if count in (1, 2):
        return ("normal", "mitosis")
    return tuple(f"class {index}" for index in range(count))
