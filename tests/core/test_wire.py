"""Protobuf's wire format is read as protobuf writes it, and nothing else is."""

import contextlib

import numpy as np
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto

from onepixel_gui.classifier.formats.wire import DEPTH, FIELDS, LENGTH, VARINT, Message, looks_like
from tests.core.protobuf import field, message, varint

INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
FLOATS = st.floats(width=32, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=9), INTEGERS, FLOATS, st.lists(INTEGERS), st.lists(FLOATS), st.binary())
def test_what_protobuf_wrote_is_read_back(name, one, real, many, reals, data):
    written = AttributeProto(name=name, i=one, f=real, ints=many, floats=reals, s=data)
    read = Message(written.SerializeToString())
    assert (read.text(1), read.integer(3), read.real(2)) == (name, one, real)
    assert read.integers(8) == many
    assert read.floats(7).tolist() == reals
    assert [bytes(view) for view in read.views(4)] == [data]


def test_messages_inside_messages_are_read_in_order():
    inner = [DescriptorProto(name=f"m{index}") for index in range(3)]
    read = Message(DescriptorProto(name="outer", nested_type=inner).SerializeToString())
    assert [one.text(1) for one in read.messages(3)] == ["m0", "m1", "m2"]
    assert read.message(3).text(1) == "m2"


def test_what_is_not_there_has_protobufs_default():
    empty = Message(b"")
    assert (empty.integer(1), empty.integer(1, 7), empty.text(1), empty.real(1, 0.5)) == (
        0,
        7,
        "",
        0.5,
    )
    assert (empty.integers(1), empty.messages(1), empty.views(1)) == ([], [], [])
    assert empty.floats(1).size == empty.doubles(1).size == empty.message(1).integer(1) == 0
    assert 1 not in empty


def test_lists_are_read_packed_or_one_by_one():
    ones = message({1: (1, -2, 300), 2: (0.5, -1.0)})
    packed = message({1: [1, -2, 300], 2: np.array([0.5, -1.0], "<f4")})
    for data in (ones, packed):
        assert Message(data).integers(1) == [1, -2, 300]
        assert Message(data).floats(2).tolist() == [0.5, -1.0]
    assert Message(field(3, np.array([1.5, 2.5]))).doubles(3).tolist() == [1.5, 2.5]


def test_a_packed_list_of_floats_is_not_copied():
    data = np.frombuffer(field(5, np.arange(1000, dtype="<f4")), np.uint8)
    assert np.shares_memory(Message(data.data).floats(5), data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x08", "without an end"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "without an end"),
        (b"\x08" + b"\xff" * 9 + b"\x7f", "64 bits"),
        (b"\x00\x01", "number 0"),
        (varint(1 << 32 | 0) + b"\x01", "number"),
        (b"\x0b", "wire type 3"),
        (b"\x0c", "wire type 4"),
        (b"\x0e", "wire type 6"),
        (b"\x0a\x05abcd", "beyond its message"),
        (b"\x0d\x00\x00\x00", "beyond its message"),
        (b"\x0a" + varint((1 << 64) - 1), "beyond its message"),
    ],
)
def test_bytes_that_are_no_message_are_a_value_error(data, words):
    with pytest.raises(ValueError, match=words):
        Message(data)


def test_a_field_of_another_kind_than_asked_for_is_a_value_error():
    with pytest.raises(ValueError, match="no integer"):
        Message(field(1, 0.5)).integers(1)
    with pytest.raises(ValueError, match="no length"):
        Message(field(1, 5)).views(1)
    with pytest.raises(ValueError, match="no list of numbers"):
        Message(field(1, 5)).floats(1)
    with pytest.raises(ValueError, match="multiple of element size"):
        Message(field(1, b"abc")).floats(1)


def test_more_fields_than_any_network_has_are_not_read():
    with pytest.raises(ValueError, match="fields"):
        Message(b"\x08\x01" * (FIELDS + 1))
    with pytest.raises(ValueError, match="fields"):
        Message(field(1, b"\x01" * (FIELDS + 1))).integers(1)


def test_fields_are_counted_over_all_messages_of_a_file():
    half = b"\x08\x01" * (FIELDS // 2)
    with pytest.raises(ValueError, match="fields"):
        Message(message({2: (half, half)})).messages(2)


def test_messages_deeper_than_any_network_are_not_read():
    data = b""
    for _ in range(DEPTH + 1):
        data = field(1, data)
    read = Message(data)
    for _ in range(DEPTH):
        read = read.message(1)
    with pytest.raises(ValueError, match="deep"):
        read.message(1)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_value_error(data):
    try:
        read = Message(data)
        for number in range(1, 20):
            for ask in (read.integers, read.floats, read.doubles, read.texts, read.messages):
                with contextlib.suppress(ValueError):
                    ask(number)
    except ValueError:
        return


KINDS = {1: VARINT, 2: LENGTH, 7: LENGTH}


@pytest.mark.parametrize("size", [4, 12, 40, 200])
def test_the_start_of_a_message_is_recognised_however_little_is_seen(size):
    data = message({1: 8, 2: "producer", 7: b"x" * 500})
    assert looks_like(data[:size], KINDS, first=(1,))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        message({2: "producer", 1: 8}),
        message({1: 8, 3: "what is this"}),
        message({1: 8, 2: 5}),
        b"\x80\x02}q\x00.",
        b"PK\x03\x04",
        b"\x08" + bytes(64),
    ],
)
def test_the_start_of_something_else_is_not(data):
    assert not looks_like(data, KINDS, first=(1,))
