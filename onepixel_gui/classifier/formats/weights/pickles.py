"""What a pickle would build, as plain data: nothing that it names is imported or called. No torch.

Python's own Unpickler, even when every name it meets is replaced by a stub, can be kept busy for
hours by keys that hash slowly or alike.  So its instructions, as `pickletools` decodes them, are
followed here one at a time, each within limits.
"""

import re
import time
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pickletools import genops
from typing import Any, BinaryIO, Final

from onepixel_gui.hushing import hush

# What turns up in training checkpoints beside tensors; none of it is needed to read the weights.
_MAPPINGS = frozenset({"collections.OrderedDict", "collections.Counter", "builtins.dict"})
_TENSORS = frozenset(
    f"torch._utils._rebuild_{kind}"
    for kind in ("tensor", "tensor_v2", "parameter", "parameter_with_state")
)
STORAGES: Final[Mapping[str, tuple[str, int]]] = {
    "torch.DoubleStorage": ("float64", 8),
    "torch.FloatStorage": ("float32", 4),
    "torch.HalfStorage": ("float16", 2),
    "torch.BFloat16Storage": ("bfloat16", 2),
    "torch.LongStorage": ("int64", 8),
    "torch.IntStorage": ("int32", 4),
    "torch.ShortStorage": ("int16", 2),
    "torch.CharStorage": ("int8", 1),
    "torch.ByteStorage": ("uint8", 1),
    "torch.BoolStorage": ("bool", 1),
}
_TORCH = ("torch.Size", "torch.device", "builtins.set", "_codecs.encode")
_DTYPES = {f"torch.{kind}" for kind, _ in STORAGES.values()}
_BYSTANDERS = re.compile(
    r"argparse\.Namespace|types\.SimpleNamespace|typing\.Any|uuid\.UUID"
    r"|builtins\.(int|float|str|list|tuple)|collections\.(defaultdict|deque)"
    r"|datetime\.(datetime|date|time|timedelta|timezone)"
    r"|pathlib\.(_local\.)?(Pure)?(Posix|Windows)?Path"
    r"|numpy\.(dtype|ndarray|_?core\.(multiarray|numeric)\.(scalar|_reconstruct|_frombuffer))"
    r"|((pytorch_)?lightning|lightning_fabric|omegaconf)(\.\w+)*\.[A-Z]\w*"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one pickle may take.

    size: bytes; steps: instructions; depth: containers in each other; copies: items of containers
    (or eight letters each) that are asked for again; bits: of an integer; seconds: to read it.
    """

    size: int = 8 << 20
    steps: int = 500_000
    depth: int = 64
    copies: int = 1 << 20
    bits: int = 128
    seconds: float = 3.0


DEFAULT: Final = Limits()


@dataclass(frozen=True, slots=True)
class Named:
    """A class or function that the pickle names: "module.name", and nothing but the words."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers kept outside of the pickle. view: (offset, count) of the part meant, in numbers."""

    dtype: str
    itemsize: int
    key: str
    count: int
    view: tuple[int, int] | None = None


@dataclass(slots=True, eq=False)
class Made:
    """What a name would have been called with. held: attributes and items set on it later."""

    name: str
    arguments: tuple[Any, ...]
    held: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """value:  dicts, lists, tuples and scalars, with Named, Made and Storage as leaves.

    foreign:   names that are neither torch's weights nor known bystanders, as first met; where
               there are any, `value` is None.
    opaque:    names of the bystanders.
    made:      every Made, in the order of making.
    stored:    every mention of a Storage.
    protocol:  the highest pickle protocol declared.
    """

    value: Any
    foreign: tuple[str, ...]
    opaque: tuple[str, ...]
    made: Sequence[Made]
    stored: Sequence[Storage]
    protocol: int


def outline(stream: BinaryIO, limits: Limits = DEFAULT) -> Outline:
    """The outline of the pickle that begins here; leaves the stream behind its end.

    Raises ValueError for what is damaged, circular or beyond a limit, unless the pickle had named
    something foreign by then: that alone is reason to refuse it.
    """
    start = stream.tell()
    head = BytesIO(stream.read(limits.size))
    reader = _Reader(limits)
    hush(DeprecationWarning, module="pickletools$")  # on odd escapes in the oldest protocol
    try:
        reader.follow(head)
        if not reader.foreign:
            _flat(reader.value, limits.depth)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError) as bad:
        if not reader.foreign:
            raise ValueError(f"broken pickle: {str(bad)[:200]}") from bad
    stream.seek(start + head.tell())
    foreign, opaque = tuple(reader.foreign), tuple(reader.opaque)
    value = None if foreign else reader.value
    return Outline(value, foreign, opaque, reader.made, reader.stored, reader.protocol)


