"""The layers of a Keras network and what feeds what, as its configuration tells. No torch here.

Nested models are laid out flat, so that the graph is one sequence of steps in which a step reads
only earlier ones.  Keras 1, 2 and 3, tf.keras among them, each write this in their own way.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from onepixel_gui.classifier.formats.keras.words import (
    CODE,
    SUPPORTED,
    is_custom,
    is_operation,
    modern,
    parts_of,
    snake,
)
from onepixel_gui.problems import UnusableCheckpoint

_MODELS = frozenset({"Functional", "Model", "Sequential"})
_STEPS, _DEPTH = 10_000, 12  # far above any network; a file may claim anything
_Key = tuple[str, int]
_Reads = dict[_Key, list[_Key | float]]  # what each use of a layer reads


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer with its settings; a layer that is used twice is the same object.

    kind:       Keras' class name, of Keras 2 and 3.
    place:      names of the models it lies in and its own, outermost first.
    stored:     the same as numbered by a .keras archive.
    trainable:  neither it nor a model around it is frozen: this orders weights in a file.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    place: tuple[str, ...]
    stored: tuple[str, ...]
    trainable: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of its weights, in the order in which Keras keeps them."""
        return parts_of(self.kind, self.config)

    def like(self, kind: str, config: Mapping[str, Any]) -> "Layer":
        """A layer without weights that stands inside this one's settings."""
        return replace(self, kind=kind, config=config)

    def flag(self, key: str, default: bool) -> bool:
        return bool(self.config.get(key, default))

    def word(self, key: str, default: str = "") -> str:
        value = self.config.get(key)
        return default if value is None else str(value)

    def number(self, key: str, default: float) -> float:
        value = self.config.get(key)
        if isinstance(value, Mapping):  # a NumPy scalar, as tf.keras wrote them
            value = value.get("value")
        return default if value is None else float(value)

    def whole(self, key: str, default: int | None = None) -> int:
        """At least 1. Raises ValueError."""
        return _whole(self.config.get(key, default))

    def pair(self, key: str, default: Any = None) -> tuple[int, int]:
        """(rows, columns), each at least 1. Raises ValueError."""
        value = self.config.get(key)
        value = default if value is None else value
        one, other = (value, value) if isinstance(value, int) else value
        return _whole(one), _whole(other)


