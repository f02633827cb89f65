"""What a training run leaves around a network's weights: dictionaries, prefixes, other numbers and
a few words about itself. Plain Python in, plain Python out."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from onepixel_gui.classifier.formats.weights.pickles import Made

_STATE = ("state_dict", "model_state_dict", "model_state")
_PLAIN = (*_STATE, "model", "net", "network", "module", "weights", "params")
_AVERAGED = ("ema", "state_dict_ema", "model_ema", "ema_state_dict", "ema_model")
_LEVELS = 3  # {"model": {"state_dict": {...}}} and one more

_LONGEST = 500  # letters of a name

_PREFIXES = ("module.", "model.", "backbone.", "_orig_mod.", "net.", "network.", "encoder.")
# Parts of a weight's name that no network has, only its training.
_TRAINING = re.compile(
    r"(\w+_)?(loss|losses|loss_fn|criterion|metric|metrics|acc|accuracy|auc|auroc|f1|f1_score"
    r"|precision|recall|specificity|confmat|confusion_matrix|ema|ema_model|model_ema"
    r"|attacker|normali[sz]er|normali[sz]e)(_\w+)?\d*"
)
# Numbers that a wrapper holds itself, beside the network in it.
_OWN = re.compile(r"(pixel_)?(mean|std)|(\w+_)?weights?")
_OWNERS = frozenset({"module.", "model.", "_orig_mod.", "net.", "network."})
_PROFILED = ("total_ops", "total_params")  # left behind by a counter of operations

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the weights lie. path: the keys that lead there; notes: for the reader."""

    path: tuple[str, ...]
    held: Mapping[Any, Any]
    notes: tuple[str, ...]


def find(value: Any, is_weight: Callable[[Any], bool]) -> Found | None:
    """The network's weights in what a file holds; averaged ones only where there are no others."""
    search = _Search(is_weight)
    found = search.inside(value, _LEVELS)
    if found is None:
        return None
    if any(key in _AVERAGED for key in found.path):
        note = "The weights are moving averages (EMA); the file holds no others."
    elif any(search.holds(value.get(key), 1) for key in _AVERAGED):
        note = "The file also holds moving averages (EMA) of the weights, which are not used."
    else:
        return found
    return Found(found.path, found.held, (*found.notes, note))


class _Search:
    """Looks into each dictionary once, however often a file mentions it."""

    def __init__(self, is_weight: Callable[[Any], bool]) -> None:
        self._is_weight = is_weight
        self._known: dict[tuple[int, int], bool] = {}

    def holds(self, value: Any, levels: int = 0) -> bool:
        """A dictionary with a weight in it, or in one that lies so many levels inside."""
        if not isinstance(value, dict):
            return False
        place = (id(value), levels)
        if place not in self._known:
            self._known[place] = any(
                isinstance(key, str) and self._is_weight(item) for key, item in value.items()
            ) or (levels > 0 and any(self.holds(item, levels - 1) for item in value.values()))
        return self._known[place]

    def inside(self, value: Any, levels: int) -> Found | None:
        if not isinstance(value, dict) or levels < 0:
            return None
        bare = self.holds(value)
        for key in _PLAIN if bare else (*_PLAIN, *_AVERAGED):
            deeper = self.inside(value.get(key), levels - 1)
            if deeper is not None:
                return Found((key, *deeper.path), deeper.held, deeper.notes)
        return Found((), value, ()) if bare else self._only(value)

    def _only(self, value: dict[Any, Any]) -> Found | None:
        """Under a key of the file's own invention, where weights stand under no other."""
        keys = [key for key, item in value.items() if isinstance(key, str) and self.holds(item)]
        if len(keys) != 1:
            return None
        return Found((keys[0],), value[keys[0]], (f'The weights stand under "{keys[0][:60]}".',))


