"""What a pickled CIFAR batch holds: plain values, and where in the file its pixels lie.

Nothing is executed and nothing imported: the instructions that `pickletools` decodes are followed
one at a time, and only those that such a batch consists of.  The one thing that is ever rebuilt is
an array of bytes, and of that only its place and shape are kept.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pickletools import OpcodeInfo, opcodes
from typing import Any

from onepixel_gui.tiles.folders import Looked, Pace

LARGEST = 256 << 20  # bytes; a batch of CIFAR-100 has 155 million
_MOST_STEPS = 4_000_000
_DEEPEST = 8
_RECONSTRUCT = frozenset(f"numpy.{core}.multiarray _reconstruct" for core in ("core", "_core"))
_ARRAY, _DTYPE = "numpy ndarray", "numpy dtype"
_ENCODE = "_codecs encode"
_SAFE = _RECONSTRUCT | {_ARRAY, _DTYPE, _ENCODE}


class Strange(Exception):
    """The pickle holds something that no batch of CIFAR does."""


@dataclass(frozen=True, slots=True)
class Name:
    """A function or class that the pickle asks for: nothing but the words."""

    words: str


@dataclass(frozen=True, slots=True)
class Bytes:
    """A long string of bytes, left where it lies.

    start, length:  in bytes of the file.
    """

    start: int
    length: int


@dataclass(slots=True)
class Array:
    """An array of bytes: shape, and where its values lie once that was said."""

    shape: tuple[int, ...] = ()
    at: Bytes | None = None


@dataclass(slots=True)
class _Dtype:
    kind: str


_LONG = 4096  # bytes; shorter strings are words
_MARK = object()


def reading(data: bytes, where: str) -> Generator[Looked, None, dict[Any, Any]]:
    """The dictionary that the pickle would make. Raises Strange for any other."""
    machine = _Machine(data)
    pace = Pace()
    try:
        for step, (name, value, at) in enumerate(_instructions(data)):
            if step > _MOST_STEPS:
                raise Strange("it never ends")
            machine.follow(name, value, at)
            if not step % 2048 and pace.due():
                yield Looked(step, where)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError) as cause:
        raise Strange(f"{type(cause).__name__}: {str(cause)[:200]}") from cause
    held = machine.result()
    if not isinstance(held, dict):
        raise Strange(f"it holds a {type(held).__name__}")
    return held


def _instructions(data: bytes) -> Iterator[tuple[str, Any, int]]:
    """Name, value and place of each; what is not known is refused before its value is read."""
    file = BytesIO(data)
    while True:
        at = file.tell()
        known = _KNOWN.get(file.read(1))
        if known is None:
            raise Strange(f"it uses {data[at : at + 1]!r}")
        if known.name == "GLOBAL":  # pickletools would look for escapes in it, and warn of odd ones
            lines = (file.readline(_LONG).decode("ascii").rstrip("\n") for _ in range(2))
            yield known.name, " ".join(lines), at
        else:
            yield known.name, known.arg.reader(file) if known.arg else None, at
        if known.name == "STOP":
            return


@dataclass(slots=True)
class _Machine:
    """A stack, marks on it, and what was put aside."""

    data: bytes
    _stack: list[Any] = field(default_factory=list)
    _memo: dict[int, Any] = field(default_factory=dict)

    def result(self) -> Any:
        if len(self._stack) != 1:
            raise Strange("it is cut short")
        return self._stack[0]

    def follow(self, name: str, value: Any, at: int) -> None:
        if name in ("PROTO", "FRAME"):
            return
        if name == "STOP":
            del self._stack[:-1]
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _NUMBERS:
            self._stack.append(value)
        elif name in _STRINGS:
            self._stack.append(self._string(name, value, at))
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        elif name == "MARK":
            self._stack.append(_MARK)
        elif name in _MEMO:
            self._remember(name, value)
        elif (act := _ACTS.get(name)) is not None:
            act(self)
        elif name == "GLOBAL":
            self._named(value)
        else:
            raise Strange(f"it uses {name}")

    def _string(self, name: str, value: Any, at: int) -> Any:
        if len(value) < _LONG:
            return value
        if not name.endswith(("STRING", "BYTES", "BYTES8")):
            raise Strange("a text is too long")
        start = at + 1 + _STRINGS[name]
        if start + len(value) > len(self.data):
            raise Strange("it is cut short")
        return Bytes(start, len(value))

    def _remember(self, name: str, value: Any) -> None:
        if name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name.endswith("PUT"):
            self._memo[value] = self._stack[-1]
        else:
            self._stack.append(self._memo[value])

    def _named(self, words: str) -> None:
        if words not in _SAFE:
            raise Strange(f"it asks for {words[:80]}")
        self._stack.append(Name(words))

    def named_on_stack(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._named(f"{module} {name}")

    def _to_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            if at == 0:
                raise Strange("a mark is missing")
            at -= 1
        held = self._stack[at + 1 :]
        del self._stack[at:]
        return held

    def tuple_of_marked(self) -> None:
        self._stack.append(tuple(self._to_mark()))

    def tuple_of(self, count: int) -> None:
        held = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._stack.append(held)

    def append(self) -> None:
        value = self._stack.pop()
        self._list().append(value)

    def appends(self) -> None:
        held = self._to_mark()
        self._list().extend(held)

    def _list(self) -> list[Any]:
        last = self._stack[-1]
        if not isinstance(last, list):
            raise Strange("something is added to what is no list")
        return last

    def set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def set_items(self) -> None:
        self._set(self._to_mark())

    def _set(self, held: list[Any]) -> None:
        last = self._stack[-1]
        if not isinstance(last, dict) or len(held) % 2:
            raise Strange("something is put into what is no dictionary")
        for key, value in zip(held[::2], held[1::2], strict=True):
            if not isinstance(key, str | bytes):
                raise Strange("a key is no word")
            last[_word(key)] = value

    def reduce(self) -> None:
        given, asked = self._stack.pop(), self._stack.pop()
        if not isinstance(asked, Name) or not isinstance(given, tuple):
            raise Strange("something is called that is no name")
        if asked.words in _RECONSTRUCT:
            self._stack.append(Array())
        elif asked.words == _DTYPE:
            self._stack.append(_Dtype(_word(given[0])))
        elif asked.words == _ENCODE and len(given) == 2 and isinstance(given[0], str):
            self._stack.append(given[0].encode("latin-1"))
        else:
            raise Strange(f"it calls {asked.words}")

    def build(self) -> None:
        state, built = self._stack.pop(), self._stack[-1]
        if isinstance(built, _Dtype):
            return
        if not isinstance(built, Array) or not isinstance(state, tuple) or len(state) != 5:
            raise Strange("an array is described in another way")
        _, shape, dtype, by_column, values = state
        if not isinstance(dtype, _Dtype) or dtype.kind not in ("u1", "|u1"):
            raise Strange("its array holds no bytes")
        if by_column not in (False, 0) or not isinstance(values, Bytes):
            raise Strange("its array is laid out in another way")
        if math.prod(shape) != values.length or len(shape) > _DEEPEST:
            raise Strange("its array is not as large as it says")
        built.shape, built.at = tuple(int(edge) for edge in shape), values


def _word(key: Any) -> str:
    if isinstance(key, bytes):
        return key.decode("latin-1")
    if isinstance(key, str):
        return key
    raise Strange("a word is none")


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NUMBERS = frozenset(["INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"])
# Bytes between the instruction and its string.
_STRINGS = {
    "SHORT_BINSTRING": 1, "BINSTRING": 4, "SHORT_BINBYTES": 1, "BINBYTES": 4, "BINBYTES8": 8,
    "SHORT_BINUNICODE": 1, "BINUNICODE": 4,
}  # fmt: skip
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_MEMO = frozenset(["PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"])
_ACTS: dict[str, Callable[[_Machine], None]] = {
    "TUPLE": _Machine.tuple_of_marked,
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "STACK_GLOBAL": _Machine.named_on_stack,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
_KNOWN: dict[bytes, OpcodeInfo] = {
    each.code.encode("latin-1"): each
    for each in opcodes
    if each.name in {"PROTO", "FRAME", "STOP", "MARK", "GLOBAL"}
    or each.name in _CONSTANTS.keys() | _NUMBERS | _STRINGS.keys() | _EMPTY.keys() | _MEMO
    or each.name in _ACTS
}