@dataclass(frozen=True, slots=True)
class Step:
    """operands: indices of the steps it reads, as int, and constants to compute with, as float."""

    layer: Layer
    operands: tuple[int | float, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        return tuple(one for one in self.operands if isinstance(one, int))


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """steps:   the first is the input, the last the answer.

    layers:   every layer with weights that the file lists, in its order.
    size:     (H, W) of the input in pixels; None where the file leaves it open.
    version:  Keras' major version.
    """

    steps: tuple[Step, ...]
    layers: tuple[Layer, ...]
    size: tuple[int, int] | None
    version: int


def graph_of(model: Any, name: str, version: int) -> Graph:
    """The graph of a parsed `model_config`; `name` is the file's, for its problems.

    Raises UnusableCheckpoint for what is no plain picture classifier, and what a damaged
    configuration leads to: LookupError, TypeError, ValueError, AttributeError.
    """
    reader = _Reader(name, version)
    first = Layer("input", "InputLayer", {}, (), (), trainable=True)
    reader.steps.append(Step(first, ()))
    answer = reader.model(model, (), (), [0], trainable=True)
    steps = _needed(reader.steps, answer)
    layers = tuple(layer for layer in reader.layers.values() if layer.parts)
    return Graph(steps, layers, _size(reader.shape, name), version)


def _needed(steps: Sequence[Step], answer: int) -> tuple[Step, ...]:
    """The steps that the answer depends on; the answer becomes the last."""
    wanted = {0, answer}
    for index in range(answer, -1, -1):
        if index in wanted:
            wanted.update(steps[index].inputs)
    at = {old: new for new, old in enumerate(sorted(wanted))}
    return tuple(
        Step(
            steps[old].layer,
            tuple(at[one] if isinstance(one, int) else one for one in steps[old].operands),
        )
        for old in at
    )


def _size(shape: Any, name: str) -> tuple[int, int] | None:
    if not isinstance(shape, list) or len(shape) != 4:
        raise UnusableCheckpoint(
            f"{name} does not take pictures.",
            "Choose the checkpoint of a classifier of RGB tiles.",
            detail=f"input shape {str(shape)[:200]}",
        )
    _, height, width, channels = shape
    if channels not in (3, None):
        raise UnusableCheckpoint(
            f"{name} takes pictures whose last axis is not three colours.",
            "Choose a classifier of RGB tiles with channels last, as Keras makes them.",
            detail=f"input shape {str(shape)[:200]}",
        )
    return None if height is None or width is None else (_whole(height), _whole(width))


@dataclass(frozen=True, slots=True)
class _Model:
    """numbered: as `_numbered`.  place, stored: its names within others: told, and of weights."""

    config: Mapping[str, Any]
    numbered: Mapping[str, tuple[str, Any]]
    place: tuple[str, ...]
    stored: tuple[str, ...]
    trainable: bool


class _Reader:
    def __init__(self, name: str, version: int) -> None:
        self.name, self.version = name, version
        self.steps: list[Step] = []
        self.layers: dict[tuple[str, ...], Layer] = {}
        self.shape: Any = None  # of the outermost input

    def refuse(self, what: str, remedy: str, detail: str = "") -> UnusableCheckpoint:
        return UnusableCheckpoint(f"{self.name} {what}", remedy, detail=detail)

    # -------------------------------------------------------------- models
    def model(
        self,
        spec: Any,
        place: tuple[str, ...],
        stored: tuple[str, ...],
        inputs: Sequence[int],
        *,
        trainable: bool,
    ) -> int:
        """Add the steps of a model that reads the steps `inputs`; the step of its answer."""
        if len(place) > _DEPTH:
            raise self.refuse("nests models too deeply.", "Save the network as one flat model.")
        kind, config = str(spec["class_name"]), spec["config"]
        if kind not in _MODELS or is_custom(spec):
            raise self.refuse(
                f"is built from a class of its own, {kind[:60]}, whose code is not in the file.",
                "Rebuild it with keras.Sequential or keras.Model(inputs, outputs), and save that.",
            )
        if isinstance(config, list):  # Keras up to 2.2
            config = {"layers": config}
        trainable = trainable and bool(config.get("trainable", True))
        listed = config["layers"]
        if len(listed) > _STEPS:
            raise self.refuse(
                f"claims {len(listed):,} layers.", "Choose the checkpoint of a tile classifier."
            )
        model = _Model(config, _numbered(listed), place, stored, trainable)
        lay = self._chain if kind == "Sequential" else self._net
        return lay(model, inputs)

    def _chain(self, model: _Model, inputs: Sequence[int]) -> int:
        if not model.place:
            self.shape = _first_shape([spec for _, spec in model.numbered.values()])
            self.shape = self.shape or model.config.get("build_input_shape")
        (at,) = inputs
        for name, (_, spec) in model.numbered.items():
            if spec["class_name"] != "InputLayer":
                at = self._part(model, name, [at])
        return at

    def _net(self, model: _Model, inputs: Sequence[int]) -> int:
        config = model.config
        entries, exits = _ends(config["input_layers"]), _ends(config["output_layers"])
        if len(entries) != len(inputs) or len(exits) != 1:
            raise self.refuse(
                f"takes {len(entries)} inputs and gives {len(exits)} answers where one is used.",
                "Save a model with one picture as input and one answer.",
            )
        if not model.place:
            self.shape = _shape(model.numbered[entries[0][0]][1]["config"])
        done: dict[_Key, int] = dict(zip(entries, inputs, strict=True))
        read, (answer,) = self._wired(model, exits)
        uses = {key: [one for one in of if isinstance(one, tuple)] for key, of in read.items()}
        for key in TopologicalSorter(uses).static_order():
            if key not in done:
                operands = [done[one] if isinstance(one, tuple) else one for one in read[key]]
                done[key] = self._part(model, key[0], operands)
        return done[answer]

    def _wired(self, model: _Model, exits: list[_Key]) -> tuple[_Reads, list[_Key]]:
        """And the uses that answer."""
        calls = {
            (name, index): call
            for name, (_, spec) in model.numbered.items()
            for index, call in enumerate(spec.get("inbound_nodes", ()))
        }
        read = {key: self._operands(key[0], call) for key, call in calls.items()}
        mentioned = {one for of in read.values() for one in of if isinstance(one, tuple)}
        for name, (_, spec) in model.numbered.items():
            # Keras 2 counts a nested model's own making as its first use.
            count = len(spec.get("inbound_nodes", ()))
            if spec["class_name"] in _MODELS and {(name, count)} & {*mentioned, *exits}:
                read = {key: [_back(one, name) for one in of] for key, of in read.items()}
                exits = [_back(one, name) for one in exits]
        return read, exits

    def _part(self, model: _Model, name: str, operands: Sequence[int | float]) -> int:
        """Use one of a model's layers."""
        number, spec = model.numbered[name]
        place, stored = (*model.place, name), (*model.stored, number)
        return self._use(spec, place, stored, operands, model.trainable)

    # -------------------------------------------------------------- layers
    def _use(
        self,
        spec: Any,
        place: tuple[str, ...],
        stored: tuple[str, ...],
        operands: Sequence[int | float],
        trainable: bool,
    ) -> int:
        if str(spec["class_name"]) in _MODELS and not is_custom(spec):
            steps = [one for one in operands if isinstance(one, int)]
            return self.model(spec, place, stored, steps, trainable=trainable)
        if place not in self.layers:
            self.layers[place] = self._layer(spec, place, stored, trainable)
        self.steps.append(Step(self.layers[place], tuple(operands)))
        if len(self.steps) > _STEPS:
            raise self.refuse(
                f"claims more than {_STEPS:,} layers.",
                "Choose the checkpoint of a tile classifier.",
            )
        return len(self.steps) - 1

    def _layer(
        self, spec: Any, place: tuple[str, ...], stored: tuple[str, ...], trainable: bool
    ) -> Layer:
        kind, config = modern(spec)
        name = place[-1]
        if kind in CODE or is_custom(spec):
            raise self.refuse(
                f"holds code of its own in the layer {name[:60]} ({kind[:60]}), "
                "and a stranger's code is never run.",
                "Replace that layer by one of Keras' own, or export the network to ONNX.",
            )
        if kind not in SUPPORTED:
            raise self.refuse(
                f"has a layer of a kind that cannot be rebuilt, {name[:60]} ({kind[:60]}).",
                "Export the network to ONNX, which keeps such layers.",
            )
        if config.get("data_format") == "channels_first":
            raise self.refuse(
                f"keeps channels first in the layer {name[:60]}.",
                "Save the network with data_format='channels_last'.",
            )
        trainable = trainable and bool(config.get("trainable", True))
        return Layer(name, kind, config, place, stored, trainable)

    def _operands(self, name: str, call: Any) -> list[_Key | float]:
        """What one use of a layer reads: (layer, which of its uses), or a number."""
        if isinstance(call, Mapping):  # Keras 3
            found = list(_told(call["args"]))
            named = call.get("kwargs", {})
        else:
            if call and isinstance(call[0], str):  # tf.keras with a single input
                call = [call]
            found = [_key(one) for one in call]
            named = call[0][3] if call and len(call[0]) > 3 else {}
        if named.get("training") is True and self.version < 3:  # Keras 3 takes no notice of it
            raise self.refuse(
                f"keeps the layer {name[:60]} in training mode, so that its answers are random.",
                "Save the network with training=False.",
            )
        if "y" in named:  # tf.math.subtract(x, y=...)
            found += [_key(named["y"])] if isinstance(named["y"], list) else [float(named["y"])]
        if "_CONSTANT_VALUE" in {one[0] for one in found if isinstance(one, tuple)}:
            raise self.refuse(
                f"computes with a stored constant in {name[:60]}.",
                "Export the network to ONNX, which keeps such steps.",
            )
        return found


def _back(key: Any, name: str) -> Any:
    return (name, key[1] - 1) if isinstance(key, tuple) and key[0] == name else key


def _told(value: Any, depth: int = 0) -> Iterator[_Key | float]:
    """Tensors and numbers among the arguments as Keras 3 writes them."""
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        yield _key(value["config"]["keras_history"])
    elif isinstance(value, list) and depth < 3:
        for one in value:
            yield from _told(one, depth + 1)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
    elif value is not None:
        raise ValueError(f"an argument that is neither tensor nor number: {str(value)[:80]}")


def _key(history: Any) -> _Key:
    name, node, tensor = history[:3]
    if tensor != 0 and name != "_CONSTANT_VALUE":
        raise ValueError(f"{str(name)[:60]} gives several tensors")
    return str(name), int(node)


def _ends(told: Any) -> list[_Key]:
    if isinstance(told, Mapping):
        told = list(told.values())
    return [_key(told)] if told and isinstance(told[0], str) else [_key(one) for one in told]


def _first_shape(listed: Sequence[Any]) -> Any:
    """The input's shape, which the first layer tells, or the first of the model it is."""
    for _ in range(_DEPTH):
        if not listed:
            return None
        config = listed[0]["config"]
        if isinstance(config, Mapping) and (found := _shape(config)):
            return found
        listed = config["layers"] if isinstance(config, Mapping) and "layers" in config else config
        listed = listed if isinstance(listed, list) else []
    return None


def _shape(config: Mapping[str, Any]) -> Any:
    return config.get("batch_shape") or config.get("batch_input_shape")


def _numbered(listed: Sequence[Any]) -> dict[str, tuple[str, Any]]:
    """Name of each layer -> (what a .keras archive calls it, its specification), in order."""
    seen: Counter[str] = Counter()
    found: dict[str, tuple[str, Any]] = {}
    for spec in listed:
        name = str(spec.get("name") or spec["config"]["name"])
        if name in found:
            raise ValueError(f"two layers are called {name[:60]}")
        kind = snake(str(spec["class_name"])[:200])
        if is_operation(spec):  # no layer, so not counted
            found[name] = (kind, spec)
            continue
        found[name] = (f"{kind}_{seen[kind]}" if seen[kind] else kind, spec)
        seen[kind] += 1
    return found


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or not 1 <= value <= 1 << 24:
        raise ValueError(f"not a positive whole number: {str(value)[:40]}")
    return int(value)
