"""What TorchScript and torch.export files share: an archive that holds a program.

torch trusts both: a size that is too large, a pickle or a string in the wrong place, and it reads
beyond its memory or runs what it is given.  So all of an archive is read here first, what is not
needed for a tile classifier is refused, and torch is shown a new archive of what is left.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import UnusableCheckpoint

ENTRIES = 20_000  # of one archive; a large transformer has some 3,000
UNPACKED = 64 << 20  # bytes that come out of compressed entries: text and tables, never weights
_ENCRYPTED = 0x1
_CARD, _POURED = 1 << 16, 1 << 20  # bytes


def words(text: str) -> frozenset[str]:
    """What stands in `text` between spaces."""
    return frozenset(text.split())


_IN_PLACE_TOO = words("""
    abs add addcdiv addcmul alpha_dropout bitwise_and bitwise_not bitwise_or ceil celu clamp
    clamp_max clamp_min clip cos detach div divide dropout elu eq erf exp exp2 expm1
    feature_alpha_dropout feature_dropout fill floor floor_divide ge gelu gt hardsigmoid hardswish
    hardtanh index_fill le leaky_relu lerp log log10 log1p log2 logical_and logical_not logical_or
    logical_xor logit lt masked_fill mish mul multiply ne neg negative pow reciprocal relu relu6
    remainder round rrelu rsqrt selu sigmoid sign silu sin sqrt square squeeze sub subtract
    swapaxes swapdims t tan tanh threshold transpose true_divide trunc unsqueeze zero
""")
_OTHERS = words("""
    _adaptive_avg_pool2d _assert_tensor_metadata _convolution _log_softmax
    _native_batch_norm_legit _native_batch_norm_legit_no_training
    _scaled_dot_product_flash_attention_for_cpu _shape_as_tensor _softmax _to_copy _unsafe_index
    _unsafe_view _upsample_nearest_exact2d _weight_norm adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_max_pool1d adaptive_max_pool2d addmm alias all amax amin any arange argmax argmin
    atleast_2d avg_pool1d avg_pool2d baddbmm batch_norm bernoulli bilinear bmm broadcast_tensors
    broadcast_to cat cdist channel_shuffle chunk clone col2im column_stack concat concatenate
    constant_pad_nd contiguous conv1d conv2d conv_transpose2d convolution cosine_similarity
    count_nonzero cumsum diag diagonal dim dot einsum embedding empty empty_like expand expand_as
    eye fft_fft2 fft_ifft2 fft_irfft2 fft_rfft2 flatten flip full full_like gather glu group_norm
    hardshrink hstack im2col imag index index_select instance_norm isfinite isinf isnan item
    layer_norm lift_fresh lift_fresh_copy linalg_norm linalg_vector_norm linear linspace
    log_sigmoid log_softmax logsumexp matmul max max_pool1d max_pool2d max_pool2d_with_indices
    maximum mean median meshgrid min minimum mm moveaxis movedim mv narrow native_batch_norm
    native_dropout native_group_norm native_layer_norm new_empty new_full new_ones new_zeros norm
    numel ones ones_like outer pad permute pixel_shuffle pixel_unshuffle polar prelu prod rand
    rand_like randn real reflection_pad2d repeat repeat_interleave replication_pad2d reshape
    reshape_as roll scalar_tensor scaled_dot_product_attention select size slice softmax softplus
    softshrink special_expit split split_with_sizes stack std std_mean sum sym_size tensor_split
    tile to topk tril triu type_as unbind unflatten unfold upsample_bicubic2d upsample_bilinear2d
    upsample_nearest2d var var_mean view view_as view_as_complex view_as_real vstack where zeros
    zeros_like
""")
OPERATORS = _OTHERS | _IN_PLACE_TOO | {f"{name}_" for name in _IN_PLACE_TOO}
"""Operators of `torch.ops.aten` that a tile classifier may need.

