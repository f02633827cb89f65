"""The JSON of a torch.export program, taken apart and put together again without what could run.

Only what is rebuilt here is ever shown to torch: operators of `OPERATORS` and arithmetic on
sizes, plain arguments, and names that are names.  Sizes that the file writes as expressions are
replaced by the numbers they had when it was exported; metadata, guards, call signatures and
devices are left out.  No torch here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from onepixel_gui.classifier.formats.programs.archive import OPERATORS, unneeded, words
from onepixel_gui.problems import UnusableCheckpoint

NODES = 50_000
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 12: 1, 13: 2}
"""Bytes of a number, by the format's own number for its type."""

_BOOL = 12
_END = (1 << 63) - 1  # "until the end" of a slice
_CPU = {"type": "cpu", "index": None}
_ARITHMETIC = {
    f"_operator.{word}" for word in words("add sub mul floordiv mod neg eq ne lt le gt ge")
}
# What only checks sizes that were true when the network was exported.
_CHECKS = words("_assert_scalar _assert_tensor_metadata sym_constrain_range_for_size")
_TARGET = re.compile(r"torch\.ops\.aten\.([A-Za-z_]\w*)\.([A-Za-z]\w*)", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w{0,250}", re.ASCII)
_PATH = re.compile(r"(?!__)\w{1,250}(\.(?!__)\w{1,250}){0,40}", re.ASCII)
_TEXT = re.compile(r"[A-Za-z0-9_,.> -]{0,100}")
# A size in words: never evaluated, but a file that calls for more than sums is refused.
_EXPRESSION = re.compile(r"(?!.*__)[\w+*/(),'=<> -]{1,400}", re.ASCII)
_LEAF = '{"type": null, "context": null, "children_spec": []}'
_ONE_TILE = (
    '[1, {"type": "builtins.tuple", "context": "null", "children_spec": ['
    '{"type": "builtins.tuple", "context": "null", "children_spec": [' + _LEAF + "]}, "
    '{"type": "builtins.dict", "context": "[]", "children_spec": []}]}]'
)


@dataclass(frozen=True, slots=True)
class Graph:
    """A program that may be given to torch.

    program:  the JSON, put together again.
    shape:    (N, 3, H, W) of its input as exported, None where any number will do.
    outputs:  numbers for each tile, None where the file does not say.
    """

    program: Mapping[str, Any]
    shape: tuple[int | None, ...]
    outputs: int | None


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor of a program. file: where its numbers are; dtype: the format's own number."""

    name: str
    file: str
    dtype: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    trained: bool

    @property
    def numbers(self) -> int:
        return prod(self.sizes)

    @property
    def size(self) -> int:
        """Bytes of the tensor when nothing else shares them."""
        return self.numbers * WIDTHS[self.dtype]

    def described(self, file: str) -> dict[str, Any]:
        """What a `*_config.json` says of it when it lies in `file` by itself."""
        meta = {
            "dtype": self.dtype,
            "sizes": [{"as_int": size} for size in self.sizes],
            "requires_grad": self.trained,
            "device": _CPU,
            "strides": [{"as_int": stride} for stride in self._usual],
            "storage_offset": {"as_int": 0},
            "layout": 7,
        }
        return {
            "path_name": file, "is_param": self.trained, "use_pickle": False, "tensor_meta": meta
        }  # fmt: skip

    @property
    def plain(self) -> bool:
        """Its numbers lie in its file as they do in a new tensor."""
        return self.strides == self._usual and self.offset == 0 and self.dtype != _BOOL

    @property
    def _usual(self) -> tuple[int, ...]:
        return tuple(prod(self.sizes[place + 1 :]) for place in range(len(self.sizes)))

    @property
    def reach(self) -> int:
        """Bytes of its file that it needs."""
        steps = zip(self.sizes, self.strides, strict=True)
        last = self.offset + sum((edge - 1) * step for edge, step in steps)
        return (last + 1) * WIDTHS[self.dtype] if self.numbers else 0


def weights(config: Mapping[str, Any], name: str) -> list[Weight]:
    """The tensors that a `*_config.json` lists; `name` is the checkpoint's."""
    return [_weight(_path(key), payload, name) for key, payload in config["config"].items()]


def _weight(key: str, payload: Mapping[str, Any], name: str) -> Weight:
    meta = payload["tensor_meta"]
    if payload["use_pickle"] is not False or meta is None:
        raise unneeded(name, f"{key} is a pickle or an object")
    sizes, strides = _numbers(meta["sizes"]), _numbers(meta["strides"])
    if len(sizes) != len(strides) or len(sizes) > 12 or meta["dtype"] not in WIDTHS:
        raise ValueError(f"{key} is no tensor that can be read")
    offset = _number(meta["storage_offset"])
    return Weight(
        key, _path(payload["path_name"]), meta["dtype"], sizes, strides, offset,
        _truth(payload["is_param"]),
    )  # fmt: skip


def graph(program: Mapping[str, Any], name: str) -> Graph:
    """The program, rebuilt; `name` is the checkpoint's.

    Raises UnusableCheckpoint for what is not needed to classify tiles, and ValueError,
    LookupError, TypeError or AttributeError for what is no program.
    """
    whole = program["graph_module"]
    inner, signature = whole["graph"], whole["signature"]
    nodes = [node for node in inner["nodes"] if not _is_check(node["target"])]
    if inner.get("custom_obj_values") or len(nodes) > NODES:
        raise unneeded(name, "it holds objects, or more steps than any classifier")
    tile = _input(signature["input_specs"], name)
    answer = _output(signature["output_specs"], nodes, name)
    tensors = inner["tensor_values"]
    rebuilt = {
        "inputs": [_argument(each, name) for each in inner["inputs"]],
        "outputs": [{"as_tensor": {"name": answer}}],
        "nodes": [_node(node, name) for node in nodes],
        "tensor_values": {_name(key): _meta(value) for key, value in tensors.items()},
        "sym_int_values": {
            _name(key): {"as_int": _number(value)} for key, value in inner["sym_int_values"].items()
        },
        "sym_bool_values": {_name(key): {"as_bool": True} for key in inner["sym_bool_values"]},
        "is_single_tensor_return": False,
        "custom_obj_values": {},
        "sym_float_values": {},
    }
    specs = [_input_spec(spec) for spec in signature["input_specs"]]
    sizes = tensors[answer]["sizes"]
    return Graph(
        _program(program, rebuilt, specs, answer),
        tuple(size.get("as_int") for size in tensors[tile]["sizes"]),
        sizes[1].get("as_int") if len(sizes) == 2 else None,
    )


def _program(
    program: Mapping[str, Any], rebuilt: Mapping[str, Any], specs: Sequence[Any], answer: str
) -> dict[str, Any]:
    call = {"inputs": [], "outputs": [], "in_spec": _ONE_TILE, "out_spec": f"[1, {_LEAF}]"}
    version = program["schema_version"]
    return {
        "graph_module": {
            "graph": rebuilt,
            "signature": {
                "input_specs": specs,
                "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": answer}}}}],
            },
            "module_call_graph": [{"fqn": "", "signature": call}],
            "metadata": {},
            "treespec_namedtuple_fields": {},
        },
        "opset_version": {"aten": _integer(program["opset_version"]["aten"])},
        "range_constraints": {},
        "schema_version": {key: _integer(version[key]) for key in ("major", "minor")},
        "verifiers": ["TRAINING"],
        "guards_code": [],
    }


