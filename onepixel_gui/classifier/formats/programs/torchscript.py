"""TorchScript: a program that torch compiles, and the tables it works on.

torch compiles an archive's texts when it loads it, and runs methods named `__setstate__`.  Its
language has no imports and no way to Python, but its operators read and write files, and tables
with wrong sizes make them read beyond their memory.  So every word of the texts is compared with
what torch could call, every table with the bytes that are there, and torch reads a copy made of
what was checked.  Loading then runs nothing of the file's own.

What remains possible is what any program can do once it is asked about a tile: never end, or ask
for more memory than there is.  The texts hold no number above LARGEST, but a loop can multiply.
"""

import io
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZipFile

from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.programs.archive import (
    OPERATORS,
    Archive,
    told,
    unneeded,
    words,
)
from onepixel_gui.classifier.formats.programs.tables import Table, tables
from onepixel_gui.hushing import hush

if TYPE_CHECKING:
    from torch import nn

LARGEST = 1 << 32  # number in a program, besides its "until the end"
_END = (1 << 63) - 1
_PICKLES = {"data.pkl": "data/", "constants.pkl": "constants/"}
_KEPT = re.compile(
    r"(\.data/)?version|byteorder|(data|constants)\.pkl|(data|constants)/\w+|code/.+\.py"
)
_TEXT, _PICKLE = 16 << 20, 16 << 20  # bytes at most

# What programs do besides asking operators of `aten`: numbers, lists, words, and being compiled.
_LANGUAGE = words("""
    Bool BoolImplicit Float FloatImplicit ImplicitTensorToNum Int IntImplicit NumToTensor
    RaiseException ScalarImplicit Size TupleIndex Uninitialized __and__ __contains__
    __derive_index __getitem__ __interpolate __is__ __isnot__ __lshift__ __not__ __or__
    __range_length __rshift__ __upsample __xor__ _get_tracing_state _infer_size
    _native_multi_head_attention _set_item _transformer_encoder_layer_fwd _unwrap_optional
    _upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_lanczos2d_aa
    _upsample_nearest_exact1d _upsample_nearest_exact3d adaptive_avg_pool3d adaptive_max_pool3d
    annotate append as_tensor avg_pool3d bernoulli_ capitalize clear conv3d copy copy_ data
    device dict dtype endswith extend find floordiv format get grad insert int
    is_autocast_enabled is_complex is_contiguous is_cpu is_cuda is_floating_point
    is_grad_enabled is_leaf is_nested is_quantized is_scripting is_sparse isinstance items
    itemsize join keys layout len list lower lstrip mathremainder max_pool3d name nbytes ndim
    ndimension new_tensor ord pin_memory pop range replace requires_grad requires_grad_ result_type
    reverse rsub rstrip shape sort sorted startswith str strip tensor title type unchecked_cast
    unchecked_unwrap_optional uninitialized update upper upsample_linear1d upsample_nearest1d
    upsample_nearest3d upsample_trilinear3d values warn
""")
_FORBIDDEN = words("""
    __getstate__ __setstate__ await awaitable awaitable_nowait awaitable_wait fork rpc_async
    rpc_remote rpc_sync
""")
_HARMFUL = words("owner put resize save seed wait")  # wherever they stand
_PRIM = words("""
    NumToTensor RaiseException data device dtype grad is_cpu is_cuda is_nested is_quantized
    is_sparse itemsize layout max min name nbytes ndim requires_grad shape type unchecked_cast
""")
_WORD = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_ATTRIBUTE = re.compile(r'\bgetattr\([\w.()]{1,200}, "[\w-]{1,200}"\)')
_ROOTS = re.compile(r"(?<![\w.])(torch|ops)\b(?:\s*\.\s*(\w+))?(?:\s*\.\s*(\w+))?")
_METHODS = re.compile(r"\.\s*(\w+)\s*\(")
_DEFINED = re.compile(r"^ *(?:def|class) (\w+)", re.MULTILINE)


def entries_recognised(names: Sequence[str]) -> bool:
    """Whether a zip file with these entries is TorchScript."""
    return any("/code/" in name for name in names)


