"""Keras files, `.h5`, `.hdf5` and `.keras`, without Keras: h5py, zip and JSON.

Only what the network's configuration names is looked up, link by link; nothing outside the file
is ever opened.
"""

import io
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.keras import codait
from onepixel_gui.classifier.formats.keras import told as told_by
from onepixel_gui.classifier.formats.keras.graph import Graph, graph_of
from onepixel_gui.classifier.formats.keras.store import Archive, Datasets, Legacy, linked
from onepixel_gui.problems import UnusableCheckpoint

if TYPE_CHECKING:
    from torch import Tensor, nn

_MAGIC = b"\x89HDF\r\n\x1a\n"
_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_LARGEST_CONFIG = 8 << 20  # bytes; the largest of keras.applications has 1.3 MB
SPARE = 512 << 20  # bytes that a file's weights may take more than the file itself

_CONVENTIONS = {
    "ResNet": ("caffe", "BGR"),
    "VGG": ("caffe", "BGR"),
    "MobileNet": ("minus-one-to-one", "RGB"),
    "Inception": ("minus-one-to-one", "RGB"),
    "Xception": ("minus-one-to-one", "RGB"),
    "DenseNet": ("imagenet", "RGB"),
}


def recognises(head: bytes) -> bool:
    """head: the first bytes of a file, 8 at least."""
    return head.startswith(_MAGIC)


def entries_recognised(names: Collection[str]) -> bool:
    """names: of the entries of a zip archive."""
    return {_CONFIG, _METADATA, _WEIGHTS} <= set(names)


def peek(file: IO[bytes], name: str) -> Contents:
    """What a Keras file says of its network; `name` is the file's, for its problems.

    Raises UnusableCheckpoint, and what a damaged file leads to.
    """
    with _opened(file, name) as (model, version, store):
        if found := codait.shapes(store):
            return _ibm(found, model, version, name)
        if model is None:
            raise UnusableCheckpoint(
                f"{name} holds Keras weights without the network they belong to.",
                "Save the whole model with model.save(), not only its weights.",
            )
        graph = graph_of(model, name, version)
        store.layers = graph.layers
        stored = sum(one.size for layer in graph.layers for one in store.of(layer).values())
    return _described(graph, stored, "Keras HDF5" if isinstance(store, Legacy) else _ARCHIVE)


_ARCHIVE = "Keras 3 archive"


def network(source: Source, contents: Contents) -> "nn.Module":
    """(N, 3, H, W) float32 -> (N, C), in evaluation mode; H and W as `contents` tells them.

    Raises UnusableCheckpoint for a layer that cannot be rebuilt, and what a damaged file leads to.
    """
    from onepixel_gui.classifier.formats.keras.network import assembled

    with _opened(io.BytesIO(source.data), source.name) as (_, _, store):
        size = contents.told["input_size"]
        store.layers = contents.recipe.layers
        return assembled(contents.recipe, store, size, source.name)


def weights(source: Source, contents: Contents) -> "dict[str, Tensor]":
    """The weights of the IBM network by the names of `architectures.CodaitMitosis`."""
    with _opened(io.BytesIO(source.data), source.name) as (_, _, store):
        return codait.weights(store, contents.shapes)


# ------------------------------------------------------------------ what it says
def _ibm(shapes: Mapping[str, tuple[int, ...]], model: Any, version: int, name: str) -> Contents:
    known = "the published network"
    stored = sum(_numbers(shape) for shape in shapes.values())
    return Contents(
        format="Keras HDF5",
        stored=stored,
        shapes=shapes,
        architecture="codait_mitosis",
        told={
            "name": "IBM MAX mitosis detector",
            "classes": ("normal", "mitosis"),
            "subject": "mitosis",
            "input_size": (64, 64),
            "scaling": "minus-one-to-one",
            "order": "RGB",
            "outputs": "logits",
        },
        sources=dict.fromkeys(("name", "classes", "subject", "scaling", "order"), known),
        recipe=None if model is None else graph_of(model, name, version),
    )


def _described(graph: Graph, stored: int, kind: str) -> Contents:
    application = told_by.application(graph)
    told: dict[str, Any] = {"outputs": told_by.outputs(graph)}
    sources = {"outputs": "the last layer in the file"}
    notes: tuple[str, ...] = ()
    if graph.size is None:
        edge = 299 if application in ("InceptionV3", "Xception") else 224
        notes = (f"The file leaves the input size open; {edge} x {edge} px was assumed.",)
        sources["input_size"] = "assumed, as the file leaves it open"
    told["input_size"] = graph.size or (edge, edge)
    if told_by.scales_itself(graph):
        told["scaling"] = "zero-to-255"
        sources["scaling"] = "the network scales colours itself"
    elif application:
        told["scaling"], told["order"] = _convention(application)
        for key in ("scaling", "order"):
            sources[key] = f"what Keras' {application} was trained with"
    return Contents(
        format=kind,
        stored=stored,
        architecture=f"Keras {application or 'network'}",
        told=told,
        sources=sources,
        notes=notes,
        recipe=graph,
    )


