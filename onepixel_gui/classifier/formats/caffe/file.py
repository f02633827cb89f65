"""Caffe's .caffemodel: a chain of layers with its weights, both ways Caffe wrote them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from onepixel_gui.classifier.formats.caffe.chain import (
    SOURCES,
    WIDEST,
    Blob,
    Layer,
    Misfit,
    Step,
    after,
    steps_of,
)
from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.wire import LENGTH, VARINT, Message, looks_like, shown, whole
from onepixel_gui.problems import UnusableCheckpoint

if TYPE_CHECKING:
    from torch import nn

_NET = {1: LENGTH, 2: LENGTH, 3: LENGTH, 4: VARINT, 5: VARINT, 6: LENGTH, 7: VARINT, 8: LENGTH}
_NET[100] = LENGTH
_LARGEST_MEAN = 64 << 20  # bytes
_LONGEST = 400  # layers

# Where a layer's parts stand: name, kind, what it reads and makes, weights, when it is used.
_FIELDS = {
    "new": {"name": 1, "kind": 2, "bottom": 3, "top": 4, "blobs": 7, "include": 8, "exclude": 9},
    "old": {"name": 4, "kind": 5, "bottom": 2, "top": 3, "blobs": 6, "include": 32, "exclude": 33},
}
_OPTIONS = {
    "Convolution": (106, 10), "Pooling": (121, 19), "InnerProduct": (117, 17), "LRN": (118, 18),
    "ReLU": (123, 30), "BatchNorm": (139, 0), "Scale": (142, 0), "Input": (143, 0),
}  # fmt: skip
_TRANSFORM = {"new": 100, "old": 36}
_OLD_KINDS = {
    1: "Accuracy", 4: "Convolution", 5: "Data", 6: "Dropout", 8: "Flatten", 9: "HDF5Data",
    12: "ImageData", 14: "InnerProduct", 15: "LRN", 17: "Pooling", 18: "ReLU", 19: "Sigmoid",
    20: "Softmax", 21: "SoftmaxWithLoss", 22: "Split", 23: "TanH", 24: "WindowData",
    27: "SigmoidCrossEntropyLoss", 29: "MemoryData", 32: "DummyData", 36: "Silence",
}  # fmt: skip
_USUAL = (32, 224, 227, 64, 96, 112, 128, 160, 192, 256, 299)  # pixels, where several would do

_ANY = (224, 224)

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """What lies around the weights. mean: (3, H, W) or (3, 1, 1), blue first, 0-255, or None."""

    mean: Blob | None
    scale: float


def recognises(head: bytes) -> bool:
    """head: the first bytes of a file, some hundred of them."""
    return looks_like(head, _NET, first=(1, 2, 3, 100)) and head[:1] != b"\x08"


def peek(file: BinaryIO, name: str) -> Contents:
    """The chain of layers, the input size they fit, and the mean image beside the file.

    Raises UnusableCheckpoint for layers that are not known here, ValueError for a damaged file.
    """
    net = Message(whole(file))
    layers = _layers(net, name)
    steps = steps_of(layers, net.texts(3), name)
    transform = next((one.transform for one in layers if one.kind in SOURCES), Message(b""))
    image, notes = _mean(getattr(file, "name", None), transform)
    size, source = _size(name, steps, _stated(net, layers, transform, image))
    recipe, fitted = _recipe(name, image, size, transform)
    told: dict[str, Any] = {"order": "BGR", "scaling": "zero-to-255", "fitting": "resize"}
    told |= {"outputs": _outputs(steps), "count": _count(steps, size or _ANY, name)} | (
        {"input_size": size} if size else {}
    )
    fed = "how Caffe feeds its networks"
    title = shown(net.text(1), 60)
    return Contents(
        format="Caffe model",
        stored=sum(blob.size for layer in layers for blob in layer.blobs),
        architecture="Caffe",
        told=told,
        sources={
            "order": fed, "scaling": fed, "fitting": "assumed", "input_size": source,
            "outputs": "its last layer",
        },
        notes=(*([f"The file calls its network {title}."] if title else []), *notes, *fitted),
        recipe=recipe,
    )  # fmt: skip


def network(source: Source, contents: Contents) -> "nn.Module":
    """(N, 3, H, W) blue first, 0-255 -> (N, C). A nn.Sequential of torch's own layers."""
    from onepixel_gui.classifier.formats.caffe.network import built

    recipe = contents.recipe
    assert isinstance(recipe, Recipe)
    net = Message(source.data)
    steps = steps_of(_layers(net, source.name), net.texts(3), source.name)
    return built(steps, recipe.mean, recipe.scale)


# ------------------------------------------------------------------ the file
def _layers(net: Message, file: str) -> list[Layer]:
    era = "new" if 100 in net else "old"
    found = net.messages(100 if era == "new" else 2)
    if not found:
        raise ValueError("no layers")
    if len(found) > _LONGEST:
        raise UnusableCheckpoint(
            f"{file} has {len(found)} layers, more than a chain that can be read.",
            "Export the network whole, as TorchScript, .pt2 or ONNX.",
        )
    layers = [_layer(message, era, file) for message in found]
    return [layer for layer in layers if layer is not None]


def _layer(message: Message, era: str, file: str) -> Layer | None:
    """None for what is used in training or in testing only, beside a twin for the other."""
    at = _FIELDS[era]
    code = message.integer(at["kind"]) if era == "old" else 0
    kind = _OLD_KINDS.get(code, f"kind {code}") if era == "old" else message.text(at["kind"])
    if _testing_only(message, at) and kind in SOURCES:
        return None
    number = _OPTIONS.get(kind, (0, 0))[era == "old"]
    return Layer(
        file=file,
        name=message.text(at["name"]),
        kind=kind,
        bottom=tuple(message.texts(at["bottom"])),
        top=tuple(message.texts(at["top"])),
        options=message.message(number) if number else Message(b""),
        transform=message.message(_TRANSFORM[era]) if kind in SOURCES else Message(b""),
        blobs=tuple(_blob(blob) for blob in message.messages(at["blobs"])),
    )