def peek(file: BinaryIO, name: str) -> Contents:
    """What the archive says of itself; the card in its `extra/card.json` is told.

    Raises UnusableCheckpoint and, for a damaged file, what `formats` names.
    """
    archive = Archive(file, name)
    weights = _checked(archive, "data.pkl")
    return Contents(
        format="TorchScript",
        architecture="TorchScript",
        stored=sum(each.numbers for each in weights if each.name != "num_batches_tracked"),
        told=told(archive),
    )


def network(source: Source, contents: Contents) -> "nn.Module":  # noqa: ARG001
    """(N, 3, H, W) -> whatever the file's own program gives; in evaluation mode, on the CPU.

    Raises UnusableCheckpoint and, for a damaged file, what `formats` names.
    """
    import torch

    archive = Archive(io.BytesIO(source.data), source.name)
    code = [entry for entry in archive if entry.startswith("code/") and entry.endswith(".py")]
    if sum(archive.size(entry) for entry in code) > _TEXT:
        raise unneeded(source.name, "its texts are longer than any classifier's")
    texts = [archive.read(entry).decode("ascii") for entry in code]
    _compare(texts, source.name)
    for pickle in _PICKLES.keys() & {*archive}:
        _checked(archive, pickle)
    read: Any = torch.jit.load
    hush(DeprecationWarning, module=r"torch\.jit\b")  # it would rather be given an export
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "program.pt")
        _rewrite(archive, copy)
        network: nn.Module = read(str(copy), map_location="cpu")
    return network.eval()


def _checked(archive: Archive, pickle: str) -> list[Table]:
    """The tensors of a pickle, whose storages are all as long as it says."""
    found = tables(archive.read(pickle, _PICKLE), archive.name)
    for table in found:
        held = archive.size(_PICKLES[pickle] + table.key)
        if held < table.size:
            raise ValueError(f"{table.size} bytes are said to be in {held}")
    return found


def _rewrite(archive: Archive, path: Path) -> None:
    """The same program, without what is not needed to run it and without two ways to read it."""
    with ZipFile(path, "w") as copy:
        for entry in archive:
            if _KEPT.fullmatch(entry):
                copy.writestr(f"program/{entry}", archive.read(entry))


def _compare(texts: Sequence[str], name: str) -> None:
    """Refuse what calls, or could call, an operator that no tile classifier needs.

    Words count wherever they stand, in strings too: nothing depends on reading the language just
    as torch's compiler does.  Plain words that are also names of layers and attributes count only
    where they can be a call.
    """
    beyond = _callable() - OPERATORS - _LANGUAGE
    found = {word for text in texts for word in _WORD.findall(text)}
    called = {word for text in texts for word in _calls(text)}
    refused = {word for word in found & beyond if "_" in word} | (found & (_FORBIDDEN | _HARMFUL))
    refused |= called & beyond
    if refused:
        raise unneeded(name, f"it uses {', '.join(sorted(refused)[:8])}")
    for text in texts:
        numbers = {int(digits) for digits in _NUMBER.findall(text)} - {_END}
        if not {*_ESCAPED.findall(text)} <= {"'", '"', "\\", "n", "t", "r"}:
            raise unneeded(name, "it spells words in a roundabout way")
        if text.count("getattr") != len(_ATTRIBUTE.findall(text)) or not _rooted(text):
            raise unneeded(name, "it looks up names while it runs")
        if max(numbers, default=0) > LARGEST:
            raise unneeded(name, f"it uses the number {max(numbers)}")


def _calls(text: str) -> set[str]:
    """What is asked of torch, and of values unless the text itself defines it."""
    roots = {second if first == "aten" else first for _, first, second in _ROOTS.findall(text)}
    return (roots - {"prim"}) | ({*_METHODS.findall(text)} - {*_DEFINED.findall(text)})


def _rooted(text: str) -> bool:
    """`torch` and `ops` stand only before the operator's own name."""
    return all(
        first if root == "torch" else (first == "prim" and second in _PRIM) or first == "aten"
        for root, first, second in _ROOTS.findall(text)
    )


def _callable() -> frozenset[str]:
    """The names of all operators that texts can reach without saying whose they are."""
    import torch

    schemas: Any = torch._C._jit_get_all_schemas
    spaces = (schema.name.split("::") for schema in schemas())
    return frozenset(name for space, name in spaces if space in ("aten", "prim", "prims"))
