"""A pickle is read as words about what it would build: nothing is imported, called or repeated."""

import argparse
import contextlib
import io
import pickle
import struct
import subprocess
import sys
import time
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier.formats.weights.pickles import Limits, Made, Named, Storage, outline

STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"


def read(data, **limits):
    return outline(io.BytesIO(data), Limits(**limits))


def refused(data, words="broken pickle", **limits):
    with pytest.raises(ValueError, match=words):
        read(data, **limits)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


# ------------------------------------------------------------------ what is read
PLAIN = {
    "words": ["a", "ü", b"\x00\xff", "x" * 300],
    "numbers": (0, -1, 255, 70_000, -(1 << 40), 0.5, float("inf")),
    "none": [None, True, False, (), [], {}],
    "nested": {"deeper": {1: (2, (3, 4, 5, 6))}},
}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_back_as_they_were(protocol):
    found = read(pickle.dumps(PLAIN, protocol))
    assert found.value == PLAIN
    assert (found.foreign, found.opaque, list(found.made)) == ((), (), [])
    assert found.protocol == (protocol if protocol > 1 else 0)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | st.text() | st.floats(),
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.integers(0, 5),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_plain_is_read_as_python_reads_it(value, protocol):
    assert repr(read(pickle.dumps(value, protocol)).value) == repr(value)


def test_a_mapping_of_any_kind_is_a_dictionary():
    value = {"a": OrderedDict(x=1), "b": Counter("aab")}
    assert read(pickle.dumps(value, 2)).value == {"a": {"x": 1}, "b": {"a": 2, "b": 1}}


def test_attributes_of_a_mapping_are_passed_over():
    value = OrderedDict(x=1)
    value._metadata = OrderedDict(version=1)
    assert read(pickle.dumps(value, 2)).value == {"x": 1}


@pytest.mark.parametrize("protocol", [2, 4])
def test_bystanders_of_a_training_run_are_kept_as_words(protocol):
    value = {
        "args": argparse.Namespace(arch="resnet18", lr=0.1),
        "best": np.float64(0.75),
        "array": np.zeros(3),
        "path": Path("runs"),
        "counts": defaultdict(int, a=1),
    }
    found = read(pickle.dumps(value, protocol))
    assert found.foreign == ()
    assert found.value["args"].held == {"arch": "resnet18", "lr": 0.1}
    assert {part.name.rpartition(".")[2] for part in found.value.values()} == {
        *("Namespace", "scalar", "_reconstruct", "PosixPath", "defaultdict")
    } or sys.platform == "win32"
    assert all(isinstance(part, Made) for part in found.value.values())


def test_storages_are_described_and_not_made():
    found = read(b"\x80\x02" + STORAGE + b"M\x00\x04tQ.")
    assert found.value == Storage("float32", 4, "0", 1024)
    assert list(found.stored) == [found.value]


def test_the_stream_is_left_behind_the_pickle():
    stream = io.BytesIO(pickle.dumps(1, 2) + pickle.dumps("two", 2) + b"rest")
    assert [outline(stream).value, outline(stream).value] == [1, "two"]
    assert stream.read() == b"rest"


# ------------------------------------------------------------------ what is foreign
@pytest.mark.parametrize("protocol", range(6))
def test_what_a_payload_would_call_is_named_and_not_called(tmp_path, protocol):
    found = read(pickle.dumps({"weights": Trap(tmp_path / "sprung")}, protocol))
    assert found.foreign[0] in ("pathlib.Path.touch", "builtins.getattr")
    assert found.value is None
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'echo'\ntR.",
        b"(S'echo'\nios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.",
        b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85\x81.",
    ],
)
def test_every_way_to_name_a_function_is_seen(data):
    assert read(data).foreign == ("os.system",)


def test_a_pickle_that_names_something_foreign_and_then_breaks_is_foreign_first():
    assert read(b"cos\nsystem\n(S'echo'\nt").foreign == ("os.system",)