None of them reaches a file, a setting of torch, or memory that is not a tensor's own.
"""


class Archive:
    """The entries of a zip file, by their names without the folder in which all of them may lie.

    Raises UnusableCheckpoint for an archive that holds more than it is large, and ValueError for
    a damaged one or one of which two readers could have two opinions.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        size = file.seek(0, 2)
        file.seek(0)
        with _reading():
            self._zip = ZipFile(file)
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        self._check(entries, size)
        folders = {entry.filename.partition("/")[0] for entry in entries}
        inside = len(folders) == 1 and folders != {entry.filename for entry in entries}
        self._entries = {
            entry.filename.partition("/")[2] if inside else entry.filename: entry
            for entry in entries
        }

    def _check(self, entries: Sequence[ZipInfo], size: int) -> None:
        unpacked = sum(e.file_size for e in entries if e.compress_type != ZIP_STORED)
        if unpacked > UNPACKED or sum(e.file_size for e in entries) - unpacked > size:
            raise UnusableCheckpoint(
                f"{self.name} would unpack to more than a checkpoint holds.",
                "Choose the checkpoint as torch saved it.",
                detail=f"{len(entries)} entries, {unpacked:,} bytes compressed away",
            )
        names = {entry.filename.lower() for entry in entries}
        if len(names) != len(entries) or len(entries) > ENTRIES:
            raise ValueError(f"{len(entries)} entries of {len(names)} names")
        for entry in entries:
            if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ValueError(f"{entry.filename!r} is packed in another way")
            if entry.flag_bits & _ENCRYPTED or not _plain(entry.filename):
                raise ValueError(f"{entry.filename!r} cannot be read")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, entry: str) -> bool:
        return entry in self._entries

    def size(self, entry: str) -> int:
        """Bytes of an entry, unpacked."""
        return self._entries[entry].file_size

    def pour(self, entry: str, into: memoryview) -> None:
        """The first bytes of an entry into `into`, without holding them twice."""
        with _reading(), self._zip.open(self._entries[entry]) as stream:
            for start in range(0, len(into), _POURED):
                part = into[start : start + _POURED]
                part[:] = stream.read(len(part))  # ValueError where there are too few

    def read(self, entry: str, limit: int | None = None) -> bytes:
        """All of an entry.  ValueError for more than `limit` bytes or another checksum."""
        size = self.size(entry)
        if limit is not None and size > limit:
            raise ValueError(f"{entry} has {size:,} bytes")
        with _reading(), self._zip.open(self._entries[entry]) as stream:
            data = stream.read(size)  # asked for all at once, it would unpack more than it says
        if len(data) != size:
            raise ValueError(f"{entry} is cut short")
        return data


def _plain(name: str) -> bool:
    """Of ASCII letters, and leading nowhere else."""
    parts = name.split("/")
    return (
        name.isascii()
        and name.isprintable()
        and "\\" not in name
        and not {"", ".", ".."} & {*parts}
    )


@contextmanager
def _reading() -> Iterator[None]:
    """What zipfile and zlib raise for damaged bytes, as one kind."""
    try:
        yield
    except (BadZipFile, EOFError, struct.error, zlib.error) as broken:
        raise ValueError(str(broken)) from broken


def told(archive: Archive) -> Mapping[str, Any]:
    """Fields of a card from the archive's `extra/card.json`, as they stand there."""
    if "extra/card.json" not in archive:
        return {}
    card = json.loads(archive.read("extra/card.json", _CARD) or b"{}")
    if "input" in card:
        card["input_size"] = card.pop("input")
    known = {field.name for field in fields(Card)}
    return {key: value for key, value in card.items() if key in known}


def unneeded(name: str, what: str) -> UnusableCheckpoint:
    """The refusal of a program for something in it that no tile classifier needs."""
    return UnusableCheckpoint(
        f"{name} holds a program that does more than classify tiles.",
        "Export the bare network again after calling eval() on it, or save its weights alone.",
        detail=what,
    )