class _Reader:
    """The pickle machine: a stack, marks, a memo."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._odd_keys = self._copies = 0
        self.value: Any = None
        self.protocol = 0
        self.foreign: dict[str, None] = {}
        self.opaque: dict[str, None] = {}
        self.made: list[Made] = []
        self.stored: list[Storage] = []

    def follow(self, head: BytesIO) -> None:
        deadline = time.monotonic() + self._limits.seconds
        for step, (opcode, argument, _) in enumerate(genops(head)):
            if step >= self._limits.steps or (step % 256 == 0 and time.monotonic() > deadline):
                raise ValueError("too many instructions")
            name = opcode.name
            if name in _OF_LAST:
                count, name = _OF_LAST[name]
                self._mark_last(count)
            if name in _FRESH:
                self.stack.append(_FRESH[name]())
            elif name in _GATHERED:
                items = self._since_mark()
                self.stack.append(_GATHERED[name](items))
            elif name in _ACTIONS:
                _ACTIONS[name](self, argument)
            elif name == "DUP":
                self.stack.append(self.stack[-1])
            elif name in _NOT_IN_FILES:
                raise ValueError("an instruction that no checkpoint has")
            elif isinstance(argument, int) and argument.bit_length() > self._limits.bits:
                raise ValueError("an integer of absurd length")
            elif name not in ("STOP", "FRAME"):
                self.stack.append(argument)
        self.value = self.stack.pop()

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._marks.pop()
        return items

    def _mark_last(self, count: int) -> None:
        """As if a mark stood before the last ones."""
        if len(self.stack) < count:
            raise ValueError("too little on the stack")
        items, self.stack[-count:] = self.stack[-count:], []
        self._marks.append(self.stack)
        self.stack = items

    def mark(self, _: Any) -> None:
        self._marks.append(self.stack)
        self.stack = []

    def proto(self, version: int) -> None:
        self.protocol = max(self.protocol, version)

    def pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self._since_mark()

    def forget(self, _: Any) -> None:
        self._since_mark()

    def put(self, index: int | None) -> None:
        place = len(self._memo) if index is None else index
        if not 0 <= place <= self._limits.steps:
            raise ValueError("a memo index out of all order")
        self._memo[place] = self.stack[-1]

    def get(self, index: int) -> None:
        self.stack.append(self._memo[index])

    def dictionary(self, _: Any) -> None:
        self._marks[-1].append({})
        self.set_items(_)

    def appends(self, _: Any) -> None:
        items = self._since_mark()
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)
        elif not isinstance(self.stack[-1], Made):
            raise ValueError("appends to what is no list")

    def set_items(self, _: Any) -> None:
        items = self._since_mark()
        target = self.stack[-1]
        held = target.held if isinstance(target, Made) else target
        if not isinstance(held, dict) or len(items) % 2:
            raise ValueError("sets items of what has none")
        for key, value in zip(items[::2], items[1::2], strict=True):
            held[self._key(key)] = value

    def _key(self, key: Any) -> Any:
        """The key, if it hashes fast and unlike others; few may be more than words and numbers."""
        if isinstance(key, str | bytes | None):
            return key
        if not isinstance(key, int | float) or abs(key) >= 1 << 60:
            self._odd_keys += 1
            parts = key if isinstance(key, tuple) and len(key) <= 16 else (key,)
            plain = all(isinstance(part, str | int | float | Named | None) for part in parts)
            if not plain or self._odd_keys > 1000:
                raise ValueError("keys of a peculiar kind")
        return key

    def named(self, words: str) -> None:
        module, _, name = words.partition(" ")
        self._name(module, name)

    def stack_named(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a name that is no text")
        self._name(module, name)

    def _name(self, old: str, name: str) -> None:
        module, name = NAME_MAPPING.get((old, name), (IMPORT_MAPPING.get(old, old), name))
        words = f"{module}.{name}"[:200]
        if not any(words in known for known in (_MAPPINGS, _TENSORS, STORAGES, _TORCH, _DTYPES)):
            (self.opaque if _BYSTANDERS.fullmatch(words) else self.foreign)[words] = None
        self.stack.append(Named(words))

    def reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(self._called(function, arguments))

    def instance(self, words: str) -> None:
        arguments = tuple(self._since_mark())
        self.named(words)
        self.stack.append(arguments)
        self.reduce(words)

    def _called(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Named) or not isinstance(arguments, tuple):
            raise ValueError("calls what has no name")
        self._copied(*arguments)
        if function.name in _MAPPINGS:
            return self._mapping(arguments)
        if function.name == "builtins.set":
            return [self._key(item) for items in arguments for item in items]
        if function.name == "_codecs.encode":
            text, coding = arguments
            if not isinstance(text, str) or coding not in ("latin1", "latin-1"):
                raise ValueError("bytes in a peculiar coding")
            return text.encode("latin-1")
        self.made.append(Made(function.name, arguments))
        return self.made[-1]

    def _copied(self, *parts: Any) -> None:
        """One instruction can ask for a copy of something large, and the next for another."""
        for part in parts:
            if isinstance(part, list | tuple | dict):
                self._copies += len(part)
            elif isinstance(part, str | bytes):
                self._copies += len(part) >> 3
        if self._copies > self._limits.copies:
            raise ValueError("asks for too many copies")

    def _mapping(self, arguments: tuple[Any, ...]) -> dict[Any, Any]:
        if not arguments:
            return {}
        (items,) = arguments
        pairs = items.items() if isinstance(items, dict) else items
        return {self._key(key): value for key, value in pairs}

    def build(self, _: Any) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Made) and target.name not in _TENSORS:
            for part in state if isinstance(state, tuple) else (state,):
                if isinstance(part, dict):
                    self._copied(part)
                    target.held.update(part)
        elif not isinstance(target, dict):  # a state dict carries _metadata, which is not needed
            raise ValueError("changes the inside of what has none")

    def persistent(self, _: Any) -> None:
        kind, storage, key, _place, count, *view = self.stack.pop()
        if kind != "storage" or not isinstance(storage, Named) or storage.name not in STORAGES:
            raise ValueError("points outside in an unknown way")
        part = view[0][1:] if view and view[0] is not None else None
        numbers = (count, *(part or ()))
        if not isinstance(key, str) or not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError("a storage of no sensible size")
        if part is not None and (len(part) != 2 or sum(part) > count):
            raise ValueError("a view that reaches out of its storage")
        self.stored.append(Storage(*STORAGES[storage.name], key, count, part))
        self.stack.append(self.stored[-1])


_FRESH: Final[Mapping[str, Callable[[], Any]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": list,
}
_NOT_IN_FILES: Final = frozenset(
    ("PERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER", "NEWOBJ_EX", "OBJ")
)
# What takes the last few of the stack, and what takes as many since a mark.
_OF_LAST: Final = {
    **{f"TUPLE{count}": (count, "TUPLE") for count in (1, 2, 3)},
    **{"APPEND": (1, "APPENDS"), "SETITEM": (2, "SETITEMS")},
}
_GATHERED: Final = {"TUPLE": tuple, "LIST": list, "FROZENSET": tuple}
_ACTIONS: Final[Mapping[str, Callable[[_Reader, Any], None]]] = {
    "PROTO": _Reader.proto,
    "MARK": _Reader.mark,
    "POP": _Reader.pop,
    "POP_MARK": _Reader.forget,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Reader.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Reader.get),
    "DICT": _Reader.dictionary,
    "APPENDS": _Reader.appends,
    "ADDITEMS": _Reader.appends,
    "SETITEMS": _Reader.set_items,
    "GLOBAL": _Reader.named,
    "STACK_GLOBAL": _Reader.stack_named,
    "INST": _Reader.instance,
    "REDUCE": _Reader.reduce,
    "NEWOBJ": _Reader.reduce,
    "BUILD": _Reader.build,
    "BINPERSID": _Reader.persistent,
}


def _flat(value: Any, limit: int) -> None:
    """Raise ValueError where containers lie deeper in each other than that, or in themselves."""
    heights: dict[int, int] = {}  # of containers that were left behind
    path, inside = [(value, _parts(value))], {id(value)}
    while path:
        item, parts = path[-1]
        if parts:
            part = parts.pop()
            if id(part) in inside:
                raise ValueError("a container that lies in itself")
            if len(path) + heights.get(id(part), 0) >= limit:
                raise ValueError("containers nested too deeply")
            if id(part) not in heights:
                inside.add(id(part))
                path.append((part, _parts(part)))
            continue
        path.pop()
        inside.discard(id(item))
        heights[id(item)] = max((heights[id(part)] + 1 for part in _parts(item)), default=0)


def _parts(item: Any) -> list[Any]:
    if isinstance(item, Made):
        return [item.arguments, item.held]
    inner = item.values() if isinstance(item, dict) else item
    if not isinstance(item, dict | list | tuple):
        return []
    return [part for part in inner if isinstance(part, dict | list | tuple | Made)]