def test_no_module_is_imported_for_a_name():
    script = (
        "import io, sys\n"
        "from onepixel_gui.classifier.formats.weights.pickles import outline\n"
        "outline(io.BytesIO(b'cantigravity\\nfly\\n.'))\n"
        "outline(io.BytesIO(b'cargparse\\nNamespace\\n.'))\n"
        "assert not {'antigravity', 'torch', 'numpy', 'argparse'} & set(sys.modules), 'imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_name_alone_is_words():
    assert read(b"\x80\x02ctorch\nfloat32\n.").value == Named("torch.float32")


# ------------------------------------------------------------------ limits
def lists(depth):
    return b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."


def test_containers_deeper_than_the_limit_are_refused():
    assert read(lists(60)).value is not None
    refused(lists(70), "nested too deeply")
    refused(b"\x80\x02)" + b"\x85" * 300_000 + b".", "nested too deeply", seconds=60)


@pytest.mark.parametrize("turned", [False, True])
def test_depth_counts_along_the_longest_way(turned):
    inner = []
    for _ in range(40):
        inner = [inner]
    outer = inner
    for _ in range(40):
        outer = [outer]
    refused(pickle.dumps([inner, outer][:: -1 if turned else 1], 2), "nested too deeply")
    assert read(pickle.dumps([inner, inner], 2)).value[0] == inner


@pytest.mark.parametrize(
    "data", [b"\x80\x02]q\x00h\x00a.", b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."]
)
def test_a_container_that_lies_in_itself_is_refused(data):
    refused(data, "lies in itself")


def test_instructions_are_counted():
    refused(b"\x80\x02" + b"N0" * 3_000_000 + b"N.", "too many instructions|exhausted")
    refused(b"\x80\x02" + b"N0" * 100 + b"N.", "too many instructions", steps=50)


def test_bytes_are_counted():
    refused(pickle.dumps(b"x" * 2000, 3), "expected 2000 bytes|exhausted", size=1000)
    refused(b"\x80\x02X\xff\xff\xff\xff" + b"x" * 100 + b".", "expected 4294967295 bytes")
    refused(b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b".", "broken pickle")


def test_seconds_are_counted():
    refused(b"\x80\x02" + b"N0" * 1000 + b"N.", "too many instructions", seconds=-1.0)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02\x8a\xff" + b"\x7f" * 255 + b".",
        b"\x80\x02\x8b" + struct.pack("<i", 1_000_000) + b"\x7f" * 1_000_000 + b".",
        b"I" + b"9" * 400 + b"\n.",
        b"L" + b"9" * 100_000 + b"L\n.",
        b"\x80\x02\x8b" + struct.pack("<i", -5) + b".",
    ],
)
def test_integers_of_absurd_length_are_refused(data):
    refused(data)


@pytest.mark.parametrize("data", [b"]r\xff\xff\xff\x7f.", b"]p999999999999\n.", b"]p-1\n."])
def test_memo_places_far_out_are_refused(data):
    refused(data, "memo")


def test_tuples_that_take_for_ever_to_hash_are_refused():
    data = b"\x80\x02}K\x01q\x000h\x00"
    data += b"".join(
        b"q" + bytes([n]) + b"0h" + bytes([n]) * 1 + b"h" + bytes([n]) + b"\x86" for n in range(60)
    )
    started = time.thread_time()
    refused(data + b"K\x01s.", "peculiar")
    assert time.thread_time() - started < 1


def test_keys_that_hash_alike_are_refused():
    alike = [k * ((1 << 61) - 1) for k in range(1, 3000)]
    refused(pickle.dumps(dict.fromkeys(alike), 2), "peculiar")
    assert read(pickle.dumps({(0, "a"): 1, 1 << 62: 2}, 2)).value == {(0, "a"): 1, 1 << 62: 2}


@pytest.mark.parametrize(
    "again",
    [
        b"cbuiltins\nset\nh\x00\x85R0",
        b"c_codecs\nencode\nh\x01X\x06\x00\x00\x00latin1\x86R0",
        b"ccollections\nOrderedDict\nh\x02\x85R0",
        b"cargparse\nNamespace\n)Rh\x02b0",
    ],
)
def test_copies_of_something_large_are_counted(again):
    data = b"\x80\x02(" + b"K\x01" * 10_000 + b"lq\x00X" + struct.pack("<I", 10_000) + b"x" * 10_000
    data += b"q\x01}q\x02(" + b"".join(b"J" + struct.pack("<i", n) + b"N" for n in range(10_000))
    refused(data + b"u" + again * 2000 + b".", "too many copies")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b".",
        b"\x80\x02a.",
        b"\x80\x02\x85.",
        b"\x80\x02h\x07.",
        b"\x80\x02t.",
        b"\x80\x02]K\x01K\x02s.",
        b"\x80\x02}K\x01a.",
        b"\x80\x02}]K\x01s.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02K\x01}b.",
        b"\x80\x02\x82\x01.",
        b"Pelsewhere\n.",
        b"\x80\x02X\x01\x00\x00\x00aQ.",
        b"\x80\x05\x97.",
        b"\x80\x04]]\x93.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00ax\x01\x00\x00\x00z\x86R.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00bz2\x86R.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R}b.",
        b"\x80\x02" + STORAGE + b"J\xff\xff\xff\xfftQ.",
        b"\x80\x02" + STORAGE + b"NtQ.",
        b"\x80\x02" + STORAGE + b"K\x04(X\x01\x00\x00\x000K\x02K\x03ttQ.",
    ],
)
def test_a_broken_pickle_is_refused(data):
    refused(data, "broken pickle")


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x80\x02", b"\x80\x02}(", b"\x80\x04]("]))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_read_or_refused(data, head):
    with contextlib.suppress(ValueError):
        read(head + data)


@given(st.integers(0, 1 << 30), st.integers(0, 255), st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_a_pickle_with_one_wrong_byte_is_read_or_refused(place, value, protocol):
    data = bytearray(pickle.dumps(PLAIN | {"args": argparse.Namespace(a=1)}, protocol))
    data[place % len(data)] = value
    with contextlib.suppress(ValueError):
        read(bytes(data))