def _convention(application: str) -> tuple[str, str]:
    if application.endswith("V2"):  # the second ResNets left Caffe's ways
        return "minus-one-to-one", "RGB"
    return next(told for word, told in _CONVENTIONS.items() if application.startswith(word))


def _numbers(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


# ------------------------------------------------------------------ opening
@contextmanager
def _opened(file: IO[bytes], name: str) -> "Iterator[tuple[Any, int, Datasets]]":
    """(configuration or None, Keras' major version, where the weights are)."""
    import h5py

    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    if recognises(head):
        with h5py.File(file, "r") as hdf5:
            store = Legacy(hdf5, file, name, size + SPARE)
            if not linked(hdf5, "model_weights"):
                raise _no_model(name, store)
            told = store.words(hdf5, "model_config")
            version = store.words(hdf5, "keras_version")
            yield _parsed(told[0], name) if told else None, _major(version), store
        return
    try:
        with ZipFile(file) as archive:
            model = _parsed(_entry(archive, _CONFIG, name), name)
            metadata = _parsed(_entry(archive, _METADATA, name), name)
            held = _weights(archive, file, size, name)
            with h5py.File(held, "r") as hdf5:
                version = [str(metadata.get("keras_version", "3"))]
                yield model, _major(version), Archive(hdf5, held, name, size + SPARE)
    except (BadZipFile, EOFError, zlib.error) as broken:
        raise ValueError(str(broken)) from broken


def _no_model(name: str, store: Datasets) -> UnusableCheckpoint:
    weights_only = ("layers", "_layer_checkpoint_dependencies")
    if any(linked(store.file, one) for one in weights_only) or store.words(
        store.file, "layer_names"
    ):
        return UnusableCheckpoint(
            f"{name} holds Keras weights without the network they belong to.",
            "Save the whole model with model.save(), not only its weights.",
        )
    return UnusableCheckpoint(
        f"{name} is an HDF5 file, but holds no Keras model.",
        "Choose a model that Keras saved with model.save().",
    )


def _major(version: list[str]) -> int:
    first = version[0].split(".")[0] if version else "1"
    return int(first) if first.isdigit() else 2


def _parsed(text: str | bytes, name: str) -> Any:
    if len(text) > _LARGEST_CONFIG:
        raise UnusableCheckpoint(
            f"{name} describes its network in more than {_LARGEST_CONFIG >> 20} MB of words.",
            "Choose the checkpoint of a tile classifier.",
        )
    return json.loads(text)


def _entry(archive: ZipFile, entry: str, name: str) -> bytes:
    info = archive.getinfo(entry)
    _bounded(info, _LARGEST_CONFIG, name)
    return archive.read(info)


def _bounded(info: ZipInfo, most: int, name: str) -> None:
    if info.file_size > most or info.compress_type not in (ZIP_STORED, 8):
        raise UnusableCheckpoint(
            f"{name} would unpack to far more than it should.",
            "Save the model again with model.save().",
            detail=f"{info.filename}: {info.file_size} bytes, method {info.compress_type}",
        )


def _weights(archive: ZipFile, file: IO[bytes], size: int, name: str) -> "IO[bytes] | _Part":
    """The weights' own file inside the archive; read in place, as Keras does not compress it."""
    info = archive.getinfo(_WEIGHTS)
    _bounded(info, min(4 * size, size + SPARE), name)
    if info.compress_type != ZIP_STORED:
        return io.BytesIO(archive.read(info))
    with archive.open(info):  # checks the entry's own header
        pass
    file.seek(info.header_offset + 26)
    before = sum(int.from_bytes(file.read(2), "little") for _ in range(2))
    return _Part(file, info.header_offset + 30 + before, info.file_size)


class _Part(io.RawIOBase):
    """A stretch of another file as a file of its own."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        super().__init__()
        self._file, self._start, self._length, self._at = file, start, length, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")[: max(0, self._length - self._at)]
        self._file.seek(self._start + self._at)
        count: int = self._file.readinto(view)  # type: ignore[attr-defined]
        self._at += count
        return count