def own_names(shapes: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The network's own name of each weight -> its name in the file, and notes for the reader.

    Prefixes that all weights share are wrappers'; what training added is left out.  Raises
    ValueError for names that nobody gives.
    """
    whole = list(shapes)
    if any(len(name) > _LONGEST for name in whole):
        raise ValueError("a weight with a name of absurd length")
    kept = _of_network([key for key in whole if key.rpartition(".")[2] not in _PROFILED])
    names, stripped = {key: key for key in kept or whole}, ""
    while prefix := _shared(names):
        inner = {name.removeprefix(prefix): key for name, key in names.items() if "." in name}
        names = {name: inner[name] for name in _of_network(inner) or inner}
        stripped += prefix
    notes = []
    if stripped:
        notes.append(f'The prefix "{stripped}" was taken off the names of the weights.')
    left_out = sorted(set(whole) - set(names.values()))
    if left_out:
        notes.append(f"Left out, as it does not belong to the network: {_listed(left_out)}.")
    return names, tuple(notes)


def _shared(names: Iterable[str]) -> str:
    """The wrapper's prefix, where all names have it but those of its own numbers."""
    inner = [name for name in names if "." in name]
    own = [name for name in names if "." not in name]
    for prefix in _PREFIXES:
        if inner and all(len(name) > len(prefix) and name.startswith(prefix) for name in inner):
            alone = not own or (prefix in _OWNERS and all(map(_OWN.fullmatch, own)))
            return prefix if alone else ""
    return ""


def _of_network(names: Iterable[str]) -> list[str]:
    """The names whose first part is none of a loss, a metric or an average beside the network."""
    return [
        name for name in names if "." not in name or not _TRAINING.fullmatch(name.split(".")[0])
    ]


def _listed(names: list[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


# ------------------------------------------------------------------ what the file says of itself
_SETTINGS = ("hyper_parameters", "hparams", "args", "config", "cfg", "opt", "meta")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "architecture_hint": ("arch", "architecture", "model_name", "model"),
    "classes": ("classes", "class_names", "CLASSES", "class_to_idx", "idx_to_class"),
    "input_size": ("input_size", "img_size", "image_size", "input_shape"),
    "mean": ("mean",),
    "std": ("std",),
}


def told(value: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What a training run wrote beside its weights, as fields of a card, and where each stands.

    "architecture_hint" is the run's own word for its network.  Mean and standard deviation come
    together, in units of 0-1.  Whatever is not plain is passed over.
    """
    fields: dict[str, Any] = {}
    sources: dict[str, str] = {}
    outer = _plain(value)
    for settings in (outer, *(_plain(outer.get(key)) for key in _SETTINGS)):
        for field, words in _WORDS.items():
            for word in words:
                said = _READERS[field](settings.get(word))
                if said and field not in fields:
                    fields[field], sources[field] = said, f'"{word}" in the file'
    mean, std = fields.pop("mean", None), fields.pop("std", None)
    if mean and std:
        scale = 255.0 if max(mean) > 1.5 else 1.0
        fields["scaling"] = "custom"
        fields["mean"] = tuple(part / scale for part in mean)
        fields["std"] = tuple(part / scale for part in std)
        sources["scaling"] = '"mean" and "std" in the file'
    return fields, {field: sources[field] for field in fields}


def _plain(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, Made):
        return value.held
    return value if isinstance(value, dict) else {}


def _word(said: Any) -> str:
    return said if isinstance(said, str) and 0 < len(said) <= 200 else ""


def _classes(said: Any) -> tuple[str, ...]:
    """In the order of the outputs, from a list or from a dictionary either way round."""
    if isinstance(said, dict):
        pairs = [(key, item) if isinstance(key, int) else (item, key) for key, item in said.items()]
        numbered = {place: name for place, name in pairs if type(place) is int}
        if sorted(numbered) != list(range(len(said))):
            return ()
        said = [numbered[place] for place in range(len(said))]
    if not isinstance(said, list | tuple) or not 2 <= len(said) <= 100_000:
        return ()
    names = tuple(said)
    return names if all(map(_word, names)) and len(set(names)) == len(names) else ()


def _size(said: Any) -> tuple[int, ...]:
    """(H, W) of an edge, of (H, W) or of (3, H, W)."""
    edges = tuple(said) if isinstance(said, list | tuple) else (said, said)
    edges = edges[1:] if len(edges) == 3 and edges[0] == 3 else edges
    sound = len(edges) == 2 and all(type(edge) is int and 1 <= edge <= 4096 for edge in edges)
    return edges if sound else ()


def _channels(said: Any) -> tuple[float, ...]:
    parts = tuple(said) if isinstance(said, list | tuple) else ()
    plain = len(parts) == 3 and all(isinstance(part, int | float) for part in parts)
    return tuple(float(part) for part in parts) if plain and all(map(isfinite, parts)) else ()


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "architecture_hint": _word,
    "classes": _classes,
    "input_size": _size,
    "mean": _channels,
    "std": lambda said: min(_channels(said), default=0.0) > 0 and _channels(said),
}
