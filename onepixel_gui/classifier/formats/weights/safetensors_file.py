"""Weights in a safetensors file, with what its metadata says of the network. Torch only to load."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.weights.state_dict import as_used, stored
from onepixel_gui.classifier.formats.weights.wrappers import own_names
from onepixel_gui.problems import UnusableCheckpoint

if TYPE_CHECKING:
    from torch import Tensor

_HEADER = 16 << 20  # bytes
_BRACKETS = 300_000  # opened in the header, three for each weight; more take long to read
_DIMENSIONS = 16
_ITEM_SIZES: Final = {
    **{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "BOOL": 1},
    **{"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1},
}
_HALVES: Final = {"F64": "float64", "F16": "float16", "BF16": "bfloat16"}
# What the metadata may say of the network; the rest of a card is found out, not stated.
_FOUND_OUT = {"file", "sha256", "architecture", "weights", "doubts", "format", "white_box"}
_TOLD = {field.name for field in fields(Card)} - _FOUND_OUT - {"sources"}


def recognises(head: bytes) -> bool:
    """Eight bytes of length, then a JSON object; no length is larger than what is read here."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= 100_000_000


def peek(file: BinaryIO, name: str) -> Contents:
    """What the header says. Raises UnusableCheckpoint for numbers that are not read, ValueError
    for a header that is damaged, contradicts itself or does not fit the file."""
    return _read(file, name)[0]


def weights(source: Source, contents: Contents) -> "dict[str, Tensor]":
    """Name -> tensor on the CPU, floating numbers as float32, contiguous; names as in `contents`.

    Raises as `peek`.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    found, names = _read(BytesIO(source.data), source.name)
    if dict(found.shapes) != dict(contents.shapes):
        raise ValueError("the file was changed since it was looked at")
    try:
        tensors = load(source.data)
    except SafetensorError as broken:
        raise ValueError(str(broken)) from broken
    return as_used({own: tensors.pop(key) for own, key in names.items()}, found.shapes)


def _read(file: BinaryIO, name: str) -> tuple[Contents, dict[str, str]]:
    header, room = _header(file)
    metadata = _metadata(header.pop("__metadata__", {}))
    odd = {entry.get("dtype") for entry in header.values()} - set(_ITEM_SIZES)
    if any(isinstance(kind, str) and kind[:3] in ("F8_", "F4", "F6_", "C64") for kind in odd):
        raise UnusableCheckpoint(
            f"{name} holds complex numbers or numbers of 8 bits and fewer.",
            "Save the network with ordinary weights of 16, 32 or 64 bits.",
            detail=", ".join(sorted(map(str, odd)))[:200],
        )
    shapes = _shapes(header, room)
    names, notes = own_names(key for key in shapes if header[key]["dtype"] != "BOOL")
    if not names:
        raise UnusableCheckpoint(f"{name} holds no weights.", "Choose a file that holds some.")
    kinds = {_HALVES.get(header[key]["dtype"], "") for key in names.values()} - {""}
    if kinds:
        notes += (f"Weights stored as {' and '.join(sorted(kinds))} are used as float32.",)
    kept = {own: shapes[key] for own, key in names.items()}
    return (
        Contents(
            "safetensors",
            stored(kept),
            kept,
            architecture=metadata.get("architecture", ""),
            told=_told(metadata.get("card", "{}")),
            notes=notes,
        ),
        names,
    )


def _header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header, and the bytes of numbers behind it."""
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > min(_HEADER, size - 8):
        raise ValueError("a header larger than the file, or than any that is read")
    text = file.read(length)
    if text.count(b"[") + text.count(b"{") > _BRACKETS:
        raise ValueError("a header of more weights than any that is read")
    header = _json(text)
    if not isinstance(header, dict) or not all(isinstance(part, dict) for part in header.values()):
        raise ValueError("a header that is no list of weights")
    return header, size - 8 - length


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except RecursionError as deep:
        raise ValueError("JSON nested too deeply") from deep


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        raise ValueError("one name stands for two things")
    return held


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _metadata(said: dict[str, Any]) -> Mapping[str, str]:
    if not all(isinstance(word, str) for word in said.values()):
        raise ValueError("metadata that is no text")
    return said


def _shapes(header: Mapping[str, dict[str, Any]], room: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape, if the numbers of all lie side by side and fill the file."""
    shapes, parts = {}, []
    for key, entry in header.items():
        if set(entry) != {"dtype", "shape", "data_offsets"}:
            raise ValueError("a weight that is described oddly")
        shape, (begin, end) = _lengths(entry["shape"]), _lengths(entry["data_offsets"])
        if math.prod(shape) * _ITEM_SIZES[entry["dtype"]] != end - begin:
            raise ValueError("a weight of another size than its shape says")
        shapes[key] = shape
        parts.append((begin, end))
    place = 0
    for begin, end in sorted(parts):
        if begin != place:
            raise ValueError("weights that overlap or leave gaps")
        place = end
    if place != room:
        raise ValueError("weights that do not fill the file")
    return shapes


def _lengths(numbers: Any) -> tuple[int, ...]:
    if not isinstance(numbers, list) or len(numbers) > _DIMENSIONS:
        raise ValueError("a shape of no sensible length")
    if not all(type(number) is int and 0 <= number < 1 << 48 for number in numbers):
        raise ValueError("a shape of no sensible size")
    return tuple(numbers)


def _told(text: str) -> dict[str, Any]:
    """Fields of a card, lists as tuples; "input" is how `input_size` was called at first."""
    said = _json(text)
    if not isinstance(said, dict):
        raise ValueError("a card that is no list of fields")
    if "input" in said:
        said.setdefault("input_size", said.pop("input"))
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in said.items()
        if key in _TOLD
    }
