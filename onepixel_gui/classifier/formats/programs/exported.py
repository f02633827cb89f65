"""torch.export programs: a graph of operators in JSON, and the numbers it works on.

`torch.export.load` trusts its file with everything: sample inputs and some constants are pickles,
sizes are texts that are evaluated as Python, operators are looked up from `torch` (and so reach
`torch.os`), names and guards become source code, and compiled libraries are loaded.  Here torch
is given none of that.  The JSON is taken apart by `graphs`, and what is allowed is put together
again; the numbers of the weights are filled in afterwards.

What remains possible is what any graph can do once it is asked about a tile: take long.  How
large its tensors get is found out before any is made.
"""

import io
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZipFile

from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.programs.archive import Archive, told, unneeded
from onepixel_gui.classifier.formats.programs.graphs import Graph, Weight, graph, weights
from onepixel_gui.classifier.formats.programs.tables import tables
from onepixel_gui.problems import UnusableCheckpoint

if TYPE_CHECKING:
    from torch import Tensor, nn

_SHARED = 64 << 20  # bytes: weights that share their numbers get them once each
_JSON, _SAMPLE = 24 << 20, 1 << 20  # bytes at most

_FOLDERS = {"weights": "weight_", "constants": "tensor_"}
_KNOWN = re.compile(
    r"models/[\w.-]+\.json|data/(weights|constants)/[\w.-]+|data/sample_inputs/[\w.-]+\.pt"
    r"|extra/[\w./-]+|archive_format|archive_version|byteorder|version|\.data/\w+",
    re.ASCII,
)
_MODEL = re.compile(r"models/(.+)\.json")


def entries_recognised(names: Sequence[str]) -> bool:
    """Whether a zip file with these entries is a torch.export program, old or new."""
    ends = ("/archive_format", "serialized_exported_program.json")
    return any(name.endswith(ends) or "/data/aotinductor/" in name for name in names)


def peek(file: BinaryIO, name: str) -> Contents:
    """What the archive says of itself; the size of its tiles is told where it is fixed.

    Raises UnusableCheckpoint and, for a damaged file, what `formats` names.
    """
    archive = _opened(file, name)
    program, tensors = _parts(archive)
    _, _, *edges = program.shape
    known = dict(told(archive))
    if None not in edges:
        known["input_size"] = tuple(edges)
    return Contents(
        format="torch.export program",
        architecture="torch.export program",
        stored=sum(
            weight.numbers
            for weight in tensors["weights"]
            if not weight.name.endswith("num_batches_tracked")
        ),
        told=known,
        recipe=program.outputs,
    )


def network(source: Source, contents: Contents) -> "nn.Module":  # noqa: ARG001
    """(N, 3, H, W) -> whatever the file's own graph gives; in evaluation mode, on the CPU.

    N may be any number, also where the file fixes it.  Raises UnusableCheckpoint and, for a
    damaged file, what `formats` names.
    """
    import torch

    from onepixel_gui.classifier.formats.programs.serving import served

    archive = _opened(io.BytesIO(source.data), source.name)
    program, tensors = _parts(archive)
    with _reading(), _silence("torch.export"):
        loaded = torch.export.load(io.BytesIO(_rewritten(program, tensors)))
        unlifted = loaded.module(check_guards=False)
    with torch.no_grad():
        for folder, held in (("weights", loaded.state_dict), ("constants", loaded.constants)):
            for weight in tensors[folder]:
                _fill(held[weight.name].detach(), archive, f"data/{folder}/{weight.file}", weight)
    with _reading():
        return served(unlifted, program.shape, source.name)