# ------------------------------------------------------------------ what goes in and comes out
def _input(specs: Sequence[Any], name: str) -> str:
    tiles = [_only(spec)[1]["arg"] for spec in specs if "user_input" in spec]
    if len(tiles) != 1 or "as_tensor" not in tiles[0]:
        raise UnusableCheckpoint(
            f"{name} wants {len(tiles)} inputs, not one batch of tiles.",
            "Export the network so that it takes (N, 3, H, W) and nothing else.",
        )
    return _name(tiles[0]["as_tensor"]["name"])


def _output(specs: Sequence[Any], nodes: Sequence[Any], name: str) -> str:
    others = {_only(spec)[0] for spec in specs} - {"user_output"}
    given = [each for node in nodes for each in node["inputs"]]
    modes = [each["arg"].get("as_bool") for each in given if each["name"] in ("train", "training")]
    if others or any(modes):
        raise UnusableCheckpoint(
            f"{name} was exported while it was learning.",
            "Call eval() on the network before exporting it.",
            detail=", ".join(sorted(others)),
        )
    answers = [spec["user_output"]["arg"] for spec in specs]
    if len(answers) != 1 or "as_tensor" not in answers[0]:
        raise UnusableCheckpoint(
            f"{name} does not return one row of numbers per tile.",
            "Export the network so that (N, 3, H, W) gives (N, classes).",
        )
    return _name(answers[0]["as_tensor"]["name"])


def _input_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    kind, told = _only(spec)
    if kind == "user_input":
        return {kind: {"arg": {"as_tensor": _named(told["arg"]["as_tensor"])}}}
    arg = _named(told["arg"])
    if kind == "parameter":
        return {kind: {"arg": arg, "parameter_name": _path(told["parameter_name"])}}
    if kind == "tensor_constant":
        return {kind: {"arg": arg, "tensor_constant_name": _path(told["tensor_constant_name"])}}
    if kind == "buffer":
        lasting = _truth(told["persistent"])
        return {
            kind: {"arg": arg, "buffer_name": _path(told["buffer_name"]), "persistent": lasting}
        }
    raise ValueError(f"an input of the kind {kind}")


