"""Which network do these weights belong to?  Told from names and shapes alone, without torch."""

import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from typing import Any, NamedTuple

from onepixel_gui import RESOURCES
from onepixel_gui.classifier import timm_networks
from onepixel_gui.classifier.card import Fit
from onepixel_gui.classifier.habits import Habit, of_own, scaled

INDEX = RESOURCES / "architectures.json.gz"

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
Pattern = tuple[int | str, ...]  # a word stands for a size that is free

# More than any real network has; a file that claims more is damaged or hostile.
_LARGEST = {"classes": 100_000, "places": 65_537, "hidden": 65_536}
_COUNTER = "num_batches_tracked"
_RANKS = {"weight": 0, "bias": 1, "running_mean": 2, "running_var": 3}
_TRAINED = "what torchvision's weights were trained with"
_LONGEST = 80  # letters of a weight's name that a reader is shown


class Nearest(NamedTuple):
    """The known network that comes closest, and the first three differences in words."""

    title: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class _Known:
    """A network of the index. weights: name -> shape; optional: prefixes that may be missing."""

    key: str
    title: str
    weights: Mapping[str, Pattern]
    optional: tuple[str, ...]
    habit: Habit

    @cached_property
    def layouts(self) -> tuple[Mapping[str, Pattern], ...]:
        """With the optional weights and without."""
        if not self.optional:
            return (self.weights,)
        lean = {k: s for k, s in self.weights.items() if not k.startswith(self.optional)}
        return self.weights, lean

    @cached_property
    def tally(self) -> Counter[Pattern]:
        return Counter(self.weights.values())

    def sizes(self, layout: Mapping[str, Pattern], found: Mapping[str, int]) -> dict[str, int]:
        if not self.optional:
            return dict(found)
        return {**found, "auxiliary": int(layout is self.weights)}


class _Match(NamedTuple):
    """How weights fit a network: stored name -> its own, and the sizes that are free in it."""

    names: Mapping[str, str]
    sizes: Mapping[str, int]
    exact: bool


def recognise(shapes: Shapes, hint: str = "") -> tuple[Fit, ...]:
    """The networks whose weights these are, best first; empty where none fits.

    shapes: name of each weight, without wrappers' prefixes, in the order of the file -> its shape.
    hint:   a network that the file names ("resnet50"); first where it fits.
    """
    wanted, stored = _plain(hint), _weights(shapes)
    found = []
    for known in _index().values():
        match = _match(known, stored)
        if match:
            named = bool(wanted) and wanted in (_plain(known.key), _plain(known.title))
            found.append((not named, not match.exact, _fit(known, match, named)))
    return tuple(fit for _, _, fit in sorted(found, key=lambda entry: entry[:2]))


def recognise_timm(shapes: Shapes, hint: str = "") -> tuple[Fit, ...]:
    """As `recognise`, among timm's networks where it is installed; loads torch, takes seconds."""
    return timm_networks.recognise(shapes, hint)


def nearest(shapes: Shapes) -> Nearest:
    """The known network that these weights come closest to, by names and shapes, then by names."""
    stored = _weights(shapes)
    tally: Counter[Pattern] = Counter(stored.values())
    best = max(_index().values(), key=lambda known: _closeness(known, stored, tally))
    return Nearest(best.title, _differences(best, stored))


def sizes(architecture: str, shapes: Shapes) -> Mapping[str, int]:
    """What of a network follows from its weights: "classes" and, where free, other sizes.

    Raises LookupError for an unknown network, ValueError where the weights do not fit it.
    """
    if architecture.startswith(timm_networks.PREFIX):
        return timm_networks.sizes(architecture, shapes)
    return _matched(architecture, shapes).sizes


def renaming(architecture: str, shapes: Shapes) -> Mapping[str, str]:
    """Stored name -> the network's own name; what is not listed has no place in the network.

    Raises as `sizes`.
    """
    if architecture.startswith(timm_networks.PREFIX):
        return timm_networks.renaming(shapes)
    match = _matched(architecture, shapes)
    modules = {_parted(left)[0]: _parted(right)[0] for left, right in match.names.items()}
    counters = {
        name: f"{modules[_parted(name)[0]]}.{_COUNTER}"
        for name in shapes
        if _parted(name)[1] == _COUNTER and _parted(name)[0] in modules
    }
    return {**match.names, **counters}


