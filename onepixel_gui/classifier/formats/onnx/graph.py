"""What an ONNX file says of its network, checked against what the file really holds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from onepixel_gui.classifier.formats.wire import Message, shown
from onepixel_gui.problems import UnusableCheckpoint

NODES = 10_000  # a large Swin transformer written step by step has half of it
WIDEST = 4096  # pixels
_BATCH = 1024

_HALVES = {  # data type -> half bytes per number
    1: 8, 2: 2, 3: 2, 4: 4, 5: 4, 6: 8, 7: 16, 9: 2, 10: 4, 11: 16, 12: 8, 13: 16, 14: 16, 15: 32,
    16: 4, 17: 2, 18: 2, 19: 2, 20: 2, 21: 1, 22: 1, 23: 1, 24: 2,
}  # fmt: skip
_ELEMENTS = {1: "float32", 2: "uint8", 10: "float16", 11: "float64"}  # of pictures
_COUNTED = frozenset(_HALVES) - {7, 9}  # shapes and indices are no weights
_TYPED = {4: 4, 5: 1, 7: 1, 10: 8, 11: 1}  # field of a tensor -> least bytes per number

_OWN = ("", "ai.onnx")
_FUSED = frozenset(  # of com.microsoft: what onnxruntime's own optimiser and quantiser write
    (
        "Attention", "BiasGelu", "DequantizeLinear", "FastGelu", "FusedConv", "FusedGemm",
        "FusedMatMul", "Gelu", "LayerNormalization", "MultiHeadAttention", "QGemm", "QLinearAdd",
        "QLinearAveragePool", "QLinearConcat", "QLinearGlobalAveragePool", "QLinearLeakyRelu",
        "QLinearMul", "QLinearSigmoid", "QLinearSoftmax", "QuantizeLinear", "QuickGelu",
        "SkipLayerNormalization",
    )
)  # fmt: skip
_UNBOUNDED = ("Loop", "Scan", "SequenceMap")
_PASSING = ("Identity", "Reshape", "Flatten", "Squeeze", "Cast", "Unsqueeze")
_SQUASHED = {"Softmax": "softmax", "LogSoftmax": "log-softmax", "Sigmoid": "sigmoid"}
_ADDRESS = "_ORT_MEM_ADDR_"  # a "file" by which onnxruntime means its own memory
_AGAIN = "Export the network again, with fixed sizes and without control flow."

Dims = tuple[int | None, ...]  # None: left open


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output. element: ONNX's data type; dims: None where no rank is told."""

    name: str
    element: int
    dims: Dims | None


