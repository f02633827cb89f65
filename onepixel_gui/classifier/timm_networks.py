"""Networks of timm, where it is installed: found by a fingerprint of their weights, then built.

Keys are "timm:NAME".  The index knows one version of timm; a network of another is found where
the file names it.
"""

import gzip
import json
import math
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from onepixel_gui import RESOURCES
from onepixel_gui.classifier.card import Fit
from onepixel_gui.classifier.habits import Habit, scaled

if TYPE_CHECKING:
    from torch import nn

INDEX = RESOURCES / "timm.json.gz"
PREFIX = "timm:"
PATIENCE = 8.0  # seconds until no further network is built to be compared

_COUNTER = "num_batches_tracked"
TRAINED = "what timm's weights of this network were trained with"
_MOST = 8  # fits that a reader is offered
_CLASSES = 100_000
_EDGE = 4096  # pixels

Shapes = Mapping[str, tuple[int, ...]]


def recognise(shapes: Shapes, hint: str = "") -> tuple[Fit, ...]:
    """As `recognition.recognise`, among timm's networks; empty where timm is not installed.

    Networks are built without weights to make sure: up to ten seconds.
    """
    stored = weights(shapes)
    if find_spec("timm") is None or len(stored) > _index()["longest"] or not _plausible(stored):
        return ()
    until = time.monotonic() + PATIENCE
    found: list[Fit] = []
    for name in _candidates(stored, hint):
        if len(found) == _MOST or time.monotonic() > until:
            break
        try:
            told = sizes(PREFIX + name, stored)
        except ValueError:
            continue
        reason = "The names and shapes of all weights agree."
        if name == _plain(hint):
            reason = "The file names it. " + reason
        found.append(Fit(PREFIX + name, f"timm's {name}", told["classes"], True, reason))
    return tuple(found)


def sizes(architecture: str, shapes: Shapes) -> Mapping[str, int]:
    """How many "classes", and the picture's "edge" in pixels where it is not the usual one.

    Raises ValueError where the weights do not fit, LookupError without such a network.
    """
    name, stored = architecture.removeprefix(PREFIX), weights(shapes)
    classes = _classes(_heads(name), stored)
    own = _shapes(name, classes, 0)
    if own == stored:
        return {"classes": classes}
    edge = _edge(name, own, stored)
    if edge:
        # Not every network that learns places can be made for another picture.
        with suppress(TypeError, AssertionError):
            if _shapes(name, classes, edge) == stored:
                return {"classes": classes, "edge": edge}
    raise ValueError(f"these weights are not those of {architecture}")


def renaming(shapes: Shapes) -> Mapping[str, str]:
    """As `recognition.renaming`: names agree, but a counter needs a norm to count for."""
    means = {name for name in shapes if name.endswith(".running_mean")}
    return {
        name: name
        for name in shapes
        if not name.endswith(_COUNTER) or name.removesuffix(_COUNTER) + "running_mean" in means
    }


def build(architecture: str, sizes: Mapping[str, int]) -> "nn.Module":
    """The network with its weights on the meta device; what can be computed is real."""
    import torch

    facts = (architecture.removeprefix(PREFIX), sizes["classes"], sizes.get("edge", 0))
    with torch.device("meta"):
        network: nn.Module = _created(*facts)
    if not _computed(network):
        network = _created(*facts)  # costs time and memory, but then nothing is missing
    return network.eval()


def habit(architecture: str, categories: tuple[str, ...], shapes: Shapes | None = None) -> Habit:
    """How timm's weights of this network are fed; shapes may tell another size of the picture."""
    told = _facts(architecture.removeprefix(PREFIX))
    edge = sizes(architecture, shapes).get("edge", 0) if shapes else 0
    return scaled(TRAINED, edge or told.input_size[-1], told.mean, told.std, categories)


def fingerprint(shapes: Shapes, heads: Iterable[str]) -> str:
    """Of all weights, whatever the number of classes and the size of the picture."""
    digest = blake2b(digest_size=6)
    free = tuple(f"{head}." for head in heads)
    for name in sorted(shapes):
        shape: tuple[int | str, ...] = shapes[name]
        if name.startswith(free):
            shape = ("classes", *shape[1:])
        elif name.rpartition(".")[2] == "pos_embed":
            shape = ("places",) * len(shape)
        digest.update(f"{name} {shape}\n".encode(errors="replace"))
    return digest.hexdigest()


