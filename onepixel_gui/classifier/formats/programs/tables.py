"""The tables of a TorchScript archive, read without making anything of what they name.

They are pickles as torch's own writer makes them: of some thirty instructions, and with few names
besides those of the program itself.  Whatever else a pickle could do is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pickletools import genops
from typing import Any

from onepixel_gui.classifier.formats.programs.archive import unneeded, words

DEPTH = 200  # things inside each other; torch takes nested things apart by recursion
STEPS = 2_000_000  # instructions of one pickle; a large transformer has 100,000

_TENSOR = "torch._utils _rebuild_tensor_v2"
_LISTS = words("build_intlist build_doublelist build_boollist build_tensorlist restore_type_tag")
_CALLED = {_TENSOR, "collections OrderedDict"} | {f"torch.jit._pickle {name}" for name in _LISTS}
_BYTES = {
    **dict.fromkeys(("torch DoubleStorage", "torch LongStorage", "torch ComplexFloatStorage"), 8),
    **dict.fromkeys(("torch FloatStorage", "torch IntStorage"), 4),
    **dict.fromkeys(("torch HalfStorage", "torch BFloat16Storage", "torch ShortStorage"), 2),
    **dict.fromkeys(("torch ByteStorage", "torch CharStorage", "torch BoolStorage"), 1),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = words("BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE")
_CONTAINERS = {"EMPTY_TUPLE": "tuple", "EMPTY_LIST": "list", "EMPTY_DICT": "dict"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_FILLS = {
    "APPEND": ("list", 1),
    "APPENDS": ("list", 0),
    "SETITEM": ("dict", 2),
    "SETITEMS": ("dict", 0),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A tensor. name: the attribute it is kept under, "" where it has none; numbers: in it.

    key: of its storage.  size: bytes that torch will expect that storage to have.
    """

    name: str
    numbers: int
    key: str
    size: int


def tables(data: bytes, name: str) -> list[Table]:
    """The tensors in a pickle, each once.

    Raises UnusableCheckpoint for a pickle that names what torch's writer never does, and
    ValueError, LookupError, TypeError, AttributeError or RecursionError for a damaged one.
    """
    root = _made(data, name)
    _measure(root, {})
    return [_table(key, thing) for key, thing in _within(root) if thing.kind == _TENSOR]


@dataclass(eq=False, slots=True)
class _Made:
    """What a pickle would have made.

    kind:   "tuple", "list", "dict", "object", "storage", "name" or what was called.
    parts:  what is in it; of a dict, key and value by turns.
    """

    kind: str
    parts: list[Any] = field(default_factory=list)


def _table(key: str, tensor: _Made) -> Table:
    storage, offset, size, stride, *_ = tensor.parts
    word, kind, record, device, length = storage.parts
    if storage.kind != "storage" or word != "storage" or type(device) is not str:
        raise TypeError("a tensor without a storage")
    if type(record) is not str or not record.isalnum() or size.kind != "tuple":
        raise TypeError("a storage without a name")
    sizes, strides = _counts(size.parts), _counts(stride.parts)
    first, held = _counts([offset, length])
    numbers = prod(sizes)
    reach = sum((edge - 1) * step for edge, step in zip(sizes, strides, strict=True))
    if len(sizes) > 12 or numbers > held or (numbers and first + reach >= held):
        raise ValueError(f"a tensor of {sizes} in a storage of {held}")
    return Table(key, numbers, record, held * _BYTES[kind.parts[0]])


def _counts(values: list[Any]) -> list[int]:
    if not all(type(value) is int and 0 <= value < 1 << 40 for value in values):
        raise ValueError("sizes that are no counts")
    return values


def _within(root: _Made) -> Iterator[tuple[str, _Made]]:
    """Everything in `root`, each once, with the key it stands under."""
    seen, left = {id(root)}, [("", root)]
    while left:
        key, thing = left.pop()
        yield key, thing
        keys = [""] * len(thing.parts)
        if thing.kind == "dict":
            keys[1::2] = [word if type(word) is str else "" for word in thing.parts[::2]]
        for word, part in zip(keys, thing.parts, strict=True):
            if isinstance(part, _Made) and id(part) not in seen:
                seen.add(id(part))
                left.append((word, part))