def conventions(architecture: str, classes: int, shapes: Shapes | None = None) -> dict[str, Any]:
    """Fields of a card as users of that network have them; none for one that is unknown.

    shapes: weights that fit it, where the input's size may follow from them; raises as `sizes`.
    """
    if architecture.startswith(timm_networks.PREFIX):
        return timm_networks.habit(architecture, _categories(), shapes).fields(classes)
    known = _index().get(architecture)
    if known is None:
        return {}
    told = known.habit.fields(classes)
    places = sizes(architecture, shapes).get("places") if shapes else None
    if places:
        patch = int(architecture.rpartition("_")[2])
        told["input_size"] = (patch * side(places),) * 2
    return told


def source(architecture: str) -> str:
    """Where `conventions` come from, in a few words."""
    if architecture.startswith(timm_networks.PREFIX):
        return timm_networks.TRAINED
    known = _index().get(architecture)
    return known.habit.source if known else ""


def side(places: int) -> int:
    """Patches along one edge of a square that has this many, and one place for the class."""
    edge = math.isqrt(max(places - 1, 0))
    if edge < 1 or edge * edge != places - 1:
        raise ValueError(f"{places} places are no square")
    return edge


# ------------------------------------------------------------------ do they fit?
def _matched(architecture: str, shapes: Shapes) -> _Match:
    match = _match(_index()[architecture], _weights(shapes))
    if match is None:
        raise ValueError(f"these weights are not those of {architecture}")
    return match


def _match(known: _Known, stored: Shapes) -> _Match | None:
    for layout in known.layouts:
        if len(layout) != len(stored):  # so that most of the index costs nothing
            continue
        pairs = [(pattern, stored.get(name)) for name, pattern in layout.items()]
        found = _bound(pairs)
        if found is not None:
            return _Match({name: name for name in stored}, known.sizes(layout, found), exact=True)
        renamed = _in_order(layout, stored)
        if renamed is not None:
            names, found = renamed
            return _Match(names, known.sizes(layout, found), exact=False)
    return None


def _weights(shapes: Shapes) -> Shapes:
    return {name: shape for name, shape in shapes.items() if not name.endswith(_COUNTER)}


def _bound(pairs: Iterable[tuple[Pattern, Shape | None]]) -> dict[str, int] | None:
    """What the free sizes are, where all shapes agree."""
    found: dict[str, int] = {}
    for pattern, shape in pairs:
        if shape is None or not _agree(pattern, shape, found):
            return None
    return found


def _agree(pattern: Pattern, shape: Shape, found: dict[str, int]) -> bool:
    if pattern == shape:
        return True
    if len(pattern) != len(shape):
        return False
    for expected, size in zip(pattern, shape, strict=True):
        if isinstance(expected, int):
            if expected != size:
                return False
        elif not _possible(expected, size) or found.setdefault(expected, size) != size:
            return False
    return True


def _possible(word: str, size: int) -> bool:
    if not 1 <= size <= _LARGEST[word]:
        return False
    return word != "places" or (size > 1 and math.isqrt(size - 1) ** 2 == size - 1)


def _in_order(
    layout: Mapping[str, Pattern], stored: Shapes
) -> tuple[dict[str, str], dict[str, int]] | None:
    """Stored name -> the layout's, where kinds and shapes agree one after the other.

    A safetensors file is sorted by letters and has lost the order of its network.  Sorted with
    numbers as numbers, layers mostly come back into it.
    """
    definition, by_name = _sequence(layout), _sequence(stored, by_name=True)
    tries = [(by_name, definition), (by_name, _sequence(layout, by_name=True))]
    given = [(_sequence(stored), definition)]
    lost = list(stored) == sorted(stored)
    for left, right in tries + given if lost else given + tries:
        names = dict(zip(left, right, strict=True))
        if all(_same_kind(a, b) for a, b in names.items()):
            found = _bound((layout[b], stored[a]) for a, b in names.items())
            if found is not None:
                return names, found
    return None


def _sequence(names: Iterable[str], *, by_name: bool = False) -> list[str]:
    """Names grouped by layer, a layer's weights always in the same order."""
    layers: dict[str, list[str]] = {}
    for name in names:
        layers.setdefault(_parted(name)[0], []).append(name)
    order = sorted(layers, key=_natural) if by_name else list(layers)
    return [name for layer in order for name in sorted(layers[layer], key=_rank)]


