"""Numbers of a file that do not add up, and damage anywhere, are never a bug."""

import contextlib
import io
import pickle
import resource
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.state_dicts import (
    HARMLESS,
    STATE,
    load,
    peek,
    prefixed,
    refused,
    saved,
    with_pickle,
)


# ------------------------------------------------------------------ numbers that do not add up
def tensor(count=6, offset=0, size=(2, 3), stride=(3, 1), *, key="0", more=()):
    """A data.pkl with one weight of these claims."""

    class Claim:
        def __reduce__(self):
            claims = (Kept(count, key, more), offset, size, stride, False, OrderedDict())
            return torch._utils._rebuild_tensor_v2, claims

    return Claim()


class Kept:
    def __init__(self, count, key, more):
        self.id = ("storage", torch.FloatStorage, key, "cpu", count, *more)


class Claiming(pickle.Pickler):
    def persistent_id(self, item):
        return item.id if isinstance(item, Kept) else None


def claiming(*claims):
    stream = io.BytesIO()
    Claiming(stream, 2).dump({f"w{n}": claim for n, claim in enumerate(claims)})
    return stream.getvalue()


def in_zip(*claims, data=b"\0" * 24):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("net/data.pkl", claiming(*claims))
        archive.writestr("net/data/0", data)
        archive.writestr("net/version", b"3\n")
    return stream.getvalue()


SIX = struct.pack("<q", 6) + b"\0" * 24


def in_a_row(*claims, data=SIX, keys=("0",), little=True):
    facts = {"protocol_version": 1001, "little_endian": little}
    parts = (0x1950A86A20F9469CFC6C, 1001, facts)
    head = b"".join(pickle.dumps(part, 2) for part in parts)
    return head + claiming(*claims) + pickle.dumps(list(keys), 2) + data


def test_claims_that_add_up_are_read():
    for data in (in_zip(tensor()), in_a_row(tensor(more=(None,)))):
        assert peek(data).shapes == {"w0": (2, 3)}
        assert torch.equal(load(data)["w0"], torch.zeros(2, 3))