def _testing_only(message: Message, at: Mapping[str, int]) -> bool:
    return any(rule.integer(1) == 1 for rule in message.messages(at["include"]))


def _blob(message: Message) -> Blob:
    """Raises ValueError where the shape is not that of the numbers."""
    if 7 in message:
        shape = message.message(7).integers(1)
    else:
        shape = [message.integer(axis, 1) for axis in (1, 2, 3, 4)]
    values = message.floats(5) if 5 in message else message.doubles(8).astype(np.float32)
    if any(size < 1 for size in shape) or math.prod(shape) != values.size:
        raise ValueError(f"{values.size} numbers for the shape {shape[:8]}")
    return values.reshape(shape)


# ------------------------------------------------------------------ size and mean
def _stated(
    net: Message, layers: Sequence[Layer], transform: Message, image: Blob | None
) -> list[tuple[Size, str]]:
    """(H, W) that somebody names, and who, best first."""
    shapes = [message.integers(1) for message in net.messages(8)] + [net.integers(4)]
    for layer in layers:
        if layer.kind == "Input":
            shapes += [message.integers(1) for message in layer.options.messages(1)]
    crop = transform.integer(3)
    found = [((crop, crop), "its crop size, stated in the file")] if crop else []
    found += [((shape[2], shape[3]), "stated in the file") for shape in shapes if len(shape) == 4]
    if image is not None and image.shape[1] > 1:
        found.append(((image.shape[1], image.shape[2]), "the mean image beside the file"))
    return found


def _size(
    name: str, steps: Sequence[Step], stated: Sequence[tuple[Size, str]]
) -> tuple[Size | None, str]:
    """The first size named that fits, else one that does; None where any would."""
    for size, source in stated:
        if _fits(steps, size):
            return size, source
    edges = (*_USUAL, *range(1, WIDEST + 1))
    fitting = next((edge for edge in edges if _fits(steps, (edge, edge))), None)
    if fitting is None:
        raise UnusableCheckpoint(
            f"{name} has layers that fit no picture of three channels.",
            "Choose a network that takes colour pictures of at most 1,024 px.",
        )
    if not any(step.kind == "Linear" for step in steps):
        return None, ""
    return (fitting, fitting), "the size that its layers fit"


def _fits(steps: Sequence[Step], size: Size) -> bool:
    try:
        return max(size) <= WIDEST and bool(after(steps, (3, *size)))
    except Misfit:
        return False


def _mean(path: object, transform: Message) -> tuple[Blob | None, tuple[str, ...]]:
    """(3, H, W) 0-255, blue first: as the file states it, or from the .binaryproto beside it."""
    values = [float(value) for value in transform.floats(5)]
    if len(values) in (1, 3):
        mean = np.array(values * (3 // len(values)), np.float32)
        return mean.reshape(3, 1, 1), ("The mean colour that the file states is subtracted.",)
    named = transform.text(4).replace("\\", "/").rpartition("/")[2]
    beside = _beside(Path(path), named) if isinstance(path, str) else None
    if beside is None:
        return None, ("No mean image was found beside the file, so none is subtracted.",)
    image = _image(beside)
    if image is None:
        return None, (f"{beside.name} is not a mean image of three channels; it is not used.",)
    return image, (f"The mean image {beside.name} beside the file is subtracted.",)


def _beside(path: Path, named: str) -> Path | None:
    """The mean image that is named; else the only one there is."""
    found = list(islice(path.parent.glob("*.binaryproto"), 20))
    wanted = [one for one in found if one.name == named] or (found if len(found) == 1 else [])
    return wanted[0] if wanted and wanted[0].stat().st_size <= _LARGEST_MEAN else None


def _image(path: Path) -> Blob | None:
    try:
        blob = _blob(Message(path.read_bytes()))
    except (OSError, ValueError):
        return None
    image = blob[0] if blob.ndim == 4 and len(blob) == 1 else blob
    sound = image.ndim == 3 and len(image) == 3 and bool(np.isfinite(image).all())
    return image if sound else None


def _recipe(
    name: str, image: Blob | None, size: Size | None, transform: Message
) -> tuple[Recipe, tuple[str, ...]]:
    """The mean in the network's own size: what is larger is cropped, as Caffe does."""
    scale = transform.real(1, 1.0)
    if not math.isfinite(scale) or scale == 0:
        raise UnusableCheckpoint(
            f"{name} multiplies its input by {scale}.", "Train or export the network again."
        )
    if image is None or image.shape[1:] == (1, 1):
        return Recipe(image, scale), ()
    rows, columns = (image.shape[1] - size[0], image.shape[2] - size[1]) if size else (-1, -1)
    if size is None or min(rows, columns) < 0:
        flat = image.mean((1, 2), keepdims=True)
        return Recipe(flat, scale), ("The mean image is of another size; its colour is used.",)
    top, left = rows // 2, columns // 2
    return Recipe(image[:, top : top + size[0], left : left + size[1]], scale), ()


def _count(steps: Sequence[Step], size: Size, name: str) -> int:
    shape = after(steps, (3, *size))
    if len(shape) != 1:
        raise UnusableCheckpoint(
            f"{name} does not return one row of numbers per tile.",
            "Choose the checkpoint of a classifier.",
        )
    return shape[0]


def _outputs(steps: Sequence[Step]) -> str:
    return {"Softmax": "softmax", "Sigmoid": "sigmoid"}.get(steps[-1].kind, "logits")
