"""Weights inside a HDF5 file that Keras wrote, found by name and never by walking about. No torch.

A stranger's HDF5 can link to other files, keep its numbers outside itself, or claim shapes that no
memory holds: every link, dataset and size is looked at before it is followed, opened or read.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier.formats.keras.graph import Layer
from onepixel_gui.problems import UnusableCheckpoint
from onepixel_gui.tiles.hdf5_headers import EXTERNAL, LAYOUT, Headers

_FILTERS = {1, 2, 3}  # deflate, shuffle, checksum; others may load a plug-in
_LARGEST_ATTRIBUTE = 16 << 20  # bytes
_ATTRIBUTES = 1000  # that one list may be parted into
_STATISTICS = frozenset({"moving_mean", "moving_variance", "mean", "variance", "count"})
_SAME = {"depthwise_kernel": "kernel"}  # Keras 3 calls it so


class Datasets(ABC):
    """The weights of a file, layer by layer.

    file: as h5py opened it, and the same as bytes.  name: the file's.
    spare: bytes that all weights together may take.
    """

    def __init__(self, file: Any, raw: Any, name: str, spare: int) -> None:
        self.file, self.name, self.spare = file, name, spare
        self._headers = Headers(raw)
        self.layers: tuple[Layer, ...] = ()  # all that have weights

    @abstractmethod
    def of(self, layer: Layer) -> dict[str, Any]:
        """Name of each part of a layer -> its dataset, nothing of which is read yet."""

    def arrays(self, layer: Layer) -> dict[str, NDArray[np.float32]]:
        """Name of each part of a layer -> its numbers."""
        return {part: self.read(one) for part, one in self.of(layer).items()} if layer.parts else {}

    def read(self, dataset: Any) -> NDArray[np.float32]:
        self.spare -= 4 * dataset.size
        if self.spare < 0:
            raise self.refuse("claims more weights than it has room for")
        return np.ascontiguousarray(dataset[()], np.float32)

    def found(self, path: str) -> Any:
        """The dataset at a path, through links within this file only. Raises KeyError."""
        one = self.at(path)
        if not isinstance(one, h5py.Dataset):
            raise KeyError(f"no dataset at {path[:200]}")
        self._judge(one, path)
        return one

    def at(self, path: str) -> Any:
        one = self.file
        for step in filter(None, path.split("/")):
            where = address(one, step) if isinstance(one, h5py.Group) else None
            if where is None:
                raise self.refuse("refers to something that does not lie in it", path)
            for kind, data in self._headers.messages(where):
                virtual = kind == LAYOUT and data[0] > 2 and data[1] > 2
                if kind == EXTERNAL or virtual:
                    raise self.refuse("keeps its weights in other files", path)
            one = one[step]
        return one

    def words(self, group: Any, key: str) -> list[str]:
        """An attribute of one or many strings; [] where there is none.

        Keras parts a long one into key0, key1, and so on.
        """
        found: list[str] = []
        keys = [key] if h5py.h5a.exists(group.id, key.encode()) else _numbered(group, key)
        for one in keys:
            attribute = h5py.h5a.open(group.id, one.encode())
            count = attribute.get_space().get_simple_extent_npoints()
            kind = attribute.get_type()
            if count * kind.get_size() > _LARGEST_ATTRIBUTE:
                raise self.refuse("describes itself in more words than any network needs", one)
            if count and isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str():
                where = h5py.h5o.get_info(group.id).addr
                found += self._headers.strings(where, one, count)
            elif count:
                told = np.atleast_1d(group.attrs[one])
                found += [x.decode() if isinstance(x, bytes) else str(x) for x in told.tolist()]
        return found

    def _judge(self, one: Any, path: str) -> None:
        if one.dtype.kind not in "fiu" or one.dtype.itemsize > 8:
            raise self.refuse("holds weights that are no ordinary numbers", path)
        settings = one.id.get_create_plist()
        filters = {settings.get_filter(at)[0] for at in range(settings.get_nfilters())}
        chunk = math.prod(one.chunks or (0,)) * one.dtype.itemsize
        held = one.id.get_storage_size()
        whole = one.chunks is not None or held >= one.nbytes
        if not filters <= _FILTERS or max(one.nbytes, chunk) > self.spare or not whole:
            raise self.refuse("claims more weights than it has room for", path)

    def refuse(self, what: str, path: str = "") -> UnusableCheckpoint:
        return UnusableCheckpoint(
            f"{self.name} {what}.",
            "Save the model again with model.save(), and copy it whole.",
            detail=path[:200],
        )


class Archive(Datasets):
    """`model.weights.h5` of a .keras archive: layers are numbered, weights too."""

    def of(self, layer: Layer) -> dict[str, Any]:
        path = "/".join(f"layers/{one}" for one in layer.stored)
        if not linked(self.file, "layers"):  # Keras 2.12 to 2.15
            path = path.replace("layers/", "_layer_checkpoint_dependencies/")
        return {part: self.found(f"{path}/vars/{index}") for index, part in enumerate(layer.parts)}


class Legacy(Datasets):
    """A whole-model HDF5 file: a group per layer of the outermost model, with a list of weights."""

    def __init__(self, file: Any, raw: Any, name: str, spare: int) -> None:
        super().__init__(file, raw, name, spare)
        self._listed: dict[str, list[str]] = {}
        self._owners: dict[str, dict[str, list[str]]] = {}
        self._ordered: dict[str, dict[Layer, list[str]]] = {}

    def listed(self, top: str) -> list[str]:
        """Weights of one layer of the outermost model, in the file's order, as paths below it."""
        if top not in self._listed:
            group = self.at(f"model_weights/{top}")
            self._listed[top] = self.words(group, "weight_names")
        return self._listed[top]

    def of(self, layer: Layer) -> dict[str, Any]:
        top = layer.place[0]
        paths = self.listed(top)
        if len(layer.place) > 1:
            paths = self._named(layer.place) or self._in_order(top, paths)[layer]
        if len(paths) != len(layer.parts):
            raise ValueError(f"{layer.name} has {len(paths)} weights, not {len(layer.parts)}")
        return {
            part: self.found(f"model_weights/{top}/{path}")
            for part, path in zip(layer.parts, paths, strict=True)
        }

    def _named(self, place: tuple[str, ...]) -> list[str]:
        """The weights that are called after a layer inside a nested model; [] if none is."""
        top = place[0]
        if top not in self._owners:
            owners: dict[str, list[str]] = {}
            for path in self.listed(top):
                owners.setdefault(path.rpartition("/")[0], []).append(path)
            self._owners[top] = owners
        for start in range(len(place)):
            if found := self._owners[top].get("/".join(place[start:])):
                return found
        return []

    def _in_order(self, top: str, paths: list[str]) -> dict[Layer, list[str]]:
        """The weights of a nested model, where TensorFlow has given the names a number."""
        if top not in self._ordered:
            slots = list(_slots([one for one in self.layers if one.place[0] == top]))
            found: dict[Layer, list[str]] = {layer: [] for layer, _ in slots}
            for (layer, part), path in zip(slots, paths, strict=True):
                word = path.rpartition("/")[2].partition(":")[0]
                if word not in (part, _SAME.get(part)):
                    raise ValueError(f"{path[:200]} stands where {layer.name} has its {part}")
                found[layer].append(path)
            self._ordered[top] = found
        return self._ordered[top]


def _slots(layers: list[Layer]) -> Iterator[tuple[Layer, str]]:
    """All parts of some layers as Keras orders them: what is trained first."""
    for trained in (True, False):
        for layer in layers:
            for part in layer.parts:
                if trained == (layer.trainable and part not in _STATISTICS):
                    yield layer, part


def _numbered(group: Any, key: str) -> Iterator[str]:
    for number in range(_ATTRIBUTES):
        if not h5py.h5a.exists(group.id, f"{key}{number}".encode()):
            return
        yield f"{key}{number}"


def linked(group: Any, name: str) -> bool:
    """Something of that name lies in a group itself, and not behind a reference."""
    return address(group, name) is not None


def address(group: Any, name: str) -> int | None:
    """Where in the file the object of that name has its header; None as above."""
    links, key = group.id.links, name.encode()
    if not links.exists(key):
        return None
    link = links.get_info(key)
    return int(link.u) if link.type == h5py.h5l.TYPE_HARD else None