HUGE = 10**12
CLAIMS = {
    "beyond the storage": {"offset": 1},
    "stride zero": {"size": (HUGE,), "stride": (0,)},
    "huge": {"count": HUGE, "size": (HUGE,), "stride": (1,)},
    "overlapping": {"size": (4, 2), "stride": (1, 1)},
    "negative size": {"size": (-2, 3)},
    "negative stride": {"stride": (-3, 1)},
    "negative offset": {"offset": -1},
    "negative count": {"count": -6},
    "other lengths": {"size": (2, 3), "stride": (1,)},
    "no numbers": {"size": (2.0, 3)},
    "truth": {"size": (True, 3)},
    "no tuple": {"size": [2, 3]},
    "dimensions": {"size": (1,) * 64, "stride": (1,) * 64},
    "wider than any number": {"size": (1 << 62, 1 << 62, 0), "stride": (1, 1, 1)},
    "other storage": {"key": "1"},
    "outside": {"key": "../../data.pkl"},
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_weight_that_is_not_in_the_file_is_refused_before_room_is_made(claim):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (in_zip(tensor(**CLAIMS[claim])), in_a_row(tensor(**CLAIMS[claim], more=(None,)))):
        with pytest.raises(HARMLESS):
            peek(data)
        with pytest.raises(HARMLESS):
            load(data, peek(in_zip(tensor())))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_one_storage_named_as_many_weights_is_refused():
    with pytest.raises(ValueError, match="more numbers"):
        peek(in_zip(*[tensor() for _ in range(50)]))
    assert len(peek(in_zip(tensor(), tensor())).shapes) == 2


def test_one_storage_of_two_sizes_is_refused():
    with pytest.raises(ValueError, match="two sizes"):
        peek(in_a_row(tensor(more=(None,)), tensor(count=7, more=(None,))))


@pytest.mark.parametrize(
    "options",
    [
        {"keys": ()},
        {"keys": ("0", "0")},
        {"keys": ("1",)},
        {"keys": (0,)},
        {"little": False},
        {"data": b""},
    ],
)
def test_a_legacy_file_that_contradicts_itself_is_refused(options):
    with pytest.raises(ValueError, match=r"storages|byte order|ends before"):
        peek(in_a_row(tensor(more=(None,)), **options))


@pytest.mark.parametrize("part", [("v", 0, 6), ("v", 2, 4)])
def test_a_legacy_view_is_read_within_its_bounds(part):
    data = in_a_row(tensor(size=(2,), stride=(1,), more=(part,)))
    assert peek(data).shapes == {"w0": (2,)}


@pytest.mark.parametrize("part", [("v", 2, 6), ("v", -1, 2), ("v",), "v"])
def test_a_legacy_view_out_of_its_bounds_is_refused(part):
    with pytest.raises(ValueError, match="broken pickle"):
        peek(in_a_row(tensor(size=(2,), stride=(1,), more=(part,))))


def test_the_inside_of_a_tensor_may_not_be_changed_by_the_pickle():
    data = claiming(tensor())
    spot = data.rindex(b"R") + 1
    built = data[:spot] + b"}b" + data[spot:]
    with pytest.raises(ValueError, match="inside"):
        peek(with_pickle(in_zip(tensor()), built))


@pytest.mark.parametrize(
    "payload",
    [
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\x00\x00\x00\x10\x85R.",
        b"\x80\x02ctorch\nTensor\n(J\x00\x00\x00\x10J\x00\x00\x00\x10tR.",
        b"\x80\x02ctorch\nFloatTensor\nJ\x00\x00\x00\x7f\x85R.",
        b"\x80\x02ctorch._utils\n_rebuild_meta_tensor_no_storage\n)R.",
    ],
)
def test_what_torch_would_make_room_for_is_refused(payload):
    refused(with_pickle(saved(STATE), payload))


# ------------------------------------------------------------------ damage anywhere
WHOLE = {
    zipped: saved({"state_dict": prefixed("module."), "arch": "tiny", "epoch": 1}, zipped)
    for zipped in (True, False)
}
PEEKED = {zipped: peek(data) for zipped, data in WHOLE.items()}


@given(st.booleans(), st.floats(0, 1), st.binary(min_size=1, max_size=30), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused_but_never_a_bug(zipped, place, value, head):
    data = bytearray(WHOLE[zipped])
    start = int(place * (3000 if head else len(data)))
    data[start : start + len(value)] = value
    with contextlib.suppress(*HARMLESS):
        assert peek(bytes(data)).stored >= 0
    with contextlib.suppress(*HARMLESS):
        assert load(bytes(data), PEEKED[zipped]).keys() == PEEKED[zipped].shapes.keys()


@given(st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", WHOLE[False][:15]]), st.binary())
@settings(max_examples=100, deadline=None)
def test_random_bytes_are_refused(head, data):
    with pytest.raises(HARMLESS):
        peek(head + data)
    with pytest.raises(HARMLESS):
        load(head + data, PEEKED[True])


def test_memory_peaks_at_the_file_and_its_tensors(tmp_path):
    state = {f"w{n}": torch.ones(1 << 20) for n in range(25)}
    for name, value, zipped in (
        ("small", STATE, True),
        ("zip", state, True),
        ("row", state, False),
    ):
        (tmp_path / name).write_bytes(saved(value, zipped))
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from onepixel_gui.classifier.formats.weights import state_dict\n"
        "from onepixel_gui.classifier.formats.contents import Source\n"
        "def opened(path):\n"
        "    with path.open('rb') as file:\n"
        "        contents = state_dict.peek(file, path.name)\n"
        "    return state_dict.weights(Source(path, path.read_bytes(), ''), contents)\n"
        "def peak():\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "folder = Path(sys.argv[1])\n"
        "opened(folder / 'small')\n"
        "before = peak()\n"
        "for name in ('zip', 'row'):\n"
        "    assert len(opened(folder / name)) == 25\n"
        "    grown = (peak() - before) / (folder / name).stat().st_size\n"
        "    assert grown < 2.1, (name, grown)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=120)