@dataclass(frozen=True, slots=True)
class Outside:
    """Numbers that lie in another file, from `offset` on, all in bytes."""

    tensor: str
    location: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is fed.

    batch:   tiles at once, 0 where it is left open.  size: (H, W), None where it is left open.
    last:    (N, H, W, 3) instead of (N, 3, H, W).  element: what NumPy calls the input's numbers.
    """

    input: str
    output: str
    batch: int
    size: tuple[int, int] | None
    last: bool
    element: str
    outside: tuple[Outside, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """stored: weights.  count: classes, 0 where left open.  outputs: of the card, "" unknown."""

    recipe: Recipe
    stored: int
    count: int
    outputs: str
    producer: str
    others: tuple[str, ...]


def facts_of(model: Message, file: str) -> Facts:
    """Raises UnusableCheckpoint for what cannot or shall not be run, ValueError for damage."""
    if 25 in model:
        raise _refused(file, "brings functions of its own", "Export it with all functions inlined.")
    graph = model.message(7)
    tensors = _Tensors(file)
    nodes = list(_nodes(graph, file, tensors))
    for tensor in graph.messages(5):
        tensors.add(tensor)
    held = set(tensors.names)
    inputs = [value for value in map(_value, graph.messages(11)) if value.name not in held]
    outputs = [_value(message) for message in graph.messages(12)]
    picture = _picture(inputs, file)
    rows = _rows(outputs, file)
    assert picture.dims is not None
    last = picture.dims[3] == 3 and picture.dims[1] != 3
    height, width = picture.dims[1:3] if last else picture.dims[2:4]
    recipe = Recipe(
        input=picture.name,
        output=rows.name,
        batch=picture.dims[0] or 0,
        size=(height, width) if height and width else None,
        last=last,
        element=_ELEMENTS[picture.element],
        outside=tuple(tensors.outside),
    )
    return Facts(
        recipe=recipe,
        stored=tensors.stored,
        count=(rows.dims[1] or 0) if rows.dims is not None else 0,
        outputs=_outputs(nodes, rows.name),
        producer=" ".join(filter(None, (model.text(2)[:40], model.text(3)[:20]))),
        others=tuple(value.name for value in outputs if value.name != rows.name),
    )


def beside(outside: Sequence[Outside], folder: Path | None, file: str) -> None:
    """Check that all numbers of other files are there, inside the folder of `file`.

    folder: None where it is not known, and only names can be judged.  Raises UnusableCheckpoint.
    """
    for location in sorted({one.location for one in outside}):
        parts = (PurePosixPath(location), PureWindowsPath(location))
        away = any(p.is_absolute() or p.drive or ".." in p.parts for p in parts)
        if away or not location or _ADDRESS in location or "\0" in location:
            raise _away(file, location)
        if folder is None:
            continue
        path = (folder / location).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise _away(file, location)
        if not path.is_file():
            raise UnusableCheckpoint(
                f"{file} keeps its weights in {shown(location, 80)}, which is not beside it.",
                "Put both files into one folder, under the names that they were exported with.",
            )
        wanted = [one for one in outside if one.location == location]
        size = path.stat().st_size
        beyond = any(one.offset + one.length > size for one in wanted)
        if beyond or sum(one.length for one in wanted) > 2 * size:
            raise UnusableCheckpoint(
                f"{file} wants more weights than {shown(location, 80)} holds.",
                "Fetch both files again; they belong together.",
            )


def _away(file: str, location: str) -> UnusableCheckpoint:
    return UnusableCheckpoint(
        f"{file} wants to read {location[-80:]!r}, outside its own folder.",
        "Export it with the weights inside the file or beside it.",
        detail=location[:1000],
    )


def _refused(file: str, words: str, remedy: str = _AGAIN) -> UnusableCheckpoint:
    return UnusableCheckpoint(f"{file} {words}.", remedy)


# ------------------------------------------------------------------ nodes and numbers
@dataclass(frozen=True, slots=True)
class _Node:
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class _Tensors:
    """The numbers stored in a file, counted and checked one by one."""

    def __init__(self, file: str) -> None:
        self.file, self.stored = file, 0
        self.names: list[str] = []
        self.outside: list[Outside] = []

    def add(self, tensor: Message) -> None:
        """Raises UnusableCheckpoint where the shape promises other numbers than are there."""
        name, dims, kind = tensor.text(8), tensor.integers(1), tensor.integer(2)
        self.names.append(name)
        if kind == 8:
            raise _refused(self.file, "stores text among its weights")
        if kind not in _HALVES or 3 in tensor:
            raise ValueError(f"{name!r} is of an unknown kind of numbers, {kind}")
        count = math.prod(dims) if all(size >= 0 for size in dims) else -1
        size = (count * _HALVES[kind] + 1) // 2
        if count < 0 or not self._held(tensor, count, size):
            raise _refused(
                self.file,
                f"promises a tensor {name[:60]!r} of shape {dims[:8]} that it does not hold",
                "Fetch the file again, and compare its checksum with the publisher's.",
            )
        self.stored += count if kind in _COUNTED else 0

    def _held(self, tensor: Message, count: int, size: int) -> bool:
        if tensor.integer(14) == 1:
            entries = {one.text(1): one.text(2) for one in tensor.messages(13)}
            offset, length = (int(entries.get(key, "0") or 0) for key in ("offset", "length"))
            there = (tensor.text(8), entries.get("location", ""), offset, length or size)
            self.outside.append(Outside(*there))
            return offset >= 0 and length in (0, size)
        if 13 in tensor:
            raise ValueError("numbers here and elsewhere")
        if 9 in tensor:
            return sum(map(len, tensor.views(9))) == size
        held = sum(_bytes(tensor, field) // width for field, width in _TYPED.items())
        return count <= held * (2 if _HALVES[tensor.integer(2)] == 1 else 1)


def _bytes(tensor: Message, field: int) -> int:
    """Of a list of numbers, packed or, as hardly anybody writes them, one by one."""
    if field not in tensor:
        return 0
    try:
        return sum(map(len, tensor.views(field)))
    except ValueError:
        return {4: 4, 10: 8}.get(field, 1) * tensor.count(field)


def _nodes(graph: Message, file: str, tensors: _Tensors) -> Iterator[_Node]:
    """All nodes, those of branches included. Raises UnusableCheckpoint."""
    left = [NODES]
    yield from _walked(graph, file, tensors, left)


def _walked(graph: Message, file: str, tensors: _Tensors, left: list[int]) -> Iterator[_Node]:
    if 15 in graph:
        raise _refused(file, "stores sparse weights")
    left[0] -= graph.count(1)
    if left[0] < 0:
        raise _refused(file, f"has more than {NODES:,} operations")
    for message in graph.messages(1):
        kind, domain = message.text(4), message.text(7)
        if domain not in _OWN and not (domain == "com.microsoft" and kind in _FUSED):
            raise _refused(
                file,
                f"needs {shown(kind, 40)} of {shown(domain, 60)}, which is no part of ONNX",
                "Export it with standard ONNX operators only.",
            )
        if kind in _UNBOUNDED:
            raise _refused(file, f"contains a loop ({kind}), which may never end")
        for attribute in message.messages(5):
            yield from _inside(attribute, kind, file, tensors, left)
        yield _Node(kind, tuple(message.texts(1)), tuple(message.texts(2)))


def _inside(
    attribute: Message, kind: str, file: str, tensors: _Tensors, left: list[int]
) -> Iterator[_Node]:
    """Numbers and branches that hang on a node."""
    if 22 in attribute or 23 in attribute:
        raise _refused(file, "stores sparse weights")
    for tensor in (*attribute.messages(5), *attribute.messages(10)):
        if tensor.integer(14) == 1:
            raise _refused(file, "keeps constants of its operations in another file")
        tensors.add(tensor)
    for graph in (*attribute.messages(6), *attribute.messages(11)):
        if kind != "If":
            raise _refused(file, f"has an operation {shown(kind, 40)} that runs other operations")
        for tensor in graph.messages(5):
            tensors.add(tensor)
        yield from _walked(graph, file, tensors, left)


def _outputs(nodes: Sequence[_Node], name: str) -> str:
    """What the last operation that changes numbers makes of them."""
    makers = {out: node for node in nodes for out in node.outputs}
    for _ in range(8):
        node = makers.get(name)
        if node is None or node.kind not in _PASSING or not node.inputs:
            break
        name = node.inputs[0]
    if node is None:
        return ""
    if node.kind == "Log" and _outputs(nodes, node.inputs[0]) == "softmax":
        return "log-softmax"
    return _SQUASHED.get(node.kind, "logits")


# ------------------------------------------------------------------ inputs and outputs
def _value(message: Message) -> Value:
    tensor = message.message(2).message(1)
    dims: Dims | None = None
    if 2 in tensor:
        sizes = [one.integer(1) if 1 in one else None for one in tensor.message(2).messages(1)]
        # Zero and less are how some exporters write that a size is open.
        dims = tuple(size if size is None or size > 0 else None for size in sizes)
    return Value(message.text(1), tensor.integer(1), dims)


def _picture(inputs: Sequence[Value], file: str) -> Value:
    """The one input, (N, 3, H, W) or (N, H, W, 3)."""
    if len(inputs) != 1:
        names = ", ".join(shown(value.name, 40) for value in inputs[:4]) or "none"
        raise _refused(file, f"takes {len(inputs)} inputs ({names}) instead of one picture")
    (picture,) = inputs
    dims = picture.dims
    if picture.element not in _ELEMENTS or dims is None or len(dims) != 4:
        raise _refused(file, "does not take pictures of numbers in rows and columns")
    batch, *sizes = dims
    if 3 not in (dims[1], dims[3]) and None not in (dims[1], dims[3]):
        raise _refused(file, "does not take pictures of three channels", "Choose a colour network.")
    if any(size is not None and size > WIDEST for size in sizes) or (batch or 0) > _BATCH:
        raise _refused(file, f"takes pictures of {_times(dims)}, more than can be handled")
    return picture


def _rows(outputs: Sequence[Value], file: str) -> Value:
    """The first output that can be one row of numbers per tile; (N, C, 1, 1) is one too."""
    for value in outputs:
        dims = value.dims
        if value.element in _ELEMENTS and (
            dims is None or (len(dims) >= 2 and all(size in (1, None) for size in dims[2:]))
        ):
            return value
    raise _refused(
        file, "does not return one row of numbers per tile", "Choose the export of a classifier."
    )


def _times(dims: Dims) -> str:
    return " x ".join("?" if size is None else str(size) for size in dims)