def entry(name: str) -> tuple[str, tuple[str, ...], int]:
    """For the index: fingerprint, the names of the heads, and how many weights there are."""
    own, heads = _shapes(name, 1000, 0), _heads(name)
    return fingerprint(own, heads), heads, len(own)


def weights(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Without the counters of batch norms, which say nothing."""
    return {name: shape for name, shape in shapes.items() if not name.endswith(_COUNTER)}


# ------------------------------------------------------------------ which could it be?
def _candidates(stored: Shapes, hint: str) -> list[str]:
    named = [_plain(hint)] if hint and timm().is_model(_plain(hint)) else []
    prints = {fingerprint(stored, heads) for heads in _index()["heads"]}
    networks = _index()["networks"]
    found = [name for mark in prints for name in networks.get(mark, ()) if timm().is_model(name)]
    # Of several, the plainest name is the likeliest: the others are its later trainings.
    found.sort(key=lambda name: (len(name), name))
    return list(dict.fromkeys(named + found))


def _plausible(stored: Shapes) -> bool:
    named = all(len(name) < 500 and len(shape) < 8 for name, shape in stored.items())
    return named and all(0 <= size < 1 << 40 for shape in stored.values() for size in shape)


def _plain(hint: str) -> str:
    return hint[:200].rpartition("/")[2].removeprefix(PREFIX).partition(".")[0].lower()


def _classes(heads: tuple[str, ...], stored: Shapes) -> int:
    free = tuple(f"{head}." for head in heads)
    found = {shape[0] for name, shape in stored.items() if name.startswith(free) and shape}
    if len(found) != 1 or not 1 <= (classes := found.pop()) <= _CLASSES:
        raise ValueError("no head of this name")
    return classes


def _edge(name: str, own: Shapes, stored: Shapes) -> int:
    """Pixels of the picture that as many learned places belong to, 0 where that cannot be told."""
    usual, found = own.get("pos_embed", ()), stored.get("pos_embed", ())
    if len(usual) != 3 or len(found) != 3:
        return 0
    edge = int(_facts(name).input_size[-1])
    for extra in range(6):  # places of no patch: class, distillation, registers
        before, after = usual[1] - extra, found[1] - extra
        if min(before, after) > 0 and math.isqrt(before) ** 2 == before:
            side, remainder = divmod(edge * math.isqrt(after), math.isqrt(before))
            if math.isqrt(after) ** 2 == after and not remainder and side <= _EDGE:
                return side
    return 0


# ------------------------------------------------------------------ timm
@cache
def timm() -> Any:
    """timm, after what torchvision needs to be imported.  Raises LookupError without it."""
    if find_spec("timm") is None:
        raise LookupError("timm is not installed")
    from onepixel_gui.classifier.architectures import torchvision_models

    torchvision_models()
    return import_module("timm")


def _facts(name: str) -> Any:
    told = timm().get_pretrained_cfg(name) if timm().is_model(name) else None
    if told is None:
        raise LookupError(f"timm has no network {name}")
    return told


def _heads(name: str) -> tuple[str, ...]:
    told = _facts(name).classifier or ()
    return (told,) if isinstance(told, str) else tuple(told)


@lru_cache(maxsize=32)
def _shapes(name: str, classes: int, edge: int) -> dict[str, tuple[int, ...]]:
    import torch

    with torch.device("meta"):
        state = _created(name, classes, edge).state_dict()
    return weights({key: tuple(value.shape) for key, value in state.items()})


def _created(name: str, classes: int, edge: int) -> Any:
    more = {"img_size": edge} if edge else {}
    return timm().create_model(name, pretrained=False, num_classes=classes, **more)


def _computed(network: "nn.Module") -> bool:
    """Make real what no checkpoint holds: counters, and tables that follow from the network."""
    import torch

    stored = network.state_dict().keys()
    for path, module in network.named_modules():
        tables = False
        for key, value in list(module.named_buffers(recurse=False)):
            derived = f"{path}.{key}".lstrip(".") not in stored
            if value.is_meta and (derived or key == _COUNTER):
                setattr(module, key, torch.zeros_like(value, device="cpu"))
                tables |= derived
        if tables:
            compute: Any = getattr(module, "init_non_persistent_buffers", None)
            if compute is None:
                return False
            try:
                compute()
            except NotImplementedError:  # it asks weights that are not there yet
                return False
    return not any(b.is_meta for key, b in network.named_buffers() if key not in stored)


@cache
def _index() -> Any:
    with gzip.open(INDEX) as file:
        return json.load(file)