@contextmanager
def _silence(logger: str) -> Iterator[None]:
    """torch logs what it is about to raise, with all of the file's words."""
    voice = logging.getLogger(logger)
    before, voice.disabled = voice.disabled, True
    try:
        yield
    finally:
        voice.disabled = before


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever torch finds wrong with a graph, as one kind of error: it has no kind of its own."""
    try:
        yield
    except UnusableCheckpoint:
        raise
    except Exception as broken:
        raise ValueError(f"{type(broken).__name__}: {broken}") from broken


# ------------------------------------------------------------------ the archive
def _opened(file: BinaryIO, name: str) -> Archive:
    archive = Archive(file, name)
    if "serialized_exported_program.json" in archive:
        raise UnusableCheckpoint(
            f"{name} was exported by torch 2.7 or older, whose files are read no longer.",
            "Load it with that torch, save its state dict, and export it with torch 2.9 or newer.",
        )
    if any(entry.startswith("data/aotinductor/") for entry in archive):
        raise UnusableCheckpoint(
            f"{name} holds compiled libraries, which would run as they are.",
            "Export the network with torch.export.save, without compiling it.",
        )
    for entry in archive:
        if not _KNOWN.fullmatch(entry):
            raise unneeded(name, f"it holds {entry}")
        if entry.startswith("data/sample_inputs/") and archive.size(entry):
            sample = Archive(io.BytesIO(archive.read(entry)), name)
            tables(sample.read("data.pkl", _SAMPLE), name)  # refuses what could run
    return archive


def _parts(archive: Archive) -> tuple[Graph, Mapping[str, Sequence[Weight]]]:
    """The program, and the tensors in each folder, whose numbers are all there."""
    (model,) = (known[1] for entry in archive if (known := _MODEL.fullmatch(entry)))
    if f"data/weights/{model}.pt" in archive or f"data/constants/{model}.pt" in archive:
        raise UnusableCheckpoint(
            f"{archive.name} was exported by torch 2.8, which kept weights in a pickle.",
            "Load it with that torch, and export it again with torch 2.9 or newer.",
        )
    program = graph(_json(archive, f"models/{model}.json"), archive.name)
    tensors = {
        folder: weights(_json(archive, f"data/{folder}/{model}_{folder}_config.json"), archive.name)
        for folder in _FOLDERS
    }
    held = sum(archive.size(entry) for entry in archive)
    if sum(weight.size for group in tensors.values() for weight in group) > held + _SHARED:
        raise unneeded(archive.name, "its weights share most of their numbers")
    for folder, group in tensors.items():
        for weight in group:
            if weight.reach > archive.size(f"data/{folder}/{weight.file}"):
                raise ValueError(f"{weight.name} is cut short")
    return program, tensors


def _json(archive: Archive, entry: str) -> Any:
    return json.loads(archive.read(entry, _JSON))


def _rewritten(program: Graph, tensors: Mapping[str, Sequence[Weight]]) -> bytes:
    """An archive for torch with the program and the sizes of its weights, but not their numbers."""
    data = io.BytesIO()
    with ZipFile(data, "w") as copy:
        copy.writestr("program/models/model.json", json.dumps(program.program))
        copy.writestr("program/data/sample_inputs/model.pt", b"")
        copy.writestr("program/archive_format", "pt2")
        copy.writestr("program/archive_version", "0")
        copy.writestr("program/.data/version", "6")
        copy.writestr("program/byteorder", "little")
        for folder, start in _FOLDERS.items():
            config = {}
            for number, weight in enumerate(tensors[folder]):
                config[weight.name] = weight.described(f"{start}{number}")
                copy.writestr(f"program/data/{folder}/{start}{number}", b"")
            text = json.dumps({"config": config})
            copy.writestr(f"program/data/{folder}/model_{folder}_config.json", text)
    return data.getvalue()


def _fill(target: "Tensor", archive: Archive, entry: str, weight: Weight) -> None:
    """Write a weight's numbers into its tensor, which has its type and shape."""
    import torch

    if not weight.numbers:
        return
    if weight.plain:
        archive.pour(entry, target.view(-1).view(torch.uint8).numpy().data)
        return
    flat = torch.empty(weight.reach, dtype=torch.uint8)
    archive.pour(entry, flat.numpy().data)
    numbers = flat != 0 if target.dtype == torch.bool else flat.view(target.dtype)
    target.copy_(numbers.as_strided(weight.sizes, weight.strides, weight.offset))