def _parted(name: str) -> tuple[str, str]:
    layer, _, leaf = name.rpartition(".")
    return layer, leaf


def _natural(name: str) -> list[tuple[int, int, str]]:
    # Ten digits and more are no layer's number, and int() refuses thousands of them.
    parts = re.findall(r"[0-9]{1,9}|[^0-9]+", name)
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts]


def _rank(name: str) -> tuple[int, str]:
    leaf = _parted(name)[1]
    return _RANKS.get(leaf, -1), leaf


def _same_kind(stored: str, own: str) -> bool:
    left, right = _rank(stored)[0], _rank(own)[0]
    return left == right or -1 in (left, right)


# ------------------------------------------------------------------ what is told
def _fit(known: _Known, match: _Match, named: bool) -> Fit:
    if match.exact:
        reason = "The names and shapes of all weights agree."
    else:
        reason = "The shapes of all weights agree in their order, but their names differ."
    if named:
        reason = "The file names it. " + reason
    classes = match.sizes.get("classes", 1)
    return Fit(known.key, known.title, classes, match.exact, reason)


def _plain(words: str) -> str:
    return re.sub(r"[^a-z0-9]|^cifar|torchvision", "", words[:200].lower())


def _closeness(
    known: _Known, stored: Shapes, tally: Counter[Pattern]
) -> tuple[float, float, float]:
    """Shares of weights that agree in name and shape, in name, and in shape alone."""
    common = [name for name in known.weights if name in stored]
    agreeing = sum(_agree(known.weights[name], stored[name], {}) for name in common)
    either = len(known.weights) + len(stored) - len(common)
    alike = sum(min(count, tally[shape]) for shape, count in known.tally.items())
    return agreeing / either, len(common) / either, alike / (len(known.weights) + len(stored))


def _differences(known: _Known, stored: Shapes) -> tuple[str, ...]:
    wanted = known.weights
    if not any(name.startswith(known.optional or ("\0",)) for name in stored):
        wanted = known.layouts[-1]
    lacking = [
        _difference(name, pattern, stored.get(name))
        for name, pattern in wanted.items()
        if name not in stored or not _agree(pattern, stored[name], {})
    ]
    surplus = (
        f"{_short(name)} is {_size(shape)} here and missing there"
        for name, shape in stored.items()
        if name not in known.weights
    )
    extra = list(islice(surplus, 3))
    shown = lacking[: 2 if extra else 3]  # so that something of either side is seen
    return (*shown, *extra[: 3 - len(shown)])


def _difference(name: str, pattern: Pattern, shape: Shape | None) -> str:
    if shape is None:
        return f"{name} is missing"
    return f"{name} is {_size(shape)} here and {_size(pattern)} there"


def _short(name: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in name[:_LONGEST])
    return shown if len(name) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def _size(shape: Sequence[int | str]) -> str:
    words = [_number(size) for size in shape[:8]] + (["..."] if len(shape) > 8 else [])
    return " x ".join(words) or "a single number"


def _number(size: int | str) -> str:
    # Python refuses to write down whole numbers of thousands of digits.
    return "huge" if isinstance(size, int) and abs(size) >> 64 else str(size)


# ------------------------------------------------------------------ the index
@cache
def _told() -> Any:
    with gzip.open(INDEX) as file:
        return json.load(file)


def _categories() -> tuple[str, ...]:
    return tuple(_told()["categories"])


@cache
def _index() -> Mapping[str, _Known]:
    return {entry["key"]: _known(entry, _categories()) for entry in _told()["networks"]}


def _known(entry: Mapping[str, Any], categories: tuple[str, ...]) -> _Known:
    weights = {}
    for line in entry["weights"]:
        name, _, sizes = line.partition(" ")
        weights[name] = tuple(int(s) if s.isdecimal() else s for s in sizes.split(",") if s)
    title, habit = of_own(entry["key"]) or (
        f"torchvision's {entry['key']}",
        scaled(_TRAINED, entry["edge"], entry["mean"], entry["std"], categories),
    )
    return _Known(entry["key"], title, weights, tuple(entry["optional"]), habit)