def _measure(thing: _Made, known: dict[int, int], above: int = 0) -> int:
    """How deep things lie inside `thing`.  ValueError above DEPTH, and if it contains itself."""
    if above > DEPTH:
        raise ValueError(f"things lie more than {DEPTH} deep")
    if id(thing) not in known:
        inner = [_measure(part, known, above + 1) for part in thing.parts if type(part) is _Made]
        known[id(thing)] = 1 + max(inner, default=0)
        if known[id(thing)] > DEPTH:
            raise ValueError(f"things lie more than {DEPTH} deep")
    return known[id(thing)]


def _made(data: bytes, name: str) -> _Made:
    machine = _Machine(name)
    for count, (instruction, argument, _) in enumerate(genops(data)):
        if count > STEPS:
            raise ValueError("too many instructions")
        machine.step(instruction.name, argument)
    (root,) = machine.stack
    if not isinstance(root, _Made):
        raise TypeError("a table of nothing")
    return root


class _Machine:
    """What pickles are programs for, without hands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memory: dict[int, Any] = {}
        self._calls = {
            "PROTO": lambda _: None,
            "STOP": lambda _: None,
            "MARK": lambda _: self._marks.append(len(self.stack)),
            "TUPLE": lambda _: self._push("tuple", self._above(self._marks.pop())),
            "GLOBAL": self._global,
            "NEWOBJ": lambda _: self._push("object", self._above(len(self.stack) - 2)),
            "REDUCE": self._reduce,
            "BUILD": self._build,
            "BINPERSID": self._storage,
        }

    def step(self, instruction: str, argument: Any) -> None:
        if instruction in _VALUES:
            self.stack.append(argument)
        elif instruction in _CONSTANTS:
            self.stack.append(_CONSTANTS[instruction])
        elif instruction in _CONTAINERS:
            self._push(_CONTAINERS[instruction], [])
        elif instruction in _TUPLES:
            self._push("tuple", self._above(len(self.stack) - _TUPLES[instruction]))
        elif instruction in _FILLS:
            self._fill(*_FILLS[instruction])
        elif instruction.endswith("BINPUT"):
            self._memory[argument] = self.stack[-1]
        elif instruction.endswith("BINGET"):
            self.stack.append(self._memory[argument])
        elif instruction in self._calls:
            self._calls[instruction](argument)
        else:
            raise unneeded(self.name, f"a pickle with {instruction}")

    def _push(self, kind: str, parts: list[Any]) -> None:
        self.stack.append(_Made(kind, parts))

    def _above(self, start: int) -> list[Any]:
        if start < 0 or (self._marks and start < self._marks[-1]):
            raise IndexError("there is nothing left to take")
        parts = self.stack[start:]
        del self.stack[start:]
        return parts

    def _fill(self, kind: str, count: int) -> None:
        parts = self._above(len(self.stack) - count if count else self._marks.pop())
        target = self.stack[-1]
        if target.kind != kind or (kind == "dict" and len(parts) % 2):
            raise TypeError(f"a {target.kind} is no {kind}")
        if kind == "dict" and not all(isinstance(key, (str, int, float)) for key in parts[::2]):
            raise TypeError("a dictionary with keys that are no words or numbers")
        target.parts += parts

    def _global(self, words: str) -> None:
        # A class of a script that was run itself lies in no module: "__torch__ Net".
        own = words.startswith(("__torch__.", "__torch__ ")) and ".classes." not in words
        if not own and words not in _CALLED and words not in _BYTES:
            raise unneeded(self.name, f"a pickle with {words}")
        self._push("name", [words])

    def _reduce(self, _: Any) -> None:
        called, given = self._above(len(self.stack) - 2)
        word = called.parts[0]
        if called.kind != "name" or word in _BYTES:
            raise TypeError("what is called has no name")
        if word in _CALLED:
            self._push(word, given.parts)
        else:  # one of the program's own enumerations
            self._push("object", [given])

    def _build(self, _: Any) -> None:
        (state,) = self._above(len(self.stack) - 1)
        if self.stack[-1].kind != "object":
            raise TypeError("only objects have a state")
        self.stack[-1].parts.append(state)

    def _storage(self, _: Any) -> None:
        (given,) = self._above(len(self.stack) - 1)
        if given.kind != "tuple":
            raise TypeError("a storage without a name")
        self._push("storage", given.parts)