# ------------------------------------------------------------------ steps
def _is_check(target: str) -> bool:
    return target.removeprefix("torch.ops.aten.").partition(".")[0] in _CHECKS


def _node(node: Mapping[str, Any], name: str) -> dict[str, Any]:
    target = node["target"]
    known = _TARGET.fullmatch(target)
    operator = known is not None and known[1] in OPERATORS and not known[2].endswith("out")
    if not operator and target not in _ARITHMETIC:
        raise unneeded(name, f"it asks for {target[:100]}")
    return {
        "target": target,
        "inputs": [_given(each, name) for each in node["inputs"]],
        "outputs": [_argument(each, name) for each in node["outputs"]],
        "metadata": {},
        "is_hop_single_tensor_return": None,
        "name": None if node.get("name") is None else _name(node["name"]),
    }


def _given(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    kind = given.get("kind")
    if kind not in (None, 1, 2):
        raise ValueError(f"an argument of the kind {kind}")
    word = _name(given["name"]) if given["name"] else ""
    return {"name": word, "arg": _argument(given["arg"], name), "kind": kind}


def _argument(argument: Mapping[str, Any], name: str) -> dict[str, Any]:
    kind, value = _only(argument)
    if kind not in _ARGUMENTS:
        raise unneeded(name, f"it passes on {kind}")
    return {kind: _ARGUMENTS[kind](value)}


def _only(union: Mapping[str, Any]) -> tuple[str, Any]:
    ((kind, value),) = union.items()
    return kind, value


def _name(value: Any) -> str:
    if type(value) is not str or not _NAME.fullmatch(value) or value.startswith("__"):
        raise ValueError(f"{str(value)[:50]!r} is no name")
    return value


def _path(value: Any) -> str:
    if type(value) is not str or not _PATH.fullmatch(value):
        raise ValueError(f"{str(value)[:50]!r} is no name")
    return value


def _named(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": _name(value["name"])}


def _integer(value: Any) -> int:
    if type(value) is not int or (abs(value) > 1 << 40 and abs(value) not in (_END, _END + 1)):
        raise ValueError(f"{str(value)[:50]} is no size")
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{str(value)[:50]} is neither true nor false")
    return value


def _real(value: Any) -> float:
    return float(value)


def _text(value: Any) -> str:
    if type(value) is not str or not _TEXT.fullmatch(value):
        raise ValueError(f"{str(value)[:50]!r} is no setting")
    return value


def _each(one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [one(value) for value in values]


def _optional(value: Mapping[str, Any]) -> dict[str, Any]:
    kind, inner = _only(value)
    return {"as_tensor": _named(inner)} if kind == "as_tensor" else {"as_none": True}


def _symbol(value: Mapping[str, Any]) -> dict[str, Any]:
    kind, inner = _only(value)
    if kind == "as_name":
        return {kind: _name(inner)}
    return {kind: _truth(inner)} if kind == "as_bool" else {"as_int": _integer(inner)}


_ARGUMENTS: Mapping[str, Callable[[Any], Any]] = {
    "as_none": lambda _: True,
    "as_tensor": _named,
    "as_tensors": _each(_named),
    "as_optional_tensor": _optional,
    "as_optional_tensors": _each(_optional),
    "as_int": _integer,
    "as_ints": _each(_integer),
    "as_float": _real,
    "as_floats": _each(_real),
    "as_bool": _truth,
    "as_bools": _each(_truth),
    "as_string": _text,
    "as_sym_int": _symbol,
    "as_sym_ints": _each(_symbol),
    "as_sym_bool": _symbol,
    "as_scalar_type": _integer,
    "as_memory_format": _integer,
    "as_layout": _integer,
    "as_device": lambda _: _CPU,
}


# ------------------------------------------------------------------ sizes
def _meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dtype": _integer(meta["dtype"]),
        "sizes": [{"as_int": size} for size in _numbers(meta["sizes"])],
        "requires_grad": _truth(meta["requires_grad"]),
        "device": _CPU,
        "strides": [{"as_int": stride} for stride in _numbers(meta["strides"])],
        "storage_offset": {"as_int": 0},
        "layout": 7,
    }


def _numbers(values: Sequence[Any]) -> tuple[int, ...]:
    return tuple(_number(value) for value in values)


def _number(value: Mapping[str, Any]) -> int:
    """A size, or what it was when the network was exported."""
    kind, inner = _only(value)
    number = inner if kind == "as_int" else inner["hint"]["as_int"]
    if kind != "as_int" and not _EXPRESSION.fullmatch(inner["expr_str"]):
        raise ValueError(f"{inner['expr_str'][:50]!r} is no size")
    if type(number) is not int or not 0 <= number < 1 << 40:
        raise ValueError(f"{str(number)[:50]} is no size")
    return number
